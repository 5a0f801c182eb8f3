import type { ItemDomain } from '../../model/column-batch.ts'

/**
 * Values of an expression over the rows of a group: a kind and a number for each, no object per
 * row. What the number means depends on the kind.
 */

export const Kind = {
  /** There is no value. */
  none: 0,
  int: 1,
  float: 2,
  /** An id of the query's `TextTable`. */
  text: 3,
  /** 0 or 1. */
  bool: 4,
  /** Nanoseconds. */
  duration: 5,
  /** OTLP's numbers. */
  status: 6,
  kind: 7,
  /** There is a value, but none that can be used: a list where single values count, or bytes. */
  unusable: 8,
} as const
export type KindCode = (typeof Kind)[keyof typeof Kind]

/** What a vector has one value for, beside rows: events, links, or elements of lists. */
export type Items = ItemDomain | 'element'

export interface ValueVector {
  readonly kinds: Uint8Array
  readonly numbers: Float64Array
  /** Exact values of ints and durations beyond 2^53, by position. */
  readonly wide: ReadonlyMap<number, bigint> | null
  /** 1 for elements of lists. */
  readonly ofList?: Uint8Array
  /** Null: value i is that of row i. */
  readonly items: { readonly of: Items; readonly rows: Uint32Array } | null
}

export class VectorBuilder {
  readonly kinds: Uint8Array
  readonly numbers: Float64Array
  wide: Map<number, bigint> | null = null

  /** So many values, or those of a vector, which are to be overwritten. */
  constructor(values: number | Pick<ValueVector, 'kinds' | 'numbers'>) {
    this.kinds = typeof values === 'number' ? new Uint8Array(values) : values.kinds
    this.numbers = typeof values === 'number' ? new Float64Array(values) : values.numbers
  }

  set(at: number, kind: KindCode, number: number): void {
    this.kinds[at] = kind
    this.numbers[at] = number
  }

  setInt(at: number, value: bigint, kind: KindCode = Kind.int): void {
    this.set(at, kind, Number(value))
    if (isWide(value)) {
      this.wide ??= new Map()
      this.wide.set(at, value)
    }
  }

  finish(items: ValueVector['items'] = null): ValueVector {
    return { kinds: this.kinds, numbers: this.numbers, wide: this.wide, items }
  }
}

/** True for ints that a double does not hold exactly, or not for sure. */
export function isWide(value: bigint): boolean {
  return value > 9007199254740991n || value < -9007199254740991n
}

/** The exact value of an int or a duration. */
export function intAt(vector: ValueVector, at: number): bigint {
  return vector.wide?.get(at) ?? BigInt(vector.numbers[at]!)
}

export function isNumberKind(kind: number): boolean {
  return kind === Kind.int || kind === Kind.float || kind === Kind.duration
}

/** The same value at every row. */
export function constantVector(rows: number, kind: KindCode, number: number): ValueVector {
  return {
    kinds: new Uint8Array(rows).fill(kind),
    numbers: new Float64Array(rows).fill(number),
    wide: null,
    items: null,
  }
}

/** `vector[indexes[i]]` for every i: values of owners, traces or rows, seen from rows or items. */
export function gather(
  vector: ValueVector,
  indexes: ArrayLike<number>,
  items: ValueVector['items'],
): ValueVector {
  const out = new VectorBuilder(indexes.length)
  const { kinds, numbers, wide } = vector
  for (let i = 0; i < indexes.length; i++) {
    const at = indexes[i]!
    out.kinds[i] = kinds[at]!
    out.numbers[i] = numbers[at]!
  }
  if (wide !== null) {
    for (let i = 0; i < indexes.length; i++) copyExact(vector, indexes[i]!, out, i)
  }
  return out.finish(items)
}

/** One value per row: of several items of a row the first that has a value. */
export function firstPerRow(vector: ValueVector, rows: number): ValueVector {
  if (vector.items === null) return vector
  const out = new VectorBuilder(rows)
  const itemRows = vector.items.rows
  for (let i = 0; i < itemRows.length; i++) {
    const row = itemRows[i]!
    if (!isUsable(vector.kinds[i]!) || out.kinds[row] !== Kind.none) continue
    copyValue(vector, i, out, row)
  }
  return out.finish()
}

/** True for kinds of values that can be compared, grouped by or shown. */
export function isUsable(kind: number): boolean {
  return kind !== Kind.none && kind !== Kind.unusable
}

export function copyValue(from: ValueVector, at: number, to: VectorBuilder, into: number): void {
  to.kinds[into] = from.kinds[at]!
  to.numbers[into] = from.numbers[at]!
  copyExact(from, at, to, into)
}

function copyExact(from: ValueVector, at: number, to: VectorBuilder, into: number): void {
  const exact = from.wide?.get(at)
  if (exact !== undefined) to.setInt(into, exact, from.kinds[at]! as KindCode)
}

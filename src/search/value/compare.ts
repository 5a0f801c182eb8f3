import type { Predicate } from '../../model/predicate.ts'
import type { Mask } from '../kernels.ts'
import { orderHolds } from '../value-test.ts'
import { alignItems } from './arithmetic.ts'
import type { TextTable } from './text-table.ts'
import { intAt, isNumberKind, isUsable, Kind, type ValueVector } from './value-vector.ts'

type Op = Extract<Predicate, { kind: 'compareValues' }>['op']

/**
 * Rows on which the values of both sides compare as asked. A comparison with nothing, or of values
 * of different types, is false. Where a row has several values one pair decides, for `!=` all do.
 */
export function compareVectors(
  op: Op,
  left: ValueVector,
  right: ValueVector,
  rows: number,
  texts: TextTable,
): Mask {
  const ranks = texts.ranks()
  const out = new Uint8Array(rows)
  const aligned = alignItems(left, right)
  if (aligned === null) return comparePairs(op, left, right, rows, ranks)
  const [a, b] = aligned
  const { items } = a
  if (items === null) {
    for (let row = 0; row < rows; row++) {
      const order = orderOf(a, row, b, row, ranks)
      if (!Number.isNaN(order) && holds(op, order)) out[row] = 1
    }
    return out
  }
  const denied = new Uint8Array(rows)
  for (let i = 0; i < items.rows.length; i++) {
    note(op, orderOf(a, i, b, i, ranks), items.rows[i]!, out, denied)
  }
  return withoutDenied(out, denied)
}

/** Every value of a row's left side with every one of its right side. */
function comparePairs(
  op: Op,
  left: ValueVector,
  right: ValueVector,
  rows: number,
  ranks: Uint32Array,
): Mask {
  const out = new Uint8Array(rows)
  const denied = new Uint8Array(rows)
  const a = left.items!.rows
  const b = right.items!.rows
  // Both lists are in order of rows.
  for (let i = 0, from = 0; i < a.length; i++) {
    const row = a[i]!
    while (from < b.length && b[from]! < row) from++
    for (let k = from; k < b.length && b[k] === row; k++) {
      // Lists do not compare with lists.
      if (left.ofList?.[i] === 1 && right.ofList?.[k] === 1) continue
      note(op, orderOf(left, i, right, k, ranks), row, out, denied)
    }
  }
  return withoutDenied(out, denied)
}

function note(op: Op, order: number, row: number, out: Mask, denied: Mask): void {
  if (Number.isNaN(order)) return
  if (holds(op, order)) out[row] = 1
  else if (op === '!=') denied[row] = 1
}

function withoutDenied(out: Mask, denied: Mask): Mask {
  for (let row = 0; row < out.length; row++) if (denied[row] === 1) out[row] = 0
  return out
}

/** Negative, zero or positive as left <=> right; NaN when they cannot be compared. */
function orderOf(a: ValueVector, i: number, b: ValueVector, k: number, ranks: Uint32Array): number {
  const x = a.kinds[i]!
  const y = b.kinds[k]!
  if (!isUsable(x) || !isUsable(y)) return Number.NaN
  if (isNumberKind(x) && isNumberKind(y)) {
    if (a.wide?.has(i) || b.wide?.has(k)) return orderOfWide(a, i, b, k)
    const p = a.numbers[i]!
    const q = b.numbers[k]!
    return p === q ? 0 : p < q ? -1 : p > q ? 1 : unordered
  }
  if (x !== y) return Number.NaN
  if (x === Kind.text) return ranks[a.numbers[i]!]! - ranks[b.numbers[k]!]!
  return a.numbers[i] === b.numbers[k] ? 0 : unordered
}

/** Different, but neither less nor greater: a NaN and any number, bools, statuses, kinds. */
const unordered = Number.POSITIVE_INFINITY

function holds(op: Op, order: number): boolean {
  return order === unordered ? op === '!=' : orderHolds(op, order)
}

function orderOfWide(a: ValueVector, i: number, b: ValueVector, k: number): number {
  const p = a.kinds[i] === Kind.float ? a.numbers[i]! : intAt(a, i)
  const q = b.kinds[k] === Kind.float ? b.numbers[k]! : intAt(b, k)
  if (Number.isNaN(Number(p)) || Number.isNaN(Number(q))) return unordered
  return p < q ? -1 : p > q ? 1 : 0
}

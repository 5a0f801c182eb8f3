import type { Mask } from '../kernels.ts'
import { Kind, type KindCode, type ValueVector } from './value-vector.ts'

/** A distinct value: its kind, its number, and the exact int where the number is rounded. */
export interface KeyValue {
  readonly kind: KindCode
  readonly number: number
  readonly exact?: bigint
}

/**
 * Numbers the distinct values that are met, 0, 1, 2 …, over all groups of a query on one source.
 * Values of different kinds are different; nothing is a value as well.
 */
export class KeyEncoder {
  readonly values: KeyValue[] = []
  /** By kind: number -> code + 1, for small whole numbers. */
  readonly #small: Uint32Array[] = []
  readonly #large: Map<number, number>[] = []
  readonly #exact = new Map<bigint, number>()

  /** Row -> code, for rows of the mask. */
  encode(vector: ValueVector, mask: Mask): Uint32Array {
    const { kinds, numbers, wide } = vector
    const codes = new Uint32Array(mask.length)
    for (let row = 0; row < mask.length; row++) {
      if (mask[row] === 0) continue
      const exact = wide === null ? undefined : wide.get(row)
      codes[row] =
        exact === undefined
          ? this.#codeOf(kinds[row]! as KindCode, numbers[row]!)
          : this.#codeOfExact(numbers[row]!, exact)
    }
    return codes
  }

  #codeOf(kind: KindCode, number: number): number {
    if (isSmall(number)) {
      let small = this.#small[kind]
      if (small === undefined || small.length <= number) {
        small = enlarged(small, number)
        this.#small[kind] = small
      }
      if (small[number] === 0) small[number] = this.#add({ kind, number }) + 1
      return small[number]! - 1
    }
    this.#large[kind] ??= new Map()
    const large = this.#large[kind]
    // All NaNs are one value; -0 is 0.
    const known = large.get(number)
    if (known !== undefined) return known
    const code = this.#add({ kind, number })
    large.set(number, code)
    return code
  }

  #codeOfExact(number: number, exact: bigint): number {
    const known = this.#exact.get(exact)
    if (known !== undefined) return known
    const code = this.#add({ kind: Kind.int, number, exact })
    this.#exact.set(exact, code)
    return code
  }

  #add(value: KeyValue): number {
    this.values.push(value)
    return this.values.length - 1
  }
}

/** Whole numbers that index a table: text ids, enumerations, most ints. */
function isSmall(number: number): boolean {
  return number >= 0 && number < smallMax && number === Math.floor(number)
}

/** 4 MiB of table per kind; a number beyond it costs a lookup in a map. */
const smallMax = 1 << 20

function enlarged(known: Uint32Array | undefined, index: number): Uint32Array {
  const grown = new Uint32Array(Math.max(64, index + 1, (known?.length ?? 0) * 2))
  if (known) grown.set(known)
  return grown
}

/** Combines codes of two columns into numbers of the pairs that occur, over all groups. */
export class PairEncoder {
  readonly pairs: { readonly first: number; readonly second: number }[] = []
  readonly #codes = new Map<number, number>()

  /** Replaces `first` by the codes of the pairs. */
  encode(first: Uint32Array, second: Uint32Array, mask: Mask): Uint32Array {
    const out = new Uint32Array(mask.length)
    for (let row = 0; row < mask.length; row++) {
      if (mask[row] === 1) out[row] = this.#codeOf(first[row]!, second[row]!)
    }
    return out
  }

  #codeOf(first: number, second: number): number {
    // Both stay far below 2^26: a query with more groups is refused.
    const key = first * 67_108_864 + second
    const known = this.#codes.get(key)
    if (known !== undefined) return known
    const code = this.pairs.length
    this.pairs.push({ first, second })
    this.#codes.set(key, code)
    return code
  }
}

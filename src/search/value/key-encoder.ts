import { uint32Room } from '../room.ts'
import type { KindCode, ValueVector } from './value-vector.ts'

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
  readonly #exact = new Map<string, number>()

  /** The code of each of the rows. */
  encode({ kinds, numbers, wide }: ValueVector, rows: Uint32Array): Uint32Array {
    const codes = new Uint32Array(rows.length)
    for (let i = 0; i < codes.length; i++) {
      const row = rows[i]!
      const exact = wide === null ? undefined : wide.get(row)
      codes[i] =
        exact === undefined
          ? this.codeOf(kinds[row]! as KindCode, numbers[row]!)
          : this.#codeOfExact(kinds[row]! as KindCode, numbers[row]!, exact)
    }
    return codes
  }

  codeOfValue({ kind, number, exact }: KeyValue): number {
    return exact === undefined ? this.codeOf(kind, number) : this.#codeOfExact(kind, number, exact)
  }

  codeOf(kind: KindCode, number: number): number {
    if (isSmall(number)) {
      let small = this.#small[kind]
      if (small === undefined || small.length <= number) {
        small = enlarged(small, number, 64)
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

  #codeOfExact(kind: KindCode, number: number, exact: bigint): number {
    const key = `${kind} ${exact}`
    const known = this.#exact.get(key)
    if (known !== undefined) return known
    const code = this.#add({ kind, number, exact })
    this.#exact.set(key, code)
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

function enlarged(known: Uint32Array | undefined, index: number, least: number): Uint32Array {
  const grown = new Uint32Array(Math.max(least, index + 1, (known?.length ?? 0) * 2))
  if (known) grown.set(known)
  return grown
}

/** Numbers the pairs of codes that occur, over all groups. */
export class PairEncoder {
  readonly pairs: { readonly first: number; readonly second: number }[] = []
  /** first × width + second -> code of the pair + 1, while it is no larger than `flatMax`. */
  #flat = new Uint32Array(0)
  #width = 0
  readonly #room = uint32Room()
  /** Beyond that: first × `pairFactor` + second -> code of the pair + 1. */
  readonly #rest = new Map<number, number>()

  /** `seconds`: all second codes are below. The codes are valid until the next call. */
  encode(first: Uint32Array, second: Uint32Array, seconds: number): Uint32Array {
    const out = this.#room.take(first.length)
    if (!this.#reserve(greatest(first) + 1, seconds)) {
      for (let i = 0; i < out.length; i++) out[i] = this.#codeOf(first[i]!, second[i]!)
      return out
    }
    const flat = this.#flat
    const width = this.#width
    for (let i = 0; i < out.length; i++) {
      const at = first[i]! * width + second[i]!
      if (flat[at] === 0) flat[at] = this.#add(first[i]!, second[i]!)
      out[i] = flat[at]! - 1
    }
    return out
  }

  /** False when a flat table would be too large. */
  #reserve(firsts: number, seconds: number): boolean {
    if (firsts * this.#width <= this.#flat.length && seconds <= this.#width) return true
    if (this.#rest.size > 0) return false
    const width = seconds <= this.#width ? this.#width : Math.max(seconds, this.#width * 2)
    const rows = Math.max(firsts, Math.ceil(this.#flat.length / Math.max(1, this.#width)))
    if (rows * width > flatMax) {
      this.#flat = new Uint32Array(0)
      this.#width = 0
      for (const [i, { first, second }] of this.pairs.entries()) {
        this.#rest.set(first * pairFactor + second, i + 1)
      }
      return false
    }
    this.#width = width
    this.#flat = new Uint32Array(Math.min(flatMax, rows * width * 2))
    for (const [i, { first, second }] of this.pairs.entries()) {
      this.#flat[first * width + second] = i + 1
    }
    return true
  }

  /** Code of the pair + 1. */
  #add(first: number, second: number): number {
    this.pairs.push({ first, second })
    return this.pairs.length
  }

  #codeOf(first: number, second: number): number {
    const key = first * pairFactor + second
    const known = this.#rest.get(key)
    if (known !== undefined) return known - 1
    const added = this.#add(first, second)
    this.#rest.set(key, added)
    return added - 1
  }
}

/** More than there are second codes. */
const pairFactor = 2 ** 26

/** Pairs that a flat table has room for: 4 MiB. */
const flatMax = 1 << 20

function greatest(codes: Uint32Array): number {
  let max = 0
  for (let i = 0; i < codes.length; i++) if (codes[i]! > max) max = codes[i]!
  return max
}

import type { ByteDictionary } from '../live/byte-dictionary.ts'
import { type EncodedDictionary, encodeDictionary } from './dictionary-writer.ts'
import { dictionaryValuesMax, groupSetValuesMin } from './format.ts'
import type { WriterColumn } from './writer-columns.ts'

/** A dictionary column with its ids turned into codes. */
export interface CodedColumn {
  readonly codes: Uint32Array
  /** One for the block, or one for each group that has values (in order of groups). */
  readonly dictionaries: readonly EncodedDictionary[]
  readonly perGroup: boolean
}

/** Turns ids of the segment's dictionary into codes of sorted dictionaries of the block. */
export class DictionaryCoder {
  readonly #values: ByteDictionary
  /** Per id: its code in the dictionary being made, valid when `#epochOf` is the current epoch. */
  readonly #rank: Uint32Array
  readonly #epochOf: Uint32Array
  #epoch = 0
  /** Sort keys of the dictionary being made, by id. */
  readonly #first: Float64Array
  readonly #second: Float64Array

  constructor(values: ByteDictionary) {
    this.#values = values
    this.#rank = new Uint32Array(values.count)
    this.#epochOf = new Uint32Array(values.count)
    this.#first = new Float64Array(values.count)
    this.#second = new Float64Array(values.count)
  }

  code(column: WriterColumn): CodedColumn {
    const ids = column.values as Uint32Array
    const sorted = this.#sortedDistinct(ids, 0, ids.length)
    const codes = new Uint32Array(ids.length)
    if (sorted.length <= dictionaryValuesMax) {
      for (let i = 0; i < ids.length; i++) codes[i] = this.#rank[ids[i]!]!
      const groupSets =
        sorted.length > groupSetValuesMin ? this.#groupSets(sorted.length, codes, column) : null
      return {
        codes,
        dictionaries: [encodeDictionary(this.#values, sorted, groupSets)],
        perGroup: false,
      }
    }
    const dictionaries: EncodedDictionary[] = []
    for (let group = 0; group + 1 < column.bounds.length; group++) {
      const from = column.bounds[group]!
      const to = column.bounds[group + 1]!
      if (from === to) continue
      const own = this.#sortedDistinct(ids, from, to)
      for (let i = from; i < to; i++) codes[i] = this.#rank[ids[i]!]!
      dictionaries.push(encodeDictionary(this.#values, own, null))
    }
    return { codes, dictionaries, perGroup: true }
  }

  /** The distinct ids in byte order; their ranks are left in `#rank`. */
  #sortedDistinct(ids: Uint32Array, from: number, to: number): Uint32Array {
    this.#epoch++
    const distinct: number[] = []
    for (let i = from; i < to; i++) {
      const id = ids[i]!
      if (this.#epochOf[id] === this.#epoch) continue
      this.#epochOf[id] = this.#epoch
      distinct.push(id)
    }
    this.#sort(distinct)
    const sorted = Uint32Array.from(distinct)
    for (let code = 0; code < sorted.length; code++) this.#rank[sorted[code]!] = code
    return sorted
  }

  /**
   * By bytes. What all values begin with is left out, and the next twelve bytes decide as numbers:
   * ids and paths of one column mostly differ there.
   */
  #sort(distinct: number[]): void {
    const { arena, places } = this.#values
    const common = commonPrefixBytes(this.#values, distinct)
    const [first, second] = [this.#first, this.#second]
    for (const id of distinct) {
      first[id] = sixBytes(arena, places, id, common)
      second[id] = sixBytes(arena, places, id, common + 6)
    }
    distinct.sort((a, b) => {
      const difference = first[a]! - first[b]! || second[a]! - second[b]!
      if (difference !== 0) return difference
      const startA = places[2 * a]!
      const startB = places[2 * b]!
      const endA = startA + places[2 * a + 1]!
      return arena.compare(arena, startB, startB + places[2 * b + 1]!, startA, endA)
    })
  }

  #groupSets(values: number, codes: Uint32Array, column: WriterColumn): Uint32Array {
    const groups = column.bounds.length - 1
    const share = Math.ceil(groups / 32)
    const sets = new Uint32Array(values)
    for (let group = 0; group < groups; group++) {
      const bit = 1 << Math.floor(group / share)
      for (let i = column.bounds[group]!; i < column.bounds[group + 1]!; i++) {
        sets[codes[i]!] = sets[codes[i]!]! | bit
      }
    }
    return sets
  }
}

/** How many bytes all of these values begin with. */
function commonPrefixBytes(values: ByteDictionary, ids: readonly number[]): number {
  const { arena, places } = values
  if (ids.length === 0) return 0
  const start = places[2 * ids[0]!]!
  let common = places[2 * ids[0]! + 1]!
  for (const id of ids) {
    const at = places[2 * id]!
    common = Math.min(common, places[2 * id + 1]!)
    for (let i = 0; i < common; i++) if (arena[at + i] !== arena[start + i]) common = i
  }
  return common
}

/** Six bytes of a value from `offset` on as a number; bytes beyond its end count as 0. */
function sixBytes(arena: Uint8Array, places: Uint32Array, id: number, offset: number): number {
  const start = places[2 * id]! + offset
  const end = places[2 * id]! + places[2 * id + 1]!
  let number = 0
  for (let i = start; i < start + 6; i++) number = number * 256 + (i < end ? arena[i]! : 0)
  return number
}

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
  readonly #prefix: Float64Array

  constructor(values: ByteDictionary) {
    this.#values = values
    this.#rank = new Uint32Array(values.count)
    this.#epochOf = new Uint32Array(values.count)
    this.#prefix = prefixes(values)
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
    const prefix = this.#prefix
    const { arena, places } = this.#values
    distinct.sort((a, b) => {
      const difference = prefix[a]! - prefix[b]!
      if (difference !== 0) return difference
      const startA = places[2 * a]!
      const startB = places[2 * b]!
      return arena.compare(
        arena,
        startB,
        startB + places[2 * b + 1]!,
        startA,
        startA + places[2 * a + 1]!,
      )
    })
    const sorted = Uint32Array.from(distinct)
    for (let code = 0; code < sorted.length; code++) this.#rank[sorted[code]!] = code
    return sorted
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

/** The first six bytes of each value as a number: decides most comparisons of the sort. */
function prefixes(values: ByteDictionary): Float64Array {
  const out = new Float64Array(values.count)
  for (let id = 0; id < values.count; id++) {
    const start = values.places[2 * id]!
    const length = values.places[2 * id + 1]!
    let prefix = 0
    for (let i = 0; i < 6; i++) prefix = prefix * 256 + (i < length ? values.arena[start + i]! : 0)
    out[id] = prefix
  }
  return out
}

import { Corruption } from '../../base/errors.ts'
import type { ColumnRef } from '../../model/column-batch.ts'
import type { AttributeField } from '../../model/trace-rows.ts'
import type { BlockFile } from './block-file.ts'
import type { ChunkReader } from './chunk-reader.ts'

/** A column of a row group, with the dictionary codes of which the texts are wanted. */
export interface ReadColumn {
  readonly ref: ColumnRef
  readonly reader: ChunkReader
  readonly key: Uint8Array
  readonly dictionary: boolean
  readonly codes: Set<number>
  read: (code: number) => Uint8Array
}

/** Items [first, end). */
export interface ItemRange {
  readonly first: number
  readonly end: number
}

const none = new Uint8Array(0)

/**
 * Attributes of the items of a domain: shapes, and where in its columns an item's values lie. That
 * is known of the items in some ranges only; all items before them are counted once.
 */
export class AttributeTable {
  readonly #file: BlockFile
  readonly #shapes: ChunkReader
  readonly #columns: readonly (ReadColumn | null)[]
  readonly #first: number
  /** Per item from the first one on: where its ranks begin. */
  readonly #rankStart: Uint32Array
  /** Of each attribute in turn: how many values its column has before this one. */
  readonly #ranks: Uint32Array

  /** `ranges` are in order and do not overlap. */
  constructor(
    file: BlockFile,
    shapes: ChunkReader,
    columns: readonly (ReadColumn | null)[],
    ranges: readonly ItemRange[],
  ) {
    this.#file = file
    this.#shapes = shapes
    this.#columns = columns
    this.#first = ranges[0]?.first ?? 0
    const end = ranges[ranges.length - 1]?.end ?? 0
    this.#rankStart = new Uint32Array(end - this.#first)
    this.#ranks = new Uint32Array(this.#countAttributes(ranges))
    this.#rank(ranges)
  }

  *attributes(item: number): Iterable<AttributeField> {
    let at = this.#rankStart[item - this.#first]!
    for (const id of this.#columnsOf(item)) {
      const column = this.#column(id)
      const number = column.reader.at(this.#ranks[at++]!)
      const bytes = column.dictionary ? column.read(number) : none
      yield { key: column.key, type: column.ref.name.type, number, bytes }
    }
  }

  #countAttributes(ranges: readonly ItemRange[]): number {
    let count = 0
    for (const { first, end } of ranges) {
      for (let item = first; item < end; item++) count += this.#columnsOf(item).length
    }
    return count
  }

  #rank(ranges: readonly ItemRange[]): void {
    const next = new Uint32Array(this.#columns.length)
    const skipped = new Uint32Array(this.#file.f.shapeEnd.length)
    let filled = 0
    let from = 0
    for (const { first, end } of ranges) {
      this.#skip(from, first, skipped, next)
      for (let item = first; item < end; item++) {
        this.#rankStart[item - this.#first] = filled
        for (const column of this.#columnsOf(item)) {
          this.#ranks[filled++] = this.#noteValue(column, next[column]!)
          next[column] = next[column]! + 1
        }
      }
      from = end
    }
  }

  /** Counts the values of items [from, to) into `next`. `skipped` is of zeros, before and after. */
  #skip(from: number, to: number, skipped: Uint32Array, next: Uint32Array): void {
    const { whole } = this.#shapes
    for (let item = from; item < to; item++) {
      const shape = whole ? whole.values[item]! + whole.base : this.#shape(item)
      if (!(shape < skipped.length)) throw this.#corruption('a shape')
      skipped[shape] = skipped[shape]! + 1
    }
    for (let shape = 0; shape < skipped.length; shape++) {
      if (skipped[shape] === 0) continue
      for (const column of this.#shapeColumns(shape)) {
        next[column] = next[column]! + skipped[shape]!
      }
      skipped[shape] = 0
    }
  }

  #noteValue(id: number, rank: number): number {
    const { dictionary, reader, codes } = this.#column(id)
    if (rank >= reader.count) throw this.#corruption('a value of a shape')
    if (dictionary) codes.add(reader.at(rank))
    return rank
  }

  #shape(item: number): number {
    const shape = this.#shapes.at(item)
    if (!(shape >= 0 && shape < this.#file.f.shapeEnd.length)) throw this.#corruption('a shape')
    return shape
  }

  #column(id: number): ReadColumn {
    const column = this.#columns[id]
    if (!column) throw this.#corruption('a column of a shape')
    return column
  }

  #corruption(what: string): Corruption {
    return new Corruption(`${what} that is not there`, { object: this.#file.reader.object })
  }

  #columnsOf(item: number): Uint16Array {
    return this.#shapeColumns(this.#shape(item))
  }

  #shapeColumns(shape: number): Uint16Array {
    const { shapeEnd, shapeColumn } = this.#file.f
    const start = shape === 0 ? 0 : shapeEnd[shape - 1]!
    return shapeColumn.subarray(start, shapeEnd[shape]!)
  }
}

import type { BlockFile } from './block-file.ts'
import type { DecodedChunk } from './decode.ts'
import type { IntrinsicColumn } from './format.ts'
import type { MergeShapes } from './merge-shapes.ts'

/** What values of built-in columns belong to. Of `orphan` … `link`, few rows have one or more. */
export type Domain =
  | 'trace'
  | 'service'
  | 'span'
  | 'resource'
  | 'scope'
  | 'orphan'
  | 'statusMessage'
  | 'traceState'
  | 'flags'
  | 'droppedAttributes'
  | 'droppedEvents'
  | 'droppedLinks'
  | 'event'
  | 'link'

export const itemDomains = [
  'orphan',
  'statusMessage',
  'traceState',
  'flags',
  'droppedAttributes',
  'droppedEvents',
  'droppedLinks',
  'event',
  'link',
] as const satisfies readonly Domain[]

/** The domain of a built-in column: what its name begins with. */
export function domainOf(key: string): Domain {
  const dot = key.indexOf('.')
  return (dot < 0 ? key : key.slice(0, dot)) as Domain
}

/** Takes a stretch of a column's values: `count` of them from `first` on. */
export type TakePiece = (column: number, first: number, count: number) => void

/** A group of an input while traces are taken out of it, in order. */
export class MergeSlot {
  readonly input: number
  readonly group: number
  readonly file: BlockFile
  readonly #chunks: ReadonlyMap<number, DecodedChunk>
  readonly #traceRow: Uint32Array
  readonly #traceService: Uint32Array
  /** Rows of the items of each domain; undefined where the group has none. */
  readonly #itemRows: readonly (DecodedChunk | undefined)[]
  readonly #walks: Partial<Record<'span' | 'event' | 'link', AttributeWalk>> = {}

  private constructor(
    input: number,
    file: BlockFile,
    group: number,
    chunks: ReadonlyMap<number, DecodedChunk>,
  ) {
    this.input = input
    this.group = group
    this.file = file
    this.#chunks = chunks
    this.#traceRow = runningSums(this.intrinsic('trace.spans'))
    this.#traceService = runningSums(this.intrinsic('trace.services'))
    this.#itemRows = itemDomains.map(domain => this.intrinsic(`${domain}.row`))
  }

  /** Reads all chunks of a group; `group` = `groupCount` are the resources and scopes. */
  static async load(input: number, file: BlockFile, group: number): Promise<MergeSlot> {
    return new MergeSlot(input, file, group, await file.loadGroup(group))
  }

  /** The chunk of one of the input's columns. */
  chunk(column: number): DecodedChunk | undefined {
    return this.#chunks.get(this.file.chunkOf(column, this.group))
  }

  intrinsic(key: IntrinsicColumn): DecodedChunk | undefined {
    return this.chunk(this.file.intrinsic(key))
  }

  firstRow(trace: number): number {
    return this.#traceRow[trace]!
  }

  firstService(trace: number): number {
    return this.#traceService[trace]!
  }

  /** The first item of `itemDomains[domain]` that lies at `row` or behind it. */
  firstItem(domain: number, row: number): number {
    const rows = this.#itemRows[domain]
    if (!rows) return 0
    const { values, base } = rows
    let low = 0
    let high = values.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (values[middle]! + base < row) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Gives the stretches of all attribute columns that belong to items [from, to) of a domain. */
  walk(
    domain: 'span' | 'event' | 'link',
    shapes: MergeShapes,
    from: number,
    to: number,
    take: TakePiece,
  ): void {
    if (from === to) return
    let walk = this.#walks[domain]
    if (!walk) {
      walk = new AttributeWalk(this, shapes, this.intrinsic(`${domain}.shape`)!)
      this.#walks[domain] = walk
    }
    walk.take(from, to, take)
  }
}

/**
 * Finds where the attributes of items lie in their columns: value k of a column belongs to the k-th
 * item whose shape has it, so items are counted by shape from the first one on.
 */
export class AttributeWalk {
  readonly #slot: MergeSlot
  readonly #shapes: MergeShapes
  readonly #shapeOf: DecodedChunk
  /** Per column of the input: values before the item `#at`. */
  readonly #next: Uint32Array
  #at = 0
  /** Scratch: items by shape, values by column, and which of these are not 0. */
  readonly #items: Uint32Array
  readonly #values: Uint32Array
  readonly #usedShapes: number[] = []
  readonly #usedColumns: number[] = []

  constructor(slot: MergeSlot, shapes: MergeShapes, shapeOf: DecodedChunk) {
    this.#slot = slot
    this.#shapes = shapes
    this.#shapeOf = shapeOf
    this.#next = new Uint32Array(slot.file.columns.length)
    this.#values = new Uint32Array(slot.file.columns.length)
    this.#items = new Uint32Array(slot.file.f.shapeEnd.length)
  }

  take(from: number, to: number, take: TakePiece): void {
    // A trace that is an outlier only in the output comes after later ones of its group.
    if (from < this.#at) {
      this.#next.fill(0)
      this.#at = 0
    }
    this.#count(this.#at, from)
    for (const column of this.#usedColumns) this.#advance(column)
    this.#usedColumns.length = 0
    this.#count(from, to)
    for (const shape of this.#usedShapes) this.#shapes.use(this.#slot.input, shape)
    for (const column of this.#usedColumns) {
      take(column, this.#next[column]!, this.#values[column]!)
      this.#advance(column)
    }
    this.#usedColumns.length = 0
    this.#at = to
  }

  #advance(column: number): void {
    this.#next[column] = this.#next[column]! + this.#values[column]!
    this.#values[column] = 0
  }

  /** Counts the values that items [from, to) have in each column. */
  #count(from: number, to: number): void {
    const { values, base } = this.#shapeOf
    this.#usedShapes.length = 0
    for (let item = from; item < to; item++) {
      const shape = values[item]! + base
      const before = this.#items[shape]!
      if (before === 0) this.#usedShapes.push(shape)
      this.#items[shape] = before + 1
    }
    const { shapeEnd, shapeColumn } = this.#slot.file.f
    for (const shape of this.#usedShapes) {
      const items = this.#items[shape]!
      this.#items[shape] = 0
      for (let i = shape === 0 ? 0 : shapeEnd[shape - 1]!; i < shapeEnd[shape]!; i++) {
        const column = shapeColumn[i]!
        if (this.#values[column] === 0) this.#usedColumns.push(column)
        this.#values[column] = this.#values[column]! + items
      }
    }
  }
}

function runningSums(counts: DecodedChunk | undefined): Uint32Array {
  if (!counts) return new Uint32Array(1)
  const { values, base } = counts
  const sums = new Uint32Array(values.length + 1)
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]! + base
  return sums
}

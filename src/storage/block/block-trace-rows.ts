import { Corruption } from '../../base/errors.ts'
import type { ColumnRef, TracePlace } from '../../model/column-batch.ts'
import { isDictionaryType, Scope } from '../../model/columns.ts'
import type {
  AttributeField,
  EventFields,
  LinkFields,
  OwnerFields,
  SpanFields,
  TraceRows,
} from '../../model/trace-rows.ts'
import type { BlockSource } from './block-source.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { IntrinsicColumn } from './format.ts'
import { isOwnerColumn } from './vectors.ts'

const none = new Uint8Array(0)

/** Reads all columns of a trace's row group, then the dictionary pages that its rows use. */
export async function loadTraceRows(source: BlockSource, place: TracePlace): Promise<TraceRows> {
  const { file } = source
  const chunkOf = (ref: ColumnRef) => {
    return file.chunkOf(ref.id, isOwnerColumn(ref) ? file.groupCount : place.group)
  }
  const refs = file.columns.map((name, id) => ({ id, name }))
  const chunks = refs.map(chunkOf)
  const readers = await file.readChunks(chunks.filter(chunk => chunk >= 0))
  const columns = refs.map((ref, i) => {
    const reader = readers.get(chunks[i]!)
    if (!reader) return null
    const key = Buffer.from(ref.name.key)
    const dictionary = isDictionaryType(ref.name.type)
    return { ref, reader, key, dictionary, read: () => none, codes: new Set<number>() }
  })
  const rows = new BlockTraceRows(source, place, columns)
  await rows.loadTexts()
  return rows
}

type Reader = (code: number) => Uint8Array

interface Column {
  readonly ref: ColumnRef
  readonly reader: ChunkReader
  readonly key: Uint8Array
  readonly dictionary: boolean
  read: Reader
  readonly codes: Set<number>
}

/** Attributes of the items of a domain: shapes, and for each column where an item's value lies. */
class AttributeTable {
  readonly #shapes: ChunkReader
  readonly #columns: readonly (Column | null)[]
  readonly #shapeEnd: Uint32Array
  readonly #shapeColumn: Uint16Array
  readonly #object: string
  #first = 0
  /** Per column: values before the first item of the trace, then moved on item by item. */
  readonly #starts = new Map<number, Uint32Array>()

  constructor(
    source: BlockSource,
    shapes: ChunkReader,
    columns: readonly (Column | null)[],
    first: number,
    end: number,
  ) {
    this.#object = source.file.reader.object
    this.#shapes = shapes
    this.#columns = columns
    this.#shapeEnd = source.file.f.shapeEnd
    this.#shapeColumn = source.file.f.shapeColumn
    this.#rank(first, end)
  }

  /** Where the values of items [first, end) begin in each column that they use. */
  #rank(first: number, end: number): void {
    const before = new Uint32Array(this.#shapeEnd.length)
    for (let item = 0; item < first; item++)
      before[this.#shape(item)] = before[this.#shape(item)]! + 1
    const used = new Set<number>()
    for (let item = first; item < end; item++)
      for (const column of this.#columnsOf(item)) used.add(column)
    const next = new Map<number, number>()
    for (let shape = 0; shape < before.length; shape++) {
      if (before[shape] === 0) continue
      for (const column of this.#shapeColumns(shape)) {
        if (used.has(column)) next.set(column, (next.get(column) ?? 0) + before[shape]!)
      }
    }
    for (const column of used) this.#starts.set(column, new Uint32Array(end - first))
    for (let item = first; item < end; item++) {
      for (const column of this.#columnsOf(item)) {
        const rank = next.get(column) ?? 0
        this.#starts.get(column)![item - first] = rank
        next.set(column, rank + 1)
        const { dictionary, reader, codes } = this.#column(column)
        if (rank >= reader.count) throw this.#corruption('a value of a shape')
        if (dictionary) codes.add(reader.at(rank))
      }
    }
    this.#first = first
  }

  *attributes(item: number): Iterable<AttributeField> {
    for (const id of this.#columnsOf(item)) {
      const column = this.#column(id)
      const rank = this.#starts.get(id)![item - this.#first]!
      const number = column.reader.at(rank)
      const bytes = column.dictionary ? column.read(number) : none
      yield { key: column.key, type: column.ref.name.type, number, bytes }
    }
  }

  #shape(item: number): number {
    const shape = this.#shapes.at(item)
    if (shape < 0 || shape >= this.#shapeEnd.length) throw this.#corruption('a shape')
    return shape
  }

  #column(id: number): Column {
    const column = this.#columns[id]
    if (!column) throw this.#corruption('a column of a shape')
    return column
  }

  #corruption(what: string): Corruption {
    return new Corruption(`${what} that is not there`, { object: this.#object })
  }

  #columnsOf(item: number): Uint16Array {
    return this.#shapeColumns(this.#shape(item))
  }

  #shapeColumns(shape: number): Uint16Array {
    const start = shape === 0 ? 0 : this.#shapeEnd[shape - 1]!
    return this.#shapeColumn.subarray(start, this.#shapeEnd[shape]!)
  }
}

class BlockTraceRows implements TraceRows {
  readonly count: number
  readonly traceId: Uint8Array
  readonly #source: BlockSource
  readonly #place: TracePlace
  readonly #columns: readonly (Column | null)[]
  readonly #byKey = new Map<string, Column>()
  readonly #firstRow: number
  readonly #spanAttributes: AttributeTable
  readonly #eventAttributes: AttributeTable | null
  readonly #linkAttributes: AttributeTable | null
  readonly #resourceAttributes: AttributeTable
  readonly #scopeAttributes: AttributeTable
  readonly #eventRange: ItemRange
  readonly #linkRange: ItemRange
  readonly #parents: Uint8Array
  readonly #traceStart: { low: number; high: number }

  constructor(source: BlockSource, place: TracePlace, columns: readonly (Column | null)[]) {
    this.#source = source
    this.#place = place
    this.#columns = columns
    for (const column of columns) {
      if (column?.ref.name.scope === Scope.intrinsic) this.#byKey.set(column.ref.name.key, column)
    }
    let firstRow = 0
    for (let trace = 0; trace < place.trace; trace++) firstRow += this.#number('trace.spans', trace)
    this.#firstRow = firstRow
    this.count = this.#number('trace.spans', place.trace)
    const endRow = firstRow + this.count
    if (endRow > source.file.f.groupSpans[place.group]!) throw this.#corruption('trace.spans')
    this.traceId = this.#fixed('trace.id', place.trace, 16)
    this.#traceStart = {
      low: this.#number('trace.start.low', place.trace),
      high: this.#number('trace.start.high', place.trace),
    }
    this.#parents = this.#findParents()
    this.#eventRange = this.#itemRange('event.row', firstRow, endRow)
    this.#linkRange = this.#itemRange('link.row', firstRow, endRow)
    this.#spanAttributes = this.#table('span.shape', firstRow, endRow)
    const { first, end } = this.#eventRange
    this.#eventAttributes = first < end ? this.#table('event.shape', first, end) : null
    const links = this.#linkRange
    this.#linkAttributes =
      links.first < links.end ? this.#table('link.shape', links.first, links.end) : null
    const owners = (key: IntrinsicColumn) => this.#table(key, 0, this.#byKey.get(key)!.reader.count)
    this.#resourceAttributes = owners('resource.shape')
    this.#scopeAttributes = owners('scope.shape')
    this.#noteTextCodes()
  }

  #table(key: IntrinsicColumn, first: number, end: number): AttributeTable {
    const shapes = this.#byKey.get(key)!.reader
    return new AttributeTable(this.#source, shapes, this.#columns, first, end)
  }

  /** Parent ids of the trace's rows: by depth, and for orphans as they were sent. */
  #findParents(): Uint8Array {
    const parents = new Uint8Array(this.count * 8)
    const rowAtDepth: number[] = []
    for (let i = 0; i < this.count; i++) {
      const depth = this.#number('span.depth', this.#firstRow + i)
      if (depth > rowAtDepth.length) throw this.#corruption('span.depth')
      rowAtDepth.length = depth
      rowAtDepth.push(this.#firstRow + i)
      if (depth > 0) parents.set(this.#fixed('span.id', rowAtDepth[depth - 1]!, 8), i * 8)
    }
    const orphans = this.#itemRange('orphan.row', this.#firstRow, this.#firstRow + this.count)
    for (let at = orphans.first; at < orphans.end; at++) {
      const row = this.#number('orphan.row', at) - this.#firstRow
      if (row < 0 || row >= this.count) throw this.#corruption('orphan.row')
      parents.set(this.#fixed('orphan.parent', at, 8), row * 8)
    }
    return parents
  }

  /** Positions of a column of ascending rows that lie in [from, to). */
  #itemRange(key: IntrinsicColumn, from: number, to: number): ItemRange {
    return { first: this.#lowerBound(key, from), end: this.#lowerBound(key, to) }
  }

  #lowerBound(key: IntrinsicColumn, row: number): number {
    let low = 0
    let high = this.#byKey.get(key)?.reader.count ?? 0
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#number(key, middle) < row) low = middle + 1
      else high = middle
    }
    return low
  }

  async loadTexts(): Promise<void> {
    await Promise.all(
      this.#columns.map(async column => {
        if (!column || column.codes.size === 0) return
        const group = isOwnerColumn(column.ref) ? this.#source.file.groupCount : this.#place.group
        column.read = await this.#source.dictionary(column.ref, group).load(column.codes)
      }),
    )
  }

  resource(row: number): number {
    return this.#owner('span.resource', 'resource.shape', row)
  }

  instrumentation(row: number): number {
    return this.#owner('span.scope', 'scope.shape', row)
  }

  #owner(key: IntrinsicColumn, owners: IntrinsicColumn, row: number): number {
    const index = this.#number(key, this.#firstRow + row)
    if (index >= this.#byKey.get(owners)!.reader.count) throw this.#corruption(key)
    return index
  }

  /** Of a column whose values do not agree with others. */
  #corruption(key: IntrinsicColumn): Corruption {
    return new Corruption(`values of column ${key}`, { object: this.#source.file.reader.object })
  }

  span(row: number): SpanFields {
    const at = this.#firstRow + row
    const offsetLow = this.#number('span.start.low', at)
    const startLow = (this.#traceStart.low + offsetLow) >>> 0
    const carry = this.#traceStart.low + offsetLow > 0xffffffff ? 1 : 0
    const startHigh = (this.#traceStart.high + this.#number('span.start.high', at) + carry) >>> 0
    const durationLow = this.#number('span.duration.low', at)
    const endCarry = startLow + durationLow > 0xffffffff ? 1 : 0
    const parent = this.#parents.subarray(row * 8, row * 8 + 8)
    return {
      spanId: this.#fixed('span.id', at, 8),
      parentId: parent.some(byte => byte !== 0) ? parent : none,
      name: this.#text('span.name', at),
      kind: this.#number('span.kind', at),
      status: this.#number('span.status', at),
      startLow,
      startHigh,
      endLow: (startLow + durationLow) >>> 0,
      endHigh: (startHigh + this.#number('span.duration.high', at) + endCarry) >>> 0,
      statusMessage: this.#rareText('statusMessage', at),
      traceState: this.#rareText('traceState', at),
      flags: this.#rareNumber('flags', at),
      droppedAttributes: this.#rareNumber('droppedAttributes', at),
      droppedEvents: this.#rareNumber('droppedEvents', at),
      droppedLinks: this.#rareNumber('droppedLinks', at),
    }
  }

  spanAttributes(row: number): Iterable<AttributeField> {
    return this.#spanAttributes.attributes(this.#firstRow + row)
  }

  *events(row: number): Iterable<EventFields> {
    if (!this.#eventAttributes) return
    const span = this.span(row)
    const { first, end } = this.#itemRange(
      'event.row',
      this.#firstRow + row,
      this.#firstRow + row + 1,
    )
    for (let i = first; i < end; i++) {
      const low = this.#number('event.time.low', i)
      const carry = span.startLow + low > 0xffffffff ? 1 : 0
      yield {
        timeLow: (span.startLow + low) >>> 0,
        timeHigh: (span.startHigh + this.#number('event.time.high', i) + carry) >>> 0,
        name: this.#text('event.name', i),
        droppedAttributes: this.#number('event.dropped', i),
        attributes: this.#eventAttributes.attributes(i),
      }
    }
  }

  *links(row: number): Iterable<LinkFields> {
    if (!this.#linkAttributes) return
    const { first, end } = this.#itemRange(
      'link.row',
      this.#firstRow + row,
      this.#firstRow + row + 1,
    )
    for (let i = first; i < end; i++) {
      yield {
        ids: this.#fixed('link.ids', i, 24),
        traceState: this.#text('link.traceState', i),
        flags: this.#number('link.flags', i),
        droppedAttributes: this.#number('link.dropped', i),
        attributes: this.#linkAttributes.attributes(i),
      }
    }
  }

  resourceFields(index: number): OwnerFields {
    return {
      name: none,
      version: none,
      schemaUrl: this.#text('resource.schemaUrl', index),
      droppedAttributes: this.#number('resource.dropped', index),
      attributes: this.#resourceAttributes.attributes(index),
    }
  }

  instrumentationFields(index: number): OwnerFields {
    return {
      name: this.#text('scope.name', index),
      version: this.#text('scope.version', index),
      schemaUrl: this.#text('scope.schemaUrl', index),
      droppedAttributes: this.#number('scope.dropped', index),
      attributes: this.#scopeAttributes.attributes(index),
    }
  }

  #noteTextCodes(): void {
    const note = (key: IntrinsicColumn, { first, end }: ItemRange) => {
      const column = this.#byKey.get(key)
      for (let i = first; column && i < end; i++) column.codes.add(column.reader.at(i))
    }
    const rows = { first: this.#firstRow, end: this.#firstRow + this.count }
    note('span.name', rows)
    note('event.name', this.#eventRange)
    note('link.traceState', this.#linkRange)
    for (const key of ['statusMessage', 'traceState'] as const) {
      note(key, this.#itemRange(`${key}.row`, rows.first, rows.end))
    }
    for (const key of [
      'resource.schemaUrl',
      'scope.name',
      'scope.version',
      'scope.schemaUrl',
    ] as const) {
      note(key, { first: 0, end: this.#byKey.get(key)?.reader.count ?? 0 })
    }
  }

  #number(key: IntrinsicColumn, at: number): number {
    return this.#byKey.get(key)?.reader.at(at) ?? 0
  }

  #text(key: IntrinsicColumn, at: number): Uint8Array {
    const column = this.#byKey.get(key)
    return column ? column.read(column.reader.at(at)) : none
  }

  #fixed(key: IntrinsicColumn, at: number, width: number): Uint8Array {
    return this.#byKey.get(key)!.reader.bytes.subarray(at * width, at * width + width)
  }

  #rarePosition(key: RareKey, row: number): number {
    const { first, end } = this.#itemRange(`${key}.row`, row, row + 1)
    return first < end ? first : -1
  }

  #rareText(key: RareKey, row: number): Uint8Array {
    const at = this.#rarePosition(key, row)
    return at < 0 ? none : this.#text(key, at)
  }

  #rareNumber(key: RareKey, row: number): number {
    const at = this.#rarePosition(key, row)
    return at < 0 ? 0 : this.#number(key, at)
  }
}

type RareKey =
  | 'statusMessage'
  | 'traceState'
  | 'flags'
  | 'droppedAttributes'
  | 'droppedEvents'
  | 'droppedLinks'

interface ItemRange {
  readonly first: number
  readonly end: number
}

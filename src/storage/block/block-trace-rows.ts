import { Corruption } from '../../base/errors.ts'
import type { ColumnRef } from '../../model/column-batch.ts'
import { isDictionaryType, Scope } from '../../model/columns.ts'
import type {
  AttributeField,
  EventFields,
  LinkFields,
  OwnerFields,
  SpanFields,
  TraceRows,
} from '../../model/trace-rows.ts'
import { AttributeTable, type ItemRange, type ReadColumn } from './attribute-table.ts'
import type { BlockSource } from './block-source.ts'
import { type ChunkReader, wholeReader } from './chunk-reader.ts'
import type { IntrinsicColumn } from './format.ts'
import { isOwnerColumn } from './vectors.ts'

const none = new Uint8Array(0)

/**
 * Traces of one row group, in ascending order: all columns of the group are read, then the
 * dictionary pages that the rows of these traces use.
 */
export async function loadTraceRows(
  source: BlockSource,
  group: number,
  traces: readonly number[],
): Promise<TraceRows[]> {
  const { file } = source
  const chunkOf = (ref: ColumnRef) => {
    return file.chunkOf(ref.id, isOwnerColumn(ref) ? file.groupCount : group)
  }
  const refs = file.columns.map((name, id) => ({ id, name }))
  const chunks = refs.map(chunkOf)
  // Shapes are looked at from the first row on: these are unpacked as a whole, and kept.
  const isShape = (i: number) => {
    const { scope, key } = file.columns[i]!
    return scope === Scope.intrinsic && key.endsWith('.shape')
  }
  const [shapes, readers] = await Promise.all([
    file.loadChunks(chunks.filter((chunk, i) => chunk >= 0 && isShape(i))),
    file.readChunks(chunks.filter((chunk, i) => chunk >= 0 && !isShape(i))),
  ])
  for (const [chunk, shape] of shapes) readers.set(chunk, wholeReader(shape))
  const columns = refs.map((ref, i) => {
    const reader = readers.get(chunks[i]!)
    if (!reader) return null
    const key = Buffer.from(ref.name.key)
    const dictionary = isDictionaryType(ref.name.type)
    return { ref, reader, key, dictionary, read: () => none, codes: new Set<number>() }
  })
  const read = new GroupTraces(source, group, columns, traces)
  await read.loadTexts()
  return traces.map((trace, i) => new BlockTraceRows(read, trace, read.rows[i]!))
}

/** The columns of a row group, and what its traces need of them. */
class GroupTraces {
  /** Of each trace. */
  readonly rows: readonly ItemRange[]
  readonly spanAttributes: AttributeTable
  readonly eventAttributes: AttributeTable
  readonly linkAttributes: AttributeTable
  readonly resourceAttributes: AttributeTable
  readonly scopeAttributes: AttributeTable
  readonly #source: BlockSource
  readonly #group: number
  readonly #columns: readonly (ReadColumn | null)[]
  readonly #byKey = new Map<string, ReadColumn>()

  constructor(
    source: BlockSource,
    group: number,
    columns: readonly (ReadColumn | null)[],
    traces: readonly number[],
  ) {
    this.#source = source
    this.#group = group
    this.#columns = columns
    for (const column of columns) {
      if (column?.ref.name.scope === Scope.intrinsic) this.#byKey.set(column.ref.name.key, column)
    }
    this.rows = this.#rowsOf(traces)
    const events = this.#itemsOfRows('event.row')
    const links = this.#itemsOfRows('link.row')
    this.spanAttributes = this.#table('span.shape', this.rows)
    this.eventAttributes = this.#table('event.shape', events)
    this.linkAttributes = this.#table('link.shape', links)
    this.resourceAttributes = this.#table('resource.shape', this.#all('resource.shape'))
    this.scopeAttributes = this.#table('scope.shape', this.#all('scope.shape'))
    this.#noteTextCodes(events, links)
  }

  #rowsOf(traces: readonly number[]): ItemRange[] {
    const rows: ItemRange[] = []
    let first = 0
    let before = 0
    for (const trace of traces) {
      for (; before < trace; before++) first += this.number('trace.spans', before)
      const end = first + this.number('trace.spans', trace)
      if (end > this.#source.file.f.groupSpans[this.#group]!) throw this.corruption('trace.spans')
      rows.push({ first, end })
    }
    return rows
  }

  /** Per trace the items of its rows, without traces that have none. */
  #itemsOfRows(key: IntrinsicColumn): ItemRange[] {
    return this.rows
      .map(({ first, end }) => this.itemRange(key, first, end))
      .filter(({ first, end }) => first < end)
  }

  #all(key: IntrinsicColumn): ItemRange[] {
    return [{ first: 0, end: this.count(key) }]
  }

  #table(key: IntrinsicColumn, ranges: readonly ItemRange[]): AttributeTable {
    const shapes = this.#byKey.get(key)?.reader ?? noValues
    return new AttributeTable(this.#source.file, shapes, this.#columns, ranges)
  }

  #noteTextCodes(events: readonly ItemRange[], links: readonly ItemRange[]): void {
    const note = (key: IntrinsicColumn, ranges: readonly ItemRange[]) => {
      const column = this.#byKey.get(key)
      if (!column) return
      for (const { first, end } of ranges) {
        for (let i = first; i < end; i++) column.codes.add(column.reader.at(i))
      }
    }
    note('span.name', this.rows)
    note('event.name', events)
    note('link.traceState', links)
    for (const key of ['statusMessage', 'traceState'] as const) {
      note(key, this.#itemsOfRows(`${key}.row`))
    }
    for (const key of [
      'resource.schemaUrl',
      'scope.name',
      'scope.version',
      'scope.schemaUrl',
    ] as const) {
      note(key, this.#all(key))
    }
  }

  async loadTexts(): Promise<void> {
    await Promise.all(
      this.#columns.map(async column => {
        if (!column || column.codes.size === 0) return
        const group = isOwnerColumn(column.ref) ? this.#source.file.groupCount : this.#group
        column.read = await this.#source.dictionary(column.ref, group).load(column.codes)
      }),
    )
  }

  count(key: IntrinsicColumn): number {
    return this.#byKey.get(key)?.reader.count ?? 0
  }

  number(key: IntrinsicColumn, at: number): number {
    return this.#byKey.get(key)?.reader.at(at) ?? 0
  }

  text(key: IntrinsicColumn, at: number): Uint8Array {
    const column = this.#byKey.get(key)
    return column ? column.read(column.reader.at(at)) : none
  }

  fixed(key: IntrinsicColumn, at: number, width: number): Uint8Array {
    return this.#byKey.get(key)!.reader.bytes.subarray(at * width, at * width + width)
  }

  /** Positions of a column of ascending rows that lie in [from, to). */
  itemRange(key: IntrinsicColumn, from: number, to: number): ItemRange {
    return { first: this.#lowerBound(key, from), end: this.#lowerBound(key, to) }
  }

  /** The first position of a column of ascending rows that is of this row, or -1. */
  itemOfRow(key: IntrinsicColumn, row: number): number {
    const at = this.#lowerBound(key, row)
    return at < this.count(key) && this.number(key, at) === row ? at : -1
  }

  #lowerBound(key: IntrinsicColumn, row: number): number {
    const reader = this.#byKey.get(key)?.reader
    let low = 0
    let high = reader?.count ?? 0
    while (low < high) {
      const middle = (low + high) >> 1
      if (reader!.at(middle) < row) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Of a column whose values do not agree with others. */
  corruption(key: IntrinsicColumn): Corruption {
    return new Corruption(`values of column ${key}`, { object: this.#source.file.reader.object })
  }
}

const noValues: ChunkReader = { count: 0, bytes: none, at: () => 0 }

class BlockTraceRows implements TraceRows {
  readonly count: number
  readonly traceId: Uint8Array
  readonly #group: GroupTraces
  readonly #firstRow: number
  readonly #parents: Uint8Array
  readonly #traceStart: { low: number; high: number }

  constructor(group: GroupTraces, trace: number, { first, end }: ItemRange) {
    this.#group = group
    this.#firstRow = first
    this.count = end - first
    this.traceId = group.fixed('trace.id', trace, 16)
    this.#traceStart = {
      low: group.number('trace.start.low', trace),
      high: group.number('trace.start.high', trace),
    }
    this.#parents = this.#findParents()
  }

  /** Parent ids of the trace's rows: by depth, and for orphans as they were sent. */
  #findParents(): Uint8Array {
    const parents = new Uint8Array(this.count * 8)
    const rowAtDepth: number[] = []
    for (let i = 0; i < this.count; i++) {
      const depth = this.#group.number('span.depth', this.#firstRow + i)
      if (depth > rowAtDepth.length) throw this.#group.corruption('span.depth')
      rowAtDepth.length = depth
      rowAtDepth.push(this.#firstRow + i)
      if (depth > 0) parents.set(this.#group.fixed('span.id', rowAtDepth[depth - 1]!, 8), i * 8)
    }
    const orphans = this.#group.itemRange('orphan.row', this.#firstRow, this.#firstRow + this.count)
    for (let at = orphans.first; at < orphans.end; at++) {
      const row = this.#group.number('orphan.row', at) - this.#firstRow
      if (row < 0 || row >= this.count) throw this.#group.corruption('orphan.row')
      parents.set(this.#group.fixed('orphan.parent', at, 8), row * 8)
    }
    return parents
  }

  resource(row: number): number {
    return this.#owner('span.resource', 'resource.shape', row)
  }

  instrumentation(row: number): number {
    return this.#owner('span.scope', 'scope.shape', row)
  }

  #owner(key: IntrinsicColumn, owners: IntrinsicColumn, row: number): number {
    const index = this.#group.number(key, this.#firstRow + row)
    if (index >= this.#group.count(owners)) throw this.#group.corruption(key)
    return index
  }

  span(row: number): SpanFields {
    const at = this.#firstRow + row
    const offsetLow = this.#group.number('span.start.low', at)
    const startLow = (this.#traceStart.low + offsetLow) >>> 0
    const carry = this.#traceStart.low + offsetLow > 0xffffffff ? 1 : 0
    const startHigh =
      (this.#traceStart.high + this.#group.number('span.start.high', at) + carry) >>> 0
    const durationLow = this.#group.number('span.duration.low', at)
    const endCarry = startLow + durationLow > 0xffffffff ? 1 : 0
    const parent = this.#parents.subarray(row * 8, row * 8 + 8)
    return {
      spanId: this.#group.fixed('span.id', at, 8),
      parentId: parent.some(byte => byte !== 0) ? parent : none,
      name: this.#group.text('span.name', at),
      kind: this.#group.number('span.kind', at),
      status: this.#group.number('span.status', at),
      startLow,
      startHigh,
      endLow: (startLow + durationLow) >>> 0,
      endHigh: (startHigh + this.#group.number('span.duration.high', at) + endCarry) >>> 0,
      statusMessage: this.#rareText('statusMessage', at),
      traceState: this.#rareText('traceState', at),
      flags: this.#rareNumber('flags', at),
      droppedAttributes: this.#rareNumber('droppedAttributes', at),
      droppedEvents: this.#rareNumber('droppedEvents', at),
      droppedLinks: this.#rareNumber('droppedLinks', at),
    }
  }

  spanAttributes(row: number): Iterable<AttributeField> {
    return this.#group.spanAttributes.attributes(this.#firstRow + row)
  }

  *events(row: number): Iterable<EventFields> {
    const span = this.span(row)
    const { first, end } = this.#group.itemRange(
      'event.row',
      this.#firstRow + row,
      this.#firstRow + row + 1,
    )
    for (let i = first; i < end; i++) {
      const low = this.#group.number('event.time.low', i)
      const carry = span.startLow + low > 0xffffffff ? 1 : 0
      yield {
        timeLow: (span.startLow + low) >>> 0,
        timeHigh: (span.startHigh + this.#group.number('event.time.high', i) + carry) >>> 0,
        name: this.#group.text('event.name', i),
        droppedAttributes: this.#group.number('event.dropped', i),
        attributes: this.#group.eventAttributes.attributes(i),
      }
    }
  }

  *links(row: number): Iterable<LinkFields> {
    const { first, end } = this.#group.itemRange(
      'link.row',
      this.#firstRow + row,
      this.#firstRow + row + 1,
    )
    for (let i = first; i < end; i++) {
      yield {
        ids: this.#group.fixed('link.ids', i, 24),
        traceState: this.#group.text('link.traceState', i),
        flags: this.#group.number('link.flags', i),
        droppedAttributes: this.#group.number('link.dropped', i),
        attributes: this.#group.linkAttributes.attributes(i),
      }
    }
  }

  resourceFields(index: number): OwnerFields {
    return {
      name: none,
      version: none,
      schemaUrl: this.#group.text('resource.schemaUrl', index),
      droppedAttributes: this.#group.number('resource.dropped', index),
      attributes: this.#group.resourceAttributes.attributes(index),
    }
  }

  instrumentationFields(index: number): OwnerFields {
    return {
      name: this.#group.text('scope.name', index),
      version: this.#group.text('scope.version', index),
      schemaUrl: this.#group.text('scope.schemaUrl', index),
      droppedAttributes: this.#group.number('scope.dropped', index),
      attributes: this.#group.scopeAttributes.attributes(index),
    }
  }

  #rarePosition(key: RareKey, row: number): number {
    return this.#group.itemOfRow(rareRows[key], row)
  }

  #rareText(key: RareKey, row: number): Uint8Array {
    const at = this.#rarePosition(key, row)
    return at < 0 ? none : this.#group.text(key, at)
  }

  #rareNumber(key: RareKey, row: number): number {
    const at = this.#rarePosition(key, row)
    return at < 0 ? 0 : this.#group.number(key, at)
  }
}

/** Columns that few rows have, and those that say which. */
const rareRows = {
  statusMessage: 'statusMessage.row',
  traceState: 'traceState.row',
  flags: 'flags.row',
  droppedAttributes: 'droppedAttributes.row',
  droppedEvents: 'droppedEvents.row',
  droppedLinks: 'droppedLinks.row',
} as const

type RareKey = keyof typeof rareRows

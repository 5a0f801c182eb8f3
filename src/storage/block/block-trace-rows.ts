import type { ColumnRef, TracePlace, Vector } from '../../model/column-batch.ts'
import { isDictionaryType, Scope } from '../../model/columns.ts'
import type {
  AttributeField,
  EventFields,
  LinkFields,
  OwnerFields,
  SpanFields,
  TraceRows,
} from '../../model/trace-rows.ts'
import { BlockGroup } from './block-group.ts'
import type { BlockSource } from './block-source.ts'
import type { DecodedChunk } from './decode.ts'
import type { IntrinsicColumn } from './format.ts'
import { isOwnerColumn, toVector } from './vectors.ts'

const none = new Uint8Array(0)

/** Reads all columns of a trace's row group, then the dictionary pages that its rows use. */
export async function loadTraceRows(
  source: BlockSource,
  columns: readonly ColumnRef[],
  place: TracePlace,
): Promise<TraceRows> {
  const { file } = source
  const chunks = columns.map(ref => file.chunkOf(ref.id, place.group)).filter(chunk => chunk >= 0)
  const ownerRefs = file.columns.map((name, id) => ({ id, name })).filter(isOwnerColumn)
  const [loaded, owners] = await Promise.all([
    file.loadChunks(chunks),
    file.loadChunks(
      ownerRefs.map(ref => file.chunkOf(ref.id, file.groupCount)).filter(chunk => chunk >= 0),
    ),
  ])
  const rows = new BlockTraceRows(source, place, loaded, owners)
  await rows.loadTexts()
  return rows
}

type Reader = (code: number) => Uint8Array

interface Column {
  readonly ref: ColumnRef
  readonly vector: Vector
  readonly key: Uint8Array
  readonly dictionary: boolean
  read: Reader
  readonly codes: Set<number>
}

/** Attributes of the items of a domain: shapes, and for each column where an item's value lies. */
class AttributeTable {
  readonly #shapes: Vector
  readonly #columns: readonly (Column | null)[]
  readonly #shapeEnd: Uint32Array
  readonly #shapeColumn: Uint16Array
  #first = 0
  /** Per column: values before the first item of the trace, then moved on item by item. */
  readonly #starts = new Map<number, Uint32Array>()

  constructor(
    source: BlockSource,
    shapes: Vector,
    columns: readonly (Column | null)[],
    first: number,
    end: number,
  ) {
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
        const { dictionary, vector, codes } = this.#columns[column]!
        if (dictionary) codes.add(vector.values[rank]! + vector.base)
      }
    }
    this.#first = first
  }

  *attributes(item: number): Iterable<AttributeField> {
    for (const id of this.#columnsOf(item)) {
      const column = this.#columns[id]!
      const { vector } = column
      const rank = this.#starts.get(id)![item - this.#first]!
      const number = (vector.values[rank]! + vector.base) / vector.divisor
      const bytes = column.dictionary ? column.read(number) : none
      yield { key: column.key, type: column.ref.name.type, number, bytes }
    }
  }

  #shape(item: number): number {
    return this.#shapes.values[item]! + this.#shapes.base
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
  readonly #group: BlockGroup
  readonly #columns: (Column | null)[]
  readonly #byKey = new Map<string, Column>()
  readonly #firstRow: number
  readonly #spanAttributes: AttributeTable
  readonly #eventAttributes: AttributeTable | null
  readonly #linkAttributes: AttributeTable | null
  readonly #resourceAttributes: AttributeTable
  readonly #scopeAttributes: AttributeTable
  readonly #eventRange: { rows: Uint32Array; first: number; end: number }
  readonly #linkRange: { rows: Uint32Array; first: number; end: number }
  readonly #parents: Uint8Array
  readonly #traceStart: { low: number; high: number }

  constructor(
    source: BlockSource,
    place: TracePlace,
    chunks: ReadonlyMap<number, DecodedChunk>,
    owners: ReadonlyMap<number, DecodedChunk>,
  ) {
    this.#source = source
    this.#place = place
    this.#group = new BlockGroup(source.file, place.group, key => source.intrinsic(key), chunks)
    this.#columns = collectColumns(source, place.group, chunks, owners)
    for (const column of this.#columns) {
      if (column?.ref.name.scope === Scope.intrinsic) this.#byKey.set(column.ref.name.key, column)
    }
    const tree = this.#group.tree()
    this.#firstRow = tree.traceStart[place.trace]!
    this.count = tree.traceStart[place.trace + 1]! - this.#firstRow
    this.traceId = this.#fixed('trace.id', place.trace, 16)
    this.#traceStart = {
      low: this.#number('trace.start.low', place.trace),
      high: this.#number('trace.start.high', place.trace),
    }
    this.#parents = this.#group.parentIds()
    this.#eventRange = itemRange(
      this.#group.itemRows('event'),
      this.#firstRow,
      this.#firstRow + this.count,
    )
    this.#linkRange = itemRange(
      this.#group.itemRows('link'),
      this.#firstRow,
      this.#firstRow + this.count,
    )
    const table = (key: IntrinsicColumn, first: number, end: number) =>
      new AttributeTable(source, this.#byKey.get(key)!.vector, this.#columns, first, end)
    this.#spanAttributes = table('span.shape', this.#firstRow, this.#firstRow + this.count)
    const { first, end } = this.#eventRange
    this.#eventAttributes = first < end ? table('event.shape', first, end) : null
    const links = this.#linkRange
    this.#linkAttributes =
      links.first < links.end ? table('link.shape', links.first, links.end) : null
    this.#resourceAttributes = table(
      'resource.shape',
      0,
      this.#byKey.get('resource.shape')!.vector.count,
    )
    this.#scopeAttributes = table('scope.shape', 0, this.#byKey.get('scope.shape')!.vector.count)
    this.#noteTextCodes()
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
    return this.#number('span.resource', this.#firstRow + row)
  }

  instrumentation(row: number): number {
    return this.#number('span.scope', this.#firstRow + row)
  }

  span(row: number): SpanFields {
    const at = this.#firstRow + row
    const offsetLow = this.#number('span.start.low', at)
    const startLow = (this.#traceStart.low + offsetLow) >>> 0
    const carry = this.#traceStart.low + offsetLow > 0xffffffff ? 1 : 0
    const startHigh = (this.#traceStart.high + this.#number('span.start.high', at) + carry) >>> 0
    const durationLow = this.#number('span.duration.low', at)
    const endCarry = startLow + durationLow > 0xffffffff ? 1 : 0
    const parent = this.#parents.subarray(at * 8, at * 8 + 8)
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
    const { rows, first, end } = this.#eventRange
    const span = this.#eventAttributes ? this.span(row) : null
    for (
      let i = lowerBound(rows, this.#firstRow + row, first, end);
      span && i < end && rows[i] === this.#firstRow + row;
      i++
    ) {
      const low = this.#number('event.time.low', i)
      const carry = span.startLow + low > 0xffffffff ? 1 : 0
      yield {
        timeLow: (span.startLow + low) >>> 0,
        timeHigh: (span.startHigh + this.#number('event.time.high', i) + carry) >>> 0,
        name: this.#text('event.name', i),
        droppedAttributes: this.#number('event.dropped', i),
        attributes: this.#eventAttributes!.attributes(i),
      }
    }
  }

  *links(row: number): Iterable<LinkFields> {
    const { rows, first, end } = this.#linkRange
    for (
      let i = lowerBound(rows, this.#firstRow + row, first, end);
      i < end && rows[i] === this.#firstRow + row;
      i++
    ) {
      yield {
        ids: this.#fixed('link.ids', i, 24),
        traceState: this.#text('link.traceState', i),
        flags: this.#number('link.flags', i),
        droppedAttributes: this.#number('link.dropped', i),
        attributes: this.#linkAttributes!.attributes(i),
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
    const note = (key: IntrinsicColumn, first: number, end: number) => {
      const column = this.#byKey.get(key)
      for (let i = first; column && i < end; i++)
        column.codes.add(column.vector.values[i]! + column.vector.base)
    }
    note('span.name', this.#firstRow, this.#firstRow + this.count)
    note('event.name', this.#eventRange.first, this.#eventRange.end)
    note('link.traceState', this.#linkRange.first, this.#linkRange.end)
    for (const key of ['statusMessage', 'traceState'] as const) {
      const rows = this.#byKey.get(`${key}.row`)
      if (!rows) continue
      for (let i = 0; i < rows.vector.count; i++) {
        const row = rows.vector.values[i]! + rows.vector.base
        if (row >= this.#firstRow && row < this.#firstRow + this.count) note(key, i, i + 1)
      }
    }
    for (const key of [
      'resource.schemaUrl',
      'scope.name',
      'scope.version',
      'scope.schemaUrl',
    ] as const) {
      note(key, 0, this.#byKey.get(key)?.vector.count ?? 0)
    }
  }

  #number(key: IntrinsicColumn, at: number): number {
    const column = this.#byKey.get(key)
    return column ? column.vector.values[at]! + column.vector.base : 0
  }

  #text(key: IntrinsicColumn, at: number): Uint8Array {
    const column = this.#byKey.get(key)
    return column ? column.read(column.vector.values[at]! + column.vector.base) : none
  }

  #fixed(key: IntrinsicColumn, at: number, width: number): Uint8Array {
    return (this.#byKey.get(key)!.vector.values as Uint8Array).subarray(
      at * width,
      at * width + width,
    )
  }

  #rarePosition(key: string, row: number): number {
    const rows = this.#byKey.get(`${key}.row`)
    if (!rows) return -1
    const { values, base, count } = rows.vector
    let low = 0
    let high = count - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = values[middle]! + base
      if (at === row) return middle
      if (at < row) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  #rareText(key: IntrinsicColumn, row: number): Uint8Array {
    const at = this.#rarePosition(key, row)
    return at < 0 ? none : this.#text(key, at)
  }

  #rareNumber(key: IntrinsicColumn, row: number): number {
    const at = this.#rarePosition(key, row)
    return at < 0 ? 0 : this.#number(key, at)
  }
}

function collectColumns(
  source: BlockSource,
  group: number,
  chunks: ReadonlyMap<number, DecodedChunk>,
  owners: ReadonlyMap<number, DecodedChunk>,
): (Column | null)[] {
  const { file } = source
  return file.columns.map((name, id) => {
    const ref = { id, name }
    const owner = isOwnerColumn(ref)
    const chunk = (owner ? owners : chunks).get(file.chunkOf(id, owner ? file.groupCount : group))
    if (!chunk) return null
    const key = Buffer.from(name.key)
    const dictionary = isDictionaryType(name.type)
    return {
      ref,
      vector: toVector(chunk, null),
      key,
      dictionary,
      read: () => none,
      codes: new Set<number>(),
    }
  })
}

function itemRange(
  rows: Uint32Array,
  from: number,
  to: number,
): { rows: Uint32Array; first: number; end: number } {
  return {
    rows,
    first: lowerBound(rows, from, 0, rows.length),
    end: lowerBound(rows, to, 0, rows.length),
  }
}

function lowerBound(values: Uint32Array, wanted: number, from: number, to: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}

import { columnIdentity, isDictionaryType } from '../../model/columns.ts'
import { type BlockOrder, orderForBlock } from '../live/block-order.ts'
import type { LiveSegment } from '../live/live-segment.ts'
import {
  BlockEmitter,
  type BlockSink,
  type EmittedGroup,
  type WrittenBlock,
} from './block-emitter.ts'
import { type EncodedChunk, encodeDoubles, encodeFixed, encodeIntegers } from './encode.ts'
import * as format from './format.ts'
import {
  type AttributeItems,
  attributeColumns,
  ColumnList,
  eventColumns,
  isDoubleColumn,
  linkColumns,
  orderItems,
  ownerColumns,
  spanColumns,
  type WriterColumn,
} from './writer-columns.ts'
import { type CodedColumn, DictionaryCoder } from './writer-dictionaries.ts'
import { encodeTraceIndex, traceColumns } from './writer-traces.ts'

/**
 * Writes a segment as a block. A generator, so that a thread that also answers queries can let
 * them in between two steps (each is a few milliseconds per 100,000 spans).
 */
export function* writeBlock(segment: LiveSegment, sink: BlockSink): Generator<void, WrittenBlock> {
  const order = orderForBlock(segment, format.groupLimits)
  yield
  const list = new ColumnList()
  traceColumns(list, segment, order)
  yield
  spanColumns(list, segment, order)
  yield
  const events = orderItems(order, segment.spans.eventStart)
  const links = orderItems(order, segment.spans.linkStart)
  eventColumns(list, segment, events)
  linkColumns(list, segment, links)
  ownerColumns(list, segment)
  yield
  for (const items of attributeDomains(
    segment,
    order,
    events.items,
    events.bounds,
    links.items,
    links.bounds,
  )) {
    attributeColumns(list, segment, items)
    yield
  }
  const coded = yield* codeColumns(segment, list.columns)
  const emitter = new BlockEmitter(sink)
  yield* emitGroups(emitter, segment, order, list.columns, coded)
  const columns = list.columns.map((column, i) => {
    const dictionary = coded[i] ? emitter.dictionaries : -1
    for (const encoded of coded[i]?.dictionaries ?? []) emitter.putDictionary(encoded)
    return { name: column.name, dictionary, dictionaryPerGroup: coded[i]?.perGroup ?? false }
  })
  for (const page of encodeTraceIndex(segment, order)) emitter.putIndexPage(page)
  return emitter.finish(columns, remapShapes(segment, list.columns))
}

function attributeDomains(
  segment: LiveSegment,
  order: BlockOrder,
  eventItems: Uint32Array,
  eventBounds: Uint32Array,
  linkItems: Uint32Array,
  linkBounds: Uint32Array,
): AttributeItems[] {
  const { spans, events, links, resources, instrumentations } = segment
  const rows = order.rows
  const all = () => segment.attributeValues
  const owner = (list: typeof resources): AttributeItems => ({
    count: list.length,
    bounds: Uint32Array.of(0, list.length),
    owners: true,
    shape: i => list[i]!.shape,
    start: () => 0,
    values: i => list[i]!.attributes,
  })
  const item = (
    from: typeof events | typeof links,
    items: Uint32Array,
    bounds: Uint32Array,
  ): AttributeItems => ({
    count: items.length,
    bounds,
    owners: false,
    shape: i => from.shape[items[i]!]!,
    start: i => from.attributeStart[items[i]!]!,
    values: all,
  })
  const span: AttributeItems = {
    count: rows.length,
    bounds: order.groupRow,
    owners: false,
    shape: i => spans.shape[rows[i]!]!,
    start: i => spans.attributeStart[rows[i]!]!,
    values: all,
  }
  return [
    span,
    item(events, eventItems, eventBounds),
    item(links, linkItems, linkBounds),
    owner(resources),
    owner(instrumentations),
  ]
}

/** Null for columns that are not dictionary columns. */
function* codeColumns(
  segment: LiveSegment,
  columns: readonly WriterColumn[],
): Generator<void, (CodedColumn | null)[]> {
  const coder = new DictionaryCoder(segment.values)
  const coded: (CodedColumn | null)[] = []
  for (const column of columns) {
    coded.push(isDictionaryType(column.name.type) ? coder.code(column) : null)
    yield
  }
  return coded
}

/** Row groups, then the owner group. */
function* emitGroups(
  emitter: BlockEmitter,
  segment: LiveSegment,
  order: BlockOrder,
  columns: readonly WriterColumn[],
  coded: readonly (CodedColumn | null)[],
): Generator<void> {
  const groups = order.groupTrace.length - 1
  for (let group = 0; group <= groups; group++) {
    const owners = group === groups
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!
      if (column.owners !== owners) continue
      const from = owners ? 0 : column.bounds[group]!
      const to = owners ? column.bounds[1]! : column.bounds[group + 1]!
      if (from < to) {
        const chunk = encodeColumn(column, coded[index]?.codes ?? null, from, to)
        emitter.putChunk(index, chunk)
      }
      if (index % 8 === 7) yield
    }
    if (owners) emitter.endOwners()
    else emitter.endGroup(describeGroup(segment, order, group))
    yield
  }
}

function encodeColumn(
  column: WriterColumn,
  codes: Uint32Array | null,
  from: number,
  to: number,
): EncodedChunk {
  if (codes) return encodeIntegers(codes, from, to)
  const { values } = column
  if (values instanceof Uint8Array) {
    return encodeFixed(values, format.fixedBytes(column.name.type), from, to)
  }
  if (isDoubleColumn(column.name)) return encodeDoubles(values as Float64Array, from, to)
  return encodeIntegers(values, from, to)
}

function describeGroup(segment: LiveSegment, order: BlockOrder, group: number): EmittedGroup {
  const { spans } = segment
  let [minTrace, maxTrace, maxEnd] = [-1n, -1n, -1n]
  const ns = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low)
  for (let trace = order.groupTrace[group]!; trace < order.groupTrace[group + 1]!; trace++) {
    const start = ns(order.startLow[trace]!, order.startHigh[trace]!)
    const end = ns(order.endLow[trace]!, order.endHigh[trace]!)
    if (minTrace < 0n || start < minTrace) minTrace = start
    if (start > maxTrace) maxTrace = start
    if (end > maxEnd) maxEnd = end
  }
  let high = 0
  let low = 0
  for (let i = order.groupRow[group]!; i < order.groupRow[group + 1]!; i++) {
    const row = order.rows[i]!
    const h = spans.startHigh[row]!
    if (h > high || (h === high && spans.startLow[row]! > low)) {
      high = h
      low = spans.startLow[row]!
    }
  }
  return {
    spans: order.groupRow[group + 1]! - order.groupRow[group]!,
    traces: order.groupTrace[group + 1]! - order.groupTrace[group]!,
    minTraceStartNs: minTrace,
    maxTraceStartNs: maxTrace,
    maxStartNs: ns(low, high),
    maxEndNs: maxEnd,
  }
}

/** The segment's shapes in terms of the block's columns; a shape that no item has stays empty. */
function remapShapes(segment: LiveSegment, columns: readonly WriterColumn[]): Uint16Array[] {
  const blockColumn = new Map<string, number>()
  columns.forEach((column, index) => {
    blockColumn.set(columnIdentity(column.name), index)
  })
  const ids = segment.shapes.columns.map(name => blockColumn.get(columnIdentity(name)) ?? -1)
  return segment.shapes.shapes.map(shape =>
    shape.every(column => ids[column]! >= 0)
      ? shape.map(column => ids[column]!)
      : new Uint16Array(0),
  )
}

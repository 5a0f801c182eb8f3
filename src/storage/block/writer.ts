import { isDictionaryType } from '../../model/columns.ts'
import { type BlockOrder, orderForBlock } from '../live/block-order.ts'
import type { LiveSegment } from '../live/live-segment.ts'
import { crc, type EncodedChunk, encodeDoubles, encodeFixed, encodeIntegers } from './encode.ts'
import { encodeFooter, type FooterParts } from './footer.ts'
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
import { DictionaryCoder } from './writer-dictionaries.ts'
import { encodeTraceIndex, traceColumns } from './writer-traces.ts'

/** Takes the block's bytes in order; nothing is ever rewritten. */
export type BlockSink = (bytes: Uint8Array) => void

export interface WrittenBlock {
  readonly spans: number
  readonly traces: number
  readonly bytes: number
  readonly groups: number
  readonly footerBytes: number
  readonly index: {
    readonly offset: number
    readonly entries: number
    readonly pageEntries: number
  }
  /** Least and greatest span start, greatest end, ns since 1970. */
  readonly minStartNs: bigint
  readonly maxStartNs: bigint
  readonly maxEndNs: bigint
}

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
  const emitter = new BlockEmitter(segment, order, list.columns, sink)
  yield* emitter.dictionaries()
  yield* emitter.groups()
  return emitter.finish()
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

interface ChunkEntry {
  readonly column: number
  readonly group: number
  readonly stats: Omit<EncodedChunk, 'bytes'>
  readonly bytes: number
  readonly crc: number
}

class BlockEmitter {
  readonly #segment: LiveSegment
  readonly #order: BlockOrder
  readonly #columns: readonly WriterColumn[]
  readonly #sink: BlockSink
  readonly #groups: number
  readonly #footer: FooterParts
  /** Codes of dictionary columns, by column. */
  readonly #codes: (Uint32Array | null)[] = []
  readonly #dictionaryBytes: { pages: Uint8Array; head: Uint8Array }[] = []
  readonly #chunks: ChunkEntry[] = []
  #at = 0

  constructor(
    segment: LiveSegment,
    order: BlockOrder,
    columns: readonly WriterColumn[],
    sink: BlockSink,
  ) {
    this.#segment = segment
    this.#order = order
    this.#columns = columns
    this.#sink = sink
    this.#groups = order.groupTrace.length - 1
    this.#footer = emptyFooter()
    this.#footer.columns = columns.map(column => column.name)
    this.#footer.spans = order.rows.length
    this.#footer.traces = order.traces.length
    this.#footer.shapes = remapShapes(segment, columns)
  }

  *dictionaries(): Generator<void> {
    const coder = new DictionaryCoder(this.#segment.values)
    const footer = this.#footer
    for (const column of this.#columns) {
      if (!isDictionaryType(column.name.type)) {
        this.#codes.push(null)
        footer.columnDictionary.push(-1)
        footer.columnDictionaryPerGroup.push(0)
        continue
      }
      const coded = coder.code(column)
      this.#codes.push(coded.codes)
      footer.columnDictionary.push(this.#dictionaryBytes.length)
      footer.columnDictionaryPerGroup.push(coded.perGroup ? 1 : 0)
      for (const dictionary of coded.dictionaries) {
        footer.dictionaryValues.push(dictionary.values)
        this.#dictionaryBytes.push(dictionary)
      }
      yield
    }
  }

  *groups(): Generator<void> {
    const header = Buffer.alloc(format.headerBytes)
    header.write(format.blockMagic, 0, 'latin1')
    header.writeUInt32LE(format.blockVersion, 4)
    this.#put(header)
    for (let group = 0; group <= this.#groups; group++) {
      const owners = group === this.#groups
      const start = this.#at
      for (let index = 0; index < this.#columns.length; index++) {
        if (this.#columns[index]!.owners !== owners) continue
        this.#putChunk(index, group)
        if (index % 8 === 7) yield
      }
      this.#footer.groupOffset.push(start)
      this.#footer.groupBytes.push(this.#at - start)
      this.#describeGroup(group, owners)
      yield
    }
  }

  finish(): WrittenBlock {
    const footer = this.#footer
    this.#chunks.sort((a, b) => a.column - b.column || a.group - b.group)
    this.#listChunks()
    for (const { pages, head } of this.#dictionaryBytes) {
      footer.dictionaryPagesOffset.push(this.#put(pages))
      footer.dictionaryHeadBytes.push(head.length)
      footer.dictionaryHeadCrc.push(crc(head))
      footer.dictionaryHeadOffset.push(this.#put(head))
    }
    const index = encodeTraceIndex(this.#segment, this.#order)
    footer.indexOffset = this.#at
    for (const page of index.pages) this.#put(page)
    footer.indexPageCrc = index.crcs
    const bytes = encodeFooter(footer)
    this.#put(bytes)
    const tail = Buffer.alloc(format.tailBytes)
    tail.writeUInt32LE(bytes.length, 0)
    tail.writeUInt32LE(crc(bytes), 4)
    tail.writeUInt32LE(format.blockVersion, 8)
    tail.write(format.blockMagic, 12, 'latin1')
    this.#put(tail)
    const { minStart, maxStart, maxEnd } = this.#segment
    return {
      spans: footer.spans,
      traces: footer.traces,
      bytes: this.#at,
      groups: this.#groups,
      footerBytes: bytes.length,
      index: {
        offset: footer.indexOffset,
        entries: footer.traces,
        pageEntries: format.indexPageEntries,
      },
      minStartNs: minStart.ns,
      maxStartNs: maxStart.ns,
      maxEndNs: maxEnd.ns,
    }
  }

  #putChunk(index: number, group: number): void {
    const column = this.#columns[index]!
    const from = column.owners ? 0 : column.bounds[group]!
    const to = column.owners ? column.bounds[1]! : column.bounds[group + 1]!
    if (from === to) return
    const chunk = encodeColumn(column, this.#codes[index] ?? null, from, to)
    // The bytes go out at once; what is kept is what the footer says of them.
    const { bytes, ...stats } = chunk
    this.#chunks.push({ column: index, group, stats, bytes: bytes.length, crc: crc(bytes) })
    this.#put(bytes)
  }

  #listChunks(): void {
    const footer = this.#footer
    let column = -1
    for (const entry of this.#chunks) {
      while (column < entry.column) {
        footer.columnFirstChunk.push(footer.chunkGroup.length)
        column++
      }
      const { stats } = entry
      footer.chunkGroup.push(entry.group)
      footer.chunkCount.push(stats.count)
      footer.chunkBytes.push(entry.bytes)
      footer.chunkCrc.push(entry.crc)
      footer.chunkEncoding.push(stats.encoding)
      footer.chunkWidth.push(stats.width)
      footer.chunkScale.push(stats.scale)
      footer.chunkMin.push(stats.min)
      footer.chunkMax.push(stats.max)
    }
    while (column < this.#columns.length) {
      footer.columnFirstChunk.push(footer.chunkGroup.length)
      column++
    }
  }

  #describeGroup(group: number, owners: boolean): void {
    const footer = this.#footer
    if (owners) return
    const order = this.#order
    footer.groupSpans.push(order.groupRow[group + 1]! - order.groupRow[group]!)
    footer.groupTraces.push(order.groupTrace[group + 1]! - order.groupTrace[group]!)
    footer.groupTimes.push(...groupTimes(this.#segment, order, group))
  }

  /** Appends a section and pads to the next multiple of 8; returns where it begins. */
  #put(bytes: Uint8Array): number {
    const start = this.#at
    if (bytes.length > 0) this.#sink(bytes)
    const padding = format.align8(bytes.length) - bytes.length
    if (padding > 0) this.#sink(new Uint8Array(padding))
    this.#at = start + bytes.length + padding
    return start
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

function groupTimes(segment: LiveSegment, order: BlockOrder, group: number): number[] {
  const { spans } = segment
  let [minTrace, maxTrace, minStart, maxStart, maxEnd] = [-1n, -1n, -1n, -1n, -1n]
  const ns = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low)
  for (let trace = order.groupTrace[group]!; trace < order.groupTrace[group + 1]!; trace++) {
    const start = ns(order.startLow[trace]!, order.startHigh[trace]!)
    const end = ns(order.endLow[trace]!, order.endHigh[trace]!)
    if (minTrace < 0n || start < minTrace) minTrace = start
    if (start > maxTrace) maxTrace = start
    if (end > maxEnd) maxEnd = end
  }
  minStart = minTrace
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
  maxStart = ns(low, high)
  return [minTrace, maxTrace, minStart, maxStart, maxEnd].flatMap(time => [
    Number(time & 0xffffffffn),
    Number(time >> 32n),
  ])
}

/** The segment's shapes in terms of the block's columns; a shape that no item has stays empty. */
function remapShapes(segment: LiveSegment, columns: readonly WriterColumn[]): Uint16Array[] {
  const blockColumn = new Map<string, number>()
  const keyOf = (name: WriterColumn['name']) =>
    `${name.scope}\0${name.type}\0${name.occurrence}\0${name.key}`
  columns.forEach((column, index) => {
    blockColumn.set(keyOf(column.name), index)
  })
  const ids = segment.shapes.columns.map(name => blockColumn.get(keyOf(name)) ?? -1)
  return segment.shapes.shapes.map(shape =>
    shape.every(column => ids[column]! >= 0)
      ? shape.map(column => ids[column]!)
      : new Uint16Array(0),
  )
}

function emptyFooter(): FooterParts {
  return {
    spans: 0,
    traces: 0,
    groupSpans: [],
    groupTraces: [],
    groupOffset: [],
    groupBytes: [],
    groupTimes: [],
    columns: [],
    columnDictionary: [],
    columnDictionaryPerGroup: [],
    columnFirstChunk: [],
    chunkGroup: [],
    chunkCount: [],
    chunkBytes: [],
    chunkCrc: [],
    chunkEncoding: [],
    chunkWidth: [],
    chunkScale: [],
    chunkMin: [],
    chunkMax: [],
    shapes: [],
    dictionaryValues: [],
    dictionaryHeadOffset: [],
    dictionaryHeadBytes: [],
    dictionaryHeadCrc: [],
    dictionaryPagesOffset: [],
    indexOffset: 0,
    indexPageCrc: [],
  }
}

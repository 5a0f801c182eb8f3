import type { ColumnName } from '../../model/columns.ts'
import type { EncodedDictionary } from './dictionary-writer.ts'
import { crc, type EncodedChunk } from './encode.ts'
import { emptyFooter, encodeFooter, type FooterParts } from './footer.ts'
import * as format from './format.ts'

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

/** What the footer says of a row group; times in ns since 1970. */
export interface EmittedGroup {
  readonly spans: number
  readonly traces: number
  readonly minTraceStartNs: bigint
  readonly maxTraceStartNs: bigint
  readonly maxStartNs: bigint
  readonly maxEndNs: bigint
}

export interface EmittedColumn {
  readonly name: ColumnName
  /** Number of its first dictionary in order of `putDictionary`, -1 when it has none. */
  readonly dictionary: number
  readonly dictionaryPerGroup: boolean
}

interface ChunkEntry {
  readonly column: number
  readonly group: number
  readonly stats: Omit<EncodedChunk, 'bytes'>
  readonly bytes: number
  readonly crc: number
}

/**
 * Lays out a block, whoever made its chunks: row groups, the owner group, dictionaries, index,
 * footer, in this order. Bytes go out at once; what is kept is what the footer says of them.
 */
export class BlockEmitter {
  readonly #sink: BlockSink
  readonly #footer: FooterParts = emptyFooter()
  readonly #chunks: ChunkEntry[] = []
  #at = 0
  #groupStart = 0
  #group = 0
  #dictionaryStart = 0
  #minStartNs = 0xffffffffffffffffn
  #maxStartNs = 0n
  #maxEndNs = 0n

  constructor(sink: BlockSink) {
    this.#sink = sink
    const header = Buffer.alloc(format.headerBytes)
    header.write(format.blockMagic, 0, 'latin1')
    header.writeUInt32LE(format.blockVersion, 4)
    this.#put(header)
    this.#groupStart = this.#at
  }

  /** Dictionaries so far, so the number of the next one. */
  get dictionaries(): number {
    return this.#footer.dictionaryValues.length
  }

  /** A chunk of the current group; in order of columns. Columns without values have none. */
  putChunk(column: number, chunk: EncodedChunk): void {
    const { bytes, ...stats } = chunk
    const entry = { column, group: this.#group, stats, bytes: bytes.length, crc: crc(bytes) }
    this.#chunks.push(entry)
    this.#put(bytes)
  }

  endGroup(group: EmittedGroup): void {
    const footer = this.#footer
    footer.groupSpans.push(group.spans)
    footer.groupTraces.push(group.traces)
    footer.spans += group.spans
    footer.traces += group.traces
    const { minTraceStartNs, maxTraceStartNs, maxStartNs, maxEndNs } = group
    // The least span start of whole traces is the least trace start.
    for (const time of [minTraceStartNs, maxTraceStartNs, minTraceStartNs, maxStartNs, maxEndNs]) {
      footer.groupTimes.push(Number(time & 0xffffffffn), Number(time >> 32n))
    }
    if (minTraceStartNs < this.#minStartNs) this.#minStartNs = minTraceStartNs
    if (maxStartNs > this.#maxStartNs) this.#maxStartNs = maxStartNs
    if (maxEndNs > this.#maxEndNs) this.#maxEndNs = maxEndNs
    this.endOwners()
  }

  /** Ends the owner group, which comes after the row groups. */
  endOwners(): void {
    this.#footer.groupOffset.push(this.#groupStart)
    this.#footer.groupBytes.push(this.#at - this.#groupStart)
    this.#groupStart = this.#at
    this.#group++
  }

  putDictionary({ pages, head, values }: EncodedDictionary): void {
    this.beginDictionary()
    this.putDictionaryPage(pages)
    this.endDictionary(head, values)
  }

  beginDictionary(): void {
    this.#dictionaryStart = this.#at
  }

  /** Pages follow each other without padding. */
  putDictionaryPage(page: Uint8Array): void {
    if (page.length > 0) this.#sink(page)
    this.#at += page.length
  }

  endDictionary(head: Uint8Array, values: number): void {
    const footer = this.#footer
    this.#pad()
    footer.dictionaryPagesOffset.push(this.#dictionaryStart)
    footer.dictionaryHeadBytes.push(head.length)
    footer.dictionaryHeadCrc.push(crc(head))
    footer.dictionaryHeadOffset.push(this.#put(head))
    footer.dictionaryValues.push(values)
  }

  /** A page of the trace-ID index; the pages come one after another. */
  putIndexPage(page: Uint8Array): void {
    const at = this.#put(page)
    if (this.#footer.indexPageCrc.length === 0) this.#footer.indexOffset = at
    this.#footer.indexPageCrc.push(crc(page))
  }

  finish(columns: readonly EmittedColumn[], shapes: readonly Uint16Array[]): WrittenBlock {
    const footer = this.#footer
    footer.columns = columns.map(column => column.name)
    footer.columnDictionary = columns.map(column => column.dictionary)
    footer.columnDictionaryPerGroup = columns.map(column => (column.dictionaryPerGroup ? 1 : 0))
    footer.shapes = [...shapes]
    if (footer.indexPageCrc.length === 0) footer.indexOffset = this.#at
    this.#listChunks(columns.length)
    const bytes = encodeFooter(footer)
    this.#put(bytes)
    const tail = Buffer.alloc(format.tailBytes)
    tail.writeUInt32LE(bytes.length, 0)
    tail.writeUInt32LE(crc(bytes), 4)
    tail.writeUInt32LE(format.blockVersion, 8)
    tail.write(format.blockMagic, 12, 'latin1')
    this.#put(tail)
    return {
      spans: footer.spans,
      traces: footer.traces,
      bytes: this.#at,
      groups: footer.groupSpans.length,
      footerBytes: bytes.length,
      index: {
        offset: footer.indexOffset,
        entries: footer.traces,
        pageEntries: format.indexPageEntries,
      },
      minStartNs: this.#minStartNs,
      maxStartNs: this.#maxStartNs,
      maxEndNs: this.#maxEndNs,
    }
  }

  #listChunks(columns: number): void {
    const footer = this.#footer
    this.#chunks.sort((a, b) => a.column - b.column || a.group - b.group)
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
    while (column < columns) {
      footer.columnFirstChunk.push(footer.chunkGroup.length)
      column++
    }
  }

  /** Appends a section and pads to the next multiple of 8; returns where it begins. */
  #put(bytes: Uint8Array): number {
    const start = this.#at
    if (bytes.length > 0) this.#sink(bytes)
    this.#at += bytes.length
    this.#pad()
    return start
  }

  #pad(): void {
    const padding = format.align8(this.#at) - this.#at
    if (padding > 0) this.#sink(new Uint8Array(padding))
    this.#at += padding
  }
}

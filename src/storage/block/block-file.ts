import { copyBytes } from '../../base/bytes.ts'
import { Corruption, fail } from '../../base/errors.ts'
import { Slots } from '../../base/slots.ts'
import {
  type ColumnName,
  Scope,
  type ScopeCode,
  ValueType,
  type ValueTypeCode,
} from '../../model/columns.ts'
import { countFault, intrinsicFault, valueLimit, wantedSum } from './check-counts.ts'
import { checkFooter, isStoredInt } from './check-footer.ts'
import { type ChunkReader, decodedReader, readChunk } from './chunk-reader.ts'
import { type ChunkStats, crc, type DecodedChunk, decodeChunk } from './decode.ts'
import { type BlockFooter, viewFooter } from './footer.ts'
import {
  align8,
  blockMagic,
  blockVersion,
  Encoding,
  headerBytes,
  type IntrinsicColumn,
  tailBytes,
  tailReadBytes,
} from './format.ts'
import { greatestOf } from './greatest.ts'

/** Reads ranges of one immutable object. */
export interface RangeReader {
  /** Names the object in errors. */
  readonly object: string
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A stretch of the object. */
export interface Place {
  readonly offset: number
  readonly bytes: number
}

/** Byte-bounded cache shared by all blocks of a thread; keys are unique over blocks. */
export interface BlockCache {
  get<T extends object>(key: string): T | undefined
  set(key: string, value: object, bytes: number): void
}

/** Ranges closer than this are read at once: a request costs more than the bytes between. */
const coalesceGapBytes = 65_536

/**
 * Requests for one block at the same time: hides the latency of a store. A group with many columns
 * needs pages of as many dictionaries.
 */
const readsAtOnce = 16

const none = new Uint8Array(0)

/** An opened block: its footer as typed arrays, and chunks on demand. Nothing here knows queries. */
export class BlockFile {
  readonly reader: RangeReader
  readonly id: string
  readonly spans: number
  readonly traces: number
  readonly groupCount: number
  readonly columns: readonly ColumnName[]
  readonly f: FooterArrays
  readonly footerPlace: Place
  /** Bytes read from storage through this object. */
  bytesRead = 0
  reads = 0
  readonly cache: BlockCache
  readonly #reads = new Slots(readsAtOnce)
  /** Chunk -> its place in the file. */
  readonly #chunkOffset: Float64Array
  readonly #chunkColumn: Uint32Array
  readonly #intrinsics = new Map<string, number>()

  private constructor(id: string, reader: RangeReader, footer: ReadFooter, cache: BlockCache) {
    this.id = id
    this.reader = reader
    this.cache = cache
    this.f = footer.f
    this.footerPlace = footer.footerPlace
    this.spans = footer.spans
    this.traces = footer.traces
    this.groupCount = this.f.groupSpans.length
    this.columns = readColumns(this.f)
    this.#chunkColumn = columnOfChunk(this.f)
    this.#chunkOffset = this.#placeChunks()
    this.columns.forEach(({ scope, key }, column) => {
      if (scope === Scope.intrinsic) this.#intrinsics.set(key, column)
    })
    const fault = intrinsicFault(this.columns) ?? countFault(this.f, this.columns)
    if (fault === undefined) return
    const { offset } = this.footerPlace
    throw new Corruption(`footer: values of ${fault}`, { object: reader.object, offset })
  }

  /** Reads and checks the tail. Fails with CORRUPT, or UNIMPLEMENTED for a newer version. */
  static async open(id: string, reader: RangeReader, cache: BlockCache): Promise<BlockFile> {
    if (reader.size < headerBytes + tailBytes)
      throw new Corruption('truncated block', { object: reader.object })
    const length = Math.min(reader.size, tailReadBytes)
    const end = await reader.read(reader.size - length, length)
    const tail = Buffer.from(end.buffer, end.byteOffset + end.length - tailBytes, tailBytes)
    if (tail.toString('latin1', 12) !== blockMagic) {
      throw new Corruption('bad magic', { object: reader.object, offset: reader.size - 4 })
    }
    const version = tail.readUInt32LE(8)
    if (version !== blockVersion) {
      const what = `${reader.object} has block version ${version}, this server reads version ${blockVersion}`
      throw fail('UNIMPLEMENTED', what, { object: reader.object, version })
    }
    const footerBytes = tail.readUInt32LE(0)
    const footerAt = reader.size - tailBytes - align8(footerBytes)
    if (footerAt < headerBytes) throw new Corruption('bad footer length', { object: reader.object })
    const inTail = footerAt - (reader.size - length)
    const found =
      inTail >= 0
        ? end.subarray(inTail, inTail + footerBytes)
        : await reader.read(footerAt, footerBytes)
    if (crc(found) !== tail.readUInt32LE(4)) {
      throw new Corruption('footer checksum', { object: reader.object, offset: footerAt })
    }
    // A copy begins at an address divisible by 8, as the vectors of 64-bit numbers need.
    const footer = readFooter(copyBytes(found), footerAt, reader.object)
    const file = new BlockFile(id, reader, footer, cache)
    file.reads += inTail >= 0 ? 1 : 2
    file.bytesRead += inTail >= 0 ? length : length + footerBytes
    return file
  }

  /** The number of a built-in column, or -1. */
  intrinsic(key: IntrinsicColumn): number {
    return this.#intrinsics.get(key) ?? -1
  }

  /** The chunk of a column in a group, or -1, also for column -1. Owner columns have theirs in group `groupCount`. */
  chunkOf(column: number, group: number): number {
    if (column < 0) return -1
    const { chunkGroup, columnFirstChunk } = this.f
    let low = columnFirstChunk[column]!
    let high = columnFirstChunk[column + 1]! - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = chunkGroup[middle]!
      if (at === group) return middle
      if (at < group) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  chunkPlace(chunk: number): Place {
    return { offset: this.#chunkOffset[chunk]!, bytes: this.f.chunkBytes[chunk]! }
  }

  columnOfChunk(chunk: number): number {
    return this.#chunkColumn[chunk]!
  }

  chunkStats(chunk: number): ChunkStats {
    const { f } = this
    return {
      encoding: f.chunkEncoding[chunk]!,
      width: f.chunkWidth[chunk]!,
      scale: f.chunkScale[chunk]!,
      min: f.chunkMin[chunk]!,
      max: f.chunkMax[chunk]!,
      count: f.chunkCount[chunk]!,
    }
  }

  /** A chunk that `loadChunks` brought in; undefined when it was not asked for. */
  decoded(chunk: number): DecodedChunk | undefined {
    return this.cache.get<DecodedChunk>(this.#key(chunk))
  }

  /** Reads, checks and decodes chunks that are not cached; near ones in one request. */
  async loadChunks(chunks: readonly number[]): Promise<Map<number, DecodedChunk>> {
    const loaded = new Map<number, DecodedChunk>()
    const missing: number[] = []
    for (const chunk of chunks) {
      if (chunk < 0 || loaded.has(chunk)) continue
      const cached = this.decoded(chunk)
      if (cached) loaded.set(chunk, cached)
      else if (this.f.chunkBytes[chunk] === 0)
        loaded.set(chunk, this.#decode(chunk, new Uint8Array(0)))
      else missing.push(chunk)
    }
    missing.sort((a, b) => this.#chunkOffset[a]! - this.#chunkOffset[b]!)
    const runs = this.#coalesce([...new Set(missing)])
    await Promise.all(
      runs.map(async run => {
        const bytes = await this.read(run.offset, run.length)
        for (const chunk of run.chunks) {
          const start = this.#chunkOffset[chunk]! - run.offset
          loaded.set(
            chunk,
            this.#decode(chunk, bytes.subarray(start, start + this.f.chunkBytes[chunk]!)),
          )
        }
      }),
    )
    return loaded
  }

  /** All chunks of a group; of the owner group when `group` is `groupCount`. */
  loadGroup(group: number): Promise<Map<number, DecodedChunk>> {
    const chunks = Array.from(this.columns.keys(), column => this.chunkOf(column, group))
    return this.loadChunks(chunks)
  }

  /** Chunks as readers of single values: those that are decoded already, the others in place. */
  async readChunks(chunks: readonly number[]): Promise<Map<number, ChunkReader>> {
    const readers = new Map<number, ChunkReader>()
    const missing: number[] = []
    for (const chunk of chunks) {
      const decoded = this.decoded(chunk)
      if (decoded) readers.set(chunk, decodedReader(decoded, this.f.chunkCount[chunk]!))
      else if (this.f.chunkBytes[chunk] === 0)
        readers.set(chunk, readChunk(this.chunkStats(chunk), none))
      else missing.push(chunk)
    }
    missing.sort((a, b) => this.#chunkOffset[a]! - this.#chunkOffset[b]!)
    await Promise.all(
      this.#coalesce(missing).map(async run => {
        const bytes = await this.read(run.offset, run.length)
        for (const chunk of run.chunks) {
          const start = this.#chunkOffset[chunk]! - run.offset
          const own = bytes.subarray(start, start + this.f.chunkBytes[chunk]!)
          this.#check(chunk, own)
          const stats = this.chunkStats(chunk)
          readers.set(
            chunk,
            this.#decodable(chunk, () => readChunk(stats, own)),
          )
        }
      }),
    )
    return readers
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.reader.size) {
      throw new Corruption(`a section of ${length} bytes`, { object: this.reader.object, offset })
    }
    this.bytesRead += length
    this.reads++
    const bytes = await this.#reads.run(() => this.reader.read(offset, length))
    if (bytes.length !== length) {
      throw new Corruption(`short read of ${bytes.length} of ${length} bytes`, {
        object: this.reader.object,
        offset,
      })
    }
    return bytes
  }

  #check(chunk: number, bytes: Uint8Array): void {
    if (crc(bytes) === this.f.chunkCrc[chunk]) return
    throw this.#corruption(chunk, 'checksum')
  }

  /** Bytes with a good checksum that cannot be decoded were written wrong. */
  #decodable<T>(chunk: number, decode: () => T): T {
    try {
      return decode()
    } catch {
      throw this.#corruption(chunk, 'encoding')
    }
  }

  /** Codes, rows and shapes are used as indexes: those that do not exist were written wrong. */
  #checkValues(chunk: number, { values, base }: DecodedChunk): void {
    const column = this.#chunkColumn[chunk]!
    const name = this.columns[column]!
    const countOf = (key: IntrinsicColumn, group: number) => this.#countOf(key, group)
    const limit = valueLimit(this.f, name, column, chunk, countOf) - base
    const mayExceed = greatestPossible(this.chunkStats(chunk)) >= limit
    if (mayExceed && greatestOf(values) >= limit) throw this.#corruption(chunk, 'values')
    if (this.#holdsRawInts(chunk) && !areWhole(values.length, i => values[i]!)) {
      throw this.#corruption(chunk, 'values')
    }
    const wanted = wantedSum(this.f, name, this.f.chunkGroup[chunk]!, countOf)
    if (wanted === undefined) return
    let sum = base * values.length
    for (let i = 0; i < values.length; i++) sum += values[i]!
    if (sum !== wanted) throw this.#corruption(chunk, 'values')
  }

  /** Ints that are too far from each other are stored as doubles, which could be anything. */
  #holdsRawInts(chunk: number): boolean {
    const encoding = this.f.chunkEncoding[chunk]
    const isRaw = encoding === Encoding.float64 || encoding === Encoding.float64Zstd
    return isRaw && this.columns[this.#chunkColumn[chunk]!]!.type === ValueType.int
  }

  #countOf(key: IntrinsicColumn, group: number): number {
    const column = this.columns.findIndex(name => {
      return name.scope === Scope.intrinsic && name.key === key
    })
    const chunk = column < 0 ? -1 : this.chunkOf(column, group)
    return chunk < 0 ? 0 : this.f.chunkCount[chunk]!
  }

  #corruption(chunk: number, what: string): Corruption {
    const { key } = this.columns[this.#chunkColumn[chunk]!]!
    return new Corruption(`${what} of column ${key}`, {
      object: this.reader.object,
      offset: this.#chunkOffset[chunk]!,
    })
  }

  #decode(chunk: number, bytes: Uint8Array): DecodedChunk {
    const stats = this.chunkStats(chunk)
    this.#check(chunk, bytes)
    // Views would keep the whole run of bytes alive: copy what is not unpacked anyway.
    const own = bytes.byteLength < bytes.buffer.byteLength ? copyBytes(bytes) : bytes
    const decoded = this.#decodable(chunk, () => decodeChunk(stats, own))
    this.#checkValues(chunk, decoded)
    this.cache.set(this.#key(chunk), decoded, decoded.values.byteLength + 100)
    return decoded
  }

  #key(chunk: number): string {
    return `${this.id}/c${chunk}`
  }

  #coalesce(chunks: readonly number[]): { offset: number; length: number; chunks: number[] }[] {
    const runs: { offset: number; length: number; chunks: number[] }[] = []
    for (const chunk of chunks) {
      const offset = this.#chunkOffset[chunk]!
      const end = offset + this.f.chunkBytes[chunk]!
      const last = runs[runs.length - 1]
      if (last && offset - (last.offset + last.length) <= coalesceGapBytes) {
        last.length = end - last.offset
        last.chunks.push(chunk)
      } else runs.push({ offset, length: end - offset, chunks: [chunk] })
    }
    return runs
  }

  /** Chunks of a group lie in order of columns, each at a multiple of 8. */
  #placeChunks(): Float64Array {
    const { chunkGroup, chunkBytes, groupOffset } = this.f
    const next = groupOffset.slice()
    const offsets = new Float64Array(chunkGroup.length)
    // Chunks are listed by column, so each group meets its chunks in column order.
    for (let chunk = 0; chunk < chunkGroup.length; chunk++) {
      const group = chunkGroup[chunk]!
      offsets[chunk] = next[group]!
      next[group] = next[group]! + align8(chunkBytes[chunk]!)
    }
    return offsets
  }
}

export interface FooterArrays {
  readonly groupSpans: Uint32Array
  readonly groupTraces: Uint32Array
  readonly groupOffset: Float64Array
  readonly groupBytes: Float64Array
  readonly groupTimes: Uint32Array
  readonly columnKeyEnd: Uint32Array
  readonly columnKey: Uint8Array
  readonly columnScope: Uint8Array
  readonly columnType: Uint8Array
  readonly columnOccurrence: Uint8Array
  readonly columnDictionary: Int32Array
  readonly columnDictionaryPerGroup: Uint8Array
  readonly columnFirstChunk: Uint32Array
  readonly columnByKey: Uint16Array
  readonly chunkGroup: Uint16Array
  readonly chunkCount: Uint32Array
  readonly chunkBytes: Uint32Array
  readonly chunkCrc: Uint32Array
  readonly chunkEncoding: Uint8Array
  readonly chunkWidth: Uint8Array
  readonly chunkScale: Uint8Array
  readonly chunkMin: Float64Array
  readonly chunkMax: Float64Array
  readonly shapeEnd: Uint32Array
  readonly shapeColumn: Uint16Array
  readonly dictionaryValues: Uint32Array
  readonly dictionaryHeadOffset: Float64Array
  readonly dictionaryHeadBytes: Uint32Array
  readonly dictionaryHeadCrc: Uint32Array
  readonly dictionaryPagesOffset: Float64Array
  readonly indexOffset: number
  readonly indexPageCrc: Uint32Array
}

function areWhole(count: number, valueAt: (i: number) => number): boolean {
  for (let i = 0; i < count; i++) if (!isStoredInt(valueAt(i))) return false
  return true
}

/** What a value is at most above its base, by what the footer says of the chunk. */
function greatestPossible({ encoding, width }: ChunkStats): number {
  if (encoding === Encoding.constant) return 0
  return encoding === Encoding.packed ? 2 ** width - 1 : Number.MAX_VALUE
}

interface ReadFooter {
  readonly f: FooterArrays
  readonly spans: number
  readonly traces: number
  readonly footerPlace: Place
}

/** `bytes` begin at an address divisible by 8. Fails with CORRUPT. */
function readFooter(bytes: Uint8Array, offset: number, object: string): ReadFooter {
  let footer: ReadFooter
  try {
    const view = viewFooter(bytes)
    const footerPlace = { offset, bytes: bytes.length }
    footer = { f: footerArrays(view), spans: view.spans(), traces: view.traces(), footerPlace }
  } catch {
    // Its tables point outside of it.
    throw new Corruption('footer: tables', { object, offset })
  }
  checkFooter({ ...footer, object })
  return footer
}

function footerArrays(footer: BlockFooter): FooterArrays {
  const u32 = new Uint32Array(0)
  const u16 = new Uint16Array(0)
  const u8 = new Uint8Array(0)
  const f64 = new Float64Array(0)
  return {
    groupSpans: footer.groupSpansArray() ?? u32,
    groupTraces: footer.groupTracesArray() ?? u32,
    groupOffset: footer.groupOffsetArray() ?? f64,
    groupBytes: footer.groupBytesArray() ?? f64,
    groupTimes: footer.groupTimesArray() ?? u32,
    columnKeyEnd: footer.columnKeyEndArray() ?? u32,
    columnKey: footer.columnKeyArray() ?? u8,
    columnScope: footer.columnScopeArray() ?? u8,
    columnType: footer.columnTypeArray() ?? u8,
    columnOccurrence: footer.columnOccurrenceArray() ?? u8,
    columnDictionary: footer.columnDictionaryArray() ?? new Int32Array(0),
    columnDictionaryPerGroup: footer.columnDictionaryPerGroupArray() ?? u8,
    columnFirstChunk: footer.columnFirstChunkArray() ?? u32,
    columnByKey: footer.columnByKeyArray() ?? u16,
    chunkGroup: footer.chunkGroupArray() ?? u16,
    chunkCount: footer.chunkCountArray() ?? u32,
    chunkBytes: footer.chunkBytesArray() ?? u32,
    chunkCrc: footer.chunkCrcArray() ?? u32,
    chunkEncoding: footer.chunkEncodingArray() ?? u8,
    chunkWidth: footer.chunkWidthArray() ?? u8,
    chunkScale: footer.chunkScaleArray() ?? u8,
    chunkMin: footer.chunkMinArray() ?? f64,
    chunkMax: footer.chunkMaxArray() ?? f64,
    shapeEnd: footer.shapeEndArray() ?? u32,
    shapeColumn: footer.shapeColumnArray() ?? u16,
    dictionaryValues: footer.dictionaryValuesArray() ?? u32,
    dictionaryHeadOffset: footer.dictionaryHeadOffsetArray() ?? f64,
    dictionaryHeadBytes: footer.dictionaryHeadBytesArray() ?? u32,
    dictionaryHeadCrc: footer.dictionaryHeadCrcArray() ?? u32,
    dictionaryPagesOffset: footer.dictionaryPagesOffsetArray() ?? f64,
    indexOffset: footer.indexOffset(),
    indexPageCrc: footer.indexPageCrcArray() ?? u32,
  }
}

function readColumns(f: FooterArrays): ColumnName[] {
  const keys = Buffer.from(f.columnKey.buffer, f.columnKey.byteOffset, f.columnKey.length)
  return Array.from(f.columnScope, (scope, i) => ({
    scope: scope as ScopeCode,
    key: keys.toString('utf8', i === 0 ? 0 : f.columnKeyEnd[i - 1]!, f.columnKeyEnd[i]!),
    type: f.columnType[i]! as ValueTypeCode,
    occurrence: f.columnOccurrence[i]!,
  }))
}

function columnOfChunk(f: FooterArrays): Uint32Array {
  const columns = new Uint32Array(f.chunkGroup.length)
  for (let column = 0; column + 1 < f.columnFirstChunk.length; column++) {
    columns.fill(column, f.columnFirstChunk[column]!, f.columnFirstChunk[column + 1]!)
  }
  return columns
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import { copyBytes } from '../../base/bytes.ts'
import { Corruption } from '../../base/errors.ts'
import type {
  ColumnGroup,
  ColumnRef,
  ColumnSource,
  ColumnStats,
  GroupInfo,
  GroupNeed,
  OwnerGroup,
  TraceIndexLanes,
  TracePlace,
  TraceSummary,
  Vector,
} from '../../model/column-batch.ts'
import { type ColumnName, Scope, type ScopeCode, ValueType } from '../../model/columns.ts'
import { hashLow, hashTraceId } from '../../model/hash.ts'
import { encodeTrace } from '../otlp-encode.ts'
import type { BlockFile } from './block-file.ts'
import { BlockGroup, needColumns } from './block-group.ts'
import { loadTraceRows } from './block-trace-rows.ts'
import { crc } from './decode.ts'
import { BlockDictionary } from './dictionary-reader.ts'
import { indexEntryBytes, indexPageEntries } from './format.ts'
import { isOwnerColumn, presentVector, toVector } from './vectors.ts'

/** Encoded in some milliseconds, after which everything else of the thread may run. */
const spansPerTurn = 1000

/** A block as a source of columns. */
export class BlockSource implements ColumnSource {
  readonly name: string
  readonly file: BlockFile
  readonly groups: readonly GroupInfo[]
  readonly #intrinsics = new Map<string, ColumnRef>()
  readonly #dictionaries = new Map<number, BlockDictionary>()

  constructor(file: BlockFile) {
    this.file = file
    this.name = file.id
    this.groups = describeGroups(file)
    file.columns.forEach((name, id) => {
      if (name.scope === Scope.intrinsic) this.#intrinsics.set(name.key, { id, name })
    })
  }

  get spans(): number {
    return this.file.spans
  }
  get traces(): number {
    return this.file.traces
  }
  get storedBytes(): number {
    return this.file.reader.size
  }
  get inspectedBytes(): number {
    return this.file.bytesRead
  }
  get storeReads(): number {
    return this.file.reads
  }

  columns(scope: ScopeCode, key: string): readonly ColumnRef[] {
    const { columns, f } = this.file
    const wanted = Buffer.from(key)
    const refs: ColumnRef[] = []
    for (let i = this.#firstByKey(wanted); i < columns.length; i++) {
      const id = f.columnByKey[i]!
      if (columns[id]!.key !== key) break
      if (columns[id]!.scope === scope && columns[id]!.type !== ValueType.overflow) {
        refs.push({ id, name: columns[id]! })
      }
    }
    return refs
  }

  overflow(scope: ScopeCode): ColumnRef | null {
    const { columns } = this.file
    const id = columns.findIndex(c => c.scope === scope && c.type === ValueType.overflow)
    return id < 0 ? null : { id, name: columns[id]! }
  }

  columnNames(scope: ScopeCode): readonly ColumnName[] {
    return this.file.columns.filter(
      column => column.scope === scope && column.type !== ValueType.overflow,
    )
  }

  hasOwnDictionary(ref: ColumnRef): boolean {
    return this.file.f.columnDictionaryPerGroup[ref.id] === 0
  }

  intrinsic(key: string): ColumnRef | null {
    return this.#intrinsics.get(key) ?? null
  }

  dictionary(ref: ColumnRef, group: number): BlockDictionary {
    const { f } = this.file
    let id = f.columnDictionary[ref.id]!
    if (f.columnDictionaryPerGroup[ref.id] === 1) {
      // Groups without values have no dictionary: count those before this one.
      id += this.file.chunkOf(ref.id, this.#home(ref, group)) - f.columnFirstChunk[ref.id]!
    }
    let dictionary = this.#dictionaries.get(id)
    if (!dictionary) {
      dictionary = new BlockDictionary(this.file, id)
      this.#dictionaries.set(id, dictionary)
    }
    return dictionary
  }

  stats(ref: ColumnRef, group: number): { present: boolean; range: ColumnStats | null } {
    const chunk = this.file.chunkOf(ref.id, this.#home(ref, group))
    if (chunk < 0) return { present: false, range: null }
    const { min, max } = this.file.chunkStats(chunk)
    return { present: true, range: { min, max } }
  }

  codeInGroup(ref: ColumnRef, code: number, group: number): boolean {
    // A resource is stored once for all groups whose spans have it.
    if (this.file.f.columnDictionaryPerGroup[ref.id] === 1 || isOwnerColumn(ref)) return true
    return this.dictionary(ref, group).mayBeInGroup(code, group)
  }

  async load(
    group: number,
    columns: readonly ColumnRef[],
    needs: ReadonlySet<GroupNeed>,
  ): Promise<ColumnGroup> {
    const ids = new Set(columns.map(ref => ref.id))
    for (const key of needColumns(needs, columns)) {
      const ref = this.#intrinsics.get(key)
      if (ref) ids.add(ref.id)
    }
    const chunks = [...ids].map(id => this.file.chunkOf(id, group)).filter(chunk => chunk >= 0)
    const loaded = await this.file.loadChunks(chunks)
    return new BlockGroup(this.file, group, key => this.#intrinsics.get(key) ?? null, loaded)
  }

  async owners(scope: ScopeCode, columns: readonly ColumnRef[]): Promise<OwnerGroup> {
    const { file } = this
    const prefix = scope === Scope.resource ? 'resource' : 'scope'
    const shape = this.#intrinsics.get(`${prefix}.shape`)
    const ids = [...columns.map(ref => ref.id), ...(shape ? [shape.id] : [])]
    const chunkOf = (id: number) => file.chunkOf(id, file.groupCount)
    const loaded = await file.loadChunks(ids.map(chunkOf).filter(chunk => chunk >= 0))
    const shapes = shape ? loaded.get(chunkOf(shape.id)) : undefined
    const count = shapes ? shapes.values.length : 0
    return {
      count,
      vector: ref => {
        const chunk = loaded.get(chunkOf(ref.id))
        if (!chunk) return null
        if (ref.name.scope === Scope.intrinsic || !shapes) return toVector(chunk, null)
        return presentVector(file, ref, toVector(chunk, null), toVector(shapes, null))
      },
    }
  }

  async summaries(group: number, traces: readonly number[]): Promise<TraceSummary[]> {
    const loaded = await this.load(group, [], new Set<GroupNeed>(['summaries']))
    const one = (key: string) => {
      const ref = this.#intrinsics.get(key)
      return ref ? { ref, vector: loaded.vector(ref) } : null
    }
    const rootNames = one('trace.rootName')
    const rootServices = one('trace.rootService')
    const names = one('service.name')
    const ids = one('trace.id')!.vector!
    const hasRoot = one('trace.hasRoot')!.vector!
    const spans = one('trace.spans')!.vector!
    const counts = one('trace.services')!.vector!
    const serviceSpans = one('service.spans')?.vector ?? null
    const errors = one('service.errors')?.vector ?? null
    const firstService = runningStarts(counts)
    const number = (vector: Vector | null, i: number) =>
      vector ? vector.values[i]! + vector.base : 0
    const rootName = await this.#reader(rootNames, group, traces)
    const rootService = await this.#reader(rootServices, group, traces)
    const places = traces.flatMap(t => range(firstService[t]!, firstService[t + 1]!))
    const serviceName = await this.#reader(names, group, places)
    return traces.map(trace => ({
      traceId: (ids.values as Uint8Array).subarray(trace * 16, trace * 16 + 16),
      hasRoot: number(hasRoot, trace) === 1,
      rootName: rootName(trace),
      rootService: rootService(trace),
      spans: number(spans, trace),
      services: range(firstService[trace]!, firstService[trace + 1]!).map(at => ({
        service: serviceName(at),
        spans: number(serviceSpans, at),
        errors: number(errors, at),
      })),
    }))
  }

  async index(): Promise<TraceIndexLanes> {
    const key = `${this.file.id}/index`
    const known = this.file.cache.get<TraceIndexLanes>(key)
    if (known) return known
    const count = this.file.traces
    const bytes = await this.file.read(this.file.f.indexOffset, count * indexEntryBytes)
    const index = joinIndexPages(this.file, bytes, count)
    this.file.cache.set(key, index, count * 28)
    return index
  }

  async locate(traceId: Uint8Array): Promise<TracePlace | null> {
    const { file } = this
    const high = hashTraceId(traceId, 0)
    const low = hashLow()
    const pages = Math.ceil(file.traces / indexPageEntries)
    // Hashes are uniform: the page is guessed, then walked to where the hash must be.
    let page = Math.min(pages - 1, Math.floor((high / 4294967296) * pages))
    for (let step = 0; page >= 0 && page < pages; ) {
      const lanes = await this.#indexPage(page)
      const n = lanes.length / 6
      if (high < lanes[0]! && step <= 0) {
        page--
        step = -1
        continue
      }
      if (high > lanes[n - 1]! && step >= 0) {
        page++
        step = 1
        continue
      }
      const found = await this.#findInPage(lanes, high, low, traceId)
      if (found) return found
      // Entries of equal high lanes may run over a page's edge.
      if (high === lanes[n - 1]! && page + 1 < pages && step >= 0) {
        page++
        step = 1
      } else if (high === lanes[0]! && page > 0 && step <= 0) {
        page--
        step = -1
      } else return null
    }
    return null
  }

  async readTrace(place: TracePlace): Promise<Uint8Array> {
    return (await this.readTraces(place.group, [place.trace]))[0]!
  }

  async readTraces(group: number, traces: readonly number[]): Promise<Uint8Array[]> {
    const encoded: Uint8Array[] = []
    let spans = 0
    for (const rows of await loadTraceRows(this, group, traces)) {
      encoded.push(encodeTrace(rows))
      spans += rows.count
      if (spans < spansPerTurn) continue
      spans = 0
      await nextTurn()
    }
    return encoded
  }

  async #indexPage(page: number): Promise<Uint32Array> {
    const key = `${this.file.id}/i${page}`
    const known = this.file.cache.get<Uint32Array>(key)
    if (known) return known
    const first = page * indexPageEntries
    const entries = Math.min(indexPageEntries, this.file.traces - first)
    const offset = this.file.f.indexOffset + first * indexEntryBytes
    const bytes = await this.file.read(offset, entries * indexEntryBytes)
    if (crc(bytes) !== this.file.f.indexPageCrc[page]) {
      throw new Corruption('trace index checksum', { object: this.file.reader.object, offset })
    }
    const lanes = new Uint32Array(copyBytes(bytes).buffer)
    this.file.cache.set(key, lanes, lanes.byteLength)
    return lanes
  }

  async #findInPage(
    lanes: Uint32Array,
    high: number,
    low: number,
    traceId: Uint8Array,
  ): Promise<TracePlace | null> {
    const n = lanes.length / 6
    let from = 0
    let to = n
    while (from < to) {
      const middle = (from + to) >> 1
      if (lanes[middle]! < high) from = middle + 1
      else to = middle
    }
    for (let i = from; i < n && lanes[i] === high; i++) {
      if (lanes[n + i] !== low) continue
      const place = lanes[2 * n + i]!
      const found = { group: Math.floor(place / 1_048_576), trace: place % 1_048_576 }
      if (!(found.trace < this.file.f.groupTraces[found.group]!)) {
        const { object } = this.file.reader
        throw new Corruption('trace index place', { object, offset: this.file.f.indexOffset })
      }
      const ref = this.#intrinsics.get('trace.id')!
      const loaded = await this.load(found.group, [ref], new Set())
      const ids = loaded.vector(ref)!.values as Uint8Array
      if (Buffer.compare(ids.subarray(found.trace * 16, found.trace * 16 + 16), traceId) === 0)
        return found
    }
    return null
  }

  /** The group that holds a column's chunk: owner columns have theirs in the owner group. */
  #home(ref: ColumnRef, group: number): number {
    return isOwnerColumn(ref) ? this.file.groupCount : group
  }

  #firstByKey(key: Buffer): number {
    const { columnByKey, columnKey, columnKeyEnd } = this.file.f
    let low = 0
    let high = columnByKey.length
    while (low < high) {
      const middle = (low + high) >> 1
      const id = columnByKey[middle]!
      const start = id === 0 ? 0 : columnKeyEnd[id - 1]!
      if (Buffer.compare(columnKey.subarray(start, columnKeyEnd[id]!), key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Texts of a dictionary column at some places, read together. */
  async #reader(
    column: { ref: ColumnRef; vector: Vector | null } | null,
    group: number,
    places: readonly number[],
  ): Promise<(at: number) => string> {
    const vector = column?.vector
    if (!column || !vector) return () => ''
    const codeAt = (at: number) => vector.values[at]! + vector.base
    const bytes = await this.dictionary(column.ref, group).load(places.map(codeAt))
    return at => Buffer.from(bytes(codeAt(at))).toString()
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function runningStarts(counts: Vector): Uint32Array {
  const starts = new Uint32Array(counts.count + 1)
  for (let i = 0; i < counts.count; i++)
    starts[i + 1] = starts[i]! + counts.values[i]! + counts.base
  return starts
}

function describeGroups(file: BlockFile): GroupInfo[] {
  const { groupTimes, groupSpans, groupTraces } = file.f
  return Array.from(groupSpans, (rows, group) => {
    const time = (i: number) => {
      const at = group * 10 + i * 2
      return (BigInt(groupTimes[at + 1]!) << 32n) | BigInt(groupTimes[at]!)
    }
    return {
      rows,
      traces: groupTraces[group]!,
      minTraceStartNs: time(0),
      maxTraceStartNs: time(1),
      minStartNs: time(2),
      maxStartNs: time(3),
      maxEndNs: time(4),
    }
  })
}

function joinIndexPages(file: BlockFile, bytes: Uint8Array, count: number): TraceIndexLanes {
  const lane = () => new Uint32Array(count)
  const index = {
    count,
    hashHigh: lane(),
    hashLow: lane(),
    spans: lane(),
    fingerprintLow: lane(),
    fingerprintHigh: lane(),
    group: lane(),
    trace: lane(),
  }
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : copyBytes(bytes)
  for (let first = 0, page = 0; first < count; first += indexPageEntries, page++) {
    const n = Math.min(indexPageEntries, count - first)
    const at = first * indexEntryBytes
    if (crc(aligned.subarray(at, at + n * indexEntryBytes)) !== file.f.indexPageCrc[page]) {
      throw new Corruption('trace index checksum', {
        object: file.reader.object,
        offset: file.f.indexOffset + at,
      })
    }
    const lanes = new Uint32Array(aligned.buffer, aligned.byteOffset + at, n * 6)
    index.hashHigh.set(lanes.subarray(0, n), first)
    index.hashLow.set(lanes.subarray(n, 2 * n), first)
    index.spans.set(lanes.subarray(3 * n, 4 * n), first)
    index.fingerprintLow.set(lanes.subarray(4 * n, 5 * n), first)
    index.fingerprintHigh.set(lanes.subarray(5 * n, 6 * n), first)
    for (let i = 0; i < n; i++) {
      index.group[first + i] = Math.floor(lanes[2 * n + i]! / 1_048_576)
      index.trace[first + i] = lanes[2 * n + i]! % 1_048_576
    }
  }
  return index
}

import type {
  MetricsRequest,
  OperationsRequest,
  ReadStats,
  SearchRequest,
  TagNamesRequest,
  TagScope,
  TagValuesRequest,
  TraceHit,
} from '../contract/queries.ts'
import type { MetricsPart } from '../metrics/merge.ts'
import type { ColumnSource, TraceIndexLanes } from '../model/column-batch.ts'
import { metricsOfSource } from './metrics/metrics-source.ts'
import { throwIfAborted } from './scan-watch.ts'
import { type Excluded, type SourcePart, searchSource } from './search-source.ts'
import type { TagValueSet } from './tag-value-set.ts'
import { operationsOf, tagNamesOf, tagValuesOf } from './tags.ts'

/** Hashes of traces that a source must leave to others, as `hashKey` makes them. */
export type HashSet = ReadonlySet<string>

/** Lanes of the hash of a trace's id. */
export interface TraceHash {
  readonly high: number
  readonly low: number
}

export function hashKey(high: number, low: number): string {
  return `${high}:${low}`
}

/**
 * Something that can be queried: a live segment, a block, or an ingester behind a wire with all
 * that it holds. Sources may hold parts of the same trace; `compose` puts them together.
 */
export interface QuerySource {
  readonly name: string
  /** Least span start and greatest span end, ns; null when empty. */
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint } | null
  readonly storedBytes: number
  /** What the source consists of: the same objects mean the same traces. Null when unknown. */
  readonly identity: readonly object[] | null
  index(): Promise<TraceIndexLanes>
  search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]>
  metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart>
  /** All spans of the traces with these hashes, as OTLP in no particular order. */
  tracesByHash(hashes: readonly TraceHash[], signal: AbortSignal): Promise<Uint8Array[]>
  traceById(traceId: Uint8Array): Promise<Uint8Array | null>
  tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>>
  tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void>
  operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void>
}

/** A source that answers the same way for a whole query, until it is released. */
export interface HeldSource {
  readonly source: QuerySource
  release(): void
}

/** The source, with `guard` around everything that it is asked for. */
export function withGuard(
  source: QuerySource,
  guard: <T>(work: Promise<T>) => Promise<T>,
): QuerySource {
  return {
    name: source.name,
    range: source.range,
    storedBytes: source.storedBytes,
    identity: source.identity,
    index: () => guard(source.index()),
    search: (...args) => guard(source.search(...args)),
    metrics: (...args) => guard(source.metrics(...args)),
    tracesByHash: (...args) => guard(source.tracesByHash(...args)),
    traceById: id => guard(source.traceById(id)),
    tagNames: (...args) => guard(source.tagNames(...args)),
    tagValues: (...args) => guard(source.tagValues(...args)),
    operations: (...args) => guard(source.operations(...args)),
  }
}

/** A source of columns as a source of answers. */
export class LocalSource implements QuerySource {
  readonly columns: ColumnSource
  readonly #placesOf = new WeakMap<HashSet, Excluded>()

  constructor(columns: ColumnSource) {
    this.columns = columns
  }

  get name(): string {
    return this.columns.name
  }

  get storedBytes(): number {
    return this.columns.storedBytes
  }

  get identity(): readonly object[] {
    return [this.columns]
  }

  get range(): { minNs: bigint; maxNs: bigint } | null {
    const { groups } = this.columns
    if (groups.length === 0) return null
    let { minStartNs: minNs, maxEndNs: maxNs } = groups[0]!
    for (const group of groups) {
      if (group.minStartNs < minNs) minNs = group.minStartNs
      if (group.maxEndNs > maxNs) maxNs = group.maxEndNs
    }
    return { minNs, maxNs }
  }

  index(): Promise<TraceIndexLanes> {
    return this.columns.index()
  }

  async search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    const part = { groups: null, excluded: await this.placesOf(excluded) }
    return this.searchPart(request, part, stats, signal)
  }

  searchPart(
    request: SearchRequest,
    part: SourcePart,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    return searchSource(this.columns, request, part, stats, signal)
  }

  async metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    const part = { groups: null, excluded: await this.placesOf(excluded) }
    return this.metricsPart(request, part, stats, signal)
  }

  metricsPart(
    request: MetricsRequest,
    part: SourcePart,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    return metricsOfSource(this.columns, request, part, stats, signal)
  }

  async tracesByHash(hashes: readonly TraceHash[], signal: AbortSignal): Promise<Uint8Array[]> {
    const index = await this.index()
    const read: Uint8Array[][] = []
    for (const [group, traces] of tracesByGroup(index, hashes)) {
      throwIfAborted(signal)
      read.push(await this.columns.readTraces(group, traces))
    }
    return read.flat()
  }

  async traceById(traceId: Uint8Array): Promise<Uint8Array | null> {
    const place = await this.columns.locate(traceId)
    return place ? this.columns.readTrace(place) : null
  }

  tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>> {
    return tagNamesOf(this.columns, request, stats, signal)
  }

  tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    return tagValuesOf(this.columns, request, into, stats, signal)
  }

  operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    return operationsOf(this.columns, request, into, stats, signal)
  }

  /** Excluded traces by group. Sets are kept by whoever made them, so their places are too. */
  async placesOf(excluded: HashSet): Promise<Excluded> {
    if (excluded.size === 0) return new Map()
    const known = this.#placesOf.get(excluded)
    if (known) return known
    const places = new Map<number, Set<number>>()
    const index = await this.index()
    for (let i = 0; i < index.count; i++) {
      if (!excluded.has(hashKey(index.hashHigh[i]!, index.hashLow[i]!))) continue
      const group = places.get(index.group[i]!)
      if (group) group.add(index.trace[i]!)
      else places.set(index.group[i]!, new Set([index.trace[i]!]))
    }
    this.#placesOf.set(excluded, places)
    return places
  }
}

/** Per group the traces with these hashes, both in ascending order. */
function tracesByGroup(
  index: TraceIndexLanes,
  hashes: readonly TraceHash[],
): [group: number, traces: number[]][] {
  const groups = new Map<number, number[]>()
  for (const { high, low } of hashes) {
    for (let i = firstAtOrAfter(index, high); i < index.count && index.hashHigh[i] === high; i++) {
      if (index.hashLow[i] !== low) continue
      const group = groups.get(index.group[i]!)
      if (group) group.push(index.trace[i]!)
      else groups.set(index.group[i]!, [index.trace[i]!])
    }
  }
  for (const traces of groups.values()) traces.sort((a, b) => a - b)
  return [...groups].sort(([a], [b]) => a - b)
}

function firstAtOrAfter(index: TraceIndexLanes, high: number): number {
  let low = 0
  let end = index.count
  while (low < end) {
    const middle = (low + end) >> 1
    if (index.hashHigh[middle]! < high) low = middle + 1
    else end = middle
  }
  return low
}

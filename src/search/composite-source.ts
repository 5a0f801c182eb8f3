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
import type { TraceIndexLanes } from '../model/column-batch.ts'
import { bytesToHex } from '../model/ids.ts'
import { composeIndex, composeMetrics, composeSearch, composeTrace } from './compose.ts'
import type { HashSet, QuerySource, TraceHash } from './query-source.ts'
import type { TagValueSet } from './tag-value-set.ts'

/** Several sources as one: an ingester with its live data and local blocks. */
export class CompositeSource implements QuerySource {
  readonly name: string
  readonly #parts: readonly QuerySource[]

  constructor(name: string, parts: readonly QuerySource[]) {
    this.name = name
    this.#parts = parts.filter(part => part.range !== null)
  }

  get storedBytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.storedBytes, 0)
  }

  get identity(): readonly object[] | null {
    const parts = this.#parts.map(part => part.identity)
    return parts.every(part => part !== null) ? parts.flat() : null
  }

  get range(): { minNs: bigint; maxNs: bigint } | null {
    let range: { minNs: bigint; maxNs: bigint } | null = null
    for (const part of this.#parts) {
      const { minNs, maxNs } = part.range!
      range = {
        minNs: range && range.minNs < minNs ? range.minNs : minNs,
        maxNs: range && range.maxNs > maxNs ? range.maxNs : maxNs,
      }
    }
    return range
  }

  index(): Promise<TraceIndexLanes> {
    return composeIndex(this.#parts)
  }

  async search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    const result = await composeSearch(this.#parts, request, signal, excluded)
    addStats(stats, result.stats)
    return [...result.hits]
  }

  async metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    // Series are cut where all sources are put together.
    const uncut = { ...request, seriesMax: 0 }
    const result = await composeMetrics(this.#parts, uncut, signal, excluded)
    addStats(stats, result.stats)
    return result
  }

  async tracesByHash(hashes: readonly TraceHash[], signal: AbortSignal): Promise<Uint8Array[]> {
    const read: Uint8Array[][] = []
    for (const part of this.#parts) read.push(await part.tracesByHash(hashes, signal))
    return read.flat()
  }

  async traceById(traceId: Uint8Array): Promise<Uint8Array | null> {
    return (await composeTrace(this.#parts, { traceId: bytesToHex(traceId) })).trace
  }

  async tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>> {
    const names = new Map<TagScope, Set<string>>()
    for (const part of this.#parts) {
      for (const [scope, found] of await part.tagNames(request, stats, signal)) {
        const known = names.get(scope)
        if (known) for (const name of found) known.add(name)
        else names.set(scope, new Set(found))
      }
    }
    return names
  }

  async tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    for (const part of this.#parts) await part.tagValues(request, into, stats, signal)
  }

  async operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    for (const part of this.#parts) await part.operations(request, into, stats, signal)
  }
}

export function addStats(into: ReadStats, from: ReadStats): void {
  into.inspectedBytes += from.inspectedBytes
  into.storeReads += from.storeReads
  into.inspectedSpans += from.inspectedSpans
  into.inspectedTraces += from.inspectedTraces
}

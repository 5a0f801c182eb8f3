import { inParallel } from '../base/in-parallel.ts'
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
import { type MetricsPart, mergeMetricsParts } from '../metrics/merge.ts'
import type { GroupInfo, TraceIndexLanes } from '../model/column-batch.ts'
import { newestHits } from '../search/compose.ts'
import { addStats } from '../search/composite-source.ts'
import { TimeBuckets } from '../search/metrics/time-buckets.ts'
import type { HashSet, LocalSource, QuerySource } from '../search/query-source.ts'
import { throwIfOverBudget, throwIfTooManyCells } from '../search/scan-watch.ts'
import { type Excluded, groupsNewestFirst } from '../search/search-source.ts'
import { addValues, type TagValueSet } from '../search/tag-value-set.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import {
  excludedPairs,
  runScan,
  type ScanAnswer,
  type ScanMethod,
  type ScanRequest,
} from './block-scan.ts'
import { dealGroups, dealRounds, type LaneGroups, laneOf } from './scan-lanes.ts'
import type { ScanPool } from './scan-pool.ts'

/** Query threads; null: scans run on this one. */
export type ScanThreads = Pick<ScanPool, 'lanes' | 'run'> | null

/** A query over a block: what all of its scans have in common. */
interface Asked<M extends ScanMethod> {
  readonly method: M
  readonly request: ScanRequest<M>
  readonly excluded: Excluded
  readonly stats: ReadStats
}

/**
 * A block that is known by its description and opened when a query first needs it. Its row groups
 * are scanned by query threads where there are some; traces and the index are read here.
 */
export class LazyBlock implements QuerySource {
  readonly meta: BlockMeta
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint }
  readonly #folder: string
  readonly #threads: ScanThreads
  readonly #open: () => Promise<LocalSource>
  #opened: Promise<LocalSource> | undefined

  /** `folder`: of its tenant in the object store. */
  constructor(
    folder: string,
    meta: BlockMeta,
    threads: ScanThreads,
    open: () => Promise<LocalSource>,
  ) {
    this.meta = meta
    this.range = { minNs: BigInt(meta.minStartNs), maxNs: BigInt(meta.maxEndNs) }
    this.#folder = folder
    this.#threads = threads
    this.#open = open
  }

  get name(): string {
    return this.meta.id
  }

  get storedBytes(): number {
    return this.meta.bytes
  }

  get identity(): readonly object[] {
    return [this]
  }

  async index(): Promise<TraceIndexLanes> {
    return (await this.#source()).index()
  }

  async search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    const source = await this.#source()
    const asked = {
      ...{ method: 'search' as const, request, stats },
      excluded: await source.placesOf(excluded),
    }
    const { groups } = source.columns
    const order = groupsNewestFirst(groups, windowOf(request))
    let hits: TraceHit[] = []
    for (const round of dealRounds(this.meta.id, order, this.#lanes)) {
      const useful = round.filter(part => mayChange(hits, request.limit, part, groups))
      if (useful.length === 0) continue
      const found = await this.#scanAll(asked, useful, signal)
      hits = newestHits([...hits, ...found.flatMap(({ value }) => value)], request.limit)
    }
    return hits
  }

  async metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    const source = await this.#source()
    const asked = {
      ...{ method: 'metrics' as const, request, stats },
      excluded: await source.placesOf(excluded),
    }
    const buckets = new TimeBuckets(request)
    const { groups } = source.columns
    const wanted = [...groups.keys()].filter(group => buckets.overlaps(groups[group]!))
    const { kind } = request.function
    const { id } = this.meta
    // The values that `compare` reports are chosen among those of all groups.
    const isWhole = kind === 'compare' || wanted.length === 0
    const jobs = isWhole
      ? [{ lane: laneOf(id, 0, this.#lanes), groups: wanted }]
      : dealGroups(id, wanted, this.#lanes)
    const found = await this.#scanAll(asked, jobs, signal)
    if (found.length === 1) return found[0]!.value
    const merged = mergeMetricsParts(
      kind,
      found.map(({ value }) => value),
    )
    throwIfTooManyCells(request.budget, merged.series.length, merged.steps)
    return merged
  }

  async tracesByHash(high: number, low: number): Promise<Uint8Array[]> {
    return (await this.#source()).tracesByHash(high, low)
  }

  async traceById(traceId: Uint8Array): Promise<Uint8Array | null> {
    return (await this.#source()).traceById(traceId)
  }

  async tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>> {
    return this.#scanWhole('tagNames', request, stats, signal)
  }

  async tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    addValues(into, await this.#scanWhole('tagValues', request, stats, signal))
  }

  async operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    const found = await this.#scanWhole('operations', request, stats, signal)
    for (const [key, operation] of found) into.set(key, operation)
  }

  get #lanes(): number {
    return this.#threads?.lanes ?? 1
  }

  async #scanWhole<M extends ScanMethod>(
    method: M,
    request: ScanRequest<M>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<ScanAnswer<M>['value']> {
    const asked = { method, request, stats, excluded: new Map() }
    const lane = laneOf(this.meta.id, 0, this.#lanes)
    return (await this.#scan(asked, { lane, groups: null }, signal)).value
  }

  async #scanAll<M extends ScanMethod>(
    asked: Asked<M>,
    parts: readonly LaneGroups[],
    signal: AbortSignal,
  ): Promise<ScanAnswer<M>[]> {
    const answers = await inParallel(parts, parts.length, signal, (part, either) =>
      this.#scan(asked, part, either),
    )
    throwIfOverBudget(asked.request.budget, asked.stats)
    return answers
  }

  async #scan<M extends ScanMethod>(
    { method, request, excluded, stats }: Asked<M>,
    { lane, groups }: { readonly lane: number; readonly groups: readonly number[] | null },
    signal: AbortSignal,
  ): Promise<ScanAnswer<M>> {
    const { id, bytes, footerBytes } = this.meta
    const scan = {
      ...{ folder: this.#folder, block: { id, bytes, footerBytes }, method, request, groups },
      excluded: excludedPairs(excluded, groups),
      used: { ...stats },
    }
    const answer = this.#threads
      ? await this.#threads.run(scan, lane, signal)
      : await runScan(await this.#source(), scan, signal)
    addStats(stats, answer.stats)
    return answer
  }

  /** A failed opening is tried again by the next query. */
  #source(): Promise<LocalSource> {
    this.#opened ??= this.#open().catch(error => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }
}

function windowOf({ range }: SearchRequest): { startNs: bigint; endNs: bigint } | null {
  return range ? { startNs: BigInt(range.startNs), endNs: BigInt(range.endNs) } : null
}

/** False when no trace of these groups can be among the newest `limit`. */
function mayChange(
  hits: readonly TraceHit[],
  limit: number,
  part: LaneGroups,
  groups: readonly GroupInfo[],
): boolean {
  const last = hits.length >= limit ? hits[limit - 1] : undefined
  if (!last) return true
  const lastNs = BigInt(last.startNs)
  return part.groups.some(group => groups[group]!.maxTraceStartNs >= lastNs)
}

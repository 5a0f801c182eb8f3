import { inParallel } from '../base/in-parallel.ts'
import { throwIfOverBudget, throwIfTooManyCells } from '../contract/budget.ts'
import { newestHits } from '../contract/merge-answers.ts'
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
import type { BlockPart } from '../contract/split-queries.ts'
import { type MetricsPart, mergeMetricsParts } from '../metrics/merge.ts'
import type { GroupInfo, TraceIndexLanes } from '../model/column-batch.ts'
import { isCheapSearch } from '../search/cheap-search.ts'
import { addStats } from '../search/composite-source.ts'
import { TimeBuckets } from '../search/metrics/time-buckets.ts'
import type { HashSet, LocalSource, QuerySource, TraceHash } from '../search/query-source.ts'
import { type Excluded, groupsNewestFirst, possibleGroups } from '../search/search-source.ts'
import { addValues, type TagValueSet } from '../search/tag-value-set.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import {
  excludedPairs,
  runScan,
  type ScanAnswer,
  type ScanMethod,
  type ScanRequest,
} from './block-scan.ts'
import { dealGroups, dealRounds, firstRound, type LaneGroups, laneOf } from './scan-lanes.ts'
import type { ScanPool } from './scan-pool.ts'

/** Query threads; null: scans run on this one. */
export type ScanThreads = Pick<ScanPool, 'lanes' | 'run'> | null

/** A quarter of a million spans: tens of milliseconds of work, of which there should be several. */
const partGroupsMax = 8

/** A source whose scans can be run elsewhere, by parts that are data. */
export interface DivisibleSource extends QuerySource {
  /** The row groups that a search would look at, in parts of at most about `bytesMax`, newest first. */
  partsOfSearch(request: SearchRequest, excluded: HashSet, bytesMax: number): Promise<BlockPart[]>
  /** The same for metrics; a block is one part where its groups must be seen together. */
  partsOfMetrics(request: MetricsRequest, excluded: HashSet, bytesMax: number): Promise<BlockPart[]>
}

/** What must be known of a block to read it. */
export type ReadableBlock = Pick<
  BlockMeta,
  'id' | 'bytes' | 'footerBytes' | 'minStartNs' | 'maxEndNs'
>

/** What of a block a scan is about. */
export interface GroupsOfBlock {
  readonly groups: readonly number[]
  readonly excluded: Excluded
}

/** A query over a block: what all of its scans have in common. */
interface Asked<M extends ScanMethod> {
  readonly method: M
  readonly request: ScanRequest<M>
  readonly excluded: Excluded
  readonly stats: ReadStats
}

/** What one thread is asked to look at. */
interface LanePart {
  readonly lane: number
  readonly groups: readonly number[] | null
  readonly later?: readonly number[]
}

/**
 * A block that is known by its description and opened when a query first needs it. Its row groups
 * are scanned by query threads where there are some; traces and the index are read here.
 */
export class LazyBlock implements DivisibleSource {
  readonly meta: ReadableBlock
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint }
  readonly #folder: string
  readonly #threads: ScanThreads
  readonly #open: () => Promise<LocalSource>
  #opened: Promise<LocalSource> | undefined

  /** `folder`: of its tenant in the object store. */
  constructor(
    folder: string,
    meta: ReadableBlock,
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
    const part = {
      groups: groupsNewestFirst(source.columns.groups, windowOf(request)),
      excluded: await source.placesOf(excluded),
    }
    return this.searchPart(request, part, stats, signal)
  }

  /** Row groups, newest first, and the traces that they leave out. */
  async searchPart(
    request: SearchRequest,
    { groups: wanted, excluded }: GroupsOfBlock,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    const { columns } = await this.#source()
    const { groups } = columns
    const asked = { method: 'search' as const, request, stats, excluded }
    // Else the first scan finds out; without threads it does so for itself.
    const isKnown = this.#threads !== null && isCheapSearch(request)
    const order = isKnown ? await possibleGroups(columns, request, wanted, stats, signal) : wanted
    if (order.length === 0) return []
    const { first, later } = firstRound(this.meta.id, order, this.#lanes)
    const newest = await this.#scan(asked, isKnown ? first : { ...first, later }, signal)
    let hits = newest.value
    for (const round of dealRounds(this.meta.id, newest.possible ?? later, this.#lanes)) {
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
    const buckets = new TimeBuckets(request)
    const { groups } = source.columns
    const wanted = [...groups.keys()].filter(group => buckets.overlaps(groups[group]!))
    const part = { groups: wanted, excluded: await source.placesOf(excluded) }
    return this.metricsPart(request, part, stats, signal)
  }

  async metricsPart(
    request: MetricsRequest,
    { groups: wanted, excluded }: GroupsOfBlock,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    const asked = { method: 'metrics' as const, request, stats, excluded }
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

  async partsOfSearch(
    request: SearchRequest,
    excluded: HashSet,
    bytesMax: number,
  ): Promise<BlockPart[]> {
    const source = await this.#source()
    const { groups } = source.columns
    const order = groupsNewestFirst(groups, windowOf(request))
    return this.#parts(source, order, excluded, this.#groupsPerPart(groups, bytesMax))
  }

  async partsOfMetrics(
    request: MetricsRequest,
    excluded: HashSet,
    bytesMax: number,
  ): Promise<BlockPart[]> {
    const source = await this.#source()
    const { groups } = source.columns
    const buckets = new TimeBuckets(request)
    const order = groupsNewestFirst(groups, null).filter(group => buckets.overlaps(groups[group]!))
    const isWhole = request.function.kind === 'compare'
    const perPart = isWhole ? order.length : this.#groupsPerPart(groups, bytesMax)
    return this.#parts(source, order, excluded, perPart)
  }

  async tracesByHash(hashes: readonly TraceHash[], signal: AbortSignal): Promise<Uint8Array[]> {
    return (await this.#source()).tracesByHash(hashes, signal)
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

  #groupsPerPart(groups: readonly GroupInfo[], bytesMax: number): number {
    const fitting = Math.floor(bytesMax / (this.meta.bytes / groups.length))
    return Math.max(1, Math.min(partGroupsMax, fitting))
  }

  async #parts(
    source: LocalSource,
    order: readonly number[],
    left: HashSet,
    perPart: number,
  ): Promise<BlockPart[]> {
    const { id, bytes, footerBytes, minStartNs, maxEndNs } = this.meta
    const block = { id, bytes, footerBytes, minStartNs, maxEndNs }
    const { groups } = source.columns
    const excluded = await source.placesOf(left)
    const parts: BlockPart[] = []
    for (let from = 0; from < order.length; from += perPart) {
      const own = order.slice(from, from + perPart)
      const newestNs = String(groups[own[0]!]!.maxTraceStartNs)
      parts.push({ block, groups: own, newestNs, excluded: [...excludedPairs(excluded, own)] })
    }
    return parts
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
    { lane, groups, later }: LanePart,
    signal: AbortSignal,
  ): Promise<ScanAnswer<M>> {
    const { id, bytes, footerBytes } = this.meta
    const scan = {
      ...{ folder: this.#folder, block: { id, bytes, footerBytes }, method, request, groups },
      ...(later && later.length > 0 && { later }),
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

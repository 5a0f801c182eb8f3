import { inParallel } from '../base/in-parallel.ts'
import { throwIfOverBudget } from '../contract/budget.ts'
import { emptyStats, newestHits } from '../contract/merge-answers.ts'
import type {
  MetricsRequest,
  MetricsResult,
  OperationsRequest,
  OperationsResult,
  ReadStats,
  SearchRequest,
  SearchResult,
  TagNamesRequest,
  TagNamesResult,
  TagScope,
  TagValuesRequest,
  TagValuesResult,
  TimeRange,
  TraceByIdRequest,
  TraceHit,
  TraceResult,
} from '../contract/queries.ts'
import { finishMetricsParts } from '../metrics/finish-parts.ts'
import type { MetricsPart } from '../metrics/merge.ts'
import { neverEqual, type TraceIndexLanes } from '../model/column-batch.ts'
import { hexToBytes } from '../model/ids.ts'
import { type HashSet, hashKey, type QuerySource } from './query-source.ts'
import {
  assembled,
  batchesOf,
  metricsOfSplit,
  type SplitBatch,
  searchSplit,
  splitSpansAtOnce,
} from './split-batches.ts'
import { joinSources } from './split-set.ts'
import { sortedValues, type TagValueSet } from './tag-value-set.ts'
import { tagScopes } from './tags.ts'

/** One answer from many sources, over whole traces, each exactly once. */

function within(
  sources: readonly QuerySource[],
  range: TimeRange | undefined,
): readonly QuerySource[] {
  const filled = sources.filter(source => source.range !== null)
  if (!range) return filled
  const startNs = BigInt(range.startNs)
  const endNs = BigInt(range.endNs)
  return filled.filter(source => source.range!.minNs <= endNs && source.range!.maxNs >= startNs)
}

function countSources(stats: ReadStats, sources: readonly QuerySource[]): void {
  for (const source of sources) {
    stats.totalBlocks++
    stats.totalBlockBytes += source.storedBytes
  }
}

/** What is to be done for a query, before any of it is. */
export interface QueryWork {
  /** Traces whose parts lie in several sources, those that may be newest first. */
  readonly split: readonly SplitBatch[]
  readonly jobs: readonly SourceJob[]
  /** Counts what is read. */
  readonly stats: ReadStats
}

/** The part of one query that a source answers. */
export interface SourceJob {
  readonly source: QuerySource
  /** Traces that it leaves to others. */
  readonly left: HashSet
}

export async function composeSearch(
  all: readonly QuerySource[],
  request: SearchRequest,
  signal: AbortSignal,
  excluded: HashSet = new Set(),
): Promise<SearchResult> {
  const work = await splitWork(all, request.range, excluded)
  return { hits: await searchWork(work, request, signal), stats: work.stats }
}

/** @param known What was found elsewhere; it comes back with what is added to it. */
export async function searchWork(
  { split, jobs, stats }: QueryWork,
  request: SearchRequest,
  signal: AbortSignal,
  known: readonly TraceHit[] = [],
): Promise<TraceHit[]> {
  let hits = newestHits([...known], request.limit)
  for (const batch of split) {
    const last = hits.length >= request.limit ? hits[hits.length - 1] : undefined
    if (last && batch.newestNs < BigInt(last.startNs)) break
    const found = await searchSplit(batch, request, stats, signal)
    hits = newestHits([...hits, ...found], request.limit)
  }
  const newestFirst = jobs.toSorted((a, b) =>
    a.source.range!.maxNs < b.source.range!.maxNs ? 1 : -1,
  )
  for (let from = 0; from < newestFirst.length; from += sourcesAtOnce) {
    const last = hits.length >= request.limit ? hits[hits.length - 1] : undefined
    // Sources end in order: from here on nothing can be newer than what is found.
    const useful = newestFirst.slice(from, from + sourcesAtOnce).filter(({ source }) => {
      return !last || source.range!.maxNs >= BigInt(last.startNs)
    })
    if (useful.length === 0) break
    const found = await inParallel(useful, sourcesAtOnce, signal, ({ source, left }, either) =>
      source.search(request, left, stats, either),
    )
    throwIfOverBudget(request.budget, stats)
    hits = newestHits([...hits, ...found.flat()], request.limit)
  }
  return hits
}

/**
 * Who answers for which traces: each source for its own, and those that are put together, some
 * after the others, for traces whose parts lie in several. Only sources in the range have work, but
 * a trace may have a part outside it: whole traces are joined over all of them.
 */
export async function splitWork(
  all: readonly QuerySource[],
  range: TimeRange | undefined,
  excluded: HashSet = new Set(),
  spansAtOnce = splitSpansAtOnce,
): Promise<QueryWork> {
  const stats = emptyStats()
  const searched = within(all, range)
  countSources(stats, searched)
  if (!mayAnswer(all, searched, range)) return { split: [], jobs: [], stats }
  const sources = within(all, undefined)
  const ownership = await joinSources(sources)
  const own = ownership.split.filter(({ high, low }) => !excluded.has(hashKey(high, low)))
  const split = batchesOf(sources, own, range, spansAtOnce)
  const jobs = sources
    .map((source, i) => {
      const own = ownership.excluded[i]!
      return { source, left: excluded.size === 0 ? own : new Set([...excluded, ...own]) }
    })
    .filter(({ source }) => searched.includes(source))
  return { split, jobs, stats }
}

export async function composeMetrics(
  all: readonly QuerySource[],
  request: MetricsRequest,
  signal: AbortSignal,
  excluded: HashSet = new Set(),
): Promise<MetricsResult> {
  const work = await splitWork(all, metricsRange(request), excluded)
  return finishMetricsParts(request, await metricsWork(work, request, signal), work.stats)
}

export function metricsRange(request: MetricsRequest): TimeRange {
  const endNs = BigInt(request.startNs) + BigInt(request.stepNs) * BigInt(request.steps)
  return { startNs: request.startNs, endNs: String(endNs) }
}

export async function metricsWork(
  { split, jobs, stats }: QueryWork,
  request: MetricsRequest,
  signal: AbortSignal,
): Promise<MetricsPart[]> {
  const parts: MetricsPart[] = []
  for (const batch of split) parts.push(await metricsOfSplit(batch, request, stats, signal))
  const ofSources = await inParallel(jobs, sourcesAtOnce, signal, ({ source, left }, either) =>
    source.metrics(request, left, stats, either),
  )
  throwIfOverBudget(request.budget, stats)
  return [...parts, ...ofSources]
}

/** False when no trace can overlap the range, not even one with parts before and behind it. */
function mayAnswer(
  all: readonly QuerySource[],
  searched: readonly QuerySource[],
  range: TimeRange | undefined,
): boolean {
  if (!range || searched.length > 0) return true
  const startNs = BigInt(range.startNs)
  const filled = within(all, undefined)
  const before = filled.some(source => source.range!.maxNs < startNs)
  return before && filled.some(source => source.range!.minNs > BigInt(range.endNs))
}

/** Sources that are read at the same time: hides the latency of a store, wastes little work. */
const sourcesAtOnce = 2

export async function composeTrace(
  sources: readonly QuerySource[],
  request: TraceByIdRequest,
): Promise<TraceResult> {
  const stats = emptyStats()
  const id = hexToBytes(request.traceId)
  const found = await Promise.all(sources.map(source => source.traceById(id)))
  const parts = found.filter(part => part !== null)
  for (const part of parts) stats.inspectedBytes += part.length
  stats.inspectedTraces = parts.length > 0 ? 1 : 0
  if (parts.length <= 1) return { trace: parts[0] ?? null, stats }
  return { trace: await assembled(parts).traceById(id), stats }
}

export async function composeTagNames(
  all: readonly QuerySource[],
  request: TagNamesRequest,
  signal: AbortSignal,
): Promise<TagNamesResult> {
  const stats = emptyStats()
  const sources = within(all, request.range)
  countSources(stats, sources)
  const names = new Map<TagScope, Set<string>>()
  for (const source of sources) {
    for (const [scope, found] of await source.tagNames(request, stats, signal)) {
      const known = names.get(scope) ?? new Set()
      for (const name of found) known.add(name)
      names.set(scope, known)
    }
    throwIfOverBudget(request.budget, stats)
  }
  const scopes = tagScopes
    .map(scope => ({ scope, names: [...(names.get(scope) ?? [])].sort() }))
    .filter(entry => entry.names.length > 0)
  return { scopes, stats }
}

export async function composeTagValues(
  all: readonly QuerySource[],
  request: TagValuesRequest,
  signal: AbortSignal,
): Promise<TagValuesResult> {
  const stats = emptyStats()
  const sources = within(all, request.range)
  countSources(stats, sources)
  const found: TagValueSet = new Map()
  for (const source of sources) {
    await source.tagValues(request, found, stats, signal)
    throwIfOverBudget(request.budget, stats)
  }
  return { values: sortedValues(found, request.limit), stats }
}

export async function composeOperations(
  all: readonly QuerySource[],
  request: OperationsRequest,
  signal: AbortSignal,
): Promise<OperationsResult> {
  const stats = emptyStats()
  const sources = within(all, request.range)
  countSources(stats, sources)
  const found = new Map<string, { name: string; kind: number }>()
  for (const source of sources) {
    await source.operations(request, found, stats, signal)
    throwIfOverBudget(request.budget, stats)
  }
  const operations = [...found.values()].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.kind - b.kind,
  )
  return { operations, stats }
}

/** The index of several sources as one; a trace that they split never equals another's copy. */
export async function composeIndex(sources: readonly QuerySource[]): Promise<TraceIndexLanes> {
  const ownership = await joinSources(sources)
  const split = new Map(ownership.split.map(({ high, low, spans }) => [hashKey(high, low), spans]))
  const seen = new Set<string>()
  const rows: number[][] = []
  const indexes = await Promise.all(sources.map(source => source.index()))
  indexes.forEach((index, s) => {
    for (let i = 0; i < index.count; i++) {
      const key = hashKey(index.hashHigh[i]!, index.hashLow[i]!)
      const splitSpans = split.get(key)
      if (splitSpans !== undefined) {
        if (seen.has(key)) continue
        seen.add(key)
        rows.push([index.hashHigh[i]!, index.hashLow[i]!, neverEqual, splitSpans, 0])
      } else if (!ownership.excluded[s]!.has(key)) {
        rows.push([
          index.hashHigh[i]!,
          index.hashLow[i]!,
          index.spans[i]!,
          index.fingerprintLow[i]!,
          index.fingerprintHigh[i]!,
        ])
      }
    }
  })
  rows.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!)
  const lane = (at: number) => Uint32Array.from(rows, row => row[at]!)
  const none = new Uint32Array(rows.length)
  return {
    count: rows.length,
    hashHigh: lane(0),
    hashLow: lane(1),
    spans: lane(2),
    fingerprintLow: lane(3),
    fingerprintHigh: lane(4),
    group: none,
    trace: none,
  }
}

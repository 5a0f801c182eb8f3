import type { ReadStats, SearchRequest, TraceHit } from '../contract/queries.ts'
import type {
  ColumnGroup,
  ColumnRef,
  ColumnSource,
  GroupInfo,
  GroupNeed,
} from '../model/column-batch.ts'
import { Filter } from './filter.ts'
import { and, type Mask, tracesOf } from './kernels.ts'
import { loadHits } from './materialise.ts'
import { ScanWatch } from './scan-watch.ts'
import { PipelineRun } from './spanset/pipeline.ts'
import type { Spansets } from './spanset/spansets.ts'
import { type ReadContext, readContext } from './value/read.ts'

/**
 * Searches one source: groups newest first, each by its statistics, then by the columns that the
 * filter reads; stops as soon as no later group can change the newest `limit` traces. Only what is
 * returned is read beyond that.
 */

/** Traces of a group that this source must not answer for, because another does. */
export type Excluded = ReadonlyMap<number, ReadonlySet<number>>

/** What of a source a scan answers for. */
export interface SourcePart {
  /** Groups that may be looked at; null: all. */
  readonly groups: ReadonlySet<number> | null
  readonly excluded: Excluded
}

export interface Candidate {
  readonly group: number
  readonly trace: number
  readonly startNs: bigint
}

interface Window {
  readonly startNs: bigint
  readonly endNs: bigint
  readonly of: 'trace' | 'span'
}

export async function searchSource(
  source: ColumnSource,
  request: SearchRequest,
  { groups, excluded }: SourcePart,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<TraceHit[]> {
  const watch = new ScanWatch(source, request.budget, stats, signal)
  const context = readContext(source, watch.pause)
  const { spans, traceAll } = filtersOf(context, request)
  const window = windowOf(request)
  const order = groupsNewestFirst(source.groups, window)
  let best: Candidate[] = []
  const spansets = new Map<number, Spansets>()
  for (const index of order) {
    if (groups && !groups.has(index)) continue
    const info = source.groups[index]!
    const last = best.length >= request.limit ? best[best.length - 1] : undefined
    if (last && last.startNs > info.maxTraceStartNs) continue
    await watch.turn()
    const possible = await bindAll(index, [spans, ...traceAll])
    if (!possible) continue
    const group = await loadFor(source, index, [spans, ...traceAll], window)
    const sets = await spans.evaluate(index, group)
    if (window?.of === 'span') and(sets.mask, startsWithin(group, window))
    const matched = await matchedTraces(index, group, sets, traceAll)
    const candidates = keepCandidates(index, group, matched, request, window, excluded.get(index))
    watch.count(group)
    if (candidates.length === 0) continue
    spansets.set(index, sets)
    best = await newest(source, [...best, ...candidates], request.limit)
  }
  const hits = await loadHits(context, request, best, spansets)
  watch.finish()
  return hits
}

/** Those of some groups whose statistics and dictionaries allow that something is found there. */
export async function possibleGroups(
  source: ColumnSource,
  request: SearchRequest,
  groups: readonly number[],
  stats: ReadStats,
  signal: AbortSignal,
): Promise<number[]> {
  const watch = new ScanWatch(source, request.budget, stats, signal)
  const { spans, traceAll } = filtersOf(readContext(source, watch.pause), request)
  const possible: number[] = []
  for (const index of groups) if (await bindAll(index, [spans, ...traceAll])) possible.push(index)
  watch.finish()
  return possible
}

function filtersOf(context: ReadContext, request: SearchRequest) {
  return {
    spans: new PipelineRun(context, request.spans, request.stages ?? []),
    traceAll: request.traceAll.map(predicate => new Filter(context, predicate)),
  }
}

/** Ties by trace id; ids are read only where a tie crosses the limit. */
async function newest(
  source: ColumnSource,
  candidates: Candidate[],
  limit: number,
): Promise<Candidate[]> {
  candidates.sort((a, b) => (a.startNs < b.startNs ? 1 : a.startNs > b.startNs ? -1 : 0))
  const last = candidates[limit - 1]
  if (!last || candidates[limit]?.startNs !== last.startNs) return candidates.slice(0, limit)
  const newer = candidates.filter(({ startNs }) => startNs > last.startNs)
  const tied = candidates.filter(({ startNs }) => startNs === last.startNs)
  const ref = source.intrinsic('trace.id')!
  const ids = new Map<Candidate, Uint8Array>()
  for (const candidate of tied) {
    const group = await source.load(candidate.group, [ref], new Set())
    const bytes = group.vector(ref)!.values as Uint8Array
    ids.set(candidate, bytes.subarray(candidate.trace * 16, candidate.trace * 16 + 16))
  }
  tied.sort((a, b) => Buffer.compare(ids.get(a)!, ids.get(b)!))
  return [...newer, ...tied].slice(0, limit)
}

function windowOf(request: SearchRequest): Window | null {
  const { range } = request
  if (!range) return null
  return { startNs: BigInt(range.startNs), endNs: BigInt(range.endNs), of: range.of }
}

/** Groups that overlap the window, the one with the newest trace first. */
export function groupsNewestFirst(
  groups: readonly GroupInfo[],
  window: { startNs: bigint; endNs: bigint } | null,
): number[] {
  return [...groups.keys()]
    .filter(i => {
      const group = groups[i]!
      return !window || (group.minStartNs <= window.endNs && group.maxEndNs >= window.startNs)
    })
    .sort((a, b) => {
      const difference = groups[b]!.maxTraceStartNs - groups[a]!.maxTraceStartNs
      return difference > 0n ? 1 : difference < 0n ? -1 : b - a
    })
}

async function bindAll(
  index: number,
  filters: readonly (Filter | PipelineRun)[],
): Promise<boolean> {
  for (const filter of filters) if (!(await filter.bind(index))) return false
  return true
}

async function loadFor(
  source: ColumnSource,
  index: number,
  filters: readonly (Filter | PipelineRun)[],
  window: Window | null,
): Promise<ColumnGroup> {
  const columns = new Map<number, ColumnRef>()
  const needs = new Set<GroupNeed>(['traceOfRow', 'traces'])
  for (const filter of filters) {
    for (const ref of filter.columns) columns.set(ref.id, ref)
    for (const need of filter.needs) needs.add(need)
  }
  if (window?.of === 'span') needs.add('starts')
  return source.load(index, [...columns.values()], needs)
}

/** 1 for each trace with a spanset, and a row for each of the other conditions. */
async function matchedTraces(
  index: number,
  group: ColumnGroup,
  sets: Spansets,
  traceAll: readonly Filter[],
): Promise<Uint8Array> {
  const matched = tracesOf(sets.mask, group)
  for (const filter of traceAll) and(matched, tracesOf(await filter.evaluate(index, group), group))
  return matched
}

function keepCandidates(
  index: number,
  group: ColumnGroup,
  matched: Uint8Array,
  request: SearchRequest,
  window: Window | null,
  excluded: ReadonlySet<number> | undefined,
): Candidate[] {
  let trace = matched.lastIndexOf(1)
  if (trace < 0) return []
  const times = group.traceColumns()
  const minNs = BigInt(request.traceDurationMinNs ?? 0)
  const maxNs = request.traceDurationMaxNs === undefined ? null : BigInt(request.traceDurationMaxNs)
  const candidates: Candidate[] = []
  const inOrder = group.traceRows() !== null
  for (; trace >= 0; trace = lastMarked(matched, trace)) {
    if (excluded?.has(trace)) continue
    const startNs = (BigInt(times.startHigh[trace]!) << 32n) | BigInt(times.startLow[trace]!)
    // Traces in order of their start: those before can only be older, or equal.
    const last = inOrder ? candidates[request.limit - 1] : undefined
    if (last && startNs < last.startNs) break
    const durationNs =
      (BigInt(times.durationHigh[trace]!) << 32n) | BigInt(times.durationLow[trace]!)
    if (durationNs < minNs || (maxNs !== null && durationNs > maxNs)) continue
    if (window?.of === 'trace' && (startNs > window.endNs || startNs + durationNs < window.startNs))
      continue
    candidates.push({ group: index, trace, startNs })
  }
  return candidates
}

/** The marked trace before this one, or -1. */
function lastMarked(matched: Uint8Array, trace: number): number {
  return trace === 0 ? -1 : matched.lastIndexOf(1, trace - 1)
}

/** Rows that start inside the window. */
export function startsWithin(group: ColumnGroup, window: { startNs: bigint; endNs: bigint }): Mask {
  const { baseNs, offsets } = group.startOffsets()
  const from = Number(window.startNs - baseNs)
  const to = Number(window.endNs - baseNs)
  const out = new Uint8Array(group.rows)
  for (let row = 0; row < offsets.length; row++) {
    if (offsets[row]! >= from && offsets[row]! <= to) out[row] = 1
  }
  return out
}

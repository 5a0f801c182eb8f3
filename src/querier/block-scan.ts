import { emptyStats } from '../contract/merge-answers.ts'
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
import type { LocalSource } from '../search/query-source.ts'
import { type Excluded, possibleGroups, type SourcePart } from '../search/search-source.ts'
import type { TagValueSet } from '../search/tag-value-set.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'

/** A part of a query over one block as data: it runs here, or on another thread. */

interface ScanKinds {
  search: { readonly request: SearchRequest; readonly answer: TraceHit[] }
  metrics: { readonly request: MetricsRequest; readonly answer: MetricsPart }
  tagNames: { readonly request: TagNamesRequest; readonly answer: Map<TagScope, Set<string>> }
  tagValues: { readonly request: TagValuesRequest; readonly answer: TagValueSet }
  operations: {
    readonly request: OperationsRequest
    readonly answer: Map<string, { name: string; kind: number }>
  }
}

export type ScanMethod = keyof ScanKinds
export type ScanRequest<M extends ScanMethod> = ScanKinds[M]['request']
export type ScanResult<M extends ScanMethod> = ScanKinds[M]['answer']

export interface BlockScan<M extends ScanMethod = ScanMethod> {
  /** Of the tenant, in the object store. */
  readonly folder: string
  readonly block: Pick<BlockMeta, 'id' | 'bytes' | 'footerBytes'>
  readonly method: M
  readonly request: ScanRequest<M>
  /** Row groups that may be looked at; null: all. Tags are always of all. */
  readonly groups: readonly number[] | null
  /** Of a search: groups for later, of which the answer says where it could find something. */
  readonly later?: readonly number[]
  /** Traces that another source answers for: group, trace, group, trace, … */
  readonly excluded: Uint32Array
  /** What the query had read before this scan began; it counts against the budget. */
  readonly used: ReadStats
}

export interface ScanAnswer<M extends ScanMethod = ScanMethod> {
  readonly value: ScanResult<M>
  /** What this scan read. */
  readonly stats: ReadStats
  /** Those of `later` that have to be looked at. */
  readonly possible?: readonly number[]
}

/** Needs tens of MB: a table of values for every attribute. */
export function isLarge({ method, request }: BlockScan): boolean {
  return method === 'metrics' && (request as MetricsRequest).function.kind === 'compare'
}

/** Runs a scan on the opened block. */
export async function runScan<M extends ScanMethod>(
  source: LocalSource,
  scan: BlockScan<M>,
  signal: AbortSignal,
): Promise<ScanAnswer<M>> {
  const { used } = scan
  const stats = { ...used }
  const part = {
    groups: scan.groups && new Set(scan.groups),
    excluded: excludedOf(scan.excluded),
  }
  const value = await runners[scan.method](source, scan.request, part, stats, signal)
  const possible = await possibleLater(source, scan, value, stats, signal)
  return { value, stats: readSince(stats, used), ...(possible && { possible }) }
}

/** Dictionaries and statistics tell at little cost; nobody asks when the search is complete. */
async function possibleLater<M extends ScanMethod>(
  source: LocalSource,
  { method, request, later }: BlockScan<M>,
  value: ScanResult<M>,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  if (method !== 'search' || later === undefined) return undefined
  const { limit } = request as SearchRequest
  if ((value as TraceHit[]).length >= limit) return later
  return possibleGroups(source.columns, request as SearchRequest, later, stats, signal)
}

/** What was read after `before`. */
export function readSince(stats: ReadStats, before: ReadStats): ReadStats {
  return {
    ...emptyStats(),
    inspectedBytes: stats.inspectedBytes - before.inspectedBytes,
    storeReads: stats.storeReads - before.storeReads,
    inspectedSpans: stats.inspectedSpans - before.inspectedSpans,
    inspectedTraces: stats.inspectedTraces - before.inspectedTraces,
  }
}

/** `groups`: those whose traces are of interest; null: all. */
export function excludedPairs(excluded: Excluded, groups: readonly number[] | null): Uint32Array {
  const pairs: number[] = []
  for (const group of groups ?? excluded.keys()) {
    for (const trace of excluded.get(group) ?? []) pairs.push(group, trace)
  }
  return Uint32Array.from(pairs)
}

/** Of pairs of group and trace. */
export function excludedOf(pairs: ArrayLike<number>): Excluded {
  const excluded = new Map<number, Set<number>>()
  for (let i = 0; i < pairs.length; i += 2) {
    const traces = excluded.get(pairs[i]!)
    if (traces) traces.add(pairs[i + 1]!)
    else excluded.set(pairs[i]!, new Set([pairs[i + 1]!]))
  }
  return excluded
}

type Runner<M extends ScanMethod> = (
  source: LocalSource,
  request: ScanRequest<M>,
  part: SourcePart,
  stats: ReadStats,
  signal: AbortSignal,
) => Promise<ScanResult<M>>

const runners: { readonly [M in ScanMethod]: Runner<M> } = {
  search: (source, request, part, stats, signal) => source.searchPart(request, part, stats, signal),
  metrics: (source, request, part, stats, signal) =>
    source.metricsPart(request, part, stats, signal),
  tagNames: (source, request, _part, stats, signal) => source.tagNames(request, stats, signal),
  async tagValues(source, request, _part, stats, signal) {
    const values: TagValueSet = new Map()
    await source.tagValues(request, values, stats, signal)
    return values
  },
  async operations(source, request, _part, stats, signal) {
    const found = new Map<string, { name: string; kind: number }>()
    await source.operations(request, found, stats, signal)
    return found
  },
}

import { mergeCompleteness, mergeStats } from '../../contract/merge-answers.ts'
import type {
  SearchRequest,
  SearchResult,
  SpanHit,
  SpanSetHit,
  TagNamesRequest,
  TagNamesResult,
  TagScope,
  TagValue,
  TagValuesRequest,
  TagValuesResult,
  TraceByIdRequest,
  TraceHit,
  TraceQueries,
  TraceResult,
} from '../../contract/queries.ts'

/** The queries of one request: `a|b` in the tenant header asks several tenants and merges. */
export interface RequestQueries {
  traceById(request: TraceByIdRequest): Promise<TraceResult>
  search(request: SearchRequest): Promise<SearchResult>
  tagNames(request: TagNamesRequest): Promise<TagNamesResult>
  tagValues(request: TagValuesRequest): Promise<TagValuesResult>
}

export function acrossTenants(
  queries: TraceQueries,
  tenants: readonly string[],
  signal: AbortSignal,
): RequestQueries {
  const ask = async <T>(query: (tenant: string) => Promise<T>, merge: (parts: T[]) => T) => {
    const parts = await Promise.all(tenants.map(query))
    return parts.length === 1 ? parts[0]! : merge(parts)
  }
  return {
    traceById: request =>
      ask(tenant => queries.traceById(tenant, request, signal), mergeTraceResults),
    search: request =>
      ask(
        tenant => queries.search(tenant, request, signal),
        parts => mergeSearchResults(parts, request),
      ),
    tagNames: request => ask(tenant => queries.tagNames(tenant, request, signal), mergeTagNames),
    tagValues: request =>
      ask(
        tenant => queries.tagValues(tenant, request, signal),
        parts => mergeTagValues(parts, request),
      ),
  }
}

/** Protobuf messages of one type are merged by writing them one after the other. */
function mergeTraceResults(parts: TraceResult[]): TraceResult {
  const traces = parts.map(part => part.trace).filter(trace => trace !== null)
  return {
    trace: traces.length === 0 ? null : Buffer.concat(traces),
    stats: mergeStats(parts),
    ...mergeCompleteness(parts),
  }
}

function mergeSearchResults(parts: SearchResult[], request: SearchRequest): SearchResult {
  const byTrace = new Map<string, TraceHit>()
  for (const hit of parts.flatMap(part => part.hits)) {
    const other = byTrace.get(hit.traceId)
    byTrace.set(hit.traceId, other === undefined ? hit : mergeHits(other, hit, request))
  }
  const hits = [...byTrace.values()].sort(newestFirst).slice(0, request.limit)
  return { hits, stats: mergeStats(parts), ...mergeCompleteness(parts) }
}

function newestFirst(a: TraceHit, b: TraceHit): number {
  const difference = BigInt(b.startNs) - BigInt(a.startNs)
  if (difference !== 0n) return difference > 0n ? 1 : -1
  return a.traceId < b.traceId ? -1 : 1
}

/** The same trace id at two tenants: their spans together, under the first root there is. */
function mergeHits(a: TraceHit, b: TraceHit, request: SearchRequest): TraceHit {
  const root = a.hasRoot || !b.hasRoot ? a : b
  const startNs = smaller(BigInt(a.startNs), BigInt(b.startNs))
  const endA = BigInt(a.startNs) + BigInt(a.durationNs)
  const endB = BigInt(b.startNs) + BigInt(b.durationNs)
  return {
    traceId: a.traceId,
    rootServiceName: root.rootServiceName,
    rootName: root.rootName,
    hasRoot: root.hasRoot,
    startNs: String(startNs),
    durationNs: String((endA > endB ? endA : endB) - startNs),
    spanCount: a.spanCount + b.spanCount,
    serviceStats: mergeServices([...a.serviceStats, ...b.serviceStats]),
    spanSets: mergeSpanSets([...a.spanSets, ...b.spanSets], request.spansPerSpanSet),
  }
}

/** Sets with equal attributes are one. */
function mergeSpanSets(sets: readonly SpanSetHit[], spansMax: number): SpanSetHit[] {
  const byAttributes = new Map<string, SpanSetHit>()
  for (const set of sets) {
    const key = JSON.stringify(set.attributes)
    const other = byAttributes.get(key)
    if (other === undefined) byAttributes.set(key, set)
    else {
      const spans = [...other.spans, ...set.spans].sort(earliestFirst).slice(0, spansMax)
      byAttributes.set(key, { ...set, matched: other.matched + set.matched, spans })
    }
  }
  return [...byAttributes.values()]
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function earliestFirst(a: SpanHit, b: SpanHit): number {
  const difference = BigInt(a.startNs) - BigInt(b.startNs)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

function mergeServices(stats: TraceHit['serviceStats']): TraceHit['serviceStats'] {
  const byService = new Map<string, { service: string; spans: number; errors: number }>()
  for (const { service, spans, errors } of stats) {
    const sum = byService.get(service) ?? { service, spans: 0, errors: 0 }
    sum.spans += spans
    sum.errors += errors
    byService.set(service, sum)
  }
  return [...byService.values()]
}

function mergeTagNames(parts: TagNamesResult[]): TagNamesResult {
  const byScope = new Map<TagScope, Set<string>>()
  for (const { scope, names } of parts.flatMap(part => part.scopes)) {
    const all = byScope.get(scope) ?? new Set()
    for (const name of names) all.add(name)
    byScope.set(scope, all)
  }
  return {
    scopes: [...byScope].map(([scope, names]) => ({ scope, names: [...names].sort() })),
    stats: mergeStats(parts),
    ...mergeCompleteness(parts),
  }
}

function mergeTagValues(parts: TagValuesResult[], request: TagValuesRequest): TagValuesResult {
  const distinct = new Map<string, TagValue>()
  for (const value of parts.flatMap(part => part.values)) {
    distinct.set(`${value.type} ${value.value}`, value)
  }
  const sorted = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
  return {
    values: request.limit === 0 ? sorted : sorted.slice(0, request.limit),
    stats: mergeStats(parts),
    ...mergeCompleteness(parts),
  }
}

import { asFailure, type Failure, fail } from '../../base/errors.ts'
import type { ReadStats, SearchRequest, SpanSetHit, TraceHit } from '../../contract/queries.ts'
import { everySpan } from '../../model/predicate.ts'
import {
  encodeSearchResponse,
  type SearchMetrics,
  type SearchResponse,
  type SpanSet,
  type TraceSearchMetadata,
} from '../../wire/tempo-proto.ts'
import { acrossTenants } from './across-tenants.ts'
import { tagsToPredicates } from './logfmt-tags.ts'
import { parseSearchParams, type SearchParams } from './params.ts'
import { renderSearch } from './render.ts'
import {
  encodedReply,
  type Reply,
  searchDurationMaxMs,
  type TempoDeps,
  type TempoRequest,
  type TempoTraceql,
} from './request.ts'

/** `/api/search`, with TraceQL in `q` or, without it, the legacy search by `tags`. */
export async function search(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const durationMaxMs = searchDurationMaxMs(deps, request.tenants)
  const params = parseSearchParams(request.params, deps.settings, durationMaxMs)
  const queries = acrossTenants(deps.queries, request.tenants, request.signal)
  const result = await queries.search(toSearchRequest(params, deps))
  const legacy = params.query === undefined
  const response: SearchResponse = {
    traces: result.hits.map(hit => toTraceMetadata(hit, legacy)),
    metrics: toSearchMetrics(result.stats),
  }
  return encodedReply(
    request,
    () => renderSearch(response),
    () => encodeSearchResponse(response),
    result.partial,
  )
}

/** Also for the streaming form of the same search. Fails with BAD_REQUEST or BAD_QUERY. */
export function toSearchRequest(
  params: SearchParams,
  traceql: Pick<TempoTraceql, 'parseQuery'>,
): SearchRequest {
  const { query, tags, range, limit, spansPerSpanSet, ...durations } = params
  const ranged = range === undefined ? {} : { range: { ...range, of: 'trace' as const } }
  if (query === undefined) {
    const traceAll = tagsToPredicates(tags)
    const legacy = { spans: everySpan, traceAll, select: [], spansPerSpanSet: 0 }
    return { ...legacy, limit, ...durations, ...ranged }
  }
  const parsed = prefixed('invalid TraceQL query', () => traceql.parseQuery(query))
  const { spans, stages, select } = parsed
  return { spans, stages, traceAll: [], select, limit, spansPerSpanSet, ...ranged }
}

/** Says in front of a client's error which parameter it is about. */
export function prefixed<T>(prefix: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const failure: Failure = asFailure(error)
    if (failure.kind.http !== 400) throw error
    throw fail(failure.code, `${prefix}: ${failure.message}`, { ...failure.fields })
  }
}

/** Shown in place of a root that has not arrived; clients know this text. */
const noRootText = '<root span not yet received>'

export function toTraceMetadata(hit: TraceHit, legacy: boolean): TraceSearchMetadata {
  return {
    traceID: hit.traceId.replace(/^0+(?=.)/, ''),
    rootServiceName: hit.hasRoot ? hit.rootServiceName : noRootText,
    rootTraceName: hit.rootName,
    startTimeUnixNano: hit.startNs,
    durationMs: Number(BigInt(hit.durationNs) / 1_000_000n),
    spanSets: legacy ? [] : hit.spanSets.map(toSpanSet),
    serviceStats: legacy
      ? []
      : hit.serviceStats.map(({ service, spans, errors }) => ({
          service,
          spanCount: spans,
          errorCount: errors,
        })),
  }
}

function toSpanSet(set: SpanSetHit): SpanSet {
  const spans = set.spans.map(span => ({
    spanID: span.spanId,
    name: span.name,
    startTimeUnixNano: span.startNs,
    durationNanos: span.durationNs,
    attributes: span.attributes,
  }))
  return { spans, matched: set.matched, attributes: set.attributes }
}

export function toSearchMetrics(stats: ReadStats): SearchMetrics {
  return {
    inspectedTraces: stats.inspectedTraces,
    inspectedBytes: stats.inspectedBytes,
    totalBlocks: stats.totalBlocks,
    totalBlockBytes: stats.totalBlockBytes,
    inspectedSpans: stats.inspectedSpans,
  }
}

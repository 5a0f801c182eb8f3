import type { TraceHit } from '../../contract/queries.ts'
import type { Reply } from '../tempo/request.ts'
import { jsonReply } from './envelope.ts'
import { loadHits, searchHits } from './load-traces.ts'
import { parseOtlpTrace, placedSpans } from './otlp-json-trace.ts'
import type { JaegerDeps, JaegerRequest, JaegerSettings } from './request.ts'
import { type TenantQueries, tenantQueries } from './tenant-queries.ts'
import {
  compare,
  int,
  intrinsic,
  shownService,
  spanPredicate,
  type TraceSearch,
} from './trace-search.ts'
import { parseV3Search } from './v3-params.ts'
import { withBodyParams } from './v3-traces.ts'

/** `/api/v3/trace-summaries?query.…`: what a list of traces shows, without their spans. */
export async function v3Summaries(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const search = parseV3Search(request.params, deps.settings)
  const queries = tenantQueries(deps, request)
  const hits = await searchHits(queries, search)
  const orphans = await countOrphans(queries, search, hits, deps.settings)
  const summaries = hits.map(hit => toSummary(hit, orphans.get(hit.traceId) ?? 0))
  return jsonReply(JSON.stringify({ summaries }), queries)
}

/** The same with the parameters in a JSON body. */
export async function v3PostSummaries(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  return v3Summaries(deps, await withBodyParams(request))
}

/** Zero counts and empty texts are left out. */
function toSummary(hit: TraceHit, orphanSpanCount: number): object {
  const errorSpanCount = hit.serviceStats.reduce((sum, { errors }) => sum + errors, 0)
  const root = hit.hasRoot
    ? {
        rootServiceName: shownService(hit.rootServiceName),
        ...filled('rootOperationName', hit.rootName),
      }
    : {}
  return {
    traceId: hit.traceId,
    ...root,
    minStartTimeUnixNano: hit.startNs,
    maxEndTimeUnixNano: String(BigInt(hit.startNs) + BigInt(hit.durationNs)),
    ...filled('spanCount', hit.spanCount),
    ...filled('errorSpanCount', errorSpanCount),
    ...filled('orphanSpanCount', orphanSpanCount),
    services: toServices(hit),
  }
}

function filled(name: string, value: number | string): object {
  return value === 0 || value === '' ? {} : { [name]: value }
}

function toServices(hit: TraceHit): object[] {
  return hit.serviceStats
    .map(({ service, spans, errors }) => ({ name: shownService(service), spans, errors }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, spans, errors }) => ({
      name,
      ...filled('spanCount', spans),
      ...filled('errorSpanCount', errors),
    }))
}

/**
 * Spans whose parent is not in the trace, by trace. Summaries do not count them: one search tells
 * in which traces there may be any (an orphan and what is below it have no place in the tree), and
 * only those of the hits, which are few, are read.
 */
async function countOrphans(
  queries: TenantQueries,
  search: TraceSearch,
  hits: readonly TraceHit[],
  settings: JaegerSettings,
): Promise<Map<string, number>> {
  if (hits.length === 0) return new Map()
  const wanted = new Set(hits.map(({ traceId }) => traceId))
  // Traces that began before the range of the search may be among the answers too.
  const limit = hits.length + settings.limitMax
  const found = await queries.search({
    spans: compare(intrinsic('nestedSetLeft'), '=', int(0)),
    traceAll: [spanPredicate(search)],
    range: { ...rangeOf(hits), of: 'trace' },
    limit,
    spansPerSpanSet: 0,
    select: [],
  })
  if (found.hits.length === limit) queries.tell('orphan spans were not counted in all traces')
  const suspects = found.hits.filter(({ traceId }) => wanted.has(traceId))
  const counts = await loadHits(queries, suspects, settings, orphansOf)
  return new Map(suspects.map(({ traceId }, at) => [traceId, counts[at] ?? 0]))
}

function rangeOf(hits: readonly TraceHit[]): { startNs: string; endNs: string } {
  let startNs = BigInt(hits[0]!.startNs)
  let endNs = startNs
  for (const hit of hits) {
    const from = BigInt(hit.startNs)
    const to = from + BigInt(hit.durationNs)
    if (from < startNs) startNs = from
    if (to > endNs) endNs = to
  }
  return { startNs: String(startNs), endNs: String(endNs) }
}

function orphansOf(trace: Uint8Array): number {
  const spans = placedSpans(parseOtlpTrace(trace)).map(({ span }) => span)
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.filter(({ parentSpanId }) => parentSpanId && !ids.has(parentSpanId)).length
}

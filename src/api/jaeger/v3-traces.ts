import { fail } from '../../base/errors.ts'
import type { Reply } from '../tempo/request.ts'
import { jsonReply } from './envelope.ts'
import { loadHits, searchHits } from './load-traces.ts'
import { adjustOtlpTrace, nameServices } from './otlp-adjusters.ts'
import { parseOtlpTrace } from './otlp-json-trace.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'
import { tenantQueries } from './tenant-queries.ts'
import { parseJaegerTraceId } from './trace-id.ts'
import { paramsOfBody, parseV3Search, parseV3Trace } from './v3-params.ts'

/** Whole traces in the v3 API: OTLP/JSON, those of several traces in one list. */

/** `/api/v3/traces/{id}`. */
export async function v3TraceById(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const traceId = parseJaegerTraceId(request.subject, 'malformed parameter trace_id: ')
  const { startNs, endNs, raw } = parseV3Trace(request.params)
  const queries = tenantQueries(deps, request)
  const ranged = startNs !== undefined && endNs !== undefined
  const range = { startNs: String(startNs), endNs: String(endNs) }
  const first = await queries.traceById(ranged ? { traceId, range } : { traceId })
  const missed = first.trace === null && ranged
  const { trace } = missed ? await queries.traceById({ traceId }) : first
  return tracesReply(trace === null ? [] : [renderTrace(trace, raw, deps)], queries)
}

/** `/api/v3/traces?query.…`. */
export async function v3FindTraces(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const search = parseV3Search(request.params, deps.settings)
  const queries = tenantQueries(deps, request)
  const hits = await searchHits(queries, search)
  const render = (trace: Uint8Array) => renderTrace(trace, search.raw, deps)
  return tracesReply(await loadHits(queries, hits, deps.settings, render), queries)
}

/** The same with the parameters in a JSON body. */
export async function v3PostFindTraces(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  return v3FindTraces(deps, await withBodyParams(request))
}

/** Conditions of a search; more is no search. */
const searchBytesMax = 1 << 20

export async function withBodyParams(request: JaegerRequest): Promise<JaegerRequest> {
  return { ...request, params: paramsOfBody(await request.body(searchBytesMax)) }
}

function tracesReply(traces: readonly string[], queries: Parameters<typeof jsonReply>[1]): Reply {
  if (traces.length === 0) throw fail('NOT_FOUND', 'No traces found')
  const body = `{"result":{"resourceSpans":[${traces.join(',')}]}}`
  return jsonReply(body, queries)
}

/** The items of `resourceSpans`, separated by commas. */
function renderTrace(trace: Uint8Array, raw: boolean, deps: JaegerDeps): string {
  const resourceSpans = parseOtlpTrace(trace)
  nameServices(resourceSpans)
  if (!raw) adjustOtlpTrace(resourceSpans, deps.settings.clockSkewMaxMs)
  return JSON.stringify(resourceSpans).slice(1, -1)
}

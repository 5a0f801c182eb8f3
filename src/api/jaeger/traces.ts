import { fail } from '../../base/errors.ts'
import { tracesToJaeger } from '../../wire/jaeger-decode.ts'
import { jaegerTraceJson } from '../../wire/jaeger-json.ts'
import { shortTraceId } from '../../wire/jaeger-model.ts'
import { otlpJsonToProtobuf } from '../../wire/otlp-json-decode.ts'
import type { Reply } from '../tempo/request.ts'
import { adjustTrace } from './adjusters.ts'
import { envelope, envelopeFailure, jsonReply } from './envelope.ts'
import { loadHits, loadIds, searchHits } from './load-traces.ts'
import { parseFindParams, parseTraceParams } from './params.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'
import { tenantQueries } from './tenant-queries.ts'
import { parseJaegerTraceId } from './trace-id.ts'

/** Everything of the classic API that answers with whole traces. */

/** `/api/traces`: by `traceID`, or a search; then the newest trace comes first. */
export async function findTraces(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const { settings } = deps
  const find = parseFindParams(request.params, settings, deps.clock.nowMs())
  const queries = tenantQueries(deps, request)
  if (find.kind === 'search') {
    const hits = await searchHits(queries, find.search)
    const render = (trace: Uint8Array) => renderTraces(trace, find.search.raw, deps)
    const traces = await loadHits(queries, hits, settings, render)
    return jsonReply(envelope(`[${traces.join(',')}]`), queries)
  }
  const rendered = await loadIds(queries, find.traceIds, settings, trace => {
    return trace === null ? null : renderTraces(trace, find.raw, deps)
  })
  const traces = rendered.filter(json => json !== null)
  const unknown = find.traceIds.filter((_traceId, at) => rendered[at] === null)
  const errors = unknown.map(traceId => {
    return { msg: 'trace not found', traceID: shortTraceId(traceId) }
  })
  return jsonReply(envelope(`[${traces.join(',')}]`, 0, errors), queries)
}

/** `/api/traces/{id}`. */
export async function traceById(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const traceId = parseJaegerTraceId(request.subject)
  const { raw, startNs, endNs } = parseTraceParams(request.params)
  const queries = tenantQueries(deps, request)
  // With one bound only there is no range to give: a hint is not worth inventing the other.
  const ranged = startNs !== undefined && endNs !== undefined
  const range = { startNs: String(startNs), endNs: String(endNs) }
  const first = await queries.traceById(ranged ? { traceId, range } : { traceId })
  // The times may be wrong, and must not hide a trace that is there.
  const missed = first.trace === null && ranged
  const { trace } = missed ? await queries.traceById({ traceId }) : first
  if (trace === null) throw fail('NOT_FOUND', 'trace not found')
  return jsonReply(envelope(`[${renderTraces(trace, raw, deps)}]`), queries)
}

/** `/api/archive/{id}`: there is no other store to which a trace could be moved. */
export async function archiveTrace(_deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  parseJaegerTraceId(request.subject)
  parseTraceParams(request.params)
  const failure = fail('INTERNAL', 'archive span storage was not configured')
  return envelopeFailure(failure, request.signal)
}

/** `/api/transform`: OTLP/JSON to the classic model, so that the UI can show a file. */
export async function transformTraces(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const body = await request.body(deps.settings.transformBytesMax)
  const traces = tracesToJaeger(otlpJsonToProtobuf(body)).map(jaegerTraceJson)
  return jsonReply(envelope(`[${traces.join(',')}]`), { partial: () => undefined })
}

/** One stored trace as JSON; by rights there is one id in it, but all are shown. */
function renderTraces(trace: Uint8Array, raw: boolean, deps: JaegerDeps): string {
  return tracesToJaeger(trace)
    .map(model => {
      if (!raw) adjustTrace(model, deps.settings.clockSkewMaxMs)
      return jaegerTraceJson(model)
    })
    .join(',')
}

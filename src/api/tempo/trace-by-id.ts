import { parseTraceId } from '../../model/ids.ts'
import { tracesToTempoJsonBytes } from '../../wire/otlp-json-encode.ts'
import { encodeTraceByIdResponse } from '../../wire/tempo-proto.ts'
import { acrossTenants } from './across-tenants.ts'
import { parseTraceParams } from './params.ts'
import { renderTraceById } from './render.ts'
import { encodedReply, type Reply, type TempoDeps, type TempoRequest } from './request.ts'

/**
 * `/api/traces/{id}`: the bare trace, 404 without a body when it is not known. A partial answer is
 * told by a header only; the body has no place for it.
 */
export async function traceByIdV1(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const { trace, partial } = await findTrace(deps, request)
  if (trace === null) return partial === undefined ? { status: 404 } : { status: 404, partial }
  return encodedReply(
    request,
    () => tracesToTempoJsonBytes(trace, 'batches'),
    () => trace,
    partial,
  )
}

/** `/api/v2/traces/{id}`: always 200; an unknown trace is an empty one. */
export async function traceByIdV2(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const { trace, stats, partial } = await findTrace(deps, request)
  const inspectedBytes = trace === null ? 0 : stats.inspectedBytes
  const json = (): Buffer => {
    const body = trace === null ? undefined : tracesToTempoJsonBytes(trace, 'resourceSpans')
    return renderTraceById(body, inspectedBytes, partial)
  }
  const response = {
    trace,
    metrics: { inspectedBytes },
    ...(partial === undefined ? {} : { partial }),
  }
  return encodedReply(request, json, () => encodeTraceByIdResponse(response), partial)
}

function findTrace(deps: TempoDeps, request: TempoRequest) {
  const traceId = parseTraceId(request.subject)
  const params = parseTraceParams(request.params)
  const queries = acrossTenants(deps.queries, request.tenants, request.signal)
  return queries.traceById({ traceId, ...params })
}

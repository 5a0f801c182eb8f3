import { asFailure } from '../../base/errors.ts'
import { jsonType, type Reply } from '../tempo/request.ts'
import type { TenantQueries } from './tenant-queries.ts'

/** The frame around every answer of the classic API. */

export interface EnvelopeError {
  readonly code?: number
  readonly msg: string
  readonly traceID?: string
}

/**
 * `data` is finished JSON. `total` counts lists of names only: Jaeger sends 0 with traces, and
 * `limit` and `offset` are always 0.
 */
export function envelope(data: string, total = 0, errors: readonly EnvelopeError[] = []): string {
  const errorsJson = errors.length === 0 ? 'null' : JSON.stringify(errors)
  return `{"data":${data},"total":${total},"limit":0,"offset":0,"errors":${errorsJson}}`
}

export function jsonReply(body: string, queries: Pick<TenantQueries, 'partial'>): Reply {
  const partial = queries.partial()
  const reply = { status: 200, contentType: jsonType, body }
  return partial === undefined ? reply : { ...reply, partial }
}

/** The answer's parts are finished JSON; only people ask for the wide form. */
export function prettyPrinted(reply: Reply): Reply {
  if (typeof reply.body !== 'string') return reply
  return { ...reply, body: JSON.stringify(JSON.parse(reply.body), null, 4) }
}

export function envelopeFailure(error: unknown, signal: AbortSignal): Reply {
  const { status, message } = shownFailure(error, signal)
  const body = envelope('null', 0, [{ code: status, msg: message }])
  return { status, contentType: jsonType, body }
}

/** The form of the v3 API. */
export function v3Failure(error: unknown, signal: AbortSignal): Reply {
  const { status, message } = shownFailure(error, signal)
  const body = JSON.stringify({ error: { httpCode: status, message } })
  return { status, contentType: jsonType, body }
}

function shownFailure(error: unknown, signal: AbortSignal): { status: number; message: string } {
  if (signal.aborted) return { status: 499, message: 'request canceled by the client' }
  const failure = asFailure(error)
  return { status: failure.kind.http, message: failure.message }
}

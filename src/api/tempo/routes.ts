import { type Context, Hono } from 'hono'
import { queryInstant, queryRange } from './metrics.ts'
import { failureReply, textReply, toResponse } from './reply.ts'
import type { Reply, TempoDeps, TempoRequest } from './request.ts'
import { search } from './search.ts'
import { tagNamesV1, tagNamesV2 } from './tag-names.ts'
import { tagValuesV1, tagValuesV2 } from './tag-values.ts'
import { traceByIdV1, traceByIdV2 } from './trace-by-id.ts'

type Endpoint = (deps: TempoDeps, request: TempoRequest) => Promise<Reply>

/**
 * Tempo's query API. Every method is answered like GET, and bodies are ignored: all parameters are
 * in the URL. `{tag}` may hold slashes and may be percent-encoded twice.
 */
export function tempoRoutes(deps: TempoDeps): Hono {
  const app = new Hono()
  const serve = (path: string, before: string, after: string, endpoint: Endpoint): void => {
    app.all(path, context => {
      return answer(deps, context, subjectOf(context.req.url, before, after), endpoint)
    })
  }
  serve('/api/traces/:id', '/api/traces/', '', traceByIdV1)
  serve('/api/v2/traces/:id', '/api/v2/traces/', '', traceByIdV2)
  serve('/api/search', '/api/search', '', search)
  serve('/api/search/tags', '/api/search/tags', '', tagNamesV1)
  serve('/api/v2/search/tags', '/api/v2/search/tags', '', tagNamesV2)
  serve('/api/search/tag/:tag{.*}/values', '/search/tag/', '/values', tagValuesV1)
  serve('/api/v2/search/tag/:tag{.*}/values', '/search/tag/', '/values', tagValuesV2)
  const range: Endpoint = ({ metrics }, request) => queryRange(metrics, request)
  const instant: Endpoint = ({ metrics }, request) => queryInstant(metrics, request)
  serve('/api/metrics/query_range', '/api/metrics/query_range', '', range)
  serve('/api/metrics/query', '/api/metrics/query', '', instant)
  app.all('/api/echo', () => toResponse(textReply(200, 'echo\n'), ''))
  return app
}

async function answer(
  deps: TempoDeps,
  context: Context,
  subject: string,
  endpoint: Endpoint,
): Promise<Response> {
  const { req } = context
  const { signal } = req.raw
  let reply: Reply
  try {
    const tenants = deps.resolveTenant(req.header('X-Scope-OrgID'))
    const params = new URL(req.url).searchParams
    const format = acceptedFormat(req.header('Accept') ?? '')
    reply = await endpoint(deps, { tenants, params, subject, format, signal })
    if (reply.partial !== undefined) {
      deps.log.warn({ tenants, path: req.path, reason: reply.partial }, 'partial answer')
    }
  } catch (error) {
    reply = failureReply(error, signal)
    if (reply.status === 500) deps.log.warn({ path: req.path, error }, 'query failed')
  }
  const response = await toResponse(reply, req.header('Accept-Encoding') ?? '')
  // Only where a missing tenant is refused, Tempo's answers go through a path that sets this.
  if (reply.status === 401) response.headers.set('X-Content-Type-Options', 'nosniff')
  return response
}

/** By substring, as Tempo does; what is neither is answered in JSON. */
function acceptedFormat(accept: string): 'json' | 'protobuf' {
  return accept.includes('application/protobuf') ? 'protobuf' : 'json'
}

/**
 * The part of the path between `before` and `after`, from the URL as it was sent: the router's own
 * variable has lost the difference between a slash and an encoded slash.
 */
function subjectOf(url: string, before: string, after: string): string {
  const path = new URL(url).pathname
  const start = path.indexOf(before) + before.length
  return decodeOnce(decodeOnce(path.slice(start, path.length - after.length)))
}

/** Text that is not percent-encoded is taken as it is. */
function decodeOnce(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

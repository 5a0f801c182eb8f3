import { type Context, Hono } from 'hono'
import { routePath } from 'hono/route'
import { fail } from '../../base/errors.ts'
import { toResponse } from '../tempo/reply.ts'
import type { Reply } from '../tempo/request.ts'
import { envelopeFailure, prettyPrinted, v3Failure } from './envelope.ts'
import { wantsPretty } from './params.ts'
import { readBody } from './read-body.ts'
import type { Endpoint, JaegerDeps } from './request.ts'
import { matchRoute } from './route-table.ts'

const everyApiPath = '/api/*'

/**
 * Jaeger's query API, classic and v3: everything below `/api/`, where all answers are JSON, those
 * about unknown paths and wrong methods too. Mount it under the base path, beside the pages.
 */
export function jaegerRoutes(deps: JaegerDeps): Hono {
  const app = new Hono()
  app.all(everyApiPath, context => answer(deps, context))
  return app
}

async function answer(deps: JaegerDeps, context: Context): Promise<Response> {
  const { req } = context
  const { signal } = req.raw
  const { pathname, searchParams } = new URL(req.url)
  const basePath = routePath(context).slice(0, -everyApiPath.length)
  const path = pathname.slice(basePath.length)
  const isV3 = path.startsWith('/api/v3/')
  let reply: Reply
  try {
    const { endpoint, subject } = endpointOf(path, req.method)
    const tenants = deps.resolveTenant(req.header('X-Scope-OrgID'))
    const body = (bytesMax: number) => readBody(req.raw, bytesMax)
    reply = await endpoint(deps, { tenants, params: searchParams, subject, body, signal })
    if (reply.partial !== undefined) {
      deps.log.warn({ tenants, path, reason: reply.partial }, 'partial answer')
    }
  } catch (error) {
    reply = isV3 ? v3Failure(error, signal) : envelopeFailure(error, signal)
    if (reply.status === 500) deps.log.warn({ path, error }, 'query failed')
  }
  if (!isV3 && wantsPretty(searchParams)) reply = prettyPrinted(reply)
  return toResponse(reply, req.header('Accept-Encoding') ?? '')
}

/** Fails with NOT_FOUND or METHOD_NOT_ALLOWED. HEAD is answered like GET, without the body. */
function endpointOf(path: string, method: string): { endpoint: Endpoint; subject: string } {
  const match = matchRoute(path)
  if (match === undefined) throw fail('NOT_FOUND', 'no such endpoint')
  const { methods } = match.route
  const endpoint =
    method === 'POST' ? methods.POST : ['GET', 'HEAD'].includes(method) ? methods.GET : undefined
  if (endpoint === undefined) {
    const allowed = Object.keys(methods).join(', ')
    throw fail('METHOD_NOT_ALLOWED', `method ${method} is not allowed here, only ${allowed}`)
  }
  return { endpoint, subject: match.subject }
}

import type { Reply } from '../tempo/request.ts'
import { countDependencies } from './dependencies.ts'
import { jsonReply } from './envelope.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'
import { listRange, ofKind, sentOperations, serviceNames, sortedOnce } from './services.ts'
import { tenantQueries } from './tenant-queries.ts'
import { parseV3DependencyTimes, v3Text } from './v3-params.ts'

/** Services, operations and dependencies in the v3 API. */

/** `/api/v3/services`. */
export async function v3Services(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const queries = tenantQueries(deps, request)
  const services = await serviceNames(queries, listRange(deps))
  return jsonReply(JSON.stringify({ services }), queries)
}

/** `/api/v3/operations`: a span without a kind counts as internal. */
export async function v3Operations(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const queries = tenantQueries(deps, request)
  const service = v3Text(request.params, 'service')
  const sent = service === '' ? [] : await sentOperations(queries, service, listRange(deps))
  const shown = sortedOnce(
    sent.map(({ name, spanKind }) => ({ name, spanKind: spanKind || 'internal' })),
  )
  const operations = ofKind(shown, v3Text(request.params, 'spanKind', 'span_kind'))
  return jsonReply(JSON.stringify({ operations }), queries)
}

/** `/api/v3/dependencies`; 64-bit counts are text, as everywhere in this API. */
export async function v3Dependencies(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const queries = tenantQueries(deps, request)
  const params = { ...parseV3DependencyTimes(request.params), service: '' }
  const found = await countDependencies(queries, params, deps.settings.dependencyTracesMax)
  const dependencies = found.map(each => ({ ...each, callCount: String(each.callCount) }))
  return jsonReply(JSON.stringify({ dependencies }), queries)
}

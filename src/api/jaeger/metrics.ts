import { fail } from '../../base/errors.ts'
import { spanKindWords } from '../../wire/jaeger-model.ts'
import type { Reply } from '../tempo/request.ts'
import { parseBool, parseFloat64, parseMilliseconds } from './param-values.ts'
import { param } from './params.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'

/**
 * Service performance. There is no source of such metrics yet, which clients are told with 501
 * once their parameters are in order.
 */

export async function latencies(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const { params } = request
  if ((params.get('quantile') ?? '') === '') throw missing('quantile')
  param(params, 'quantile', parseFloat64)
  return callsOrErrors(deps, request)
}

export async function callsOrErrors(_deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  checkParams(request.params)
  throw disabled()
}

export async function minimumStep(): Promise<Reply> {
  throw disabled()
}

function disabled(): Error {
  return fail('UNIMPLEMENTED', 'metrics querying is currently disabled')
}

function missing(name: string): Error {
  return fail('BAD_REQUEST', `unable to parse param '${name}': please provide at least one value`)
}

function checkParams(params: URLSearchParams): void {
  if (params.getAll('service').every(service => service === '')) throw missing('service')
  param(params, 'groupByOperation', parseBool)
  for (const kind of params.getAll('spanKind')) {
    if (kind === 'unspecified' || spanKindWords.some(word => word === kind && word !== '')) continue
    throw fail('BAD_REQUEST', `unable to parse param 'spanKind': unsupported span kind: '${kind}'`)
  }
  for (const name of ['endTs', 'lookback', 'step', 'ratePer']) {
    param(params, name, parseMilliseconds)
  }
}

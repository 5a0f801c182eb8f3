import { fail } from '../../base/errors.ts'
import {
  optional,
  parseBool,
  parseDurationNs,
  parseInt32,
  parseRfc3339Ns,
  parseTextMap,
} from './param-values.ts'
import { boundedLimit } from './params.ts'
import type { JaegerSettings } from './request.ts'
import type { TraceSearch } from './trace-search.ts'

/** Parameters of the v3 API: camelCase, older clients send snake_case. All BAD_REQUEST. */

/** The first of `names` that has a value; the last one is named when none has. */
export function v3Param<T>(
  params: URLSearchParams,
  names: readonly string[],
  parse: (text: string, prefix: string) => T,
): T | undefined {
  const name = names.find(each => (params.get(each) ?? '') !== '')
  if (name === undefined) return undefined
  return optional(params.get(name), `malformed parameter ${name}`, parse)
}

export function v3Text(params: URLSearchParams, ...names: string[]): string {
  return v3Param(params, names, text => text) ?? ''
}

/** `query.…` of the two searches. */
export function parseV3Search(
  params: URLSearchParams,
  settings: Pick<JaegerSettings, 'defaultLimit' | 'limitMax'>,
): TraceSearch {
  if ((params.get('query.filter') ?? '') !== '') {
    throw fail('BAD_REQUEST', 'malformed parameter query.filter: filters are not supported')
  }
  const tags = v3Param(params, ['query.attributes'], parseTextMap)
  const { startNs, endNs } = parseSearchTimes(params)
  const limit = v3Param(
    params,
    ['query.searchDepth', 'query.search_depth', 'query.num_traces'],
    parseInt32,
  )
  const duration = (...names: string[]) => v3Param(params, names, parseDurationNs) ?? 0n
  return {
    service: v3Text(params, 'query.serviceName', 'query.service_name'),
    operation: v3Text(params, 'query.operationName', 'query.operation_name'),
    tags: tags ?? new Map(),
    startNs,
    endNs,
    durationMinNs: duration('query.durationMin', 'query.duration_min'),
    durationMaxNs: duration('query.durationMax', 'query.duration_max'),
    limit: boundedLimit(limit, settings),
    raw: v3Param(params, ['query.rawTraces', 'query.raw_traces'], parseBool) ?? false,
  }
}

function parseSearchTimes(params: URLSearchParams): { startNs: bigint; endNs: bigint } {
  const startNs = v3Param(params, ['query.startTimeMin', 'query.start_time_min'], parseRfc3339Ns)
  const endNs = v3Param(params, ['query.startTimeMax', 'query.start_time_max'], parseRfc3339Ns)
  if (startNs === undefined || endNs === undefined) {
    throw fail('BAD_REQUEST', 'query.startTimeMin and query.startTimeMax are required')
  }
  if (startNs >= endNs) {
    throw fail('BAD_REQUEST', 'query.startTimeMin must be before query.startTimeMax')
  }
  return { startNs, endNs }
}

export interface V3TraceParams {
  readonly startNs: bigint | undefined
  readonly endNs: bigint | undefined
  readonly raw: boolean
}

/** `/api/v3/traces/{id}`; the times are hints. */
export function parseV3Trace(params: URLSearchParams): V3TraceParams {
  return {
    startNs: v3Param(params, ['startTime', 'start_time'], parseRfc3339Ns),
    endNs: v3Param(params, ['endTime', 'end_time'], parseRfc3339Ns),
    raw: v3Param(params, ['rawTraces', 'raw_traces'], parseBool) ?? false,
  }
}

/** `/api/v3/dependencies`. */
export function parseV3DependencyTimes(params: URLSearchParams): {
  startMs: bigint
  endMs: bigint
} {
  const startNs = v3Param(params, ['startTime', 'start_time'], parseRfc3339Ns)
  const endNs = v3Param(params, ['endTime', 'end_time'], parseRfc3339Ns)
  if (startNs === undefined || endNs === undefined) {
    throw fail('BAD_REQUEST', 'startTime and endTime are required')
  }
  return { startMs: startNs / 1_000_000n, endMs: endNs / 1_000_000n }
}

/**
 * The body of a search sent by POST, `{"query":{…}}`, as the parameters that it stands for. What
 * is neither text, number nor boolean is passed on as JSON, as `attributes` is in a URL.
 */
export function paramsOfBody(body: Uint8Array): URLSearchParams {
  const params = new URLSearchParams()
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch (error) {
    const what = error instanceof Error ? error.message : 'not JSON'
    throw fail('BAD_REQUEST', `malformed body: ${what}`)
  }
  const query = (parsed as { query?: unknown } | null)?.query
  if (typeof query !== 'object' || query === null) {
    throw fail('BAD_REQUEST', 'malformed body: expecting an object "query"')
  }
  for (const [name, value] of Object.entries(query)) {
    if (value === null) continue
    params.set(`query.${name}`, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  return params
}

import { fail } from '../../base/errors.ts'
import {
  optional,
  parseBool,
  parseDurationNs,
  parseInt32,
  parseMicroseconds,
  parseMilliseconds,
  parseTextMap,
} from './param-values.ts'
import type { JaegerSettings } from './request.ts'
import { parseJaegerTraceId } from './trace-id.ts'
import type { TraceSearch } from './trace-search.ts'

/** Parameters of the classic API. All failures are BAD_REQUEST. */

const nsPerMs = 1_000_000n
const searchLookbackMs = 48 * 3_600_000

export type FindParams =
  | { readonly kind: 'search'; readonly search: TraceSearch }
  /** Other conditions are ignored; each id once, 32 hex digits. */
  | { readonly kind: 'ids'; readonly traceIds: readonly string[]; readonly raw: boolean }

/** `/api/traces`. */
export function parseFindParams(
  params: URLSearchParams,
  settings: Pick<JaegerSettings, 'defaultLimit' | 'limitMax'>,
  nowMs: number,
): FindParams {
  const { startNs, endNs } = parseTimes(params)
  const tags = parseTags(params.getAll('tag'), params.getAll('tags'))
  const limit = optional(params.get('limit'), 'limit', parseInt32)
  const durationMinNs = param(params, 'minDuration', parseDurationNs) ?? 0n
  const durationMaxNs = param(params, 'maxDuration', parseDurationNs) ?? 0n
  const prefix = 'cannot parse traceID param: '
  const traceIds = params.getAll('traceID').map(id => parseJaegerTraceId(id, prefix))
  const raw = param(params, 'raw', parseBool) ?? false
  if (traceIds.length > 0) return { kind: 'ids', traceIds: [...new Set(traceIds)], raw }
  const service = params.get('service') ?? ''
  if (service === '') throw fail('BAD_REQUEST', "parameter 'service' is required")
  if (durationMinNs !== 0n && durationMaxNs !== 0n && durationMaxNs < durationMinNs) {
    throw fail('BAD_REQUEST', "'maxDuration' should be greater than 'minDuration'")
  }
  const search: TraceSearch = {
    service,
    operation: params.get('operation') ?? '',
    tags,
    startNs: startNs ?? BigInt(nowMs - searchLookbackMs) * nsPerMs,
    endNs: endNs ?? BigInt(nowMs) * nsPerMs,
    durationMinNs,
    durationMaxNs,
    limit: boundedLimit(limit, settings),
    raw,
  }
  return { kind: 'search', search }
}

/** Jaeger takes 0 and less for no limit at all, which no store can afford. */
export function boundedLimit(
  limit: number | undefined,
  settings: Pick<JaegerSettings, 'defaultLimit' | 'limitMax'>,
): number {
  const wanted = limit === undefined || limit < 1 ? settings.defaultLimit : limit
  return Math.min(wanted, settings.limitMax)
}

export interface TraceParams {
  readonly startNs?: bigint
  readonly endNs?: bigint
  readonly raw: boolean
}

/** `/api/traces/{id}` and archiving it. The times are hints. */
export function parseTraceParams(params: URLSearchParams): TraceParams {
  return { ...parseTimes(params), raw: param(params, 'raw', parseBool) ?? false }
}

export interface DependencyParams {
  readonly startMs: bigint
  readonly endMs: bigint
  /** Empty = all. */
  readonly service: string
}

/** `/api/dependencies`. */
export function parseDependencyParams(params: URLSearchParams, nowMs: number): DependencyParams {
  const endMs = param(params, 'endTs', parseMilliseconds) ?? BigInt(nowMs)
  const lookbackMs = param(params, 'lookback', parseMilliseconds) ?? 24n * 3_600_000n
  return { startMs: endMs - lookbackMs, endMs, service: params.get('service') ?? '' }
}

/** Any non-empty value but `false`. */
export function wantsPretty(params: URLSearchParams): boolean {
  const value = params.get('prettyPrint') ?? ''
  return value !== '' && value !== 'false'
}

export function param<T>(
  params: URLSearchParams,
  name: string,
  parse: (text: string, prefix: string) => T,
): T | undefined {
  return optional(params.get(name), `unable to parse param '${name}'`, parse)
}

function parseTimes(params: URLSearchParams): { startNs?: bigint; endNs?: bigint } {
  const startNs = param(params, 'start', parseMicroseconds)
  const endNs = param(params, 'end', parseMicroseconds)
  return {
    ...(startNs === undefined ? {} : { startNs }),
    ...(endNs === undefined ? {} : { endNs }),
  }
}

/** `tags` win over `tag`, later ones over earlier ones. */
function parseTags(pairs: readonly string[], objects: readonly string[]): Map<string, string> {
  const tags = new Map<string, string>()
  for (const pair of pairs) {
    const colon = pair.indexOf(':')
    if (colon < 0) {
      const what = `malformed 'tag' parameter, expecting key:value, received: ${pair}`
      throw fail('BAD_REQUEST', what)
    }
    tags.set(pair.slice(0, colon), pair.slice(colon + 1))
  }
  for (const object of objects) {
    const prefix = "malformed 'tags' parameter, cannot unmarshal JSON"
    for (const [key, value] of parseTextMap(object, prefix)) tags.set(key, value)
  }
  return tags
}

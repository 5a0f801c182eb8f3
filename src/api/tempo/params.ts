import { fail } from '../../base/errors.ts'
import type { TimeRange } from '../../contract/queries.ts'
import { durationText } from '../../search/duration-text.ts'
import { parseGoDuration } from './go-duration.ts'
import { parseInt64, parseUint } from './go-numbers.ts'
import type { TempoSettings } from './request.ts'
import { parseTimestampNs } from './timestamps.ts'

/**
 * Query parameters of the Tempo API. An empty parameter is as good as none and unknown ones are
 * ignored. Every failure is a BAD_REQUEST whose text is what Grafana's users know from Tempo.
 */

const nsPerSecond = 1_000_000_000n
const nsPerMs = 1_000_000n
/** The end of time: more than any 64-bit signed clock can say. */
const timeMaxNs = (1n << 63n) - 1n

function param(params: URLSearchParams, name: string): string | undefined {
  return params.get(name) || undefined
}

export interface TraceParams {
  readonly range?: TimeRange
}

const traceModes = new Set(['ingesters', 'blocks', 'all', 'external'])

/** `start`, `end`, `mode`, `blockStart` and `blockEnd` of trace by ID. */
export function parseTraceParams(params: URLSearchParams): TraceParams {
  const mode = param(params, 'mode')
  if (mode !== undefined && !traceModes.has(mode)) {
    throw fail('BAD_REQUEST', `invalid value for mode ${mode}`)
  }
  checkUuid(param(params, 'blockStart'), 'blockstart')
  checkUuid(param(params, 'blockEnd'), 'blockend')
  const startText = param(params, 'start')
  const endText = param(params, 'end')
  if (startText === undefined && endText === undefined) return {}
  const start = startText === undefined ? 0n : parseInt64(startText, 'invalid start')
  const end = endText === undefined ? timeMaxNs : parseInt64(endText, 'invalid end')
  if (startText !== undefined && endText !== undefined && start >= end) {
    throw startNotBeforeEnd(start, end)
  }
  return { range: { startNs: secondsToNs(start), endNs: secondsToNs(end) } }
}

function startNotBeforeEnd(start: bigint, end: bigint): Error {
  const received = `received start=${start} end=${end}`
  return fail('BAD_REQUEST', `http parameter start must be before end. ${received}`)
}

function secondsToNs(seconds: bigint): string {
  const ns = seconds * nsPerSecond
  if (ns < 0n) return '0'
  return String(ns > timeMaxNs ? timeMaxNs : ns)
}

/** The parameters address blocks of Tempo's own storage: they are checked and have no effect. */
function checkUuid(text: string | undefined, name: string): void {
  if (text === undefined) return
  const bare = text.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/s, '$1')
  if (bare.length !== 36 && bare.length !== 32) {
    throw fail('BAD_REQUEST', `invalid value for ${name}: invalid UUID length: ${text.length}`)
  }
  const digits =
    bare.length === 36 ? bare.replace(/^(.{8})-(.{4})-(.{4})-(.{4})-/, '$1$2$3$4') : bare
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) {
    throw fail('BAD_REQUEST', `invalid value for ${name}: invalid UUID format`)
  }
}

export interface SearchParams {
  /** TraceQL; absent in a legacy search. */
  readonly query?: string
  /** logfmt, for a legacy search; may be empty. */
  readonly tags: string
  readonly traceDurationMinNs?: string
  readonly traceDurationMaxNs?: string
  readonly limit: number
  readonly spansPerSpanSet: number
  readonly range?: TimeRange
}

export function parseSearchParams(
  params: URLSearchParams,
  settings: TempoSettings,
  searchDurationMaxMs: number,
): SearchParams {
  const range = parseSearchRange(params, searchDurationMaxMs)
  const query = param(params, 'q')
  const tags = param(params, 'tags') ?? ''
  if (query !== undefined && tags !== '') {
    throw fail('BAD_REQUEST', "invalid request: can't specify tags and q in the same query")
  }
  if (query !== undefined && Buffer.byteLength(query) > settings.queryBytesMax) {
    throw fail('BAD_REQUEST', `TraceQL query is longer than ${settings.queryBytesMax} bytes`)
  }
  return {
    ...(query === undefined ? parseTraceDuration(params) : { query }),
    tags,
    limit: parseSearchLimit(params, settings),
    spansPerSpanSet: parseSpansPerSpanSet(params, settings),
    ...(range === undefined ? {} : { range }),
  }
}

/** Only in a legacy search: with `q` the bounds are ignored, as they belong into the query. */
function parseTraceDuration(
  params: URLSearchParams,
): Pick<SearchParams, 'traceDurationMinNs' | 'traceDurationMaxNs'> {
  const min = parseDuration(params, 'minDuration')
  const max = parseDuration(params, 'maxDuration')
  if (min !== undefined && max !== undefined && max <= min) {
    throw fail('BAD_REQUEST', 'invalid maxDuration: must be greater than minDuration')
  }
  return {
    ...(min === undefined ? {} : { traceDurationMinNs: String(min) }),
    ...(max === undefined ? {} : { traceDurationMaxNs: String(max) }),
  }
}

function parseDuration(params: URLSearchParams, name: string): bigint | undefined {
  const text = param(params, name)
  if (text === undefined) return undefined
  const duration = parseGoDuration(text, `invalid ${name}`)
  if (duration < 0n) throw fail('BAD_REQUEST', `invalid ${name}: must not be negative`)
  return duration === 0n ? undefined : duration
}

function parseSearchLimit(params: URLSearchParams, settings: TempoSettings): number {
  const text = param(params, 'limit')
  if (text === undefined) return settings.defaultResultLimit
  const limit = Number(parseUint(text, 32, 'invalid limit'))
  if (limit === 0) throw fail('BAD_REQUEST', 'invalid limit: must be a positive number')
  if (settings.maxResultLimit !== 0 && limit > settings.maxResultLimit) {
    throw fail('BAD_REQUEST', `limit ${limit} exceeds max limit ${settings.maxResultLimit}`)
  }
  return limit
}

/** 0 asks for the default, whatever the maximum is. */
function parseSpansPerSpanSet(params: URLSearchParams, settings: TempoSettings): number {
  const text = param(params, 'spss')
  const asked = text === undefined ? 0 : Number(parseUint(text, 32, 'invalid spss'))
  const max = settings.maxSpansPerSpanSet
  if (max !== 0 && asked > max) {
    throw fail('BAD_REQUEST', `spans per span set exceeds ${max}. received ${asked}`)
  }
  return asked === 0 ? settings.defaultSpansPerSpanSet : asked
}

/** Whole seconds, both or neither; 0 counts as absent. */
function parseSearchRange(
  params: URLSearchParams,
  searchDurationMaxMs: number,
): TimeRange | undefined {
  const start = parseUint(param(params, 'start') ?? '0', 32, 'invalid start')
  const end = parseUint(param(params, 'end') ?? '0', 32, 'invalid end')
  if (start === 0n && end === 0n) return undefined
  if (start === 0n) throw onlyOneBound()
  if (start >= end) throw startNotBeforeEnd(start, end)
  checkRange(start, end, searchDurationMaxMs)
  return { startNs: String(start * nsPerSecond), endNs: String(end * nsPerSecond) }
}

function onlyOneBound(): Error {
  const what = 'only one of start and end provided: must provide both or neither'
  return fail('BAD_REQUEST', `error parsing date range: ${what}`)
}

/** Seconds. `searchDurationMaxMs` 0 = no limit. */
function checkRange(start: bigint, end: bigint, searchDurationMaxMs: number): void {
  if (searchDurationMaxMs === 0) return
  const maxNs = BigInt(searchDurationMaxMs) * nsPerMs
  if ((end - start) * nsPerSecond > maxNs) throw rangeTooLong(start, end, maxNs)
}

function rangeTooLong(start: bigint, end: bigint, maxNs: bigint): Error {
  const received = `received start=${start} end=${end}`
  const max = durationText(maxNs)
  return fail('BAD_REQUEST', `range specified by start and end exceeds ${max}. ${received}`)
}

/** `start` and `end` of tag names and values: any timestamp form, both or neither. */
function parseTagRange(
  params: URLSearchParams,
  searchDurationMaxMs: number,
): { range?: TimeRange } {
  const startText = param(params, 'start')
  const endText = param(params, 'end')
  if (startText === undefined && endText === undefined) return {}
  if (startText === undefined || endText === undefined) throw onlyOneBound()
  const prefix = 'error parsing date range: could not parse'
  const startNs = parseTimestampNs(startText, `${prefix} 'start' parameter`)
  const endNs = parseTimestampNs(endText, `${prefix} 'end' parameter`)
  const start = startNs / nsPerSecond
  const end = endNs / nsPerSecond
  if (start > end) {
    // Tempo subtracts without a sign here, so that a reversed range is an endless one.
    if (searchDurationMaxMs === 0) throw startNotBeforeEnd(start, end)
    throw rangeTooLong(start, end, BigInt(searchDurationMaxMs) * nsPerMs)
  }
  checkRange(start, end, searchDurationMaxMs)
  return { range: { startNs: nonNegative(startNs), endNs: nonNegative(endNs) } }
}

function nonNegative(ns: bigint): string {
  return ns < 0n ? '0' : String(ns)
}

export type TagNamesScope =
  | 'none'
  | 'span'
  | 'resource'
  | 'event'
  | 'link'
  | 'instrumentation'
  | 'intrinsic'
  | 'trace'

const tagNamesScopes: ReadonlySet<string> = new Set<TagNamesScope>([
  'none',
  'span',
  'resource',
  'event',
  'link',
  'instrumentation',
  'intrinsic',
  'trace',
])

export interface TagNamesParams {
  readonly scope: TagNamesScope
  readonly range?: TimeRange
  /** Names per scope; 0 = all. */
  readonly limit: number
  readonly query?: string
}

export function parseTagNamesParams(
  params: URLSearchParams,
  searchDurationMaxMs: number,
): TagNamesParams {
  const scope = param(params, 'scope') ?? 'none'
  if (!tagNamesScopes.has(scope)) throw fail('BAD_REQUEST', `invalid scope: ${scope}`)
  // A limit that cannot be read is no limit here, unlike everywhere else.
  const limitText = param(params, 'limit') ?? '0'
  const limit = /^\d{1,9}$/.test(limitText) ? Number(limitText) : 0
  return {
    scope: scope as TagNamesScope,
    limit,
    ...parseTagRange(params, searchDurationMaxMs),
    ...parseFilter(params),
  }
}

export interface TagValuesParams {
  readonly range?: TimeRange
  /** 0 = all. */
  readonly limit: number
  readonly query?: string
}

export function parseTagValuesParams(
  params: URLSearchParams,
  searchDurationMaxMs: number,
): TagValuesParams {
  const limit = parseUint(param(params, 'limit') ?? '0', 32, 'invalid limit')
  parseUint(param(params, 'maxStaleValues') ?? '0', 32, 'invalid maxStaleValues')
  return {
    limit: Number(limit),
    ...parseTagRange(params, searchDurationMaxMs),
    ...parseFilter(params),
  }
}

function parseFilter(params: URLSearchParams): { query?: string } {
  const query = param(params, 'q')
  return query === undefined ? {} : { query }
}

import { type Failure, fail } from '../../base/errors.ts'
import { readNumber } from '../../traceql/lex-number.ts'
import { goQuote } from './go-numbers.ts'
import { parseTimestampNs } from './timestamps.ts'

/**
 * Query parameters of TraceQL metrics. An empty parameter is as good as none; those that Tempo's own
 * processes send each other (`mode`, `blockID`, `maxSeries` …) are ignored.
 */
export interface MetricsParams {
  /** TraceQL; may be empty. */
  readonly query: string
  readonly startNs: bigint
  readonly endNs: bigint
  /** Absent: one that suits the range. May be zero. */
  readonly stepNs?: bigint
  /** Absent: as many as there may be. */
  readonly exemplars?: number
}

const nsPerMs = 1_000_000n
const nsPerSecond = 1_000_000_000n
const int64Max = (1n << 63n) - 1n

const sinceDefaultNs = 3600n * nsPerSecond

/** Without `start` and `end` the last hour. Fails with BAD_REQUEST. */
export function parseMetricsParams(params: URLSearchParams, nowMs: number): MetricsParams {
  const text = (name: string): string | undefined => params.get(name) || undefined
  const startText = text('start')
  const endText = text('end')
  const stepText = text('step')
  const endNs = endText === undefined ? BigInt(Math.trunc(nowMs)) * nsPerMs : time('end', endText)
  const startNs =
    startText === undefined ? endNs - parseSince(text('since')) : time('start', startText)
  const exemplars = /^\d{1,9}$/.test(text('exemplars') ?? '') ? Number(text('exemplars')) : 0
  return {
    query: text('q') ?? text('query') ?? '',
    startNs,
    endNs,
    ...(stepText === undefined ? {} : { stepNs: parseStep(stepText) }),
    ...(exemplars === 0 ? {} : { exemplars }),
  }
}

function time(name: string, text: string): bigint {
  return parseTimestampNs(text, `could not parse '${name}' parameter`)
}

function parseSince(text: string | undefined): bigint {
  if (text === undefined) return sinceDefaultNs
  const sinceNs = parseDuration(text)
  if (sinceNs !== undefined) return sinceNs
  const what = `not a valid duration string: ${goQuote(text)}`
  throw fail('BAD_REQUEST', `could not parse 'since' parameter: ${what}`)
}

/** A duration, or seconds with a fraction. */
function parseStep(text: string): bigint {
  const isNegative = text.startsWith('-')
  const size = isNegative ? text.slice(1) : text
  const stepNs = parseDuration(size) ?? parseSeconds(size)
  if (stepNs === undefined) throw badStep(text, ' to a valid duration')
  if (isNegative) throw badStep(text, ': step must be positive')
  return stepNs
}

function badStep(text: string, reason: string): Failure {
  return fail('BAD_REQUEST', `cannot parse ${goQuote(text)}${reason}`)
}

/** In the notations that TraceQL has: `1d12h`, `1.5h`, `0s`. */
function parseDuration(text: string): bigint | undefined {
  if (!/^\.?\d/.test(text)) return undefined
  const token = readNumber(text, 0)
  return token.type === 'duration' && token.end === text.length ? BigInt(token.value) : undefined
}

function parseSeconds(text: string): bigint | undefined {
  if (!/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const ns = Number(text) * 1e9
  return ns > Number(int64Max) ? undefined : BigInt(Math.round(ns))
}

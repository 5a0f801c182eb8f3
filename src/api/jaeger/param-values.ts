import { asFailure, type Failure, fail } from '../../base/errors.ts'
import { parseGoDuration } from '../tempo/go-duration.ts'
import { goQuote, parseInt64 } from '../tempo/go-numbers.ts'
import { parseTimestampNs } from '../tempo/timestamps.ts'

/**
 * Values of single query parameters. An empty value counts as an absent one. Every parser fails
 * with BAD_REQUEST and a text that starts with `prefix`.
 */

export function optional<T>(
  text: string | null,
  prefix: string,
  parse: (text: string, prefix: string) => T,
): T | undefined {
  return text === null || text === '' ? undefined : parse(text, prefix)
}

const trueWords = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const falseWords = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

export function parseBool(text: string, prefix: string): boolean {
  if (trueWords.has(text)) return true
  if (falseWords.has(text)) return false
  const what = `strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`
  throw fail('BAD_REQUEST', `${prefix}: ${what}`)
}

export function parseFloat64(text: string, prefix: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  const what = `strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`
  throw fail('BAD_REQUEST', `${prefix}: ${what}`)
}

export function parseInt32(text: string, prefix: string): number {
  const value = parseInt64(text, prefix)
  if (BigInt.asIntN(32, value) === value) return Number(value)
  const what = `strconv.ParseInt: parsing ${goQuote(text)}: value out of range`
  throw fail('BAD_REQUEST', `${prefix}: ${what}`)
}

/** Whole microseconds since 1970 -> nanoseconds. */
export function parseMicroseconds(text: string, prefix: string): bigint {
  return parseInt64(text, prefix) * 1000n
}

/** Whole milliseconds. */
export function parseMilliseconds(text: string, prefix: string): bigint {
  return parseInt64(text, prefix)
}

export function parseDurationNs(text: string, prefix: string): bigint {
  return parseGoDuration(text, prefix)
}

/** RFC 3339 with up to nine digits of fraction -> nanoseconds since 1970. */
export function parseRfc3339Ns(text: string, prefix: string): bigint {
  const refused = (): Failure => {
    return fail('BAD_REQUEST', `${prefix}: ${goQuote(text)} is not a time of RFC 3339`)
  }
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) throw refused()
  try {
    return parseTimestampNs(text, prefix)
  } catch (error) {
    if (asFailure(error).code === 'BAD_REQUEST') throw refused()
    throw error
  }
}

/** A JSON object of texts, or null. */
export function parseTextMap(text: string, prefix: string): Map<string, string> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw fail('BAD_REQUEST', `${prefix}: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
  if (parsed === null) return new Map()
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw fail('BAD_REQUEST', `${prefix}: expecting an object of texts`)
  }
  const entries = Object.entries(parsed)
  for (const [key, value] of entries) {
    // As in Go, null leaves the empty text.
    if (typeof value !== 'string' && value !== null) {
      throw fail('BAD_REQUEST', `${prefix}: the value of ${goQuote(key)} is not a text`)
    }
  }
  return new Map(entries.map(([key, value]) => [key, value ?? '']))
}

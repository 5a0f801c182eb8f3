import { parseInt64 } from './go-numbers.ts'

/**
 * A point in time in a query parameter: up to ten characters of digits are seconds, more are
 * nanoseconds, with a point they are fractional seconds, and anything else is RFC 3339.
 */

const nsPerSecond = 1_000_000_000n

/** Nanoseconds since 1970. Fails with BAD_REQUEST and a text that starts with `prefix: `. */
export function parseTimestampNs(text: string, prefix: string): bigint {
  if (/^[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const seconds = Number(text)
    // Milliseconds are all that a double of today's size holds reliably.
    if (Number.isFinite(seconds)) return BigInt(Math.round(seconds * 1000)) * 1_000_000n
  }
  const fromDate = parseRfc3339Ns(text)
  if (fromDate !== undefined) return fromDate
  const number = parseInt64(text, prefix)
  return text.length <= 10 ? number * nsPerSecond : number
}

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/

function parseRfc3339Ns(text: string): bigint | undefined {
  const match = rfc3339.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match.map(Number)
  const date = new Date(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!))
  const sameDay = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day
  if (!sameDay || hour! > 23 || minute! > 59 || second! > 59) return undefined
  const [fraction = '', sign, offsetHours, offsetMinutes] = match.slice(7)
  const offsetMinute = sign === undefined ? 0 : Number(offsetHours) * 60 + Number(offsetMinutes)
  const offsetMs = (sign === '-' ? -1 : 1) * offsetMinute * 60_000
  return BigInt(date.getTime() - offsetMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

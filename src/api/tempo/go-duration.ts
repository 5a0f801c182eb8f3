import { type Failure, fail } from '../../base/errors.ts'
import { goQuote } from './go-numbers.ts'

/** Durations as Go writes them: `1h2m`, `1.5s`, `100ms`; nanoseconds inside, 64 bits signed. */

const unitNs = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y

/** Fails with BAD_REQUEST and Go's text after `prefix: `. */
export function parseGoDuration(text: string, prefix: string): bigint {
  const negative = text.startsWith('-')
  const body = /^[+-]/.test(text) ? text.slice(1) : text
  if (body === '0') return 0n
  const invalid = (what: string): Failure => fail('BAD_REQUEST', `${prefix}: time: ${what}`)
  if (body === '') throw invalid(`invalid duration ${goQuote(text)}`)
  let total = 0n
  for (let at = 0; at < body.length; at = part.lastIndex) {
    part.lastIndex = at
    const [, whole = '', fraction = '', unit = ''] = part.exec(body)!
    if (whole === '' && fraction === '') throw invalid(`invalid duration ${goQuote(text)}`)
    if (unit === '') throw invalid(`missing unit in duration ${goQuote(text)}`)
    const scale = unitNs.get(unit)
    if (scale === undefined) {
      throw invalid(`unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`)
    }
    // 19 digits hold every duration; more would only make the arithmetic slow.
    const wholeDigits = whole.replace(/^0+(?=\d)/, '')
    const fractionDigits = fraction.slice(0, 19)
    if (wholeDigits.length > 19) throw invalid(`invalid duration ${goQuote(text)}`)
    total += BigInt(wholeDigits || '0') * scale
    total += (BigInt(fractionDigits || '0') * scale) / 10n ** BigInt(fractionDigits.length)
    if (total >= 1n << 63n) throw invalid(`invalid duration ${goQuote(text)}`)
  }
  return negative ? -total : total
}

/** `168h0m0s`, `1.5s`, `12ms`, `0s`. */
export function formatGoDuration(durationNs: bigint): string {
  if (durationNs === 0n) return '0s'
  const sign = durationNs < 0n ? '-' : ''
  const ns = durationNs < 0n ? -durationNs : durationNs
  if (ns < 1_000n) return `${sign}${ns}ns`
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 1_000n)}µs`
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 1_000_000n)}ms`
  const minutes = ns / 60_000_000_000n
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function decimal(ns: bigint, scale: bigint): string {
  const rest = ns % scale
  if (rest === 0n) return String(ns / scale)
  const digits = String(rest).padStart(String(scale).length - 1, '0')
  return `${ns / scale}.${digits.replace(/0+$/, '')}`
}

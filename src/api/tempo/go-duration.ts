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

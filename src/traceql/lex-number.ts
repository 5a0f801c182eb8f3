import type { Token } from './token.ts'

const int64Max = 2n ** 63n - 1n

/** Of a name in a suggestion. */
const nameLengthMax = 100

/** The sign of an exponent belongs to the number, any other sign does not. */
const numberRun = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\p{L}\p{N}_.]*/uy
const integer = /^\d+$/
const float = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const durationPart = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/y

/** A microsecond has three spellings: `us`, and two characters that look like a mu. */
const unitNs: ReadonlyMap<string, bigint> = new Map([
  ['y', 365n * 86_400_000_000_000n],
  ['w', 7n * 86_400_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['ns', 1n],
  ...['us', '\u00b5s', '\u03bcs'].map(unit => [unit, 1000n] as const),
])

/** The number or duration at `start`, where a digit, or a dot and a digit, stands. */
export function readNumber(text: string, start: number): Token {
  numberRun.lastIndex = start
  const run = numberRun.exec(text)?.[0] ?? ''
  const place = { at: start, end: start + run.length }
  if (integer.test(run)) {
    const value = int64(run)
    if (value === undefined) return bad(start, `integer out of range: ${run}`)
    return { type: 'int', value: value.toString(), ...place }
  }
  if (float.test(run)) {
    const value = Number(run)
    if (!Number.isFinite(value)) return bad(start, `float out of range: ${run}`)
    return { type: 'float', value, ...place }
  }
  const value = parseDuration(run)
  if (value !== undefined) return { type: 'duration', value: value.toString(), ...place }
  const name = run.slice(1, nameLengthMax)
  const quoted = run.startsWith('.') ? `did you mean \`."${name}"\`?` : undefined
  return bad(start, `invalid number or duration: ${run}`, quoted)
}

function int64(digits: string): bigint | undefined {
  const significant = digits.replace(/^0+/, '')
  // 20 digits never fit, and turning thousands of them into a number takes quadratic time.
  if (significant.length > 19) return undefined
  const value = BigInt(significant === '' ? '0' : significant)
  return value > int64Max ? undefined : value
}

interface DurationPart {
  readonly digits: string
  readonly unit: string
}

/**
 * Two notations: whole numbers with units from years down to milliseconds, each at most once and
 * descending (`1d12h`); or any sequence of numbers, fractions too, with units up to hours (`1.5h`).
 */
function parseDuration(run: string): bigint | undefined {
  const parts: DurationPart[] = []
  for (let at = 0; at < run.length; ) {
    durationPart.lastIndex = at
    const match = durationPart.exec(run)
    if (match === null) return undefined
    parts.push({ digits: match[1]!, unit: match[2]! })
    at += match[0].length
  }
  if (!isCalendarNotation(parts) && parts.some(part => 'ywd'.includes(part.unit))) return undefined
  let totalNs = 0n
  for (const part of parts) {
    const ns = partNs(part)
    if (ns === undefined) return undefined
    totalNs += ns
    if (totalNs > int64Max) return undefined
  }
  return totalNs
}

function isCalendarNotation(parts: readonly DurationPart[]): boolean {
  const order = ['y', 'w', 'd', 'h', 'm', 's', 'ms']
  let last = -1
  for (const { digits, unit } of parts) {
    const rank = order.indexOf(unit)
    if (rank <= last || !integer.test(digits)) return false
    last = rank
  }
  return true
}

function partNs({ digits, unit }: DurationPart): bigint | undefined {
  const unitSize = unitNs.get(unit)!
  const [whole = '', fraction = ''] = digits.split('.')
  const units = int64(whole)
  if (units === undefined) return undefined
  // The largest unit with fractions has 3.6e12 ns: further digits cannot change the result.
  const kept = fraction.slice(0, 18)
  const rest = kept === '' ? 0n : (BigInt(kept) * unitSize) / 10n ** BigInt(kept.length)
  return units * unitSize + rest
}

function bad(at: number, message: string, suggestion?: string): Token {
  return { type: 'bad', message, at, end: at, ...(suggestion !== undefined && { suggestion }) }
}

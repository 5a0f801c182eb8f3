import type { StaticValue } from './ast.ts'

/** A literal as a query writes it, for example `1m30s`, `3.0`, `` `text` ``. */
export function printLiteral(literal: StaticValue): string {
  switch (literal.type) {
    case 'nil':
      return 'nil'
    case 'string':
      return printString(literal.value)
    case 'float':
      return printFloat(literal.value)
    case 'duration':
      return printDuration(literal.value)
    case 'int':
      // Without a sign this number does not fit, so it has a name.
      return literal.value === '-9223372036854775808' ? 'minInt' : literal.value
    default:
      return String(literal.value)
  }
}

/** With a decimal point or exponent, so that it stays a float. */
export function printFloat(value: number): string {
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

const needsEscapes = /[`\p{Cc}\ufeff]/u

/** Between back quotes where possible: regular expressions stay readable. */
function printString(value: string): string {
  if (!needsEscapes.test(value)) return `\`${value}\``
  const escaped = value.replaceAll(/["\\\p{Cc}]/gu, character => {
    if (character === '"' || character === '\\') return `\\${character}`
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

const secondNs = 1_000_000_000n
const smallUnits = [
  ['ms', 1_000_000n],
  ['µs', 1000n],
  ['ns', 1n],
] as const

/** Nanoseconds as decimal text -> `1h0m0s`, `1.5s`, `306.378554ms`, `0s`. */
export function printDuration(ns: string): string {
  const value = BigInt(ns)
  if (value === 0n) return '0s'
  const sign = value < 0n ? '-' : ''
  const size = value < 0n ? -value : value
  if (size < secondNs) {
    const [unit, unitNs] = smallUnits.find(([, unitNs]) => size >= unitNs)!
    return `${sign}${decimal(size, unitNs)}${unit}`
  }
  const hours = size / (3600n * secondNs)
  const minutes = (size / (60n * secondNs)) % 60n
  const seconds = `${decimal(size % (60n * secondNs), secondNs)}s`
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

function decimal(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1
  const fraction = (value % unit).toString().padStart(digits, '0').replace(/0+$/, '')
  const whole = (value / unit).toString()
  return digits === 0 || fraction === '' ? whole : `${whole}.${fraction}`
}

import { SettingError } from './settings-types.ts'

/**
 * The text forms of values, as Go programs read and print them: `1h30m`, `48h0m0s`, `0s`; a
 * number without a unit is nanoseconds. In addition days and weeks (`14d`, `2w`) and sizes with a
 * unit (`64MiB`, `5MB`) are read. Durations are milliseconds, possibly with a fraction.
 */

const durationUnitsMs = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

/** No duration or number in use is longer; a bound for the patterns below. */
const numberCharsMax = 64

export function parseDuration(text: string): number {
  const bad = new SettingError(
    `${quote(text)} is not a duration; write for example 30s, 5m or 1h30m`,
  )
  if (text.length > numberCharsMax) throw bad
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[+-]/, '')
  if (/^\d+$/.test(digits)) return sign * Number(digits) * 1e-6
  if (digits === '') throw bad
  let totalMs = 0
  const part = /(\d+\.?\d*|\.\d+)([a-zµμ]+)/y
  while (part.lastIndex < digits.length) {
    const found = part.exec(digits)
    const unitMs = found && durationUnitsMs.get(found[2]!)
    if (!unitMs) throw bad
    totalMs += Number(found[1]) * unitMs
  }
  return sign * totalMs
}

export function printDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  if (durationMs < 0) return `-${printDuration(-durationMs)}`
  const ns = Math.round(durationMs * 1e6)
  if (ns < 1e3) return `${ns}ns`
  if (ns < 1e6) return `${ns / 1e3}µs`
  if (ns < 1e9) return `${ns / 1e6}ms`
  const hours = Math.floor(durationMs / 3_600_000)
  const minutes = Math.floor((durationMs % 3_600_000) / 60_000)
  const seconds = Number(((durationMs % 60_000) / 1000).toFixed(9))
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

const sizeUnits = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1e3],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
])

export function parseBytes(text: string): number {
  const found = text.length <= numberCharsMax && /^(\d[\d_]*(?:\.\d+)?) ?([a-z]*)$/i.exec(text)
  const unit = found ? sizeUnits.get(found[2]!.toLowerCase()) : undefined
  if (!found || unit === undefined) {
    throw new SettingError(`${quote(text)} is not a size; write bytes, or for example 64MiB`)
  }
  const bytes = Number(found[1]!.replaceAll('_', '')) * unit
  if (!Number.isSafeInteger(bytes)) {
    throw new SettingError(`${quote(text)} is not a whole number of bytes`)
  }
  return bytes
}

export function parseInteger(text: string): number {
  const digits = text.length <= numberCharsMax ? text.replaceAll('_', '') : ''
  const value = /^[+-]?(\d+|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(digits) ? Number(digits) : NaN
  if (!Number.isSafeInteger(value)) throw new SettingError(`${quote(text)} is not a whole number`)
  return value
}

export function parseDecimal(text: string): number {
  const shape = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
  const value = text.length <= numberCharsMax && shape.test(text) ? Number(text) : NaN
  if (!Number.isFinite(value)) throw new SettingError(`${quote(text)} is not a number`)
  return value
}

const trueWords = new Set(['true', 'yes', 'on', 'y', 't', '1'])
const falseWords = new Set(['false', 'no', 'off', 'n', 'f', '0'])

/** The words of YAML 1.1 and of Go's flags, in any case. */
export function parseBoolean(text: string): boolean {
  const word = text.toLowerCase()
  if (trueWords.has(word)) return true
  if (falseWords.has(word)) return false
  throw new SettingError(`${quote(text)} is neither true nor false`)
}

/** A value from outside inside a message: one line, cut to a length that a person reads. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}

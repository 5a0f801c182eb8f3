import { type Failure, fail } from '../../base/errors.ts'

/** Whole numbers as Go's strconv reads them, with its error texts: clients show them to people. */

function numberError(prefix: string, parser: string, text: string, what: string): Failure {
  return fail('BAD_REQUEST', `${prefix}: strconv.${parser}: parsing ${goQuote(text)}: ${what}`)
}

/** Decimal digits only. Fails with BAD_REQUEST and a text that starts with `prefix: `. */
export function parseUint(text: string, bits: 32 | 64, prefix: string): bigint {
  if (!/^\d+$/.test(text)) throw numberError(prefix, 'ParseUint', text, 'invalid syntax')
  const digits = text.replace(/^0+(?=\d)/, '')
  const value = digits.length > 20 ? undefined : BigInt(digits)
  if (value === undefined || BigInt.asUintN(bits, value) !== value) {
    throw numberError(prefix, 'ParseUint', text, 'value out of range')
  }
  return value
}

/** A sign is allowed; 64 bits. Fails with BAD_REQUEST and a text that starts with `prefix: `. */
export function parseInt64(text: string, prefix: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw numberError(prefix, 'ParseInt', text, 'invalid syntax')
  const digits = text.replace(/^[+-]?0*(?=\d)/, '')
  const value = digits.length > 20 ? undefined : BigInt(digits) * (text[0] === '-' ? -1n : 1n)
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw numberError(prefix, 'ParseInt', text, 'value out of range')
  }
  return value
}

/** Text in double quotes with Go's escapes. */
export function goQuote(text: string): string {
  let quoted = '"'
  for (const char of text) {
    const named = namedEscapes.get(char)
    const code = char.codePointAt(0)!
    if (named !== undefined) quoted += named
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else quoted += char
  }
  return `${quoted}"`
}

const namedEscapes = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\v', '\\v'],
])

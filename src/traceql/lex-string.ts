import type { Token } from './token.ts'

const textRun = /[^"\\\n]+/y

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
])

/** Raw text between back quotes: no escapes, line breaks allowed, carriage returns dropped. */
export function readRawString(text: string, open: number): Token {
  const close = text.indexOf('`', open + 1)
  if (close < 0) return bad(open, 'literal not terminated')
  const value = text.slice(open + 1, close).replaceAll('\r', '')
  return { type: 'string', value, at: open, end: close + 1 }
}

/** Text between double quotes with Go's escapes; a line break ends it with an error. */
export function readString(text: string, open: number): Token {
  const parts: string[] = []
  // `\xHH` and `\ooo` give bytes, which make up characters only together with their neighbours.
  let bytes: number[] = []
  const flush = () => {
    if (bytes.length > 0) parts.push(Buffer.from(bytes).toString('utf8'))
    bytes = []
  }
  let at = open + 1
  while (text[at] !== '"') {
    if (at >= text.length || text[at] === '\n') return bad(open, 'literal not terminated')
    if (text[at] === '\\') {
      const escaped = readEscape(text, at)
      if (escaped === undefined) return bad(at, 'invalid char escape', escapeHint)
      if (typeof escaped.value === 'number') bytes.push(escaped.value)
      else {
        flush()
        parts.push(escaped.value)
      }
      at = escaped.end
      continue
    }
    flush()
    textRun.lastIndex = at
    const run = textRun.exec(text)?.[0] ?? ''
    parts.push(run)
    at += run.length
  }
  flush()
  return { type: 'string', value: parts.join(''), at: open, end: at + 1 }
}

const escapeHint = 'write a backslash as `\\\\`, or the text between back quotes'

interface Escape {
  /** A byte, or text. */
  readonly value: number | string
  readonly end: number
}

function readEscape(text: string, at: number): Escape | undefined {
  const letter = text[at + 1] ?? ''
  const simple = simpleEscapes.get(letter)
  if (simple !== undefined) return { value: simple, end: at + 2 }
  if (letter === 'x') return readDigits(text, at + 2, 2, 16)
  if (letter === 'u') return readCodePoint(text, at + 2, 4)
  if (letter === 'U') return readCodePoint(text, at + 2, 8)
  const octal = readDigits(text, at + 1, 3, 8)
  return octal !== undefined && octal.value <= 0xff ? octal : undefined
}

function readCodePoint(text: string, at: number, digits: number): Escape | undefined {
  const read = readDigits(text, at, digits, 16)
  if (read === undefined || read.value > 0x10ffff) return undefined
  if (read.value >= 0xd800 && read.value <= 0xdfff) return undefined
  return { value: String.fromCodePoint(read.value), end: read.end }
}

function readDigits(
  text: string,
  at: number,
  count: number,
  base: 8 | 16,
): { value: number; end: number } | undefined {
  const digits = text.slice(at, at + count)
  const allowed = base === 16 ? /^[0-9a-fA-F]+$/ : /^[0-7]+$/
  if (digits.length < count || !allowed.test(digits)) return undefined
  return { value: Number.parseInt(digits, base), end: at + count }
}

function bad(at: number, message: string, suggestion?: string): Token {
  return { type: 'bad', message, at, end: at, ...(suggestion !== undefined && { suggestion }) }
}

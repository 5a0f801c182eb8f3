import type { AttributeScope } from '../model/predicate.ts'
import { intrinsicsOfScope } from './intrinsics.ts'
import { readName } from './lex-name.ts'
import { readNumber } from './lex-number.ts'
import { readRawString, readString } from './lex-string.ts'
import { symbols, type Token } from './token.ts'

const spaces = /[ \t\r\n]+/y
const word = /[\p{L}_][\p{L}\p{N}_]*/uy
const digit = /^[0-9]$/

const attributeScopes: ReadonlySet<string> = new Set<AttributeScope>([
  'span',
  'resource',
  'event',
  'link',
  'instrumentation',
])

/**
 * The tokens of a query; the last one is `end`, or `bad` at the first place that cannot be read.
 * Never throws.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; ; ) {
    const token = readToken(text, skipGap(text, at))
    tokens.push(token)
    if (token.type === 'end' || token.type === 'bad') return tokens
    at = token.end
  }
}

/** Past white space and comments. A comment without an end is left to become an error. */
function skipGap(text: string, start: number): number {
  for (let at = start; ; ) {
    spaces.lastIndex = at
    const space = spaces.exec(text)
    if (space !== null) {
      at = spaces.lastIndex
    } else if (text.startsWith('//', at)) {
      const lineBreak = text.indexOf('\n', at)
      at = lineBreak < 0 ? text.length : lineBreak
    } else if (text.startsWith('/*', at) && text.includes('*/', at + 2)) {
      at = text.indexOf('*/', at + 2) + 2
    } else {
      return at
    }
  }
}

function readToken(text: string, at: number): Token {
  if (at >= text.length) return { type: 'end', at, end: at }
  const first = text[at]!
  const second = text[at + 1] ?? ''
  if (first === '"') return checkNul(text, readString(text, at))
  if (first === '`') return checkNul(text, readRawString(text, at))
  if (digit.test(first) || (first === '.' && digit.test(second))) return readNumber(text, at)
  if (first === '.') return checkNul(text, readAttribute(text, at, 1, false, 'any'))
  if (text.startsWith('/*', at)) return bad(at, 'comment not terminated')
  for (const symbol of symbols) {
    if (text.startsWith(symbol, at)) {
      return { type: 'symbol', text: symbol, at, end: at + symbol.length }
    }
  }
  word.lastIndex = at
  const identifier = word.exec(text)?.[0]
  if (identifier !== undefined) return checkNul(text, readWord(text, at, identifier))
  return readUnknown(text, at)
}

/** An identifier, or what its end makes of it: `span.x`, `parent.span.x`, `span:`. */
function readWord(text: string, at: number, identifier: string): Token {
  const end = at + identifier.length
  if (text[end] === ':' && intrinsicsOfScope.has(identifier)) {
    return { type: 'scope', text: identifier, at, end: end + 1 }
  }
  if (text[end] !== '.') return { type: 'word', text: identifier, at, end }
  if (attributeScopes.has(identifier)) {
    const scope = identifier as AttributeScope
    return readAttribute(text, at, identifier.length + 1, false, scope)
  }
  if (identifier !== 'parent') return { type: 'word', text: identifier, at, end }
  for (const scope of ['span', 'resource'] as const) {
    const prefix = `parent.${scope}.`
    if (text.startsWith(prefix, at)) return readAttribute(text, at, prefix.length, true, scope)
  }
  return readAttribute(text, at, 'parent.'.length, true, 'any')
}

function readAttribute(
  text: string,
  at: number,
  prefixLength: number,
  parent: boolean,
  scope: AttributeScope | 'any',
): Token {
  const name = readName(text, at + prefixLength)
  if ('type' in name) return name
  return { type: 'attribute', parent, scope, key: name.key, at, end: name.end }
}

/** A raw NUL is refused wherever it stands; `"\x00"` is a way to write one. */
function checkNul(text: string, token: Token): Token {
  const nul = text.slice(token.at, token.end).indexOf('\0')
  return nul < 0 ? token : bad(token.at + nul, 'invalid character NUL')
}

function readUnknown(text: string, at: number): Token {
  const character = String.fromCodePoint(text.codePointAt(at)!)
  if (character === '\0') return bad(at, 'invalid character NUL')
  if (character === "'") return bad(at, 'invalid char literal', 'strings stand in double quotes')
  const hint = character === '#' ? 'comments begin with `//`' : undefined
  return bad(at, `unexpected character: ${character}`, hint)
}

function bad(at: number, message: string, suggestion?: string): Token {
  return { type: 'bad', message, at, end: at, ...(suggestion !== undefined && { suggestion }) }
}

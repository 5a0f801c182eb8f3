import type { Token } from './token.ts'

/** Everything that does not end an attribute name and is not a quote. */
const plainRun = /[^\s\u0085{}()=~!<>&|^,"]+/y
const quotedRun = /[^"\\]+/y

export interface Name {
  readonly key: string
  readonly end: number
}

/**
 * The attribute name at `start`, which follows the dot of its scope: plain and quoted parts in any
 * order, up to white space or one of `{}()=~!<>&|^,`.
 */
export function readName(text: string, start: number): Name | Token {
  let key = ''
  let at = start
  for (;;) {
    const plain = matchAt(plainRun, text, at)
    key += plain
    at += plain.length
    if (text[at] !== '"') break
    const quoted = readQuoted(text, at)
    if ('type' in quoted) return quoted
    key += quoted.key
    at = quoted.end
  }
  if (key === '') return bad(start, 'attribute name is missing after the dot')
  return { key, end: at }
}

function readQuoted(text: string, open: number): Name | Token {
  let key = ''
  let at = open + 1
  for (;;) {
    const run = matchAt(quotedRun, text, at)
    key += run
    at += run.length
    if (at >= text.length) return bad(at, 'unexpected EOF, expecting "')
    if (text[at] === '"') return { key, end: at + 1 }
    const escaped = text[at + 1]
    if (escaped !== '"' && escaped !== '\\') return bad(at, 'invalid escape sequence')
    key += escaped
    at += 2
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function bad(at: number, message: string): Token {
  return { type: 'bad', message, at, end: at }
}

const printablePlain = /^[\p{L}\p{N}_.\-/:;+*@$#%?[\]'\\]+$/u

/** True when the name can stand without quotes behind a scope and its dot. */
export function isPlainName(key: string): boolean {
  return printablePlain.test(key)
}

import { fail } from '../../base/errors.ts'

/**
 * logfmt as in the `tags` parameter: `key=value key="quoted value" barekey`, separated by white
 * space. Positions in errors count bytes from 1.
 */
export interface Pair {
  readonly key: string
  /** undefined when there was no `=`. */
  readonly value: string | undefined
}

interface Cursor {
  readonly text: string
  at: number
}

/** Fails with BAD_REQUEST: `invalid tags: …`. */
export function parseLogfmt(text: string): Pair[] {
  const cursor: Cursor = { text, at: 0 }
  const pairs: Pair[] = []
  const seen = new Set<string>()
  for (;;) {
    while (cursor.at < text.length && isSpace(text, cursor.at)) cursor.at++
    if (cursor.at === text.length) return pairs
    const key = readBare(cursor, true)
    if (seen.has(key)) throw fail('BAD_REQUEST', `invalid tags: tag ${key} has been set twice`)
    seen.add(key)
    pairs.push({ key, value: readValue(cursor) })
  }
}

function isSpace(text: string, at: number): boolean {
  return text.charCodeAt(at) <= 0x20
}

function syntaxError(cursor: Cursor, what: string): Error {
  const position = Buffer.byteLength(cursor.text.slice(0, cursor.at)) + 1
  return fail('BAD_REQUEST', `invalid tags: ${what} at pos ${position}`)
}

/** Up to white space; a key also ends at `=`. Quotes and, in values, `=` are not allowed. */
function readBare(cursor: Cursor, isKey: boolean): string {
  const { text } = cursor
  const start = cursor.at
  for (; cursor.at < text.length && !isSpace(text, cursor.at); cursor.at++) {
    const char = text[cursor.at]
    if (char === '"') throw syntaxError(cursor, `unexpected '"'`)
    if (char !== '=') continue
    if (isKey && cursor.at > start) break
    throw syntaxError(cursor, `unexpected '='`)
  }
  return text.slice(start, cursor.at)
}

function readValue(cursor: Cursor): string | undefined {
  const { text } = cursor
  if (text[cursor.at] !== '=') return undefined
  cursor.at++
  return text[cursor.at] === '"' ? readQuoted(cursor) : readBare(cursor, false)
}

function readQuoted(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at
  for (cursor.at++; cursor.at < text.length; cursor.at++) {
    const char = text[cursor.at]
    if (char === '\\') cursor.at++
    else if (char === '"') {
      cursor.at++
      return unquote(cursor, start)
    }
  }
  cursor.at = text.length
  throw syntaxError(cursor, 'unterminated quoted value')
}

/** The quoted text has JSON's escapes, and `\'`. */
function unquote(cursor: Cursor, start: number): string {
  const quoted = cursor.text.slice(start, cursor.at)
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted.replace(/\\(.)/gs, (pair, char) => (char === "'" ? "'" : pair)))
  } catch {
    cursor.at = start
    throw syntaxError(cursor, 'invalid quoted value')
  }
}

import { fail } from '../base/errors.ts'
import type { Hint, MetricsBody, ParsedQuery, SpansBody } from './ast.ts'
import { nestingMax, queryBytesMaxDefault } from './limits.ts'
import { parseLiteral } from './parse-field.ts'
import { pipelineOf } from './parse-operand.ts'
import { parseChain } from './parse-pipeline.ts'
import { TokenCursor } from './token-cursor.ts'

export interface ParseOptions {
  /** Longest query, UTF-8 bytes. */
  readonly queryBytesMax?: number
}

/**
 * The tree of a query. Only its form is checked here, see `validateQuery` for its meaning.
 * Fails with BAD_QUERY; the message says where, and draws it.
 */
export function parseQuery(text: string, options: ParseOptions = {}): ParsedQuery {
  checkSize(text, options.queryBytesMax ?? queryBytesMaxDefault)
  const cursor = new TokenCursor(text)
  const body = parseBody(cursor)
  const hints = parseHints(cursor)
  if (cursor.peek().type !== 'end') throw cursor.unexpected(cursor.peek())
  checkDepth(cursor, body)
  return { text, body, hints }
}

/** Refuses a text that is too long before anybody looks at it. Fails with BAD_QUERY. */
export function checkSize(text: string, queryBytesMax: number): void {
  // A UTF-16 unit takes one byte or more: no need to measure what is too long anyway.
  const tooLong = text.length > queryBytesMax || Buffer.byteLength(text) > queryBytesMax
  if (tooLong) throw fail('BAD_QUERY', `the query is longer than ${queryBytesMax} bytes`)
}

function parseBody(cursor: TokenCursor): SpansBody | MetricsBody {
  const chain = parseChain(cursor)
  if (chain.class === 'metrics') return { kind: 'metrics', expression: chain.node }
  if (chain.class === 'scalar') throw cursor.unexpected(cursor.peek(), 'a comparison')
  return { kind: 'spans', pipeline: pipelineOf(chain) }
}

function parseHints(cursor: TokenCursor): Hint[] {
  const hints: Hint[] = []
  while (cursor.isWord('with')) {
    cursor.next()
    cursor.expectSymbol('(')
    do hints.push(parseHint(cursor))
    while (cursor.takeSymbol(','))
    cursor.expectSymbol(')')
  }
  return hints
}

function parseHint(cursor: TokenCursor): Hint {
  const name = cursor.peek()
  if (name.type !== 'word') throw cursor.unexpected(name, 'IDENTIFIER')
  cursor.next()
  cursor.expectSymbol('=')
  const value = parseLiteral(cursor)
  if (value === undefined) throw cursor.unexpected(cursor.peek(), 'a literal')
  return { name: name.text, value }
}

/**
 * Chains like `1 + 1 + 1 …` grow deep trees without nesting. Whoever walks a tree may recurse, so
 * depth is limited here, without recursion.
 */
function checkDepth(cursor: TokenCursor, body: SpansBody | MetricsBody): void {
  const pending: { value: object; depth: number }[] = [{ value: body, depth: 0 }]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, depth } = item
    const at = 'at' in value ? Number(value.at) : 0
    if (depth > nestingMax) {
      throw cursor.error(at, `the query nests deeper than ${nestingMax} levels`)
    }
    for (const child of Object.values(value)) {
      if (typeof child !== 'object' || child === null) continue
      pending.push({ value: child, depth: Array.isArray(child) ? depth : depth + 1 })
    }
  }
}

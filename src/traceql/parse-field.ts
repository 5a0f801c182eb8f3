import type {
  Field,
  FieldExpression,
  KindName,
  LogicalOp,
  SpansetFilter,
  Static,
  StaticValue,
  StatusName,
} from './ast.ts'
import { intrinsicOfWord, intrinsicsOfScope } from './intrinsics.ts'
import { kindNames, statusNames } from './keywords.ts'
import { nearest, suggestField } from './suggest.ts'
import type { SymbolText, Token } from './token.ts'
import type { TokenCursor } from './token-cursor.ts'

/**
 * Lowest first. `-` as a prefix binds like the binary one, `!` weaker than `*` and stronger than
 * `+`: `-a * b` is `-(a * b)`, `!a + b` is `(!a) + b`. Only `^` groups from the right.
 */
const precedences = {
  ...{ '&&': 1, '||': 1 },
  ...{ '=': 2, '!=': 2, '<': 2, '<=': 2, '>': 2, '>=': 2, '=~': 2, '!~': 2 },
  ...{ '+': 3, '-': 3, '*': 5, '/': 5, '%': 5, '^': 6 },
} as const

const prefixPrecedences = { '-': 3, '!': 4 } as const

type BinarySymbol = keyof typeof precedences

function isBinarySymbol(text: SymbolText): text is BinarySymbol & SymbolText {
  return Object.hasOwn(precedences, text)
}

/** An expression over one span, as far as it goes. Fails with BAD_QUERY. */
export function parseFieldExpression(cursor: TokenCursor): FieldExpression {
  return parseFrom(cursor, 1)
}

/** Takes in only operators of at least this precedence. */
function parseFrom(cursor: TokenCursor, precedenceMin: number): FieldExpression {
  let left = parsePrimary(cursor)
  for (;;) {
    const token = cursor.peek()
    if (token.type !== 'symbol' || !isBinarySymbol(token.text)) break
    const op = token.text
    const precedence = precedences[op]
    if (precedence < precedenceMin) break
    cursor.next()
    // Brackets and prefixes count themselves; of the operators only `^` can nest without them.
    if (op === '^') cursor.enter()
    const right = parseFrom(cursor, op === '^' ? precedence : precedence + 1)
    if (op === '^') cursor.leave()
    left =
      op === '&&' || op === '||'
        ? joinLogical(op, left, right, token.at)
        : { kind: 'binary', op, left, right, at: token.at }
  }
  return left
}

/** A chain of one operator becomes one node, which grows in place: n operands cost n steps. */
function joinLogical(
  op: LogicalOp,
  left: FieldExpression,
  right: FieldExpression,
  at: number,
): FieldExpression {
  if (left.kind !== 'logical' || left.op !== op) {
    return { kind: 'logical', op, operands: [left, right], at }
  }
  ;(left.operands as FieldExpression[]).push(right)
  return left
}

function parsePrimary(cursor: TokenCursor): FieldExpression {
  const token = cursor.peek()
  if (token.type === 'symbol') {
    if (token.text === '(') return parseBracketed(cursor)
    if (token.text === '-' || token.text === '!') {
      cursor.next()
      cursor.enter()
      const operand = parseFrom(cursor, prefixPrecedences[token.text] + 1)
      cursor.leave()
      return { kind: 'unary', op: token.text, operand, at: token.at }
    }
  }
  const literal = parseLiteral(cursor)
  if (literal !== undefined) return literal
  return parseField(cursor)
}

function parseBracketed(cursor: TokenCursor): FieldExpression {
  cursor.expectSymbol('(')
  cursor.enter()
  const inner = parseFrom(cursor, 1)
  cursor.leave()
  cursor.expectSymbol(')')
  return inner
}

/** `{ … }`; empty braces are `{ true }`. Fails with BAD_QUERY. */
export function parseFilter(cursor: TokenCursor): SpansetFilter {
  const { at } = cursor.expectSymbol('{')
  const always: Static = { kind: 'static', type: 'bool', value: true, at }
  const condition = cursor.isSymbol('}') ? always : parseFieldExpression(cursor)
  cursor.expectSymbol('}')
  return { kind: 'filter', condition, at }
}

/** A literal without sign; undefined, and nothing read, when there is none. */
export function parseLiteral(cursor: TokenCursor): Static | undefined {
  const token = cursor.peek()
  const value = literalValue(token)
  if (value === undefined) return undefined
  cursor.next()
  return { kind: 'static', ...value, at: token.at }
}

function literalValue(token: Token): StaticValue | undefined {
  switch (token.type) {
    case 'string':
      return { type: 'string', value: token.value }
    case 'float':
      return { type: 'float', value: token.value }
    case 'int':
    case 'duration':
      return { type: token.type, value: token.value }
    case 'word':
      return namedLiteral(token.text)
    default:
      return undefined
  }
}

function namedLiteral(word: string): StaticValue | undefined {
  if (word === 'true' || word === 'false') return { type: 'bool', value: word === 'true' }
  if (word === 'nil') return { type: 'nil' }
  if (word === 'minInt') return { type: 'int', value: '-9223372036854775808' }
  if (word === 'maxInt') return { type: 'int', value: '9223372036854775807' }
  if (statusNames.has(word)) return { type: 'status', value: word as StatusName }
  if (kindNames.has(word)) return { type: 'kind', value: word as KindName }
  return undefined
}

/** An attribute or an intrinsic. Fails with BAD_QUERY. */
export function parseField(cursor: TokenCursor): Field {
  const token = cursor.peek()
  if (token.type === 'attribute') {
    cursor.next()
    const { parent, scope, key, at } = token
    return { kind: 'attribute', parent, scope, key, at }
  }
  if (token.type === 'scope') return parseScopedIntrinsic(cursor, token.text)
  if (token.type !== 'word') throw cursor.unexpected(token)
  const name = intrinsicOfWord.get(token.text)
  if (name !== undefined) {
    cursor.next()
    return { kind: 'intrinsic', name, at: token.at }
  }
  const suggestion = suggestField(cursor.text, token)
  throw cursor.error(token.at, `unknown identifier: ${token.text}`, suggestion)
}

/** One or more fields with commas between them. */
export function parseFields(cursor: TokenCursor): Field[] {
  const fields = [parseField(cursor)]
  while (cursor.takeSymbol(',')) fields.push(parseField(cursor))
  return fields
}

function parseScopedIntrinsic(cursor: TokenCursor, scope: string): Field {
  const { at } = cursor.next()
  const names = intrinsicsOfScope.get(scope)!
  const token = cursor.peek()
  const name = token.type === 'word' ? names.get(token.text) : undefined
  if (name !== undefined) {
    cursor.next()
    return { kind: 'intrinsic', name, at }
  }
  const found = token.type === 'word' ? token.text : token.type.toUpperCase()
  const near = token.type === 'word' ? nearest(token.text, [...names.keys()]) : undefined
  throw cursor.error(
    token.at,
    `syntax error: unexpected ${found}, expecting ${[...names.keys()].join(' or ')}`,
    near === undefined ? undefined : `did you mean \`${scope}:${near}\`?`,
  )
}

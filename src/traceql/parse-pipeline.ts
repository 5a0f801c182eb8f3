import type { Aggregate, AggregateName, Stage, Static } from './ast.ts'
import { intrinsicOfWord } from './intrinsics.ts'
import { aggregateNames, metricsNames } from './keywords.ts'
import {
  arithmeticPrecedence,
  isComparison,
  isConstant,
  parseCombination,
  withStage,
} from './parse-combination.ts'
import { parseFieldExpression, parseFields, parseFilter, parseLiteral } from './parse-field.ts'
import { parseMetricsFunction } from './parse-metrics.ts'
import { bracket, type Parsed, type ParsedMetrics, pipelineOf } from './parse-operand.ts'
import { describeToken, type Token } from './token.ts'
import type { TokenCursor } from './token-cursor.ts'

/**
 * Everything between two brackets, or a whole query without its hints: a first operand and the
 * stages behind it. Fails with BAD_QUERY.
 */
export function parseChain(cursor: TokenCursor): Parsed {
  let chain = parseFirst(cursor)
  while (cursor.isSymbol('|')) {
    if (!takesStages(chain)) throw cursor.unexpected(cursor.peek())
    cursor.next()
    chain = parseNext(cursor, chain)
  }
  return chain
}

function parseFirst(cursor: TokenCursor): Parsed {
  const { at } = cursor.peek()
  const stage = cursor.isWord('coalesce') ? undefined : parseNamedStage(cursor)
  if (stage === undefined) return parseCombination(cursor, parseOperand)
  return {
    class: 'pipeline',
    node: { kind: 'pipeline', stages: [stage], at },
    bracketed: false,
    at,
  }
}

/** A pipeline that was bracketed, or made of such, is complete. */
function takesStages(chain: Parsed): boolean {
  if (chain.class === 'pipeline') return !chain.bracketed
  if (chain.class === 'spansets') return !chain.wrapped
  return chain.class !== 'scalar'
}

function parseNext(cursor: TokenCursor, chain: Parsed): Parsed {
  const token = cursor.peek()
  if (chain.class === 'metrics') {
    if (!cursor.isWord('topk') && !cursor.isWord('bottomk')) throw cursor.unexpected(token)
    const kind = cursor.isWord('topk') ? 'topk' : 'bottomk'
    cursor.next()
    cursor.expectSymbol('(')
    const limit = cursor.expectInt().value
    cursor.expectSymbol(')')
    return parseValueFilters(cursor, withStage(chain, { kind, limit, at: token.at }))
  }
  if (chain.class === 'scalar') throw cursor.unexpected(token)
  const pipeline = pipelineOf(chain)
  if (token.type === 'word' && metricsNames.has(token.text)) {
    const node = { function: parseMetricsFunction(cursor), pipeline, at: token.at }
    const metrics = { kind: 'metricsAggregate', ...node } as const
    return parseValueFilters(cursor, { class: 'metrics', node: metrics, at: chain.at })
  }
  const stage = parseNamedStage(cursor) ?? parseCombination(cursor, parseOperand)
  if ('kind' in stage) return extend(chain, stage)
  if (stage.class === 'scalar' && stage.node.kind === 'aggregate') {
    const node = { kind: 'scalarPipeline', pipeline, aggregate: stage.node } as const
    return { class: 'scalar', node: { ...node, at: chain.at }, at: chain.at }
  }
  if (stage.class === 'scalarFilter') return extend(chain, stage.node)
  if (stage.class !== 'spansets' || stage.wrapped) throw cursor.unexpected(token)
  return extend(chain, { kind: 'spansets', expression: stage.node, at: stage.at })
}

/** Comparisons directly behind a function or stage, without a pipe. */
function parseValueFilters(cursor: TokenCursor, metrics: ParsedMetrics): ParsedMetrics {
  let filtered = metrics
  for (let token = cursor.peek(); isComparison(token); token = cursor.peek()) {
    cursor.next()
    const valueToken = cursor.peek()
    const value = parseCombination(cursor, parseOperand, arithmeticPrecedence)
    if (value.class !== 'scalar' || !isConstant(value.node)) throw cursor.unexpected(valueToken)
    const filter = { kind: 'valueFilter', op: token.text, value: value.node, at: token.at } as const
    filtered = withStage(filtered, filter)
  }
  return filtered
}

function extend(
  chain: Exclude<Parsed, { class: 'metrics' } | { class: 'scalar' }>,
  stage: Stage,
): Parsed {
  const pipeline = pipelineOf(chain)
  ;(pipeline.stages as Stage[]).push(stage)
  return { class: 'pipeline', node: pipeline, bracketed: false, at: chain.at }
}

/** `by(…)`, `select(…)`, `coalesce()`; undefined, and nothing read, when it is something else. */
function parseNamedStage(cursor: TokenCursor): Stage | undefined {
  const token = cursor.peek()
  if (token.type !== 'word' || !['by', 'select', 'coalesce'].includes(token.text)) return undefined
  cursor.next()
  cursor.expectSymbol('(')
  const { at } = token
  let stage: Stage
  if (token.text === 'by') stage = { kind: 'by', expression: parseFieldExpression(cursor), at }
  else if (token.text === 'select') stage = { kind: 'select', fields: parseFields(cursor), at }
  else stage = { kind: 'coalesce', at }
  cursor.expectSymbol(')')
  return stage
}

/** A filter, something bracketed, an aggregate or a number. */
function parseOperand(cursor: TokenCursor): Parsed {
  const token = cursor.peek()
  const { at } = token
  if (cursor.isSymbol('{')) {
    const node = parseFilter(cursor)
    return { class: 'spansets', node, wrapped: false, wrappable: false, at }
  }
  if (cursor.takeSymbol('(')) {
    cursor.enter()
    const inner = parseChain(cursor)
    cursor.leave()
    cursor.expectSymbol(')')
    return bracket(inner, at)
  }
  if (token.type === 'word' && aggregateNames.has(token.text)) {
    return { class: 'scalar', node: parseAggregate(cursor), at }
  }
  return { class: 'scalar', node: parseNumber(cursor), at }
}

function parseAggregate(cursor: TokenCursor): Aggregate {
  const token = cursor.next()
  const name = (token.type === 'word' ? token.text : '') as AggregateName
  cursor.expectSymbol('(')
  const argument = name === 'count' ? null : parseFieldExpression(cursor)
  cursor.expectSymbol(')')
  return { kind: 'aggregate', function: name, argument, at: token.at }
}

/** A number or duration; a sign directly before it is part of it. */
function parseNumber(cursor: TokenCursor): Static {
  const { at } = cursor.peek()
  const negative = cursor.takeSymbol('-')
  const token = cursor.peek()
  const literal = parseLiteral(cursor)
  switch (literal?.type) {
    case 'float':
      // Not -0, which JSON does not know.
      return {
        ...literal,
        value: negative && literal.value !== 0 ? -literal.value : literal.value,
        at,
      }
    case 'int':
    case 'duration': {
      if (negative && literal.value.startsWith('-')) throw cursor.unexpected(token)
      const sign = negative && literal.value !== '0' ? '-' : ''
      return { ...literal, value: sign + literal.value, at }
    }
  }
  if (token.type === 'attribute' || token.type === 'scope' || isIntrinsic(token)) {
    const message = `syntax error: unexpected ${describeToken(token)}`
    throw cursor.error(token.at, message, 'conditions stand in braces: `{ … }`')
  }
  throw cursor.unexpected(token)
}

function isIntrinsic(token: Token): boolean {
  return token.type === 'word' && intrinsicOfWord.has(token.text)
}

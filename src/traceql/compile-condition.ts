import type { Predicate, ValueExpression } from '../model/predicate.ts'
import type { Binary, ComparisonOp, FieldExpression, Logical, LogicalOp, Unary } from './ast.ts'
import {
  apart,
  compileFieldComparison,
  constant,
  literalOf,
  turnRound,
} from './compile-comparison.ts'
import { type FoldContext, foldConstants } from './fold.ts'
import { operandOf } from './operand.ts'
import { typeOf } from './value-type.ts'

/**
 * The condition of a validated filter as a predicate. In a condition made of `&&` alone those on
 * events are parts of one `and`, and must hold for the same event; with `||` anywhere each stands
 * apart. The same goes for links.
 */
export function compileCondition(condition: FieldExpression, context: FoldContext): Predicate {
  const folded = foldConstants(condition, context)
  return compileBoolean(folded, hasOr(folded))
}

export function hasOr(expression: FieldExpression): boolean {
  switch (expression.kind) {
    case 'unary':
      return hasOr(expression.operand)
    case 'binary':
      return hasOr(expression.left) || hasOr(expression.right)
    case 'logical':
      return expression.op === '||' || expression.operands.some(hasOr)
    default:
      return false
  }
}

function compileBoolean(expression: FieldExpression, keepApart: boolean): Predicate {
  switch (expression.kind) {
    case 'static':
      return constant(expression.type === 'bool' && expression.value)
    case 'attribute':
      return compileFieldComparison(expression, '=', {
        kind: 'static',
        type: 'bool',
        value: true,
        at: expression.at,
      })
    case 'logical':
      return compileLogical(expression, keepApart)
    case 'unary':
      return expression.op === '!' ? compileNot(expression, keepApart) : constant(false)
    case 'binary':
      return isCondition(expression) ? compileComparison(expression, keepApart) : constant(false)
    case 'intrinsic':
      return constant(false)
  }
}

/** False for numbers: whatever their value, they are not bool true. */
function isCondition(expression: FieldExpression): boolean {
  return expression.kind === 'attribute' || typeOf(expression) === 'bool'
}

function compileLogical(logical: Logical, keepApart: boolean): Predicate {
  const parts: Predicate[] = []
  for (const operand of operandsOf(logical)) {
    const part = compileBoolean(operand, keepApart)
    parts.push(keepApart && logical.op === '&&' ? apart(part) : part)
  }
  return join(logical.op, parts)
}

/** With the operands of bracketed chains of the same operator: `a && (b && c)`. */
function operandsOf(logical: Logical): FieldExpression[] {
  return logical.operands.flatMap(operand =>
    operand.kind === 'logical' && operand.op === logical.op ? operandsOf(operand) : [operand],
  )
}

/** Without constants: one that decides is the result, any other changes nothing. */
export function join(op: LogicalOp, parts: readonly Predicate[]): Predicate {
  const deciding = op === '||'
  const rest = parts.filter(part => part.kind !== 'constant')
  if (parts.some(part => part.kind === 'constant' && part.value === deciding)) {
    return constant(deciding)
  }
  if (rest.length === 0) return constant(!deciding)
  if (rest.length === 1) return rest[0]!
  return { kind: op === '&&' ? 'and' : 'or', parts: rest }
}

function negate(compiled: Predicate): Predicate {
  if (compiled.kind === 'constant') return constant(!compiled.value)
  return compiled.kind === 'not' ? compiled.part : { kind: 'not', part: compiled }
}

/** `!x` of an attribute needs a bool: it is `x = false`, not the opposite of `x = true`. */
function compileNot(unary: Unary, keepApart: boolean): Predicate {
  return compileBoolIs(unary, '=', true, keepApart)
}

/** Whether the value of a condition is (`=`) or is not (`!=`) the wanted one. */
function compileBoolIs(
  expression: FieldExpression,
  op: '=' | '!=',
  wanted: boolean,
  keepApart: boolean,
): Predicate {
  let condition = expression
  let value = wanted
  while (condition.kind === 'unary' && condition.op === '!') {
    condition = condition.operand
    value = !value
  }
  if (condition.kind === 'attribute') {
    const literal = { kind: 'static', type: 'bool', value, at: condition.at } as const
    return compileFieldComparison(condition, op, literal)
  }
  // A number is neither true nor false.
  if (!isCondition(condition)) return constant(false)
  const compiled = compileBoolean(condition, keepApart)
  return value === (op === '=') ? compiled : negate(compiled)
}

function compileComparison(binary: Binary, keepApart: boolean): Predicate {
  const { left, op, right } = binary
  if (!isComparisonOp(op)) return constant(false)
  if (left.kind === 'static') {
    const turned = { ...binary, left: right, op: turnRound(op), right: left }
    return compileComparison(turned, keepApart)
  }
  if (right.kind === 'static') {
    if (left.kind === 'attribute' || left.kind === 'intrinsic') {
      return compileFieldComparison(left, op, right)
    }
    if (right.type === 'bool' && (op === '=' || op === '!=')) {
      return compileBoolIs(left, op, right.value, keepApart)
    }
    // The result of a condition is always there.
    if (typeOf(left) === 'bool') return constant(op === '!=')
    if (right.type === 'nil') return compilePresence(left, op)
    // Nothing that is computed has such a value.
    if (right.type === 'status' || right.type === 'kind') return constant(false)
  }
  // The right side of a regex is text, and what is computed never is.
  if (op === '=~' || op === '!~') return constant(false)
  return { kind: 'compareValues', op, left: compileValue(left), right: compileValue(right) }
}

/** A value that is there equals itself. */
function compilePresence(expression: FieldExpression, op: ComparisonOp): Predicate {
  const value = compileValue(expression)
  const present: Predicate = { kind: 'compareValues', op: '=', left: value, right: value }
  return op === '=' ? negate(present) : present
}

/** The value of a folded expression, whatever its type. */
function compileValue(expression: FieldExpression): ValueExpression {
  switch (expression.kind) {
    case 'attribute':
    case 'intrinsic':
      return operandOf(expression)
    case 'static':
      return { kind: 'literal', literal: literalOf(expression) }
    case 'unary':
      return {
        kind: expression.op === '-' ? 'negative' : 'opposite',
        part: compileValue(expression.operand),
      }
    case 'binary': {
      const { op, left, right } = expression
      if (isComparisonOp(op)) break
      return { kind: 'arithmetic', op, left: compileValue(left), right: compileValue(right) }
    }
  }
  return { kind: 'condition', condition: compileBoolean(expression, hasOr(expression)) }
}

/** The argument of an aggregate or of `by`, of a validated query. */
export function compileArgument(
  expression: FieldExpression,
  context: FoldContext,
): ValueExpression {
  return compileValue(foldConstants(expression, context))
}

function isComparisonOp(op: Binary['op']): op is ComparisonOp {
  return !['+', '-', '*', '/', '%', '^'].includes(op)
}

import type { Failure } from '../base/errors.ts'
import type {
  Binary,
  FieldExpression,
  Logical,
  ScalarExpression,
  Static,
  StaticValue,
  Unary,
} from './ast.ts'
import { type ArithmeticFailure, evaluateArithmetic, evaluateComparison } from './constant.ts'
import { queryError } from './query-error.ts'
import type { QueryRegexes } from './regex.ts'

export interface FoldContext {
  /** The query, for error texts. */
  readonly text: string
  readonly regexes: QueryRegexes
}

/**
 * The same expression with a literal in place of everything that does not read the span.
 * Fails with BAD_QUERY on a division of constants by zero and on what has no value.
 */
export function foldConstants(expression: FieldExpression, context: FoldContext): FieldExpression {
  switch (expression.kind) {
    case 'static':
    case 'attribute':
    case 'intrinsic':
      return expression
    case 'unary': {
      const operand = foldConstants(expression.operand, context)
      return operand.kind === 'static' ? foldUnary(expression, operand) : { ...expression, operand }
    }
    case 'binary': {
      const left = foldConstants(expression.left, context)
      const right = foldConstants(expression.right, context)
      if (left.kind !== 'static' || right.kind !== 'static') return { ...expression, left, right }
      return foldBinary(expression, left, right, context)
    }
    case 'logical':
      return foldLogical(expression, context)
  }
}

function literal(value: StaticValue, at: number): Static {
  return { kind: 'static', ...value, at }
}

function foldUnary({ op, at }: Unary, operand: Static): Static {
  if (op === '!') {
    const isBool = operand.type === 'bool'
    return literal(isBool ? { type: 'bool', value: !operand.value } : { type: 'nil' }, at)
  }
  if (operand.type === 'float') return literal({ type: 'float', value: -operand.value }, at)
  if (operand.type !== 'int' && operand.type !== 'duration') return literal({ type: 'nil' }, at)
  const value = BigInt.asIntN(64, -BigInt(operand.value)).toString()
  return literal({ type: operand.type, value }, at)
}

function foldBinary(
  { op, at }: Binary,
  left: Static,
  right: Static,
  context: FoldContext,
): FieldExpression {
  switch (op) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '^': {
      const value = evaluateArithmetic(op, left, right)
      if (typeof value === 'string') throw refuse(context, at, value)
      return literal(value, at)
    }
    case '=~':
    case '!~': {
      if (left.type !== 'string' || right.type !== 'string') {
        return literal({ type: 'bool', value: false }, at)
      }
      const matches = context.regexes.matches(left.value, right.value)
      if (matches === undefined) throw refuse(context, at, 'constant regex match costs too much')
      return literal({ type: 'bool', value: matches === (op === '=~') }, at)
    }
    default:
      return literal({ type: 'bool', value: evaluateComparison(op, left, right) }, at)
  }
}

/** Constants that decide the result are kept alone, those that cannot change it are dropped. */
function foldLogical({ op, operands, at, kind }: Logical, context: FoldContext): FieldExpression {
  const deciding = op === '||'
  const folded = operands.map(operand => foldConstants(operand, context))
  if (folded.some(operand => operand.kind === 'static' && isTrue(operand) === deciding)) {
    return literal({ type: 'bool', value: deciding }, at)
  }
  const rest = folded.filter(operand => operand.kind !== 'static')
  if (rest.length === 0) return literal({ type: 'bool', value: !deciding }, at)
  return { kind, op, operands: rest, at }
}

function isTrue(value: StaticValue): boolean {
  return value.type === 'bool' && value.value
}

function refuse(context: FoldContext, at: number, message: string): Failure {
  return queryError('validate', context.text, at, message)
}

/** The value of a scalar expression made of literals; undefined when it holds an aggregate. */
export function foldScalar(
  expression: ScalarExpression,
): StaticValue | ArithmeticFailure | undefined {
  if (expression.kind === 'static') return expression
  if (expression.kind !== 'scalarBinary') return undefined
  const left = foldScalar(expression.left)
  const right = foldScalar(expression.right)
  if (typeof left !== 'object' || typeof right !== 'object') {
    return typeof left === 'string' ? left : typeof right === 'string' ? right : undefined
  }
  return evaluateArithmetic(expression.op, left, right)
}

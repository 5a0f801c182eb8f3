import type { ArithmeticOp, ComparisonOp, FieldExpression, LogicalOp } from './ast.ts'
import { intrinsics, type ValueType } from './intrinsics.ts'

/** What is known before any span is read; the type of an attribute shows only then. */
export type StaticType = ValueType | 'attribute'

export type BinaryOp = ComparisonOp | ArithmeticOp | LogicalOp

const arithmetic: readonly BinaryOp[] = ['+', '-', '*', '/', '%', '^']
const equality: readonly BinaryOp[] = ['=', '!=']
const order: readonly BinaryOp[] = ['<', '<=', '>', '>=']

const operatorsOf: Readonly<Record<ValueType, ReadonlySet<BinaryOp>>> = {
  nil: new Set(equality),
  bool: new Set([...equality, '&&', '||']),
  int: new Set([...equality, ...order, ...arithmetic]),
  float: new Set([...equality, ...order, ...arithmetic]),
  duration: new Set([...equality, ...order, ...arithmetic]),
  string: new Set([...equality, ...order, '=~', '!~']),
  status: new Set(equality),
  kind: new Set(equality),
}

export function isNumeric(type: StaticType): boolean {
  return type === 'int' || type === 'float' || type === 'duration'
}

/** Whether values of both types can stand on the two sides of one operator. */
export function typesMatch(left: StaticType, right: StaticType): boolean {
  if (left === right || (isNumeric(left) && isNumeric(right))) return true
  return [left, right].some(type => type === 'attribute' || type === 'nil')
}

export function takesOperator(type: StaticType, op: BinaryOp): boolean {
  return type === 'attribute' || operatorsOf[type].has(op)
}

/** The type of the value; arithmetic takes that of the first side which is known. */
export function typeOf(expression: FieldExpression): StaticType {
  switch (expression.kind) {
    case 'static':
      return expression.type
    case 'attribute':
      return 'attribute'
    case 'intrinsic':
      return intrinsics[expression.name].type
    case 'logical':
      return 'bool'
    case 'unary':
      return expression.op === '!' ? 'bool' : typeOf(expression.operand)
    case 'binary': {
      if (!arithmetic.includes(expression.op)) return 'bool'
      const left = typeOf(expression.left)
      return left === 'attribute' ? typeOf(expression.right) : left
    }
  }
}

/** Whether the value depends on the span at all. */
export function readsSpan(expression: FieldExpression): boolean {
  switch (expression.kind) {
    case 'static':
      return false
    case 'attribute':
    case 'intrinsic':
      return true
    case 'unary':
      return readsSpan(expression.operand)
    case 'binary':
      return readsSpan(expression.left) || readsSpan(expression.right)
    case 'logical':
      return expression.operands.some(readsSpan)
  }
}

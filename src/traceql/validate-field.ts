import type { Failure } from '../base/errors.ts'
import type { Binary, Field, FieldExpression, Logical, Unary } from './ast.ts'
import { type FoldContext, foldConstants } from './fold.ts'
import { printField, printFieldExpression } from './print-field.ts'
import { queryError } from './query-error.ts'
import {
  type BinaryOp,
  isNumeric,
  type StaticType,
  takesOperator,
  typeOf,
  typesMatch,
} from './value-type.ts'

/** What is said when an expression makes no sense; positions refer to the text of the query. */
export type ValidateContext = FoldContext

export function invalid(context: ValidateContext, at: number, message: string): Failure {
  return queryError('validate', context.text, at, message)
}

/** The condition of a filter. Fails with BAD_QUERY. */
export function validateCondition(condition: FieldExpression, context: ValidateContext): void {
  validateField(condition, context)
  const type = typeOf(condition)
  if (type === 'bool' || type === 'attribute') return
  const message = 'span filter field expressions must resolve to a boolean'
  throw invalid(context, placeOf(condition), `${message}: { ${printFieldExpression(condition)} }`)
}

/** An expression over one span: types, operators, regular expressions, constants. */
export function validateField(expression: FieldExpression, context: ValidateContext): void {
  checkTree(expression, context)
  foldConstants(expression, context)
}

function checkTree(expression: FieldExpression, context: ValidateContext): void {
  switch (expression.kind) {
    case 'static':
      break
    case 'attribute':
    case 'intrinsic':
      refuseParent(expression, context)
      break
    case 'unary':
      checkUnary(expression, context)
      break
    case 'binary':
      checkBinary(expression, context)
      break
    case 'logical':
      checkLogical(expression, context)
      break
  }
}

export function refuseParent(field: Field, context: ValidateContext): void {
  if (field.kind === 'attribute' && field.parent) {
    throw invalid(context, field.at, 'parent not yet supported')
  }
  if (field.kind === 'intrinsic' && field.name === 'parent') {
    throw invalid(context, field.at, 'intrinsic (parent) not yet supported')
  }
}

function checkUnary(unary: Unary, context: ValidateContext): void {
  checkTree(unary.operand, context)
  const type = typeOf(unary.operand)
  if (type === 'attribute' || (unary.op === '!' ? type === 'bool' : isNumeric(type))) return
  const text = printFieldExpression(unary)
  throw invalid(context, unary.at, `illegal operation for the given type: ${text}`)
}

function checkBinary(binary: Binary, context: ValidateContext): void {
  const { left, op, right } = binary
  checkTree(left, context)
  checkTree(right, context)
  if (op === '=~' || op === '!~') checkRegex(right, context)
  const problem = typeProblem(typeOf(left), op, typeOf(right))
  if (problem !== undefined) {
    throw invalid(context, binary.at, `${problem}: ${printFieldExpression(binary)}`)
  }
  if (op === '=' && left.kind === 'static' && left.type === 'nil') refuseNil(right, context)
  if (op === '=' && right.kind === 'static' && right.type === 'nil') refuseNil(left, context)
}

function checkLogical(logical: Logical, context: ValidateContext): void {
  const { operands, op, at } = logical
  for (const [index, right] of operands.entries()) {
    checkTree(right, context)
    if (index === 0) continue
    // From the second step on the left side is the result of the chain so far, a boolean.
    const leftType = index === 1 ? typeOf(operands[0]!) : 'bool'
    const problem = typeProblem(leftType, op, typeOf(right))
    if (problem === undefined) continue
    const text = printFieldExpression({ ...logical, operands: operands.slice(0, index + 1) })
    throw invalid(context, at, `${problem}: ${text}`)
  }
}

function typeProblem(left: StaticType, op: BinaryOp, right: StaticType): string | undefined {
  if (!typesMatch(left, right)) return 'binary operations must operate on the same type'
  if (takesOperator(left, op) && takesOperator(right, op)) return undefined
  return 'illegal operation for the given types'
}

function checkRegex(pattern: FieldExpression, context: ValidateContext): void {
  if (pattern.kind !== 'static' || pattern.type !== 'string') {
    const text = printFieldExpression(pattern)
    throw invalid(context, placeOf(pattern), `invalid type for =~ or !~: ${text}`)
  }
  const reason = context.regexes.check(pattern.value)
  if (reason !== undefined) throw invalid(context, pattern.at, reason)
}

/** `X = nil` asks for absence, which what is always there does not have. */
function refuseNil(field: FieldExpression, context: ValidateContext): void {
  if (field.kind === 'intrinsic') {
    const text = `${printField(field)}=nil is not valid because intrinsics cannot be nil`
    throw invalid(context, field.at, text)
  }
  if (field.kind !== 'attribute' || field.scope !== 'resource') return
  if (field.key !== 'service.name') return
  const name = printField(field)
  throw invalid(context, field.at, `${name}=nil is not valid because ${name} cannot be nil`)
}

/** Where an expression begins. */
export function placeOf(expression: FieldExpression): number {
  let first = expression
  for (;;) {
    if (first.kind === 'binary') first = first.left
    else if (first.kind === 'logical' && first.operands[0] !== undefined) first = first.operands[0]
    else return first.at
  }
}

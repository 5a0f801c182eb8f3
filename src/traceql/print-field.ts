import type { AttributeField, Field, FieldExpression } from './ast.ts'
import { intrinsics } from './intrinsics.ts'
import { isPlainName } from './lex-name.ts'
import { printLiteral } from './print-literal.ts'

/**
 * Canonical text of an expression: every compound operand in brackets. It is also the key of
 * groups and aggregates in results, for example `max((.num * 2) + 1)`.
 */
export function printFieldExpression(expression: FieldExpression): string {
  switch (expression.kind) {
    case 'static':
      return printLiteral(expression)
    case 'attribute':
    case 'intrinsic':
      return printField(expression)
    case 'unary':
      return `${expression.op}${printOperand(expression.operand)}`
    case 'binary': {
      const { left, op, right } = expression
      return `${printOperand(left)} ${op} ${printOperand(right)}`
    }
    case 'logical':
      return expression.operands.map(printOperand).join(` ${expression.op} `)
  }
}

function printOperand(expression: FieldExpression): string {
  const text = printFieldExpression(expression)
  const simple = ['static', 'attribute', 'intrinsic'].includes(expression.kind)
  return simple ? text : `(${text})`
}

/** `.region`, `span."user name"`, `status`. */
export function printField(field: Field): string {
  return field.kind === 'intrinsic' ? intrinsics[field.name].printed : printAttribute(field)
}

function printAttribute({ parent, scope, key }: AttributeField): string {
  const prefix = `${parent ? 'parent.' : ''}${scope === 'any' ? '' : `${scope}.`}`
  return `${prefix === '' ? '.' : prefix}${printKey(key, parent, scope === 'any')}`
}

function printKey(key: string, parent: boolean, unscoped: boolean): string {
  // `.5` would be a number, and `parent.span.` a scope.
  const ambiguous = unscoped && (parent ? /^(span|resource)\./ : /^\d/).test(key)
  if (isPlainName(key) && !ambiguous) return key
  return `"${key.replaceAll(/["\\]/g, '\\$&')}"`
}

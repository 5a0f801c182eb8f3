import type { Binary, Field, FieldExpression, Logical } from '../../src/traceql/ast.ts'
import { readsSpan } from '../../src/traceql/value-type.ts'
import { arithmetic, negative } from './arithmetic.ts'
import { compare } from './comparison.ts'
import { valuesOfField } from './field.ts'
import type { TreeSpan } from './trace.ts'
import { type Value, valuesOfStatic } from './value.ts'

/** Whether the condition of a filter is bool true for a span. */
export function isMatch(condition: FieldExpression, span: TreeSpan): boolean {
  return isTrue(new Evaluation(!holdsOr(condition)).valuesOf(condition, span))
}

/** The values of an expression on a span: none when it is missing. */
export function valuesOf(expression: FieldExpression, span: TreeSpan): Value[] {
  return new Evaluation(!holdsOr(expression)).valuesOf(expression, span)
}

/** A bare field says `= true`. */
function isTrue(values: readonly Value[]): boolean {
  return compare('=', values, [{ type: 'bool', value: true }])
}

const itemLists = ['events', 'links'] as const
type ItemList = (typeof itemLists)[number]

class Evaluation {
  /** Without `||` in the filter, conditions on events have to hold for the same event. */
  readonly #sameItem: boolean

  constructor(sameItem: boolean) {
    this.#sameItem = sameItem
  }

  valuesOf(expression: FieldExpression, span: TreeSpan): Value[] {
    switch (expression.kind) {
      case 'static':
        return valuesOfStatic(expression)
      case 'attribute':
      case 'intrinsic':
        return valuesOfField(expression, span)
      case 'logical':
        return [{ type: 'bool', value: this.#logical(expression, span) }]
      case 'unary': {
        const operands = this.valuesOf(expression.operand, span)
        return expression.op === '-' ? present(operands.map(negative)) : operands.flatMap(not)
      }
      case 'binary':
        return this.#binary(expression, span)
    }
  }

  #logical(logical: Logical, span: TreeSpan): boolean {
    const holds = (operand: FieldExpression, on: TreeSpan) => isTrue(this.valuesOf(operand, on))
    if (logical.op === '||') return logical.operands.some(operand => holds(operand, span))
    let rest = conjunctsOf(logical)
    for (const list of this.#sameItem ? itemLists : []) {
      const about = rest.filter(conjunct => isAboutOneOf(list, conjunct))
      if (about.length < 2) continue
      rest = rest.filter(conjunct => !about.includes(conjunct))
      const views = span[list].map(item => ({ ...span, [list]: [item] }))
      if (!views.some(view => about.every(conjunct => holds(conjunct, view)))) return false
    }
    return rest.every(conjunct => holds(conjunct, span))
  }

  #binary({ op, left, right }: Binary, span: TreeSpan): Value[] {
    const a = this.valuesOf(left, span)
    const b = this.valuesOf(right, span)
    switch (op) {
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
        return present(a.flatMap(x => b.map(y => arithmetic(op, x, y))))
      default: {
        if (isNil(left)) return [{ type: 'bool', value: isAsPresent(op, right, b, span) }]
        if (isNil(right)) return [{ type: 'bool', value: isAsPresent(op, left, a, span) }]
        const value = compare(op, likeTraceId(left, op, right, a), likeTraceId(right, op, left, b))
        return [{ type: 'bool', value }]
      }
    }
  }
}

function present<Item>(values: readonly (Item | undefined)[]): Item[] {
  return values.filter(value => value !== undefined)
}

/** Nothing for what is no bool. */
function not(value: Value): Value[] {
  if (value.type === 'array') return value.elements.flatMap(not)
  return value.type === 'bool' ? [{ type: 'bool', value: !value.value }] : []
}

function isNil(expression: FieldExpression): boolean {
  return expression.kind === 'static' && expression.type === 'nil'
}

/**
 * `x != nil`, `x = nil`. A constant compares to nil as false. What is missing from events is
 * missing from each of them, and there is one.
 */
function isAsPresent(
  op: Binary['op'],
  expression: FieldExpression,
  values: readonly Value[],
  span: TreeSpan,
): boolean {
  if (!readsSpan(expression)) return false
  if (op === '!=') return values.length > 0
  const list = expression.kind === 'attribute' ? listOf(expression) : undefined
  return values.length === 0 && (list === undefined || span[list].length > 0)
}

/** Trace ids may be written without their leading zeros, or with more of them. */
function likeTraceId(
  side: FieldExpression,
  op: Binary['op'],
  other: FieldExpression,
  values: readonly Value[],
): readonly Value[] {
  const isLiteral = side.kind === 'static' && side.type === 'string' && (op === '=' || op === '!=')
  if (!isLiteral || other.kind !== 'intrinsic' || other.name !== 'traceId') return values
  return [{ type: 'string', value: side.value.replace(/^0+/, '').padStart(32, '0') }]
}

/** With those of bracketed chains: `a && (b && c)`. */
function conjunctsOf(logical: Logical): FieldExpression[] {
  return logical.operands.flatMap(operand =>
    operand.kind === 'logical' && operand.op === '&&' ? conjunctsOf(operand) : [operand],
  )
}

function holdsOr(expression: FieldExpression): boolean {
  switch (expression.kind) {
    case 'unary':
      return holdsOr(expression.operand)
    case 'binary':
      return holdsOr(expression.left) || holdsOr(expression.right)
    case 'logical':
      return expression.op === '||' || expression.operands.some(holdsOr)
    default:
      return false
  }
}

/** Whether it asks for an event (link). Negations and absence speak of all of them. */
function isAboutOneOf(list: ItemList, conjunct: FieldExpression): boolean {
  const fields = fieldsOf(conjunct)
  if (!fields.some(field => listOf(field) === list)) return false
  if (fields.some(field => listOf(field) !== undefined && listOf(field) !== list)) return false
  if (conjunct.kind === 'unary') return conjunct.operand.kind === 'attribute'
  const asksAbsence = conjunct.kind === 'binary' && conjunct.op === '='
  return !(asksAbsence && (isNil(conjunct.left) || isNil(conjunct.right)))
}

/** Every field that an expression reads, in the order in which it is written. */
export function fieldsOf(expression: FieldExpression): Field[] {
  switch (expression.kind) {
    case 'static':
      return []
    case 'attribute':
    case 'intrinsic':
      return [expression]
    case 'unary':
      return fieldsOf(expression.operand)
    case 'binary':
      return [...fieldsOf(expression.left), ...fieldsOf(expression.right)]
    case 'logical':
      return expression.operands.flatMap(fieldsOf)
  }
}

function listOf(field: Field): ItemList | undefined {
  const name = field.kind === 'attribute' ? field.scope : field.name
  return name.startsWith('event') ? 'events' : name.startsWith('link') ? 'links' : undefined
}

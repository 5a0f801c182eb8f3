import { RE2JS } from 're2js'
import type { ComparisonOp } from '../../src/traceql/ast.ts'
import { isNumber, type Scalar, type Value } from './value.ts'

/**
 * Whether any of the values on the left compares to any of those on the right as asked. `!=` and
 * `!~` mean that none equals or matches, of those that can be compared at all. With nothing to
 * compare the result is false, whatever the operator. Arrays stand for their elements, but two of
 * them cannot be compared.
 */
export function compare(op: ComparisonOp, left: readonly Value[], right: readonly Value[]) {
  const pairs = left.flatMap(a => right.flatMap(b => comparablePairs(a, b)))
  if (pairs.length === 0) return false
  return op === '!=' || op === '!~'
    ? pairs.every(([a, b]) => holds(op, a, b))
    : pairs.some(([a, b]) => holds(op, a, b))
}

type Pair = readonly [Scalar, Scalar]

function comparablePairs(a: Value, b: Value): Pair[] {
  if (a.type === 'opaque' || b.type === 'opaque') return []
  if (a.type === 'array') {
    return b.type === 'array' ? [] : a.elements.flatMap(element => comparablePairs(element, b))
  }
  if (b.type === 'array') return b.elements.flatMap(element => comparablePairs(a, element))
  return a.type === b.type || (isNumber(a) && isNumber(b)) ? [[a, b]] : []
}

function holds(op: ComparisonOp, a: Scalar, b: Scalar): boolean {
  switch (op) {
    case '=':
      return isEqual(a, b)
    case '!=':
      return !isEqual(a, b)
    case '<':
      return isLess(a, b)
    case '<=':
      return isLess(a, b) || isEqual(a, b)
    case '>':
      return isLess(b, a)
    case '>=':
      return isLess(b, a) || isEqual(a, b)
    case '=~':
      return matches(a, b)
    case '!~':
      return a.type === 'string' && !matches(a, b)
  }
}

/** JavaScript compares a bigint and a number exactly, but only `<` and `>` of the operators do. */
function isEqual(a: Scalar, b: Scalar): boolean {
  return isNumber(a) && isNumber(b) ? a.value <= b.value && a.value >= b.value : a.value === b.value
}

/** Only numbers and text have an order, the latter that of its bytes. */
function isLess(a: Scalar, b: Scalar): boolean {
  if (isNumber(a) && isNumber(b)) return a.value < b.value
  if (a.type !== 'string' || b.type !== 'string') return false
  return Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)) < 0
}

const compiled = new Map<string, RE2JS>()

/** The whole text has to match; a dot takes line breaks too. */
function matches(text: Scalar, pattern: Scalar): boolean {
  if (text.type !== 'string' || pattern.type !== 'string') return false
  const regex = compiled.get(pattern.value) ?? RE2JS.compile(pattern.value, RE2JS.DOTALL)
  compiled.set(pattern.value, regex)
  return regex.matches(text.value)
}

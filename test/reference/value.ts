import type { PlainValue } from '../../src/storage/live/plain-spans-fixture.ts'
import type { KindName, StaticValue, StatusName } from '../../src/traceql/ast.ts'
import { printLiteral } from '../../src/traceql/print-literal.ts'

/**
 * A value as TraceQL sees it. Absence is no value at all, and so is an empty array. Bytes and lists
 * of pairs exist, but nothing can be said about them: they are `opaque`.
 */
export type Scalar =
  | { readonly type: 'int' | 'duration'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'status'; readonly value: StatusName }
  | { readonly type: 'kind'; readonly value: KindName }

export type Value =
  | Scalar
  | { readonly type: 'array'; readonly elements: readonly (Scalar | Opaque)[] }
  | Opaque

interface Opaque {
  readonly type: 'opaque'
}

const opaque: Opaque = { type: 'opaque' }

/** The value of an attribute; none for an empty array. */
export function valuesOfPlain(plain: PlainValue): Value[] {
  if (plain.type !== 'array') return [elementOf(plain)]
  return plain.value.length === 0 ? [] : [{ type: 'array', elements: plain.value.map(elementOf) }]
}

function elementOf(plain: PlainValue): Scalar | Opaque {
  switch (plain.type) {
    case 'string':
    case 'int':
    case 'bool':
      return plain
    case 'double':
      return { type: 'float', value: plain.value }
    default:
      return opaque
  }
}

/** A literal; none for nil. */
export function valuesOfStatic(literal: StaticValue): Scalar[] {
  switch (literal.type) {
    case 'nil':
      return []
    case 'int':
    case 'duration':
      return [{ type: literal.type, value: BigInt(literal.value) }]
    default:
      return [literal]
  }
}

export function isScalar(value: Value): value is Scalar {
  return value.type !== 'array' && value.type !== 'opaque'
}

export type NumberValue = Extract<Scalar, { type: 'int' | 'duration' | 'float' }>

/** NaN is one, and is neither less than, equal to nor greater than any other. */
export function isNumber(value: Value): value is NumberValue {
  return value.type === 'int' || value.type === 'duration' || value.type === 'float'
}

/** Equal for equal values of one type only: the key of groups. */
export function keyOf(value: Scalar | null): string {
  return value === null ? 'nil' : `${value.type}:${value.value}`
}

/** What a group or label says of a value that it cannot hold with its type. */
export function textOf(value: Scalar): string {
  if (value.type !== 'duration') return String(value.value)
  return printLiteral({ type: 'duration', value: String(value.value) })
}

import type { Aggregate, StaticValue } from '../../src/traceql/ast.ts'
import { typeOf } from '../../src/traceql/value-type.ts'
import { compare } from './comparison.ts'
import { valuesOf } from './condition.ts'
import type { TreeSpan } from './trace.ts'
import { isNumber, type NumberValue } from './value.ts'

/** The aggregate of the spans that have a number (not NaN); null when none has. */
export function aggregateOf(aggregate: Aggregate, spans: readonly TreeSpan[]): NumberValue | null {
  const { argument, function: name } = aggregate
  if (argument === null) return { type: 'int', value: BigInt(spans.length) }
  const numbers = spans
    .flatMap(span => valuesOf(argument, span).slice(0, 1))
    .filter(value => isNumber(value))
    .filter(({ value }) => !Number.isNaN(value))
  if (numbers.length === 0) return null
  switch (name) {
    case 'min':
      return numbers.reduce((least, one) => furtherOf('<', one, least))
    case 'max':
      return numbers.reduce((most, one) => furtherOf('>', one, most))
    case 'sum':
      return sumOf(numbers)
    default:
      return averageOf(numbers, typeOf(argument) === 'duration')
  }
}

/** Of a float and a whole number that are equal it is the latter. */
function furtherOf(op: '<' | '>', one: NumberValue, other: NumberValue): NumberValue {
  if (compare('=', [one], [other])) return one.type === 'float' ? other : one
  return compare(op, [one], [other]) ? one : other
}

/** Whole numbers are added exactly; a float among them makes all floats. */
function sumOf(numbers: readonly NumberValue[]): NumberValue {
  const whole = numbers.filter(number => number.type !== 'float')
  if (whole.length < numbers.length) {
    return { type: 'float', value: numbers.reduce((sum, { value }) => sum + Number(value), 0) }
  }
  const type = whole.every(number => number.type === 'duration') ? 'duration' : 'int'
  return { type, value: whole.reduce((sum, { value }) => sum + value, 0n) }
}

/** That of durations is a duration again. */
function averageOf(numbers: readonly NumberValue[], isDuration: boolean): NumberValue {
  const sum = sumOf(numbers)
  if (isDuration && sum.type === 'duration') {
    return { type: 'duration', value: sum.value / BigInt(numbers.length) }
  }
  return { type: 'float', value: Number(sum.value) / numbers.length }
}

/** The number that a query compares an aggregate or a sample with. */
export function numberOfStatic(literal: StaticValue): NumberValue {
  switch (literal.type) {
    case 'int':
    case 'duration':
      return { type: literal.type, value: BigInt(literal.value) }
    case 'float':
      return { type: 'float', value: literal.value }
    default:
      throw new Error(`a number is wanted, not ${literal.type}`)
  }
}

import type { ArithmeticOp } from '../../src/traceql/ast.ts'
import { isNumber, type NumberValue, type Value } from './value.ts'

/**
 * `left op right`; undefined where there is no result: on what is no number, and where an int is
 * divided by zero. Two ints give an int of 64 bits, which wraps around. A duration is its number of
 * nanoseconds and stays a duration where the result is a whole number anyway.
 */
export function arithmetic(op: ArithmeticOp, left: Value, right: Value): NumberValue | undefined {
  if (!isNumber(left) || !isNumber(right)) return undefined
  const isDuration = left.type === 'duration' || right.type === 'duration'
  const isWhole = left.type !== 'float' && right.type !== 'float'
  if (!isWhole || (isDuration && (op === '/' || op === '^'))) {
    return { type: 'float', value: floatArithmetic(op, Number(left.value), Number(right.value)) }
  }
  const value = wholeArithmetic(op, left.value, right.value)
  if (value === undefined) return undefined
  return { type: isDuration ? 'duration' : 'int', value: BigInt.asIntN(64, value) }
}

function floatArithmetic(op: ArithmeticOp, left: number, right: number): number {
  switch (op) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
    case '^':
      return left ** right
  }
}

function wholeArithmetic(op: ArithmeticOp, left: bigint, right: bigint): bigint | undefined {
  switch (op) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0n ? undefined : left / right
    case '%':
      return right === 0n ? undefined : left % right
    case '^':
      return power(left, right)
  }
}

/** A negative exponent gives a fraction, of which an int keeps nothing. */
function power(base: bigint, exponent: bigint): bigint {
  if (exponent >= 0n) return powerModulo(base, exponent)
  if (base === 1n) return 1n
  if (base === -1n) return exponent % 2n === 0n ? 1n : -1n
  return 0n
}

/** By squaring, since exponents go up to 2^63. */
function powerModulo(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n
  const half = powerModulo(BigInt.asIntN(64, base * base), exponent / 2n)
  return exponent % 2n === 0n ? half : BigInt.asIntN(64, half * base)
}

/** `-value`; undefined on what is no number. */
export function negative(value: Value): NumberValue | undefined {
  if (!isNumber(value)) return undefined
  if (value.type === 'float') return { type: 'float', value: -value.value }
  return { type: value.type, value: BigInt.asIntN(64, -value.value) }
}

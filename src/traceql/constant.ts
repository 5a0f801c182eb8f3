import type { ArithmeticOp, ComparisonOp, StaticValue } from './ast.ts'

/**
 * Arithmetic and comparison of literals. Numbers are exact: int, float and duration meet as
 * numbers, a duration is its nanoseconds, 64-bit ints wrap around like machine words.
 */
export type ArithmeticFailure = 'division by zero' | 'number out of range'

const nil: StaticValue = { type: 'nil' }

type NumberValue = { readonly value: bigint | number; readonly isDuration: boolean }

function numberOf(value: StaticValue): NumberValue | undefined {
  if (value.type === 'float') return { value: value.value, isDuration: false }
  if (value.type !== 'int' && value.type !== 'duration') return undefined
  return { value: BigInt(value.value), isDuration: value.type === 'duration' }
}

export function evaluateArithmetic(
  op: ArithmeticOp,
  left: StaticValue,
  right: StaticValue,
): StaticValue | ArithmeticFailure {
  const a = numberOf(left)
  const b = numberOf(right)
  if (a === undefined || b === undefined) return nil
  if ((op === '/' || op === '%') && Number(b.value) === 0) return 'division by zero'
  const isDuration = a.isDuration || b.isDuration
  // Nanoseconds stay exact where the result is a whole number anyway.
  const exact = !isDuration || op === '+' || op === '-' || op === '*' || op === '%'
  if (typeof a.value === 'bigint' && typeof b.value === 'bigint' && exact) {
    const value = BigInt.asIntN(64, integerResult(op, a.value, b.value)).toString()
    return { type: isDuration ? 'duration' : 'int', value }
  }
  const value = floatResult(op, Number(a.value), Number(b.value))
  return Number.isFinite(value) ? { type: 'float', value } : 'number out of range'
}

export function integerResult(op: ArithmeticOp, a: bigint, b: bigint): bigint {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
    case '^':
      return integerPower(a, b)
  }
}

/** Modulo 2^64 at each step, so that the exponent may be anything. */
function integerPower(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) {
    if (base === 1n) return 1n
    if (base === -1n) return exponent % 2n === 0n ? 1n : -1n
    // A fraction, which an int does not have.
    return 0n
  }
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square)
    square = BigInt.asIntN(64, square * square)
  }
  return result
}

export function floatResult(op: ArithmeticOp, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
    case '^':
      return a ** b
  }
}

export type OrderOp = Exclude<ComparisonOp, '=~' | '!~'>

/** Order of strings is that of their bytes. A comparison with nil is false. */
export function evaluateComparison(op: OrderOp, left: StaticValue, right: StaticValue): boolean {
  const a = numberOf(left)
  const b = numberOf(right)
  // JavaScript compares a bigint and a number exactly.
  if (a !== undefined && b !== undefined) return compares(op, a.value, b.value)
  if (left.type !== right.type || left.type === 'nil' || right.type === 'nil') return false
  if (left.type === 'string' && right.type === 'string') {
    return compares(op, Buffer.compare(Buffer.from(left.value), Buffer.from(right.value)), 0)
  }
  return op === '=' ? left.value === right.value : op === '!=' && left.value !== right.value
}

function compares(op: OrderOp, a: bigint | number, b: bigint | number): boolean {
  switch (op) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '=':
      return !(a < b) && !(a > b)
    case '!=':
      return a < b || a > b
  }
}

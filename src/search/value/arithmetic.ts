import type { ArithmeticOp } from '../../model/predicate.ts'
import { floatResult, integerResult } from '../../traceql/constant.ts'
import {
  gather,
  intAt,
  isNumberKind,
  Kind,
  type ValueVector,
  VectorBuilder,
} from './value-vector.ts'

/**
 * Arithmetic on vectors. Ints stay ints and are exact: results beyond 2^53 are computed again as
 * 64-bit ints that wrap around. Durations stay durations where the result is a whole number anyway.
 * Everything else is a float. Where a side has no number, or a whole one is divided by zero, there
 * is no value.
 */
export function combine(op: ArithmeticOp, left: ValueVector, right: ValueVector): ValueVector {
  const aligned = alignItems(left, right)
  if (aligned === null) return new VectorBuilder(left.kinds.length).finish(left.items)
  const [a, b] = aligned
  const out = new VectorBuilder(a.kinds.length)
  const exact = a.wide !== null || b.wide !== null
  for (let i = 0; i < out.kinds.length; i++) {
    const x = a.kinds[i]!
    const y = b.kinds[i]!
    if (!isNumberKind(x) || !isNumberKind(y)) continue
    if (x === Kind.int && y === Kind.int) combineInts(op, a, b, i, exact, out)
    else {
      const isWhole = x !== Kind.float && y !== Kind.float
      if (isWhole && (op === '/' || op === '%') && b.numbers[i] === 0) continue
      const isDuration = isWhole && op !== '/' && op !== '^'
      const result = floatResult(op, a.numbers[i]!, b.numbers[i]!)
      out.kinds[i] = isDuration ? Kind.duration : Kind.float
      // Not -0, which whole numbers do not have.
      out.numbers[i] = isDuration ? result + 0 : result
    }
  }
  return out.finish(a.items)
}

function combineInts(
  op: ArithmeticOp,
  a: ValueVector,
  b: ValueVector,
  at: number,
  exact: boolean,
  out: VectorBuilder,
): void {
  const x = a.numbers[at]!
  const y = b.numbers[at]!
  if ((op === '/' || op === '%') && y === 0) return
  if (!exact) {
    const result = op === '/' ? Math.trunc(x / y) : floatResult(op, x, y)
    // A fraction can only come from a negative exponent.
    if (Number.isSafeInteger(result)) {
      out.kinds[at] = Kind.int
      // Not -0, which ints do not have.
      out.numbers[at] = result + 0
      return
    }
  }
  out.setInt(at, BigInt.asIntN(64, integerResult(op, intAt(a, at), intAt(b, at))))
}

/**
 * Both sides over the same things: values of rows are repeated for each of the row's items. Null
 * when they belong to different kinds of items, which cannot be paired.
 */
export function alignItems(a: ValueVector, b: ValueVector): [ValueVector, ValueVector] | null {
  if (a.items === null && b.items === null) return [a, b]
  if (a.items === null) return [gather(a, b.items!.rows, b.items), b]
  if (b.items === null) return [a, gather(b, a.items.rows, a.items)]
  return a.items.of === b.items.of && a.items.of !== 'element' ? [a, b] : null
}

export function negative(vector: ValueVector): ValueVector {
  const out = new VectorBuilder(vector.kinds.length)
  for (let i = 0; i < out.kinds.length; i++) {
    const kind = vector.kinds[i]!
    if (!isNumberKind(kind)) continue
    const exact = vector.wide?.get(i)
    if (exact !== undefined) out.setInt(i, BigInt.asIntN(64, -exact))
    else {
      out.kinds[i] = kind
      out.numbers[i] = kind === Kind.float ? -vector.numbers[i]! : 0 - vector.numbers[i]!
    }
  }
  return out.finish(vector.items)
}

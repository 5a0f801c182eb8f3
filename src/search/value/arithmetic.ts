import type { ArithmeticOp } from '../../model/predicate.ts'
import { floatResult, integerResult } from '../../traceql/constant.ts'
import {
  gather,
  intAt,
  isNumberKind,
  Kind,
  type KindCode,
  type ValueVector,
  VectorBuilder,
} from './value-vector.ts'

/**
 * Arithmetic on vectors. Ints stay ints and are exact: results beyond 2^53 are computed again as
 * 64-bit ints that wrap around. Durations stay durations where the result is a whole number anyway.
 * Everything else is a float. Where a side has no number, or a whole one is divided by zero, there
 * is no value. `spare`: a side that may be overwritten.
 */
export function combine(
  op: ArithmeticOp,
  left: ValueVector,
  right: ValueVector,
  spare: ValueVector | null = null,
): ValueVector {
  const aligned = alignItems(left, right)
  if (aligned === null) return new VectorBuilder(left.kinds.length).finish(left.items)
  const [a, b] = aligned
  const out = builderFor(a, spare)
  if (op === '+' || op === '-' || op === '*') {
    const left = combineExact(op, a, b, out)
    for (const i of left) combineWhole(op, a, b, i, wholeKind(a, b, i), out)
    return out.finish(a.items)
  }
  for (let i = 0; i < out.kinds.length; i++) {
    const x = a.kinds[i]!
    const y = b.kinds[i]!
    out.kinds[i] = Kind.none
    if (!isNumberKind(x) || !isNumberKind(y)) continue
    const isWhole = x !== Kind.float && y !== Kind.float
    const isInt = x === Kind.int && y === Kind.int
    const divides = (op === '/' && isInt) || (op === '%' && isWhole)
    if (divides && b.numbers[i] === 0) continue
    if (isInt || (isWhole && op === '%')) combineWhole(op, a, b, i, wholeKind(a, b, i), out)
    else out.set(i, Kind.float, floatResult(op, a.numbers[i]!, b.numbers[i]!))
  }
  return out.finish(a.items)
}

/** In place of a side that nobody needs any more: one value is read before it is replaced. */
function builderFor({ kinds }: ValueVector, spare: ValueVector | null): VectorBuilder {
  if (spare === null || spare.kinds.length !== kinds.length || spare.wide !== null)
    return new VectorBuilder(kinds.length)
  return new VectorBuilder(spare)
}

/**
 * Sums, differences and products as doubles, where these are what is wanted. Gives the places that
 * need 64-bit ints.
 */
function combineExact(
  op: '+' | '-' | '*',
  a: ValueVector,
  b: ValueVector,
  { kinds, numbers }: VectorBuilder,
): number[] {
  const left: number[] = []
  const hasWide = a.wide !== null || b.wide !== null
  const [p, q, x, y] = [a.numbers, b.numbers, a.kinds, b.kinds]
  for (let i = 0; i < kinds.length; i++) {
    const kind = resultKinds[x[i]! * kindCount + y[i]!]!
    if (kind === Kind.none) {
      kinds[i] = kind
      continue
    }
    const result = op === '+' ? p[i]! + q[i]! : op === '-' ? p[i]! - q[i]! : p[i]! * q[i]!
    const isExact = result <= Number.MAX_SAFE_INTEGER && result >= -Number.MAX_SAFE_INTEGER
    if (kind !== Kind.float && (!isExact || (hasWide && (a.wide?.has(i) || b.wide?.has(i))))) {
      left.push(i)
      continue
    }
    kinds[i] = kind
    // Whole numbers have no -0.
    numbers[i] = kind === Kind.float ? result : result + 0
  }
  return left
}

const kindCount = 9

/** Kinds of both sides -> what their sum, difference or product is. */
const resultKinds = Uint8Array.from({ length: kindCount * kindCount }, (_, pair) => {
  const x = Math.floor(pair / kindCount)
  const y = pair % kindCount
  if (!isNumberKind(x) || !isNumberKind(y)) return Kind.none
  if (x === Kind.float || y === Kind.float) return Kind.float
  return x === Kind.int && y === Kind.int ? Kind.int : Kind.duration
})

function wholeKind(
  a: ValueVector,
  b: ValueVector,
  at: number,
): typeof Kind.int | typeof Kind.duration {
  return a.kinds[at] === Kind.int && b.kinds[at] === Kind.int ? Kind.int : Kind.duration
}

function combineWhole(
  op: ArithmeticOp,
  a: ValueVector,
  b: ValueVector,
  at: number,
  kind: typeof Kind.int | typeof Kind.duration,
  out: VectorBuilder,
): void {
  const isExact = !a.wide?.has(at) && !b.wide?.has(at)
  const quotient = floatResult(op, a.numbers[at]!, b.numbers[at]!)
  const result = op === '/' ? Math.trunc(quotient) : quotient
  // A fraction can only come from a negative exponent. Not -0, which whole numbers do not have.
  if (isExact && Number.isSafeInteger(result)) out.set(at, kind, result + 0)
  else out.setInt(at, BigInt.asIntN(64, integerResult(op, intAt(a, at), intAt(b, at))), kind)
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
    if (exact !== undefined) out.setInt(i, BigInt.asIntN(64, -exact), kind as KindCode)
    else {
      out.kinds[i] = kind
      out.numbers[i] = kind === Kind.float ? -vector.numbers[i]! : 0 - vector.numbers[i]!
    }
  }
  return out.finish(vector.items)
}

/** The other bool; nothing where there is no bool. */
export function opposite(vector: ValueVector): ValueVector {
  const out = new VectorBuilder(vector.kinds.length)
  for (let i = 0; i < out.kinds.length; i++) {
    if (vector.kinds[i] === Kind.bool) out.set(i, Kind.bool, 1 - vector.numbers[i]!)
  }
  return out.finish(vector.items)
}

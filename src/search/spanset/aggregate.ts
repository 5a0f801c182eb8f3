import type { SpansetStage } from '../../model/spanset.ts'
import { markedRows } from '../kernels.ts'
import {
  intAt,
  isNumberKind,
  Kind,
  type ValueVector,
  VectorBuilder,
} from '../value/value-vector.ts'
import { orderHolds } from '../value-test.ts'
import { countBySet, keepSets, type Spansets, withAttribute } from './spansets.ts'

type AggregateStage = Extract<SpansetStage, { kind: 'aggregate' }>

/** Keeps the sets whose aggregate compares as asked, and notes it as an attribute of each set. */
export function filterByAggregate(
  stage: AggregateStage,
  sets: Spansets,
  argument: ValueVector | null,
): Spansets {
  const values =
    stage.function === 'count' || argument === null
      ? counts(sets)
      : aggregate(stage, sets, argument)
  const kept = new Uint8Array(sets.count)
  const holds = comparisonWith(stage, values)
  for (let set = 0; set < kept.length; set++) {
    if (values.kinds[set] !== Kind.none && holds(set)) kept[set] = 1
  }
  const mask = sets.mask.slice()
  keepSets(mask, sets, kept)
  const attribute = { shownAs: stage.shownAs, values, isDuration: stage.isDuration }
  return { ...sets, mask, attributes: withAttribute(sets.attributes, attribute) }
}

/** Exact: ints beyond 2^53 are compared as such. */
function comparisonWith(
  { op, literal }: AggregateStage,
  { numbers, wide }: ValueVector,
): (set: number) => boolean {
  const number = Number(literal.value)
  const exact =
    literal.type === 'int' && !Number.isSafeInteger(number) ? BigInt(literal.value) : null
  const wanted = exact ?? number
  return set => {
    const value = wide?.get(set) ?? numbers[set]!
    return orderHolds(op, value < wanted ? -1 : value > wanted ? 1 : 0)
  }
}

function counts(sets: Spansets): ValueVector {
  const counted = countBySet(sets)
  const out = new VectorBuilder(sets.count)
  for (let set = 0; set < counted.length; set++) {
    if (counted[set]! > 0) out.set(set, Kind.int, counted[set]!)
  }
  return out.finish()
}

/** Sums beyond this may have lost their last digits, and are made again with exact ints. */
const exactMax = Number.MAX_SAFE_INTEGER

function aggregate(stage: AggregateStage, sets: Spansets, values: ValueVector): ValueVector {
  const lanes = accumulate(sets, values)
  const out = new VectorBuilder(sets.count)
  for (let set = 0; set < sets.count; set++) {
    if (lanes.count[set] === 0) continue
    const number = resultOf(stage.function, lanes, set)
    if (isFloatResult(stage.function, lanes, set)) out.set(set, Kind.float, number)
    else if (stage.function !== 'average') out.set(set, Kind.int, number)
    else if (stage.isDuration) out.set(set, Kind.int, Math.trunc(number))
    else out.set(set, Kind.float, number)
  }
  const needsExact = values.wide !== null || lanes.sum.some(sum => Math.abs(sum) > exactMax)
  if (needsExact) replaceByExact(stage, sets, values, lanes, out)
  return out.finish()
}

/** A sum is a float when one of its numbers is; the least and the greatest number stay what they are. */
function isFloatResult(name: AggregateStage['function'], lanes: Lanes, set: number): boolean {
  if (name === 'min') return lanes.isFloat.min[set] === 1
  if (name === 'max') return lanes.isFloat.max[set] === 1
  return lanes.other[set]! > 0
}

interface Lanes {
  readonly count: Uint32Array
  readonly sum: Float64Array
  readonly min: Float64Array
  readonly max: Float64Array
  /** Values that are no ints (or whole nanoseconds). */
  readonly other: Uint32Array
  /** 1 where the least (greatest) number is a float. */
  readonly isFloat: { readonly min: Uint8Array; readonly max: Uint8Array }
}

function accumulate({ mask, setOfRow, count: sets }: Spansets, values: ValueVector): Lanes {
  const count = new Uint32Array(sets)
  const sum = new Float64Array(sets)
  const min = new Float64Array(sets).fill(Number.POSITIVE_INFINITY)
  const max = new Float64Array(sets).fill(Number.NEGATIVE_INFINITY)
  const other = new Uint32Array(sets)
  const isFloat = { min: new Uint8Array(sets), max: new Uint8Array(sets) }
  const { kinds, numbers } = values
  for (const row of markedRows(mask)) {
    const number = numbers[row]!
    if (!isNumberKind(kinds[row]!) || Number.isNaN(number)) continue
    const set = setOfRow[row]!
    const float = kinds[row] === Kind.float ? 1 : 0
    count[set] = count[set]! + 1
    sum[set] = sum[set]! + number
    if (number < min[set]! || count[set] === 1) {
      min[set] = number
      isFloat.min[set] = float
    }
    if (number > max[set]! || count[set] === 1) {
      max[set] = number
      isFloat.max[set] = float
    }
    other[set] = other[set]! + float
  }
  return { count, sum, min, max, other, isFloat }
}

function resultOf(name: AggregateStage['function'], lanes: Lanes, set: number): number {
  switch (name) {
    case 'min':
      return lanes.min[set]!
    case 'max':
      return lanes.max[set]!
    case 'average':
      return lanes.sum[set]! / lanes.count[set]!
    default:
      return lanes.sum[set]!
  }
}

/** The same once more for sets of ints alone, with 64-bit ints. */
function replaceByExact(
  stage: AggregateStage,
  { mask, setOfRow }: Spansets,
  values: ValueVector,
  lanes: Lanes,
  out: VectorBuilder,
): void {
  const results = new Map<number, bigint>()
  for (let row = 0; row < mask.length; row++) {
    const set = setOfRow[row]!
    if (mask[row] === 0 || !isNumberKind(values.kinds[row]!) || lanes.other[set]! > 0) continue
    const value = intAt(values, row)
    const known = results.get(set)
    const isKept =
      known !== undefined && (stage.function === 'min' ? known <= value : known >= value)
    if (stage.function !== 'min' && stage.function !== 'max')
      results.set(set, (known ?? 0n) + value)
    else if (!isKept) results.set(set, value)
  }
  for (const [set, exact] of results) {
    const spans = BigInt(lanes.count[set]!)
    if (stage.function !== 'average') out.setInt(set, BigInt.asIntN(64, exact))
    else if (stage.isDuration) out.setInt(set, exact / spans)
    else out.set(set, Kind.float, Number(exact) / Number(spans))
  }
}

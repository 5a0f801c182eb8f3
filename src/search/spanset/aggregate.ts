import type { SpansetStage } from '../../model/spanset.ts'
import { markedRows } from '../kernels.ts'
import { float64Room, uint32Room } from '../room.ts'
import {
  intAt,
  isNumberKind,
  Kind,
  type KindCode,
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
  const kept = setsThatHold(stage, values)
  const attribute = { shownAs: stage.shownAs, values, isDuration: stage.isDuration }
  const attributes = withAttribute(sets.attributes, attribute)
  if (!kept.includes(1)) return { ...sets, mask: new Uint8Array(sets.mask.length), attributes }
  const mask = sets.mask.slice()
  keepSets(mask, sets, kept)
  return { ...sets, mask, attributes }
}

/** Exact: ints beyond 2^53 are compared as such. */
function setsThatHold(
  { op, literal }: AggregateStage,
  { kinds, numbers, wide }: ValueVector,
): Uint8Array {
  const number = Number(literal.value)
  const exact =
    literal.type === 'int' && !Number.isSafeInteger(number) ? BigInt(literal.value) : null
  const wanted = exact ?? number
  const isHeld = [-1, 0, 1, Number.NaN].map(order => (orderHolds(op, order) ? 1 : 0))
  const [below, equal, above, unordered] = isHeld as [number, number, number, number]
  const kept = new Uint8Array(kinds.length)
  for (let set = 0; set < kept.length; set++) {
    if (kinds[set] === Kind.none) continue
    const value = wide === null ? numbers[set]! : (wide.get(set) ?? numbers[set]!)
    kept[set] =
      value < wanted ? below : value > wanted ? above : value >= wanted ? equal : unordered
  }
  return kept
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
  const { function: name } = stage
  const isBest = name === 'min' || name === 'max'
  const lanes = isBest ? bestOf(name, sets, values) : sumsOf(sets, values)
  const out = new VectorBuilder(sets.count)
  let isExact = values.wide === null
  for (let set = 0; set < sets.count; set++) {
    const count = lanes.count[set]!
    if (count === 0) continue
    const number = lanes.number[set]!
    if (Math.abs(number) > exactMax && !isBest) isExact = false
    // A sum is a float when one of its numbers is; the least and the greatest stay what they are.
    if (name !== 'average') out.set(set, lanes.floats[set]! > 0 ? Kind.float : Kind.int, number)
    else if (lanes.floats[set]! > 0 || !stage.isDuration) out.set(set, Kind.float, number / count)
    else out.set(set, Kind.int, Math.trunc(number / count))
  }
  if (!isExact) replaceByExact(stage, sets, values, lanes, out)
  return out.finish()
}

interface Lanes {
  readonly count: Uint32Array
  /** The sum, or the least or greatest number. */
  readonly number: Float64Array
  /** Numbers of a sum that are no ints (or whole nanoseconds); 1 for a least or greatest such number. */
  readonly floats: Uint32Array
}

const rooms = { count: uint32Room(), number: float64Room(), floats: uint32Room() }

/** Valid until the next call. */
function emptyLanes(sets: number): Lanes {
  return {
    count: rooms.count.take(sets).fill(0),
    number: rooms.number.take(sets).fill(0),
    floats: rooms.floats.take(sets).fill(0),
  }
}

function sumsOf(sets: Spansets, { kinds, numbers }: ValueVector): Lanes {
  const lanes = emptyLanes(sets.count)
  const { count, number: sums, floats } = lanes
  const { setOfRow } = sets
  const rows = markedRows(sets.mask)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const number = numbers[row]!
    const kind = kinds[row]!
    if (!isNumberKind(kind) || Number.isNaN(number)) continue
    const set = setOfRow[row]!
    count[set] = count[set]! + 1
    sums[set] = sums[set]! + number
    if (kind === Kind.float) floats[set] = floats[set]! + 1
  }
  return lanes
}

function bestOf(name: 'min' | 'max', sets: Spansets, { kinds, numbers }: ValueVector): Lanes {
  const lanes = emptyLanes(sets.count)
  const { count, number: best, floats } = lanes
  const { setOfRow } = sets
  const rows = markedRows(sets.mask)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const number = numbers[row]!
    const kind = kinds[row]!
    if (!isNumberKind(kind) || Number.isNaN(number)) continue
    const set = setOfRow[row]!
    const isFirst = count[set] === 0
    count[set] = count[set]! + 1
    const isBetter = name === 'min' ? number < best[set]! : number > best[set]!
    // Of an int and a float that are equal the int stays.
    const isEqualInt = kind !== Kind.float && number === best[set]
    if (!isFirst && !isBetter && !isEqualInt) continue
    best[set] = number
    floats[set] = kind === Kind.float ? 1 : 0
  }
  return lanes
}

/** The same once more with 64-bit ints. */
function replaceByExact(
  stage: AggregateStage,
  sets: Spansets,
  values: ValueVector,
  lanes: Lanes,
  out: VectorBuilder,
): void {
  const isLeast = stage.function === 'min'
  if (isLeast || stage.function === 'max') replaceExtremes(isLeast, sets, values, out)
  else replaceSums(stage, sets, values, lanes, out)
}

/** An int and a float compare exactly in JavaScript. Of two that are equal the int stays. */
function replaceExtremes(
  isLeast: boolean,
  { mask, setOfRow }: Spansets,
  { kinds, numbers, wide }: ValueVector,
  out: VectorBuilder,
): void {
  const extremes = new Map<number, { value: number | bigint; kind: KindCode }>()
  for (const row of markedRows(mask)) {
    const kind = kinds[row]! as KindCode
    if (!isNumberKind(kind) || Number.isNaN(numbers[row])) continue
    const value = wide?.get(row) ?? numbers[row]!
    const known = extremes.get(setOfRow[row]!)
    const isBeyond = !known || (isLeast ? value < known.value : value > known.value)
    // Only `<` and `>` and their like are exact.
    const isEqual = known && value <= known.value && value >= known.value
    if (isBeyond || (isEqual && kind !== Kind.float)) {
      extremes.set(setOfRow[row]!, { value, kind })
    }
  }
  for (const [set, { value, kind }] of extremes) {
    if (kind === Kind.float) out.set(set, kind, Number(value))
    else out.setInt(set, BigInt(value))
  }
}

/** Those of ints alone: a float among them makes all floats. */
function replaceSums(
  stage: AggregateStage,
  { mask, setOfRow }: Spansets,
  values: ValueVector,
  lanes: Lanes,
  out: VectorBuilder,
): void {
  const sums = new Map<number, bigint>()
  for (const row of markedRows(mask)) {
    const set = setOfRow[row]!
    if (!isNumberKind(values.kinds[row]!) || lanes.floats[set]! > 0) continue
    if (Number.isNaN(values.numbers[row])) continue
    sums.set(set, (sums.get(set) ?? 0n) + intAt(values, row))
  }
  for (const [set, sum] of sums) {
    const spans = BigInt(lanes.count[set]!)
    if (stage.function !== 'average') out.setInt(set, BigInt.asIntN(64, sum))
    else if (stage.isDuration) out.setInt(set, sum / spans)
    else out.set(set, Kind.float, Number(sum) / Number(spans))
  }
}

import { gatherLane } from '../kernels.ts'
import { float64Room, uint32Room } from '../room.ts'
import { KeyEncoder, type KeyValue } from '../value/key-encoder.ts'
import { copyValue, isUsable, type ValueVector, VectorBuilder } from '../value/value-vector.ts'
import { LazyAttribute, type SetAttribute, type Spansets, withAttribute } from './spansets.ts'

/** Values of the rows that are in sets, in their order. */
export interface GroupCodes {
  readonly rows: Uint32Array
  readonly codes: Uint32Array
  /** Code -> value. */
  readonly values: readonly KeyValue[]
}

/** For values that have no codes yet. */
export function encodeGroups(values: ValueVector, rows: Uint32Array): GroupCodes {
  const keys = new KeyEncoder()
  const codes = keys.encode(values, rows)
  return { rows, codes, values: keys.values }
}

/** Splits every set by the values of its rows; rows without a value are a set of their own. */
export function groupBy(sets: Spansets, groups: GroupCodes, shownAs: string): Spansets {
  const { rows, values } = groups
  const codes = withoutUnusable(groups)
  const of = gatherLane(sets.setOfRow, rows, rooms.of.take(rows.length))
  const { parts, parents, keyCodes } = splitSets(of, codes, values.length)
  const setOfRow = new Uint32Array(sets.mask.length)
  for (let i = 0; i < rows.length; i++) setOfRow[rows[i]!] = parts[i]!
  const traceOfSet = gatherLane(sets.traceOfSet, parents)
  return {
    mask: sets.mask,
    setOfRow,
    count: parents.length,
    traceOfSet,
    traceRows: sets.traceRows,
    isGrouped: true,
    attributes: withAttribute(
      sets.attributes.map(attribute => inherited(attribute, parents)),
      new LazyAttribute(shownAs, false, () => keysOf(keyCodes, values)),
    ),
  }
}

/** The value of each set. */
function keysOf(keyCodes: Uint32Array, values: readonly KeyValue[]): ValueVector {
  const out = new VectorBuilder(keyCodes.length)
  for (let set = 0; set < keyCodes.length; set++) {
    const { kind, number, exact } = values[keyCodes[set]!]!
    if (!isUsable(kind)) continue
    if (exact === undefined) out.set(set, kind, number)
    else out.setInt(set, exact)
  }
  return out.finish()
}

/** For what a call needs and no result keeps. */
const rooms = {
  ...{ of: uint32Room(), parts: uint32Room(), parents: uint32Room(), keyCodes: uint32Room() },
  ...{ latest: float64Room(), numbers: uint32Room() },
}

interface SplitSets {
  /** The new set of each row; valid until the next call. */
  readonly parts: Uint32Array
  /** New set -> the set that it is a part of, and the code of the value that it has. */
  readonly parents: Uint32Array
  readonly keyCodes: Uint32Array
}

/** Numbers the pairs of set and value that occur. */
function splitSets(sets: Uint32Array, codes: Uint32Array, width: number): SplitSets {
  const parts = rooms.parts.take(sets.length)
  const parents = rooms.parents.take(sets.length)
  const keyCodes = rooms.keyCodes.take(sets.length)
  // Rows of a set follow each other in blocks: then the latest set with a value is the only one.
  const latest = isAscending(sets) ? rooms.latest.take(width).fill(-1) : null
  const numbers = latest ? rooms.numbers.take(width) : null
  const known = new Map<number, number>()
  let count = 0
  for (let i = 0; i < sets.length; i++) {
    const set = sets[i]!
    const code = codes[i]!
    const found = latest
      ? latest[code] === set
        ? numbers![code]!
        : -1
      : (known.get(set * width + code) ?? -1)
    if (found >= 0) {
      parts[i] = found
      continue
    }
    if (latest) {
      latest[code] = set
      numbers![code] = count
    } else known.set(set * width + code, count)
    parents[count] = set
    keyCodes[count] = code
    parts[i] = count++
  }
  return { parts, parents: parents.slice(0, count), keyCodes: keyCodes.slice(0, count) }
}

function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! < numbers[i - 1]!) return false
  return true
}

/** What cannot be used is no value: all of these are one group. */
function withoutUnusable({ codes, values }: GroupCodes): Uint32Array {
  const without = values.findIndex(({ kind }) => !isUsable(kind))
  const isOne = values.findLastIndex(({ kind }) => !isUsable(kind)) === without
  if (isOne) return codes
  return codes.map(code => (isUsable(values[code]!.kind) ? code : without))
}

function inherited(attribute: SetAttribute, parents: Uint32Array): SetAttribute {
  return new LazyAttribute(attribute.shownAs, attribute.isDuration, () => {
    const { values } = attribute
    const out = new VectorBuilder(parents.length)
    for (let set = 0; set < parents.length; set++) copyValue(values, parents[set]!, out, set)
    return out.finish()
  })
}

/** True when some trace has rows in more than one set. */
export function hasSplitTrace(sets: Spansets, traces: number): boolean {
  if (!sets.isGrouped) return false
  const first = new Int32Array(traces).fill(-1)
  const { mask, setOfRow, traceOfSet } = sets
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue
    const set = setOfRow[row]!
    const trace = traceOfSet[set]!
    if (first[trace] === -1) first[trace] = set
    else if (first[trace] !== set) return true
  }
  return false
}

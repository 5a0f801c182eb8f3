import { gatherLane, markedRows } from '../kernels.ts'
import { KeyEncoder } from '../value/key-encoder.ts'
import {
  copyValue,
  isUsable,
  Kind,
  type ValueVector,
  VectorBuilder,
} from '../value/value-vector.ts'
import { type SetAttribute, type Spansets, withAttribute } from './spansets.ts'

/** Splits every set by the values of its rows; rows without a value are a set of their own. */
export function groupBy(sets: Spansets, values: ValueVector, shownAs: string): Spansets {
  const rows = markedRows(sets.mask)
  const keys = new KeyEncoder()
  const codes = keys.encode(asGroups(values), rows)
  const { parts, parents, keyCodes } = splitSets(gatherLane(sets.setOfRow, rows), codes, keys)
  const setOfRow = new Uint32Array(sets.mask.length)
  for (let i = 0; i < rows.length; i++) setOfRow[rows[i]!] = parts[i]!
  const key = new VectorBuilder(parents.length)
  for (let set = 0; set < parents.length; set++) {
    const { kind, number, exact } = keys.values[keyCodes[set]!]!
    if (exact === undefined) key.set(set, kind, number)
    else key.setInt(set, exact)
  }
  return {
    mask: sets.mask,
    setOfRow,
    count: parents.length,
    traceOfSet: parents.map(parent => sets.traceOfSet[parent]!),
    traceRows: sets.traceRows,
    isGrouped: true,
    attributes: withAttribute(
      sets.attributes.map(attribute => inherited(attribute, parents)),
      { shownAs, values: key.finish(), isDuration: false },
    ),
  }
}

interface SplitSets {
  /** The new set of each row. */
  readonly parts: Uint32Array
  /** New set -> the set that it is a part of, and the code of the value that it has. */
  readonly parents: Uint32Array
  readonly keyCodes: Uint32Array
}

/** Numbers the pairs of set and value that occur. */
function splitSets(sets: Uint32Array, codes: Uint32Array, keys: KeyEncoder): SplitSets {
  const parts = new Uint32Array(sets.length)
  const parents = new Uint32Array(sets.length)
  const keyCodes = new Uint32Array(sets.length)
  const width = keys.values.length
  // Rows of a set follow each other in blocks: then the latest set with a value is the only one.
  const latest = isAscending(sets) ? new Float64Array(width).fill(-1) : null
  const numbers = latest ? new Uint32Array(width) : null
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

/** What cannot be used is no value. */
function asGroups(values: ValueVector): ValueVector {
  if (!values.kinds.includes(Kind.unusable)) return values
  return { ...values, kinds: values.kinds.map(kind => (isUsable(kind) ? kind : Kind.none)) }
}

function inherited(attribute: SetAttribute, parents: Uint32Array): SetAttribute {
  const { values } = attribute
  const out = new VectorBuilder(parents.length)
  for (let set = 0; set < parents.length; set++) copyValue(values, parents[set]!, out, set)
  return { ...attribute, values: out.finish() }
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

import { gatherLane, markedRows } from '../kernels.ts'
import { KeyEncoder, PairEncoder } from '../value/key-encoder.ts'
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
  const pairs = new PairEncoder()
  const parts = pairs.encode(gatherLane(sets.setOfRow, rows), codes)
  const setOfRow = new Uint32Array(sets.mask.length)
  for (let i = 0; i < rows.length; i++) setOfRow[rows[i]!] = parts[i]!
  const parents = Uint32Array.from(pairs.pairs, pair => pair.first)
  const key = new VectorBuilder(parents.length)
  for (const [set, { second }] of pairs.pairs.entries()) {
    const { kind, number, exact } = keys.values[second]!
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

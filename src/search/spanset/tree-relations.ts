import type { TreeColumns } from '../../model/column-batch.ts'
import type { Relation } from '../../model/spanset.ts'
import type { Mask } from '../kernels.ts'
import { type Spansets, setsOf } from './spansets.ts'

/**
 * Structural operators over rows in depth-first order: one pass each. A stack holds the rows from
 * the top of the tree to the current one. Rows of different sets never meet, and orphans (spans
 * whose parent is not stored) with everything below them are in no relation.
 */
export interface Sides {
  readonly left: Mask
  readonly right: Mask
  readonly sets: Spansets
}

/** Rows of the right side that are in the relation with some row of the left. */
export function related(relation: Relation, tree: TreeColumns, sides: Sides): Mask {
  const out = new Uint8Array(sides.right.length)
  const walk = new TreeWalk(tree, sides)
  const { left, right } = sides
  const { setOfRow } = sides.sets
  switch (relation) {
    case '>':
      parentsAndChildren(walk, { above: left, below: right, setOfRow }, 'child', out)
      break
    case '>>':
      descendants(walk, sides, out)
      break
    case '<':
      parentsAndChildren(walk, { above: right, below: left, setOfRow }, 'parent', out)
      break
    case '<<':
      ancestors(walk, sides, out)
      break
    default:
      siblings(walk, sides, out)
  }
  return out
}

/** The parts of the traces that can have related rows: both sides are there. */
class TreeWalk {
  readonly #tree: TreeColumns
  readonly #useful: Uint8Array
  /** Row at each depth, down to the current one. */
  rowAtDepth = new Uint32Array(64)

  constructor(tree: TreeColumns, { left, right, sets }: Sides) {
    this.#tree = tree
    const lefts = setsOf(left, sets)
    const rights = setsOf(right, sets)
    const traces = tree.traceStart.length - 1
    this.#useful = new Uint8Array(traces)
    for (let set = 0; set < sets.count; set++) {
      if (lefts[set] === 1 && rights[set] === 1) this.#useful[sets.traceOfSet[set]!] = 1
    }
  }

  /** Positions [from, to) of each trace with rows on both sides. */
  *traces(): Generator<readonly [from: number, to: number]> {
    const { traceStart } = this.#tree
    const ends = endsOf(this.#tree)
    for (let trace = 0; trace < this.#useful.length; trace++) {
      if (this.#useful[trace] === 1) yield [traceStart[trace]!, ends[trace]!]
    }
  }

  get tree(): TreeColumns {
    return this.#tree
  }

  enter(depth: number, row: number): void {
    if (depth >= this.rowAtDepth.length) {
      const grown = new Uint32Array(this.rowAtDepth.length * 2 + depth)
      grown.set(this.rowAtDepth)
      this.rowAtDepth = grown
    }
    this.rowAtDepth[depth] = row
  }
}

const knownEnds = new WeakMap<TreeColumns, Uint32Array>()

/** Last position + 1 of each trace. */
function endsOf(tree: TreeColumns): Uint32Array {
  let ends = knownEnds.get(tree)
  if (ends === undefined) {
    ends = traceEnds(tree.traceStart, tree.order.length)
    knownEnds.set(tree, ends)
  }
  return ends
}

/** Live data lists its traces in another order than their rows: a trace ends where the next begins. */
function traceEnds(traceStart: Uint32Array, positions: number): Uint32Array {
  const traces = traceStart.length - 1
  if (isAscending(traceStart)) return traceStart.subarray(1)
  const starts = traceStart.slice(0, traces).sort()
  const ends = new Uint32Array(traces)
  for (let trace = 0; trace < traces; trace++) {
    ends[trace] = firstAbove(starts, traceStart[trace]!, positions)
  }
  return ends
}

function isAscending(values: Uint32Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false
  return true
}

function firstAbove(sorted: Uint32Array, value: number, none: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low === sorted.length ? none : sorted[low]!
}

interface Generations {
  readonly above: Mask
  readonly below: Mask
  readonly setOfRow: Uint32Array
}

/** Of each row of `below` right under a row of `above` in its set, one of the two is marked. */
function parentsAndChildren(
  walk: TreeWalk,
  { above, below, setOfRow }: Generations,
  marked: 'parent' | 'child',
  out: Mask,
): void {
  const { order, depth, orphan } = walk.tree
  const marksParent = marked === 'parent'
  for (const [from, to] of walk.traces()) {
    let inOrphan = false
    for (let at = from; at < to; at++) {
      const d = depth[at]!
      const row = order[at]!
      if (d === 0) inOrphan = orphan[at] === 1
      walk.enter(d, row)
      if (inOrphan || d === 0 || below[row] === 0) continue
      const parent = walk.rowAtDepth[d - 1]!
      if (above[parent] === 1 && setOfRow[parent] === setOfRow[row])
        out[marksParent ? parent : row] = 1
    }
  }
}

/** Counts, per set, the left rows on the stack. */
function descendants(walk: TreeWalk, { left, right, sets }: Sides, out: Mask): void {
  const { order, depth, orphan } = walk.tree
  const { setOfRow } = sets
  const open = new Uint32Array(sets.count)
  for (const [from, to] of walk.traces()) {
    let inOrphan = false
    let stacked = 0
    for (let at = from; at < to; at++) {
      const d = depth[at]!
      const row = order[at]!
      while (stacked > d) leave(walk.rowAtDepth[--stacked]!, left, setOfRow, open)
      if (d === 0) inOrphan = orphan[at] === 1
      if (!inOrphan && right[row] === 1 && open[setOfRow[row]!]! > 0) out[row] = 1
      walk.enter(d, row)
      stacked = d + 1
      if (left[row] === 1) open[setOfRow[row]!] = open[setOfRow[row]!]! + 1
    }
    while (stacked > 0) leave(walk.rowAtDepth[--stacked]!, left, setOfRow, open)
  }
}

function leave(row: number, left: Mask, setOfRow: Uint32Array, open: Uint32Array): void {
  if (left[row] === 1) open[setOfRow[row]!] = open[setOfRow[row]!]! - 1
}

/** A row has a left row below it when more of them were seen at its end than at its start. */
function ancestors(walk: TreeWalk, { left, right, sets }: Sides, out: Mask): void {
  const { order, depth, orphan } = walk.tree
  const { setOfRow } = sets
  const seen = new Uint32Array(sets.count)
  const seenBefore = new Uint32Array(out.length)
  const end = (row: number) => {
    if (right[row] === 1 && seen[setOfRow[row]!]! > seenBefore[row]!) out[row] = 1
  }
  for (const [from, to] of walk.traces()) {
    let inOrphan = false
    let stacked = 0
    for (let at = from; at < to; at++) {
      const d = depth[at]!
      const row = order[at]!
      while (stacked > d) end(walk.rowAtDepth[--stacked]!)
      if (d === 0) inOrphan = orphan[at] === 1
      if (inOrphan) continue
      walk.enter(d, row)
      stacked = d + 1
      const set = setOfRow[row]!
      if (left[row] === 1) seen[set] = seen[set]! + 1
      seenBefore[row] = seen[set]!
    }
    while (stacked > 0) end(walk.rowAtDepth[--stacked]!)
  }
}

/** Rows with the same parent and set as another row of the left; roots of a trace are siblings. */
function siblings(walk: TreeWalk, { left, right, sets }: Sides, out: Mask): void {
  const { order, depth, orphan } = walk.tree
  const { setOfRow } = sets
  const parentOf = new Int32Array(out.length).fill(noParent)
  // Parent (rows) or trace (behind them) and set -> left rows below it.
  const lefts = new Map<number, number>()
  const keyOf = (row: number) => parentOf[row]! * sets.count + setOfRow[row]!
  const traces = [...walk.traces()]
  for (const [from, to] of traces) {
    let inOrphan = false
    for (let at = from; at < to; at++) {
      const d = depth[at]!
      const row = order[at]!
      if (d === 0) inOrphan = orphan[at] === 1
      walk.enter(d, row)
      if (inOrphan) continue
      // The roots' common parent, unique by the position of the trace.
      parentOf[row] = d === 0 ? out.length + from : walk.rowAtDepth[d - 1]!
      if (left[row] === 1) lefts.set(keyOf(row), (lefts.get(keyOf(row)) ?? 0) + 1)
    }
  }
  for (const [from, to] of traces) {
    for (let at = from; at < to; at++) {
      const row = order[at]!
      if (right[row] === 0 || parentOf[row] === noParent) continue
      if ((lefts.get(keyOf(row)) ?? 0) > left[row]!) out[row] = 1
    }
  }
}

const noParent = -1

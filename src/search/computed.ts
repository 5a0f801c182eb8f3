import type { ColumnGroup, ColumnRef, TreeColumns, Vector } from '../model/column-batch.ts'
import type { Intrinsic } from '../model/predicate.ts'
import { idsAmong, markNumbers, numbersAmong } from './among.ts'
import type { Leaf } from './filter-plan.ts'
import { type Mask, markNumber, markPresent } from './kernels.ts'
import { numberOf, textTest } from './value-test.ts'

/** Intrinsics that are not stored as numbers or codes: derived per group, then compared. */

export function denseVector(values: Vector['values']): Vector {
  return { count: values.length, values, base: 0, divisor: 1, items: null, width: 0 }
}

export function markComputed(leaf: Leaf, group: ColumnGroup, out: Mask): void {
  const name = leaf.computed!
  if (isId(name)) {
    markIds(leaf, group, out)
    return
  }
  const vector = computedNumbers(name, group)
  const { test } = leaf
  if (test.kind === 'exists') {
    markPresent(vector, out)
    return
  }
  if (test.kind === 'among') {
    const numbers = numbersAmong(test, 'other')
    if (numbers.size > 0) markNumbers(vector, test.op, numbers, out)
    return
  }
  const value = numberOf(test.op, test.literal)
  if (value !== undefined) markNumber(vector, test.op, value, out)
}

export function isId(name: Intrinsic): boolean {
  return ['spanId', 'parentId', 'traceId', 'linkTraceId', 'linkSpanId'].includes(name)
}

const known = new WeakMap<ColumnGroup, Map<Intrinsic, Vector>>()

/** Computed once for a group, however many conditions ask for it. */
export function computedNumbers(name: Intrinsic, group: ColumnGroup): Vector {
  let ofGroup = known.get(group)
  if (ofGroup === undefined) {
    ofGroup = new Map()
    known.set(group, ofGroup)
  }
  let vector = ofGroup.get(name)
  if (vector === undefined) {
    vector = computeNumbers(name, group)
    ofGroup.set(name, vector)
  }
  return vector
}

function computeNumbers(name: Intrinsic, group: ColumnGroup): Vector {
  switch (name) {
    case 'duration':
      return group.durations()
    case 'traceDuration': {
      const { durationLow, durationHigh } = group.traceColumns()
      return denseVector(
        Float64Array.from(durationLow, (low, i) => durationHigh[i]! * 4294967296 + low),
      )
    }
    case 'eventTimeSinceStart':
      return denseVector(group.eventOffsets())
    case 'childCount':
      return denseVector(childCounts(group.tree(), group.rows))
    default:
      return nestedSet(name, group.tree(), group.rows)
  }
}

/** Direct children of each row that are stored. */
function childCounts(tree: TreeColumns, rows: number): Uint32Array {
  const out = new Uint32Array(rows)
  const rowAtDepth: number[] = []
  // The order may have more rows than the group: spans that arrived since it was made.
  for (let i = 0; i < tree.order.length; i++) {
    const depth = tree.depth[i]!
    const row = tree.order[i]!
    rowAtDepth[depth] = row
    if (depth > 0) out[rowAtDepth[depth - 1]!] = out[rowAtDepth[depth - 1]!]! + 1
  }
  return out
}

/**
 * Nested-set numbers of each trace: left and right from one counter in depth-first order, parent =
 * the parent's left, -1 for a root. Orphans and everything below them have 0.
 */
function nestedSet(name: Intrinsic, tree: TreeColumns, rows: number): Vector {
  const left = new Float64Array(rows)
  const right = new Float64Array(rows)
  const parent = new Float64Array(rows)
  const starts = new Set(tree.traceStart)
  const open: number[] = []
  let counter = 1
  let inOrphan = false
  const closeTo = (depth: number) => {
    while (open.length > depth) right[open.pop()!] = counter++
  }
  for (let i = 0; i < tree.order.length; i++) {
    if (starts.has(i)) {
      closeTo(0)
      counter = 1
    }
    const depth = tree.depth[i]!
    if (depth === 0) {
      closeTo(0)
      inOrphan = tree.orphan[i] === 1
    }
    if (inOrphan) continue
    closeTo(depth)
    const row = tree.order[i]!
    left[row] = counter++
    parent[row] = depth === 0 ? -1 : left[open[depth - 1]!]!
    open.push(row)
  }
  closeTo(0)
  return denseVector(name === 'nestedSetLeft' ? left : name === 'nestedSetRight' ? right : parent)
}

interface IdColumn {
  readonly bytes: Uint8Array
  readonly stride: number
  readonly offset: number
  readonly width: number
}

export function idColumn(
  name: Intrinsic,
  refs: readonly ColumnRef[],
  group: ColumnGroup,
): IdColumn | null {
  if (name === 'parentId') return { bytes: group.parentIds(), stride: 8, offset: 0, width: 8 }
  const vector = refs[0] ? group.vector(refs[0]) : null
  if (!vector) return null
  const bytes = vector.values as Uint8Array
  switch (name) {
    case 'spanId':
      return { bytes, stride: 8, offset: 0, width: 8 }
    case 'traceId':
      return { bytes, stride: 16, offset: 0, width: 16 }
    case 'linkTraceId':
      return { bytes, stride: 24, offset: 0, width: 16 }
    default:
      return { bytes, stride: 24, offset: 16, width: 8 }
  }
}

/** Ids compare as lower-case hex text; a row without parent has no parent id. */
function markIds(leaf: Leaf, group: ColumnGroup, out: Mask): void {
  const column = idColumn(leaf.computed!, leaf.refs, group)
  if (!column) return
  const { test } = leaf
  const { bytes, stride, offset, width } = column
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const holds = idTest(test, leaf.computed === 'traceId', buffer, width)
  if (holds === null) return
  const optional = leaf.computed === 'parentId'
  const zeros = Buffer.alloc(width)
  for (let i = 0, at = offset; at < bytes.length; i++, at += stride) {
    if (optional && zeros.equals(buffer.subarray(at, at + width))) continue
    if (holds(at)) out[i] = 1
  }
}

/** What is asked of the id at a place; null: none passes. */
function idTest(
  test: Leaf['test'],
  isTraceId: boolean,
  buffer: Buffer,
  width: number,
): ((at: number) => boolean) | null {
  if (test.kind === 'exists') return () => true
  if (test.kind === 'among') {
    if (test.literals[0]!.type !== 'string') return null
    const ids = idsAmong(test, isTraceId, width)
    return at => ids.has(buffer.toString('latin1', at, at + width)) === (test.op === '=')
  }
  if (test.literal.type !== 'string') return null
  if (test.op !== '=' && test.op !== '!=') return hexTest(test, buffer, width)
  const hex = isTraceId ? test.literal.value.padStart(32, '0') : test.literal.value
  const isHex = /^[0-9a-f]*$/.test(hex) && hex.length === width * 2
  const wanted = isHex ? Buffer.from(hex, 'hex') : null
  // A text that is no id equals none of them, and differs from all.
  const isWanted = (at: number) => wanted?.equals(buffer.subarray(at, at + width)) ?? false
  return at => isWanted(at) === (test.op === '=')
}

function hexTest(
  test: Extract<Leaf['test'], { kind: 'compare' }>,
  buffer: Buffer,
  width: number,
): (at: number) => boolean {
  const text = textTest(test.op, test.literal)
  return at => text(Buffer.from(buffer.toString('hex', at, at + width)))
}

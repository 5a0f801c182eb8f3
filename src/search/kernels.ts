import { ascending } from '../base/ascending.ts'
import type { ColumnGroup, Vector } from '../model/column-batch.ts'
import type { CompareOp } from '../model/predicate.ts'

/**
 * Loops over rows: plain arrays in, a byte per item out, one shape each. No call, closure or
 * allocation per row. `out` is only ever set to 1, so results of several columns add up.
 */

export type Mask = Uint8Array

/** Items whose code is `code`. */
export function markCode(vector: Vector, code: number, out: Mask): void {
  const { values, items, count } = vector
  const wanted = code - vector.base
  if (items === null) {
    for (let i = 0; i < count; i++) if (values[i] === wanted) out[i] = 1
  } else for (let i = 0; i < count; i++) if (values[i] === wanted) out[items[i]!] = 1
}

/** Items that have a value other than `code` (-1: any value). */
export function markNotCode(vector: Vector, code: number, out: Mask): void {
  const { values, items, count } = vector
  const unwanted = code - vector.base
  if (items === null) {
    for (let i = 0; i < count; i++) if (values[i] !== unwanted) out[i] = 1
  } else for (let i = 0; i < count; i++) if (values[i] !== unwanted) out[items[i]!] = 1
}

/** Items whose code has a 1 in the table. */
export function markTable(vector: Vector, table: Uint8Array, out: Mask): void {
  const { values, items, count, base } = vector
  if (items === null) {
    for (let i = 0; i < count; i++) if (table[values[i]! + base] === 1) out[i] = 1
  } else for (let i = 0; i < count; i++) if (table[values[i]! + base] === 1) out[items[i]!] = 1
}

/** Items that have a value at all. */
export function markPresent(vector: Vector, out: Mask): void {
  const { items, count } = vector
  if (items === null) out.fill(1, 0, count)
  else for (let i = 0; i < count; i++) out[items[i]!] = 1
}

/** Items whose number compares to `literal` as asked. */
export function markNumber(vector: Vector, op: CompareOp, literal: number, out: Mask): void {
  // Whole numbers are compared as they are stored; scaled ones are decoded, to compare exactly.
  const { base, divisor } = vector
  const exact = divisor === 1 && literal - base + base === literal
  const stored = exact ? vector.values : decoded(vector)
  const wanted = exact ? literal - base : literal
  const { items, count } = vector
  switch (op) {
    case '=':
    case 'textEquals':
      for (let i = 0; i < count; i++)
        if (stored[i] === wanted) out[items === null ? i : items[i]!] = 1
      break
    case '!=':
      for (let i = 0; i < count; i++)
        if (stored[i] !== wanted) out[items === null ? i : items[i]!] = 1
      break
    case '<':
      for (let i = 0; i < count; i++)
        if (stored[i]! < wanted) out[items === null ? i : items[i]!] = 1
      break
    case '<=':
      for (let i = 0; i < count; i++)
        if (stored[i]! <= wanted) out[items === null ? i : items[i]!] = 1
      break
    case '>':
      for (let i = 0; i < count; i++)
        if (stored[i]! > wanted) out[items === null ? i : items[i]!] = 1
      break
    case '>=':
      for (let i = 0; i < count; i++)
        if (stored[i]! >= wanted) out[items === null ? i : items[i]!] = 1
      break
    default:
  }
}

function decoded(vector: Vector): Float64Array {
  const out = new Float64Array(vector.count)
  for (let i = 0; i < out.length; i++) out[i] = (vector.values[i]! + vector.base) / vector.divisor
  return out
}

/** Rows whose owner (resource, scope) is marked. */
export function markByOwner(ownerOfRow: Vector, marked: Mask, out: Mask): void {
  const { values, base, count } = ownerOfRow
  for (let row = 0; row < count; row++) if (marked[values[row]! + base] === 1) out[row] = 1
}

/** Rows whose trace is marked. */
export function markByTrace(traceOfRow: Uint32Array, marked: Mask, out: Mask): void {
  for (let row = 0; row < traceOfRow.length; row++) if (marked[traceOfRow[row]!] === 1) out[row] = 1
}

/** Rows that own a marked item. */
export function markByItem(itemRows: Uint32Array, marked: Mask, out: Mask): void {
  for (let i = 0; i < itemRows.length; i++) if (marked[i] === 1) out[itemRows[i]!] = 1
}

export function and(into: Mask, other: Mask): void {
  const words = wordsOf(into)
  const others = wordsOf(other)
  for (let i = 0; i < words.length; i++) words[i] = words[i]! & others[i]!
  for (let i = words.length * 4; i < into.length; i++) into[i] = into[i]! & other[i]!
}

export function or(into: Mask, other: Mask): void {
  const words = wordsOf(into)
  const others = wordsOf(other)
  for (let i = 0; i < words.length; i++) words[i] = words[i]! | others[i]!
  for (let i = words.length * 4; i < into.length; i++) into[i] = into[i]! | other[i]!
}

export function andNot(into: Mask, other: Mask): void {
  const words = wordsOf(into)
  const others = wordsOf(other)
  for (let i = 0; i < words.length; i++) words[i] = words[i]! & ~others[i]!
  for (let i = words.length * 4; i < into.length; i++) into[i] = into[i]! & (other[i]! ^ 1)
}

export function not(into: Mask): void {
  const words = wordsOf(into)
  for (let i = 0; i < words.length; i++) words[i] = words[i]! ^ 0x01010101
  for (let i = words.length * 4; i < into.length; i++) into[i] = into[i]! ^ 1
}

/** Four bytes at a time; masks are arrays of their own, so their bytes are aligned. */
function wordsOf(mask: Mask): Int32Array {
  return new Int32Array(mask.buffer, mask.byteOffset, mask.length >>> 2)
}

/** How many rows are marked. */
export function countMarked(mask: Mask): number {
  const words = wordsOf(mask)
  let count = 0
  for (let from = 0; from < words.length; from += wordsPerSum) {
    const to = Math.min(words.length, from + wordsPerSum)
    // Four sums in one number: none of them can overflow its byte.
    let sums = 0
    for (let i = from; i < to; i++) sums += words[i]!
    count += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24)
  }
  for (let i = words.length * 4; i < mask.length; i++) count += mask[i]!
  return count
}

const wordsPerSum = 127

/** The marked rows, ascending. */
export function markedRows(mask: Mask): Uint32Array {
  const count = countMarked(mask)
  if (count === mask.length) return ascending(count)
  const rows = new Uint32Array(count)
  if (count * sparseShare < mask.length) {
    for (let i = 0, row = mask.indexOf(1); row >= 0; row = mask.indexOf(1, row + 1)) rows[i++] = row
    return rows
  }
  for (let row = 0, i = 0; i < count; row++) {
    rows[i] = row
    i += mask[row]!
  }
  return rows
}

/** Below one marked row in this many, looking for the next one is faster than visiting all. */
const sparseShare = 16

/** `lane[rows[i]]` for every i. */
export function gatherLane(
  lane: Uint32Array,
  rows: Uint32Array,
  out: Uint32Array = new Uint32Array(rows.length),
): Uint32Array {
  for (let i = 0; i < out.length; i++) out[i] = lane[rows[i]!]!
  return out
}

/** 1 for each trace with a marked row. */
export function tracesOf(mask: Mask, group: ColumnGroup): Mask {
  const traceRows = group.traceRows()
  if (traceRows !== null) return markedRanges(mask, traceRows)
  const out = new Uint8Array(group.traces)
  const traceOfRow = group.traceOfRow()
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) out[traceOfRow[row]!] = 1
  return out
}

/** 1 for each range [bounds[i], bounds[i + 1]) with a marked row; the ranges cover the mask. */
export function markedRanges(mask: Mask, bounds: Uint32Array): Mask {
  const out = new Uint8Array(bounds.length - 1)
  let range = 0
  for (let row = mask.indexOf(1); row >= 0; row = mask.indexOf(1, bounds[range + 1]!)) {
    while (bounds[range + 1]! <= row) range++
    out[range] = 1
  }
  return out
}

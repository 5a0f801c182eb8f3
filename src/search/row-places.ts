import type { ColumnGroup, StartsInTraces } from '../model/column-batch.ts'

export interface RowPlace {
  /** Of the group. */
  readonly trace: number
  readonly startNs: bigint
}

/** Of a few rows the trace and the start. Needs `traceOfRow` and `starts`. */
export function placesOf(group: ColumnGroup, rows: readonly number[]): RowPlace[] {
  const traceRows = group.traceRows()
  const parts = group.startsInTraces()
  if (traceRows === null || parts === null) {
    const traceOfRow = group.traceOfRow()
    const { baseNs, offsets } = group.startOffsets()
    return rows.map(row => ({
      trace: traceOfRow[row]!,
      startNs: baseNs + BigInt(offsets[row]!),
    }))
  }
  return rows.map(row => {
    const trace = traceWith(traceRows, row)
    return { trace, startNs: startIn(parts, trace, row) }
  })
}

/** The last trace that begins at the row or before it. */
export function traceWith(traceRows: Uint32Array, row: number): number {
  let [first, last] = [0, traceRows.length - 2]
  while (first < last) {
    const middle = (first + last + 1) >> 1
    if (traceRows[middle]! <= row) first = middle
    else last = middle - 1
  }
  return first
}

function startIn(
  { baseNs, traces, low, high }: StartsInTraces,
  trace: number,
  row: number,
): bigint {
  const highNs = BigInt(high.values[row]! + high.base) << 32n
  return baseNs + BigInt(traces[trace]!) + highNs + BigInt(low.values[row]! + low.base)
}

import { fail } from '../../base/errors.ts'
import type { Mask } from '../kernels.ts'
import { isNumberKind, type ValueVector } from '../value/value-vector.ts'

/**
 * Flat arrays of (series, step) that grow with the series. One function per kind of sum; rows come
 * with their series and bucket.
 */

/** Numbers in all lanes of one query on one source: 160 MB at the most. */
export const metricsCellsMax = 20_000_000

export class Lane {
  readonly #steps: number
  readonly #fill: number
  cells: Float64Array

  constructor(steps: number, fill: number) {
    this.#steps = steps
    this.#fill = fill
    this.cells = new Float64Array(steps * 8).fill(fill)
  }

  /** Makes room for this many series. Fails with QUERY_TOO_EXPENSIVE. */
  reserve(series: number): void {
    const wanted = series * this.#steps
    if (wanted <= this.cells.length) return
    if (wanted > metricsCellsMax) {
      const what = `the query makes more than ${metricsCellsMax} numbers (${series} series of ${this.#steps} steps); use a larger step or fewer groups`
      throw fail('QUERY_TOO_EXPENSIVE', what, { series, steps: this.#steps })
    }
    const length = Math.min(metricsCellsMax, Math.max(wanted, this.cells.length * 2))
    const grown = new Float64Array(Math.ceil(length / this.#steps) * this.#steps)
    grown.fill(this.#fill, this.cells.length)
    grown.set(this.cells)
    this.cells = grown
  }

  finish(series: number): Float64Array {
    this.reserve(series)
    return this.cells.slice(0, series * this.#steps)
  }
}

export interface Rows {
  readonly mask: Mask
  readonly series: Uint32Array
  /** One for all rows, or one for each. */
  readonly bucket: number | Uint32Array
}

export function addCounts(rows: Rows, steps: number, cells: Float64Array): void {
  const { mask, series, bucket } = rows
  if (typeof bucket === 'number') {
    for (let row = 0; row < mask.length; row++) {
      const at = series[row]! * steps + bucket
      cells[at] = cells[at]! + mask[row]!
    }
    return
  }
  for (let row = 0; row < mask.length; row++) {
    const at = series[row]! * steps + bucket[row]!
    cells[at] = cells[at]! + mask[row]!
  }
}

export function addExtremes(
  rows: Rows,
  steps: number,
  values: ValueVector,
  kind: 'min' | 'max',
  cells: Float64Array,
): void {
  const { mask, series, bucket } = rows
  const { kinds, numbers } = values
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0 || !isNumberKind(kinds[row]!)) continue
    const at = series[row]! * steps + (typeof bucket === 'number' ? bucket : bucket[row]!)
    const known = cells[at]!
    const value = numbers[row]!
    // NaN: nothing yet.
    if (Number.isNaN(known) || (kind === 'min' ? value < known : value > known)) cells[at] = value
  }
}

/** Kahan's sum: `lost` holds what the additions so far have rounded away. */
export function addSums(
  rows: Rows,
  steps: number,
  values: ValueVector,
  sums: Float64Array,
  counts: Float64Array,
  lost: Float64Array,
): void {
  const { mask, series, bucket } = rows
  const { kinds, numbers } = values
  for (let row = 0; row < mask.length; row++) {
    const value = numbers[row]!
    if (mask[row] === 0 || !isNumberKind(kinds[row]!) || Number.isNaN(value)) continue
    const at = series[row]! * steps + (typeof bucket === 'number' ? bucket : bucket[row]!)
    const rest = value - lost[at]!
    const sum = sums[at]! + rest
    lost[at] = sum - sums[at]! - rest
    sums[at] = sum
    counts[at] = counts[at]! + 1
  }
}

import { fail } from '../../base/errors.ts'
import type { BucketRuns } from './bucket-runs.ts'

/**
 * Flat arrays of (series, step) that grow with the series. One function per kind of sum; rows come
 * with their series and bucket.
 */

/** Numbers in all lanes of one query on one source: 64 MB at the most. */
export const metricsCellsMax = 8_000_000

export class Lane {
  readonly #steps: number
  readonly #fill: number
  readonly #cellsMax: number
  cells: Float64Array

  constructor(steps: number, fill: number, cellsMax: number) {
    this.#steps = steps
    this.#fill = fill
    this.#cellsMax = cellsMax
    this.cells = new Float64Array(steps * 8).fill(fill)
  }

  /** Makes room for this many series. Fails with QUERY_TOO_EXPENSIVE. */
  reserve(series: number): void {
    const wanted = series * this.#steps
    if (wanted <= this.cells.length) return
    if (wanted > this.#cellsMax) {
      const what = `the query makes more than ${this.#cellsMax} numbers (${series} series of ${this.#steps} steps); use a larger step or fewer groups`
      throw fail('QUERY_TOO_EXPENSIVE', what, { series, steps: this.#steps })
    }
    const length = Math.min(this.#cellsMax, Math.max(wanted, this.cells.length * 2))
    const grown = new Float64Array(Math.ceil(length / this.#steps) * this.#steps)
    grown.fill(this.#fill, this.cells.length)
    grown.set(this.cells)
    this.cells = grown
  }

  /** True when some cell of the series is not as it was in the beginning. */
  hasData(series: number): boolean {
    for (let at = series * this.#steps; at < (series + 1) * this.#steps; at++) {
      const value = this.cells[at]!
      if (value !== this.#fill && !Number.isNaN(value)) return true
    }
    return false
  }

  /** The cells of these series, one behind the other. */
  finish(series: readonly number[]): Float64Array {
    const out = new Float64Array(series.length * this.#steps)
    for (const [i, from] of series.entries()) {
      const at = from * this.#steps
      out.set(this.cells.subarray(at, at + this.#steps), i * this.#steps)
    }
    return out
  }
}

/** What is added: a series, a bucket and, where the function has one, a number for each row. */
export interface Additions {
  /** Null: all rows are of series 0. */
  readonly series: Uint32Array | null
  readonly runs: BucketRuns
  /** NaN: the row has no number. */
  readonly numbers: Float64Array | null
}

export function addCounts({ series, runs }: Additions, steps: number, cells: Float64Array): void {
  for (let run = 0, from = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    const bucket = runs.buckets[run]!
    if (series === null) cells[bucket] = cells[bucket]! + end - from
    else {
      for (let i = from; i < end; i++) {
        const at = series[i]! * steps + bucket
        cells[at] = cells[at]! + 1
      }
    }
    from = end
  }
}

export function addExtremes(
  { series, runs, numbers }: Additions,
  steps: number,
  kind: 'min' | 'max',
  cells: Float64Array,
): void {
  for (let run = 0, i = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    const bucket = runs.buckets[run]!
    for (; i < end; i++) {
      const value = numbers![i]!
      const at = series === null ? bucket : series[i]! * steps + bucket
      const known = cells[at]!
      // NaN there: nothing yet. A NaN here is neither less nor greater.
      const isBetter = kind === 'min' ? value < known : value > known
      if (isBetter || Number.isNaN(known)) cells[at] = value
    }
  }
}

/** Kahan's sum: `lost` holds what the additions so far have rounded away. */
export function addSums(
  { series, runs, numbers }: Additions,
  steps: number,
  sums: Float64Array,
  counts: Float64Array,
  lost: Float64Array,
): void {
  for (let run = 0, i = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    const bucket = runs.buckets[run]!
    for (; i < end; i++) {
      const value = numbers![i]!
      if (Number.isNaN(value)) continue
      const at = series === null ? bucket : series[i]! * steps + bucket
      const rest = value - lost[at]!
      const sum = sums[at]! + rest
      const rounded = sum - sums[at]! - rest
      // An infinite sum loses nothing any more.
      lost[at] = Number.isNaN(rounded) ? 0 : rounded
      sums[at] = sum
      counts[at] = counts[at]! + 1
    }
  }
}

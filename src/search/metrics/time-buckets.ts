import type { MetricsRequest } from '../../contract/queries.ts'
import type { ColumnGroup, GroupInfo, StartsInTraces } from '../../model/column-batch.ts'
import { type BucketRuns, RunBuilder, withoutOutside } from './bucket-runs.ts'

/** Rows that start in some bucket. */
export interface BucketedRows {
  readonly rows: Uint32Array
  /** The buckets of the rows, in their order. */
  readonly runs: BucketRuns
}

/** The steps of a metrics query: bucket i is (start + i * step, start + (i + 1) * step]. */
export class TimeBuckets {
  readonly steps: number
  readonly #startNs: bigint
  readonly #stepNs: bigint
  readonly #includesStart: boolean

  constructor(request: Pick<MetricsRequest, 'steps' | 'startNs' | 'stepNs' | 'includesStart'>) {
    this.steps = request.steps
    this.#startNs = BigInt(request.startNs)
    this.#stepNs = BigInt(request.stepNs)
    this.#includesStart = request.includesStart === true
  }

  get endNs(): bigint {
    return this.#startNs + this.#stepNs * BigInt(this.steps)
  }

  /** False when no span of the group can start in a bucket. */
  overlaps({ minStartNs, maxStartNs }: GroupInfo): boolean {
    const afterStart = this.#includesStart
      ? maxStartNs >= this.#startNs
      : maxStartNs > this.#startNs
    return afterStart && minStartNs <= this.endNs
  }

  /** The bucket of a time, or -1. */
  of(timeNs: bigint): number {
    const since = timeNs - this.#startNs
    if (since === 0n && this.#includesStart) return 0
    if (since <= 0n || timeNs > this.endNs) return -1
    return Number((since + this.#stepNs - 1n) / this.#stepNs) - 1
  }

  /** The bucket of all spans of the group when it is one and the same: no start is read then. */
  ofGroup(info: GroupInfo): number | null {
    const first = this.of(info.minStartNs)
    return first >= 0 && first === this.of(info.maxStartNs) ? first : null
  }

  /** Needs `starts`, unless the group lies in one bucket. */
  ofRows(group: ColumnGroup, info: GroupInfo, rows: Uint32Array): BucketedRows {
    const runs = new RunBuilder()
    const common = this.ofGroup(info)
    if (common !== null) {
      runs.add(rows.length, common)
      return { rows, runs: runs.finish() }
    }
    const parts = group.startsInTraces()
    const traceRows = group.traceRows()
    if (parts?.isShort && traceRows !== null) this.#bucketTraces(parts, traceRows, rows, runs)
    else this.#bucketRows(group.startOffsets(), rows, runs)
    return withoutOutside(rows, runs.finish())
  }

  /**
   * Trace by trace: most lie in one bucket as a whole, which is that of the one before.
   * Doubles are exact: ranges and groups are far below the 104 days that they hold in ns.
   */
  #bucketTraces(
    { baseNs, traces, low: { values, base }, lowMax }: StartsInTraces,
    traceRows: Uint32Array,
    rows: Uint32Array,
    runs: RunBuilder,
  ): void {
    const start = Number(this.#startNs - baseNs)
    const step = Number(this.#stepNs)
    const count = rows.length
    const before = this.#includesStart ? -1 : 0
    // Times after `after` and not after `until` are in this bucket.
    let [bucket, after, until] = [-1, 0, 0]
    for (let trace = 0, i = 0; i < count; trace++) {
      const end = endOf(rows, i, traceRows[trace + 1]!)
      const since = traces[trace]! - start
      if (since > after && since + lowMax <= until) {
        i = end
        continue
      }
      for (; i < end; i++) {
        const at = since + values[rows[i]!]! + base
        if (at > after && at <= until) continue
        runs.add(i, bucket)
        bucket = this.#bucketOf(at, step)
        after = bucket < 0 ? Number.NEGATIVE_INFINITY : bucket * step
        until = bucket < 0 ? before : after + step
      }
    }
    runs.add(count, bucket)
  }

  #bucketRows(
    { baseNs, offsets }: { readonly baseNs: bigint; readonly offsets: Float64Array },
    rows: Uint32Array,
    runs: RunBuilder,
  ): void {
    const step = Number(this.#stepNs)
    const start = Number(this.#startNs - baseNs)
    let bucket = -1
    for (let i = 0; i < rows.length; i++) {
      const next = this.#bucketOf(offsets[rows[i]!]! - start, step)
      if (next === bucket) continue
      runs.add(i, bucket)
      bucket = next
    }
    runs.add(rows.length, bucket)
  }

  /** -1 outside of all buckets. */
  #bucketOf(since: number, step: number): number {
    if (since === 0) return this.#includesStart ? 0 : -1
    const bucket = Math.ceil(since / step) - 1
    return bucket < 0 || bucket >= this.steps ? -1 : bucket
  }
}

/** The first place from `from` on whose row is not below `endRow`. */
function endOf(rows: Uint32Array, from: number, endRow: number): number {
  // All rows of the trace are there, as a rule.
  const all = from + endRow - rows[from]!
  if (all <= rows.length && rows[all - 1] === endRow - 1) return Math.max(from, all)
  let end = from
  while (end < rows.length && rows[end]! < endRow) end++
  return end
}

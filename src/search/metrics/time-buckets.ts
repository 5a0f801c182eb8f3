import type { MetricsRequest } from '../../contract/queries.ts'
import type { ColumnGroup, GroupInfo, StartsInTraces } from '../../model/column-batch.ts'

/** Rows that start in some bucket, and the bucket of each; one number when it is always the same. */
export interface BucketedRows {
  readonly rows: Uint32Array
  readonly buckets: Uint32Array | number
}

/** The steps of a metrics query: bucket i is (start + i * step, start + (i + 1) * step]. */
export class TimeBuckets {
  readonly steps: number
  readonly #startNs: bigint
  readonly #stepNs: bigint
  readonly #includesStart: boolean
  /** Room for the result, kept from group to group. */
  #kept = new Uint32Array(0)
  #buckets = new Uint32Array(0)

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

  /** Needs `starts`, unless the group lies in one bucket. Valid until the next call. */
  ofRows(group: ColumnGroup, info: GroupInfo, rows: Uint32Array): BucketedRows {
    const common = this.ofGroup(info)
    if (common !== null) return { rows, buckets: common }
    if (this.#kept.length < rows.length) {
      this.#kept = new Uint32Array(rows.length)
      this.#buckets = new Uint32Array(rows.length)
    }
    const parts = group.startsInTraces()
    const traceRows = group.traceRows()
    const n =
      parts?.isShort && traceRows !== null
        ? this.#bucketTraces(parts, traceRows, rows)
        : this.#bucketRows(group.startOffsets(), rows)
    return { rows: this.#kept.subarray(0, n), buckets: this.#buckets.subarray(0, n) }
  }

  /**
   * Trace by trace: rows are nearly in order of time, and most are in the bucket of the one before.
   * Doubles are exact: ranges and groups are far below the 104 days that they hold in ns.
   */
  #bucketTraces(
    { baseNs, traces, low: { values, base } }: StartsInTraces,
    traceRows: Uint32Array,
    rows: Uint32Array,
  ): number {
    const [kept, buckets, steps] = [this.#kept, this.#buckets, this.steps]
    const step = Number(this.#stepNs)
    const start = Number(this.#startNs - baseNs)
    let [n, bucket, low, high] = [0, -1, 0, 0]
    let trace = -1
    let traceEnd = 0
    let traceSince = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      while (row >= traceEnd) {
        trace++
        traceEnd = traceRows[trace + 1]!
        traceSince = traces[trace]! + base - start
      }
      const since = traceSince + values[row]!
      if (since <= low || since > high || since === 0) {
        bucket = this.#bucketOf(since, step)
        low = bucket * step
        high = low + step
      }
      if (bucket < 0 || bucket >= steps) continue
      kept[n] = row
      buckets[n] = bucket
      n++
    }
    return n
  }

  #bucketRows(
    { baseNs, offsets }: { readonly baseNs: bigint; readonly offsets: Float64Array },
    rows: Uint32Array,
  ): number {
    const step = Number(this.#stepNs)
    const start = Number(this.#startNs - baseNs)
    let n = 0
    for (let i = 0; i < rows.length; i++) {
      const bucket = this.#bucketOf(offsets[rows[i]!]! - start, step)
      if (bucket < 0 || bucket >= this.steps) continue
      this.#kept[n] = rows[i]!
      this.#buckets[n] = bucket
      n++
    }
    return n
  }

  #bucketOf(since: number, step: number): number {
    return since === 0 && this.#includesStart ? 0 : Math.ceil(since / step) - 1
  }
}

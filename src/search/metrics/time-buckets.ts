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
    const common = this.ofGroup(info)
    if (common !== null) return { rows, buckets: common }
    const parts = group.startsInTraces()
    const since = parts?.isShort
      ? sinceInTraces(group, parts, rows)
      : sinceOfRows(group.startOffsets(), rows)
    const start = Number(this.#startNs - since.baseNs)
    return this.#bucketed(rows, since.offsets, start)
  }

  /** Doubles are exact: ranges and groups are far below the 104 days that they hold in ns. */
  #bucketed(rows: Uint32Array, offsets: Float64Array, start: number): BucketedRows {
    const step = Number(this.#stepNs)
    const kept = new Uint32Array(rows.length)
    const buckets = new Uint32Array(rows.length)
    let n = 0
    // Rows are nearly in order of time: most are in the bucket of the one before.
    let bucket = -1
    let low = 0
    let high = 0
    for (let i = 0; i < rows.length; i++) {
      const since = offsets[i]! - start
      if (since <= low || since > high || since === 0) {
        bucket = since === 0 && this.#includesStart ? 0 : Math.ceil(since / step) - 1
        low = bucket * step
        high = low + step
      }
      if (bucket < 0 || bucket >= this.steps) continue
      kept[n] = rows[i]!
      buckets[n] = bucket
      n++
    }
    return n === rows.length
      ? { rows, buckets }
      : { rows: kept.subarray(0, n), buckets: buckets.subarray(0, n) }
  }
}

interface Since {
  readonly baseNs: bigint
  /** One for each of the rows. */
  readonly offsets: Float64Array
}

function sinceInTraces(group: ColumnGroup, parts: StartsInTraces, rows: Uint32Array): Since {
  const { baseNs, traces, low } = parts
  const { values, base } = low
  const traceOfRow = group.traceOfRow()
  const offsets = new Float64Array(rows.length)
  for (let i = 0; i < offsets.length; i++) {
    const row = rows[i]!
    offsets[i] = traces[traceOfRow[row]!]! + values[row]! + base
  }
  return { baseNs, offsets }
}

function sinceOfRows(
  { baseNs, offsets }: { readonly baseNs: bigint; readonly offsets: Float64Array },
  rows: Uint32Array,
): Since {
  const out = new Float64Array(rows.length)
  for (let i = 0; i < out.length; i++) out[i] = offsets[rows[i]!]!
  return { baseNs, offsets: out }
}

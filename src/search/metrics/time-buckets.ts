import type { MetricsRequest } from '../../contract/queries.ts'
import type { ColumnGroup, GroupInfo } from '../../model/column-batch.ts'
import type { Mask } from '../kernels.ts'

/** The steps of a metrics query: bucket i is (start + i * step, start + (i + 1) * step]. */
export class TimeBuckets {
  readonly steps: number
  readonly #startNs: bigint
  readonly #stepNs: bigint
  readonly #includesStart: boolean

  constructor(request: MetricsRequest) {
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

  /** Row -> bucket for rows of the mask; rows that start outside leave the mask. */
  ofRows(group: ColumnGroup, mask: Mask): Uint32Array {
    const { baseNs, offsets } = group.startOffsets()
    // Exact: ranges and groups are far below the 104 days that doubles hold in nanoseconds.
    const start = Number(this.#startNs - baseNs)
    const step = Number(this.#stepNs)
    const out = new Uint32Array(mask.length)
    for (let row = 0; row < mask.length; row++) {
      if (mask[row] === 0) continue
      const since = offsets[row]! - start
      const bucket = since === 0 && this.#includesStart ? 0 : Math.ceil(since / step) - 1
      if (bucket >= 0 && bucket < this.steps) out[row] = bucket
      else mask[row] = 0
    }
    return out
  }
}

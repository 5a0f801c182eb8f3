/**
 * Buckets of rows that are nearly in order of time: run i holds the places from the end of the run
 * before it to `ends[i]`, all in `buckets[i]`.
 */
export interface BucketRuns {
  readonly count: number
  readonly ends: Uint32Array
  /** -1 while rows outside of all buckets are among them. */
  readonly buckets: Int32Array
}

export class RunBuilder {
  #count = 0
  #ends = new Uint32Array(64)
  #buckets = new Int32Array(64)

  /** Places up to `end` that no run has yet are in this bucket. */
  add(end: number, bucket: number): void {
    const last = this.#count - 1
    if (end === (last < 0 ? 0 : this.#ends[last]!)) return
    if (last >= 0 && this.#buckets[last] === bucket) {
      this.#ends[last] = end
      return
    }
    if (this.#count === this.#ends.length) this.#grow()
    this.#ends[this.#count] = end
    this.#buckets[this.#count] = bucket
    this.#count++
  }

  finish(): BucketRuns {
    return { count: this.#count, ends: this.#ends, buckets: this.#buckets }
  }

  #grow(): void {
    const ends = new Uint32Array(this.#count * 2)
    const buckets = new Int32Array(this.#count * 2)
    ends.set(this.#ends)
    buckets.set(this.#buckets)
    this.#ends = ends
    this.#buckets = buckets
  }
}

/** Rows in no bucket leave. */
export function withoutOutside(
  rows: Uint32Array,
  runs: BucketRuns,
): { readonly rows: Uint32Array; readonly runs: BucketRuns } {
  if (!runs.buckets.subarray(0, runs.count).includes(-1)) return { rows, runs }
  const kept = new Uint32Array(rows.length)
  const inside = new RunBuilder()
  let n = 0
  for (let run = 0, from = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    const bucket = runs.buckets[run]!
    if (bucket >= 0) {
      kept.set(rows.subarray(from, end), n)
      n += end - from
      inside.add(n, bucket)
    }
    from = end
  }
  return { rows: kept.subarray(0, n), runs: inside.finish() }
}

/** The runs of the places for which `keep` has a 1. */
export function keptRuns(runs: BucketRuns, keep: Uint8Array): BucketRuns {
  const kept = new RunBuilder()
  let n = 0
  for (let run = 0, at = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    for (; at < end; at++) n += keep[at]!
    kept.add(n, runs.buckets[run]!)
  }
  return kept.finish()
}

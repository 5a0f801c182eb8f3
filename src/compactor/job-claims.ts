import type { Clock } from '../base/clock.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'

export interface JobClaimsOptions {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly instance: string
  /** Made new at each start of the process. */
  readonly bootId: string
}

/** An owner that was not heard of for this long may be replaced. */
const silenceMs = 60_000
const beatPeriodMs = 15_000
/** Claims of jobs that nobody finished are swept after this long. */
const forgottenMs = 24 * 3_600_000

/** A job of ours. */
export interface JobClaim {
  /** Counts from 1; no other process has the same attempt at this job. */
  readonly attempt: number
  /** The job is done: forgets it. */
  release(): Promise<void>
  /** The job failed: others, and this process, may try it after a while. */
  abandon(): void
}

/**
 * Who works on which job, so that two compactors do not do the same work. This is all that it is
 * for: a job that two do is committed once, by the log.
 *
 * `_vivace/jobs/<tenant folder>/<job id>/<attempt>` belongs to whoever created it and shows life by
 * `….beat-<n>` beside it.
 */
export class JobClaims {
  readonly #options: JobClaimsOptions
  /** Newest object of a claim of others -> when it was first seen here, monotonic ms. */
  readonly #seenMs = new Map<string, number>()

  constructor(options: JobClaimsOptions) {
    this.#options = options
  }

  /** Null while another process works on the job, as far as can be seen. */
  async claim(folder: string, jobId: string): Promise<JobClaim | null> {
    const { store, instance, bootId } = this.#options
    const prefix = `${jobsPrefix(folder)}${jobId}/`
    const newest = await this.#newest(prefix)
    if (newest && !(await this.#isAbandoned(prefix, newest))) return null
    const attempt = newest ? attemptOf(newest) + 1 : 1
    const key = prefix + String(attempt).padStart(20, '0')
    const body = Buffer.from(JSON.stringify({ instance, bootId }))
    if (!(await store.putIfAbsent(key, body))) return null
    return this.#keepAlive(prefix, key, attempt)
  }

  /** Removes claims that were left behind. Compares times of one clock only: that of the store. */
  async sweep(folder: string): Promise<void> {
    const { store } = this.#options
    const found: { key: string; lastModifiedMs: number }[] = []
    for await (const object of store.list(jobsPrefix(folder))) found.push(object)
    const newestMs = Math.max(...found.map(object => object.lastModifiedMs))
    for (const { key, lastModifiedMs } of found) {
      if (newestMs - lastModifiedMs > forgottenMs) await store.delete(key)
    }
  }

  /** The name of the claim's last object: attempts come in order, each before its beats. */
  async #newest(prefix: string): Promise<string | null> {
    let newest: string | null = null
    for await (const { key } of this.#options.store.list(prefix)) newest = key.slice(prefix.length)
    return newest
  }

  async #isAbandoned(prefix: string, newest: string): Promise<boolean> {
    const { store, clock, instance, bootId } = this.#options
    const claimKey = prefix + newest.slice(0, 20)
    const owner = await store.get(claimKey).then(parseOwner, () => null)
    // An earlier life of this process.
    if (owner?.instance === instance && owner.bootId !== bootId) return true
    const key = prefix + newest
    const seenMs = this.#seenMs.get(key)
    if (seenMs === undefined) this.#seenMs.set(key, clock.monotonicMs())
    return seenMs !== undefined && clock.monotonicMs() - seenMs > silenceMs
  }

  #keepAlive(prefix: string, key: string, attempt: number): JobClaim {
    const { store, clock } = this.#options
    let beats = 0
    let released = false
    let beating: Promise<void> = Promise.resolve()
    let cancel = () => {}
    const beat = () => {
      const beatKey = `${key}.beat-${String(++beats).padStart(10, '0')}`
      beating = store
        .put(beatKey, Buffer.alloc(0))
        // A beat that is missing costs at most double work.
        .catch(() => undefined)
        .then(() => {
          if (!released) cancel = clock.after(beatPeriodMs, beat)
        })
    }
    cancel = clock.after(beatPeriodMs, beat)
    const abandon = () => {
      released = true
      cancel()
    }
    return {
      attempt,
      abandon,
      async release() {
        abandon()
        await beating
        const keys: string[] = []
        for await (const object of store.list(prefix)) keys.push(object.key)
        for (const own of keys) await store.delete(own)
      },
    }
  }
}

function jobsPrefix(folder: string): string {
  return `_vivace/jobs/${folder}/`
}

function attemptOf(name: string): number {
  return Number(name.slice(0, 20))
}

/** Null for what is no claim of ours: it is then left alone until it has been silent. */
function parseOwner(bytes: Uint8Array): { instance: string; bootId: string } | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as { instance: string; bootId: string }
  } catch {
    return null
  }
}

import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { fail } from '../base/errors.ts'
import type { HeldSource, QuerySource } from '../search/query-source.ts'

/** A query that asks nothing for this long has ended, or will be run again. */
const idleMs = 60_000
const sweepMs = 10_000
/** More than all queriers together run at a time; each may keep a minute of live data in memory. */
const heldMax = 1024

interface Held {
  readonly tenant: string
  readonly held: HeldSource
  running: number
  usedAtMs: number
  /** Let go as soon as no call reads it. */
  ended: boolean
}

/**
 * What queriers of other processes read, as it was when their queries began: by a name that no
 * other process gives, until the query ends, or is not heard of any more.
 */
export class HeldSources {
  readonly #clock: Clock
  readonly #hold: (tenant: string) => HeldSource
  /** In order of their last use. */
  readonly #held = new Map<string, Held>()
  #isSweeping = false

  constructor(clock: Clock, hold: (tenant: string) => HeldSource) {
    this.#clock = clock
    this.#hold = hold
  }

  take(tenant: string): { readonly snapshot: string; readonly source: QuerySource } {
    const snapshot = randomUUID()
    const held = this.#hold(tenant)
    const usedAtMs = this.#clock.monotonicMs()
    this.#held.set(snapshot, { tenant, held, running: 0, usedAtMs, ended: false })
    if (this.#held.size > heldMax) this.release(this.#held.keys().next().value!)
    this.#sweepLater()
    return { snapshot, source: held.source }
  }

  /** Fails with SNAPSHOT_GONE when it was let go, or by a process that has ended. */
  async use<T>(
    { tenant, snapshot }: { readonly tenant: string; readonly snapshot: string },
    work: (source: QuerySource) => Promise<T>,
  ): Promise<T> {
    const entry = this.#held.get(snapshot)
    if (!entry || entry.tenant !== tenant) {
      throw fail('SNAPSHOT_GONE', 'the ingester does not hold its data for this query any more')
    }
    entry.running++
    this.#touch(snapshot, entry)
    try {
      return await work(entry.held.source)
    } finally {
      entry.running--
      if (entry.ended) letGo(entry)
      else this.#touch(snapshot, entry)
    }
  }

  release(snapshot: string): void {
    const entry = this.#held.get(snapshot)
    if (!entry) return
    this.#held.delete(snapshot)
    entry.ended = true
    letGo(entry)
  }

  #touch(snapshot: string, entry: Held): void {
    entry.usedAtMs = this.#clock.monotonicMs()
    this.#held.delete(snapshot)
    this.#held.set(snapshot, entry)
  }

  #sweepLater(): void {
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#clock.after(sweepMs, () => {
      this.#isSweeping = false
      const untilMs = this.#clock.monotonicMs() - idleMs
      for (const [snapshot, { running, usedAtMs }] of this.#held) {
        if (running === 0 && usedAtMs <= untilMs) this.release(snapshot)
      }
      if (this.#held.size > 0) this.#sweepLater()
    })
  }
}

function letGo({ held, running }: Held): void {
  if (running === 0) held.release()
}

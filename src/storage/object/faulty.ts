import { type Clock, sleep } from '../../base/clock.ts'
import { type Failure, fail } from '../../base/errors.ts'
import type { StoreOperation } from './counting.ts'
import { ForwardingStore } from './forwarding.ts'
import type { ListedObject, ListOptions, ObjectStore, UploadSource } from './object-store.ts'

/**
 * `before`: nothing happened. `after`: it happened, only the answer was lost; the caller cannot
 * tell these two apart.
 */
export type FaultMoment = 'before' | 'after'

interface PlannedFault {
  readonly call: number
  readonly moment: FaultMoment
  readonly error: Error
}

/** A store that fails, waits and lies when a test tells it to. */
export class FaultyStore extends ForwardingStore {
  /** Calls so far; a list counts as one, when it begins. */
  calls = 0
  /** Each call takes this long first. */
  delayMs = 0
  /** Conditional puts overwrite and report success, as stores do that ignore the condition. */
  lies = false
  /** Every call fails, until it is false again. */
  away = false
  readonly #clock: Clock
  #faults: PlannedFault[] = []

  constructor(inner: ObjectStore, clock: Clock) {
    super(inner)
    this.#clock = clock
  }
  /** The n-th call from now (1 is the next) fails with UNAVAILABLE or `error`. */
  failCall(n: number, moment: FaultMoment = 'before', error: Error = unavailable()): void {
    this.#faults.push({ call: this.calls + n, moment, error })
  }
  /** Takes back the faults that were not met. */
  heal(): void {
    this.#faults = []
    this.away = false
  }
  override get(key: string): Promise<Uint8Array> {
    return this.#faulted('get', () => this.inner.get(key))
  }
  override getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#faulted('getRange', () => this.inner.getRange(key, offset, length))
  }
  override head(key: string): Promise<number | null> {
    return this.#faulted('head', () => this.inner.head(key))
  }
  override put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#faulted('put', () => this.inner.put(key, bytes))
  }
  override putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#faulted('putIfAbsent', async () => {
      if (!this.lies) return this.inner.putIfAbsent(key, bytes)
      await this.inner.put(key, bytes)
      return true
    })
  }
  override upload(key: string, source: UploadSource): Promise<void> {
    return this.#faulted('upload', () => this.inner.upload(key, source))
  }
  override async *list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject> {
    await this.#faulted('list', async () => {})
    yield* this.inner.list(prefix, options)
  }
  override delete(key: string): Promise<void> {
    return this.#faulted('delete', () => this.inner.delete(key))
  }

  async #faulted<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    const call = ++this.calls
    if (this.delayMs > 0) await sleep(this.#clock, this.delayMs)
    if (this.away) throw fail('UNAVAILABLE', `the store is away (${operation})`)
    const fault = this.#faults.find(planned => planned.call === call)
    if (fault?.moment === 'before') throw fault.error
    const result = await work()
    if (fault) throw fault.error
    return result
  }
}

function unavailable(): Failure {
  return fail('UNAVAILABLE', 'planned failure of the store')
}

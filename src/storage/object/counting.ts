import type { Clock } from '../../base/clock.ts'
import { asFailure, type ErrorCode } from '../../base/errors.ts'
import { ForwardingStore } from './forwarding.ts'
import type { ListedObject, ListOptions, ObjectStore, UploadSource } from './object-store.ts'

export const storeOperations = [
  'get',
  'getRange',
  'head',
  'put',
  'putIfAbsent',
  'upload',
  'list',
  'delete',
] as const

export type StoreOperation = (typeof storeOperations)[number]

/** One call that ended. */
export interface StoreCall {
  readonly operation: StoreOperation
  readonly tookMs: number
  /** Of objects, read or written; 0 for the others and for failures. */
  readonly bytes: number
  /** `ok` also for a conditional put that found the object there. */
  readonly outcome: 'ok' | ErrorCode
}

/** Told about every call, as it ends. */
export interface StoreMetrics {
  called(call: StoreCall): void
}

/** A store that reports what is asked of it. */
export class CountingStore extends ForwardingStore {
  readonly #metrics: StoreMetrics
  readonly #clock: Clock

  constructor(inner: ObjectStore, metrics: StoreMetrics, clock: Clock) {
    super(inner)
    this.#metrics = metrics
    this.#clock = clock
  }
  override get(key: string): Promise<Uint8Array> {
    return this.#counted('get', () => this.inner.get(key), bytesOf)
  }
  override getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#counted('getRange', () => this.inner.getRange(key, offset, length), bytesOf)
  }
  override head(key: string): Promise<number | null> {
    return this.#counted('head', () => this.inner.head(key), none)
  }
  override put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#counted(
      'put',
      () => this.inner.put(key, bytes),
      () => bytes.length,
    )
  }
  override putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    const written = (made: boolean) => (made ? bytes.length : 0)
    return this.#counted('putIfAbsent', () => this.inner.putIfAbsent(key, bytes), written)
  }
  override upload(key: string, source: UploadSource): Promise<void> {
    return this.#counted(
      'upload',
      () => this.inner.upload(key, source),
      () => source.size,
    )
  }
  /** Reported when the caller has seen all it wants. */
  override async *list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject> {
    const startedMs = this.#clock.monotonicMs()
    let outcome: StoreCall['outcome'] = 'ok'
    try {
      yield* this.inner.list(prefix, options)
    } catch (error) {
      outcome = asFailure(error).code
      throw error
    } finally {
      this.#report('list', startedMs, 0, outcome)
    }
  }
  override delete(key: string): Promise<void> {
    return this.#counted('delete', () => this.inner.delete(key), none)
  }

  async #counted<T>(
    operation: StoreOperation,
    work: () => Promise<T>,
    bytesOfResult: (result: T) => number,
  ): Promise<T> {
    const startedMs = this.#clock.monotonicMs()
    try {
      const result = await work()
      this.#report(operation, startedMs, bytesOfResult(result), 'ok')
      return result
    } catch (error) {
      this.#report(operation, startedMs, 0, asFailure(error).code)
      throw error
    }
  }
  #report(
    operation: StoreOperation,
    startedMs: number,
    bytes: number,
    outcome: StoreCall['outcome'],
  ): void {
    const tookMs = this.#clock.monotonicMs() - startedMs
    this.#metrics.called({ operation, tookMs, bytes, outcome })
  }
}

function bytesOf(bytes: Uint8Array): number {
  return bytes.length
}

function none(): number {
  return 0
}

/** Requests and bytes by operation, for tests that check what a plan costs. */
export class StoreTally implements StoreMetrics {
  readonly requests = new Map<StoreOperation, number>()
  readonly bytes = new Map<StoreOperation, number>()
  called(call: StoreCall): void {
    this.requests.set(call.operation, this.requestsOf(call.operation) + 1)
    this.bytes.set(call.operation, this.bytesOf(call.operation) + call.bytes)
  }
  requestsOf(operation: StoreOperation): number {
    return this.requests.get(operation) ?? 0
  }
  bytesOf(operation: StoreOperation): number {
    return this.bytes.get(operation) ?? 0
  }
  reset(): void {
    this.requests.clear()
    this.bytes.clear()
  }
}

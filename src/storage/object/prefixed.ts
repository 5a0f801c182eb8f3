import { assert } from '../../base/assert.ts'
import {
  assertKey,
  type ListedObject,
  type ListOptions,
  type ObjectStore,
  type UploadSource,
} from './object-store.ts'

/** The part of a store below a folder, with keys relative to it. */
export class PrefixedStore implements ObjectStore {
  readonly #inner: ObjectStore
  readonly #prefix: string

  /** Slashes around the prefix do not matter; an empty one changes nothing. */
  constructor(inner: ObjectStore, prefix: string) {
    const trimmed = prefix.replace(/^\/+|\/+$/g, '')
    if (trimmed !== '') assertKey(trimmed)
    this.#inner = inner
    this.#prefix = trimmed === '' ? '' : `${trimmed}/`
  }
  get(key: string): Promise<Uint8Array> {
    return this.#inner.get(this.#full(key))
  }
  getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#inner.getRange(this.#full(key), offset, length)
  }
  head(key: string): Promise<number | null> {
    return this.#inner.head(this.#full(key))
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#inner.put(this.#full(key), bytes)
  }
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#inner.putIfAbsent(this.#full(key), bytes)
  }
  upload(key: string, source: UploadSource): Promise<void> {
    return this.#inner.upload(this.#full(key), source)
  }
  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListedObject> {
    const { startAfter } = options
    const inner = startAfter === undefined ? options : { startAfter: this.#prefix + startAfter }
    for await (const object of this.#inner.list(this.#prefix + prefix, inner)) {
      assert(object.key.startsWith(this.#prefix), 'a listing left its prefix')
      yield { ...object, key: object.key.slice(this.#prefix.length) }
    }
  }
  delete(key: string): Promise<void> {
    return this.#inner.delete(this.#full(key))
  }
  probeConditionalPut(): Promise<boolean> {
    return this.#inner.probeConditionalPut()
  }
  #full(key: string): string {
    // Before the prefix is added: a key that is empty would otherwise name the folder itself.
    assertKey(key)
    return this.#prefix + key
  }
}

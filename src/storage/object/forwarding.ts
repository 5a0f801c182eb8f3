import type { ListedObject, ListOptions, ObjectStore, UploadSource } from './object-store.ts'

/** A store that hands everything on to another; wrappers override what they change. */
export abstract class ForwardingStore implements ObjectStore {
  protected readonly inner: ObjectStore
  constructor(inner: ObjectStore) {
    this.inner = inner
  }
  get(key: string): Promise<Uint8Array> {
    return this.inner.get(key)
  }
  getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    return this.inner.getRange(key, offset, length)
  }
  head(key: string): Promise<number | null> {
    return this.inner.head(key)
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.inner.put(key, bytes)
  }
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.inner.putIfAbsent(key, bytes)
  }
  upload(key: string, source: UploadSource): Promise<void> {
    return this.inner.upload(key, source)
  }
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject> {
    return this.inner.list(prefix, options)
  }
  delete(key: string): Promise<void> {
    return this.inner.delete(key)
  }
  probeConditionalPut(): Promise<boolean> {
    return this.inner.probeConditionalPut()
  }
}

import type { Clock } from '../../base/clock.ts'
import { Corruption, fail } from '../../base/errors.ts'
import {
  assertKey,
  assertListOptions,
  compareKeys,
  type ListedObject,
  type ListOptions,
  type ObjectStore,
  type UploadSource,
} from './object-store.ts'

/** Objects in memory, for tests and simulations. Bytes are copied on the way in and out. */
export class MemoryStore implements ObjectStore {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #objects = new Map<string, { bytes: Uint8Array; lastModifiedMs: number }>()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }
  async get(key: string): Promise<Uint8Array> {
    return Buffer.from(this.#find(key))
  }
  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.#find(key)
    if (offset + length > bytes.length) {
      throw new Corruption('unexpected end', { object: key, offset: bytes.length })
    }
    return Buffer.from(bytes.subarray(offset, offset + length))
  }
  async head(key: string): Promise<number | null> {
    assertKey(key)
    return this.#objects.get(key)?.bytes.length ?? null
  }
  async put(key: string, bytes: Uint8Array): Promise<void> {
    assertKey(key)
    this.#objects.set(key, { bytes: Buffer.from(bytes), lastModifiedMs: this.#clock.nowMs() })
  }
  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    assertKey(key)
    if (this.#objects.has(key)) return false
    await this.put(key, bytes)
    return true
  }
  async upload(key: string, source: UploadSource): Promise<void> {
    const pieces: Uint8Array[] = []
    for await (const piece of source.pieces(1024 * 1024)) pieces.push(piece)
    await this.put(key, Buffer.concat(pieces))
  }
  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListedObject> {
    assertListOptions(options)
    const { delimiter, startAfter } = options
    const keys = [...this.#objects.keys()].filter(key => key.startsWith(prefix)).sort(compareKeys)
    let folder: string | null = null
    for (const key of keys) {
      if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue
      if (folder !== null && key.startsWith(folder)) continue
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
      const object = this.#objects.get(key)
      if (end >= 0) {
        folder = key.slice(0, end + 1)
        yield { key: folder, size: 0, lastModifiedMs: 0, isFolder: true }
      } else if (object) {
        const { bytes, lastModifiedMs } = object
        yield { key, size: bytes.length, lastModifiedMs, isFolder: false }
      }
    }
  }
  async delete(key: string): Promise<void> {
    assertKey(key)
    this.#objects.delete(key)
  }
  async probeConditionalPut(): Promise<boolean> {
    return true
  }
  #find(key: string): Uint8Array {
    assertKey(key)
    const object = this.#objects.get(key)
    if (!object) throw fail('NOT_FOUND', `no object ${key}`, { key })
    return object.bytes
  }
}

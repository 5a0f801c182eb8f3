import { posix } from 'node:path'
import { type DirectoryEntry, type Disk, isNotFound } from '../../base/disk.ts'
import { Corruption, Failure, fail } from '../../base/errors.ts'
import { Slots } from '../../base/slots.ts'
import {
  assertKey,
  assertListOptions,
  compareKeys,
  type ListedObject,
  type ListOptions,
  type ObjectStore,
  type UploadSource,
} from './object-store.ts'

const pieceBytes = 1024 * 1024

/** Files that are read at the same time, of the thousand that a process may have open. */
const readsAtOnce = 64

/** A folder may vanish under a put, when its last object is deleted; then it is made again. */
const attemptsMax = 10

/**
 * Objects as files below a root directory, for one machine: `/` in keys is `/` in paths. A folder
 * goes with its last object. Everything is durable when a call returns.
 */
export class LocalStore implements ObjectStore {
  readonly #disk: Disk
  readonly #root: string
  readonly #reads = new Slots(readsAtOnce)

  /** `root` is an absolute path; it is made when it is needed. */
  constructor(disk: Disk, root: string) {
    this.#disk = disk
    this.#root = root
  }
  get(key: string): Promise<Uint8Array> {
    return this.#reads.run(() => this.#named(key, path => this.#disk.readFile(path)))
  }
  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#reads.run(() =>
        this.#named(key, path => this.#disk.readRange(path, offset, length)),
      )
    } catch (error) {
      if (error instanceof Corruption)
        throw new Corruption('unexpected end', { object: key, offset })
      throw error
    }
  }
  async head(key: string): Promise<number | null> {
    const stat = await this.#disk.stat(this.#path(key))
    return stat === null || stat.isFolder ? null : stat.sizeBytes
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#inFolder(key, path => this.#disk.writeFileAtomic(path, bytes))
  }
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#inFolder(key, path => this.#disk.createFileAtomic(path, bytes))
  }
  async upload(key: string, source: UploadSource): Promise<void> {
    const path = this.#path(key)
    await this.#disk.mkdirp(posix.dirname(path))
    await this.#disk.writeStreamAtomic(path, source.pieces(pieceBytes))
  }
  async delete(key: string): Promise<void> {
    const path = this.#path(key)
    if ((await this.#disk.stat(path))?.isFolder) return
    await this.#disk.remove(path)
    try {
      await this.#disk.syncDirectory(posix.dirname(path))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    await this.#removeEmptyFolders(posix.dirname(path))
  }
  async probeConditionalPut(): Promise<boolean> {
    return true
  }

  /** Walks the folders in order of keys, without those that cannot hold an answer. */
  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListedObject> {
    assertListOptions(options)
    const after = options.startAfter ?? ''
    const stack = (await this.#children(folderOf(prefix))).reverse()
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { key, isFolder } = next
      const inside = key.startsWith(prefix)
      if (!isFolder) {
        if (inside && compareKeys(key, after) > 0) yield* this.#listed(key)
        continue
      }
      // All keys in a folder that is before `after` are before it too, unless `after` is in it.
      if (compareKeys(key, after) < 0 && !after.startsWith(key)) continue
      if (!inside && !prefix.startsWith(key)) continue
      const children = await this.#children(key)
      if (!options.delimiter) stack.push(...children.reverse())
      else if (children.length > 0) yield { key, size: 0, lastModifiedMs: 0, isFolder: true }
    }
  }

  /** Removes what writes left behind that a crash interrupted. For an owner that just started. */
  async removeUnfinished(): Promise<void> {
    const folders = ['']
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const children = await this.#children(folder)
      folders.push(...children.filter(child => child.isFolder).map(child => child.key))
      const directory = this.#directory(folder)
      if (await this.#disk.stat(directory)) await this.#disk.removeUnfinished(directory)
    }
  }

  async *#listed(key: string): AsyncIterable<ListedObject> {
    const stat = await this.#disk.stat(this.#path(key))
    // Deleted since its folder was read.
    if (!stat) return
    yield { key, size: stat.sizeBytes, lastModifiedMs: stat.modifiedMs, isFolder: false }
  }
  /** What a folder (empty or ending with `/`) holds, by key; keys of folders end with `/`. */
  async #children(folder: string): Promise<{ key: string; isFolder: boolean }[]> {
    let entries: DirectoryEntry[]
    try {
      entries = await this.#disk.list(this.#directory(folder))
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
    return entries
      .filter(entry => !entry.name.startsWith('.'))
      .map(({ name, isFolder }) => ({ key: folder + name + (isFolder ? '/' : ''), isFolder }))
      .sort((a, b) => compareKeys(a.key, b.key))
  }
  async #removeEmptyFolders(from: string): Promise<void> {
    for (let folder = from; folder.length > this.#root.length; folder = posix.dirname(folder)) {
      try {
        await this.#disk.remove(folder)
      } catch (error) {
        // Not empty: somebody else's object is in it.
        if (error instanceof Failure && error.fields['cause'] === 'ENOTEMPTY') return
        throw error
      }
    }
  }
  async #named<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.#path(key)
    try {
      return await work(path)
    } catch (error) {
      const isFolder = error instanceof Failure && error.fields['cause'] === 'EISDIR'
      if (isNotFound(error) || isFolder) throw fail('NOT_FOUND', `no object ${key}`, { key })
      throw error
    }
  }
  async #inFolder<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.#path(key)
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(path)
      } catch (error) {
        if (!isNotFound(error) || attempt === attemptsMax) throw error
      }
      await this.#disk.mkdirp(posix.dirname(path))
    }
  }
  /** Of a folder as keys name it: empty, or ending with `/`. */
  #directory(folder: string): string {
    return folder === '' ? this.#root : `${this.#root}/${folder.slice(0, -1)}`
  }
  #path(key: string): string {
    assertKey(key)
    return `${this.#root}/${key}`
  }
}

/** The folder that holds everything that starts with `prefix`; empty for the root. */
function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1)
}

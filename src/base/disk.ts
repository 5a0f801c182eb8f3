import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Corruption, Failure } from './errors.ts'

/**
 * Files, handed in so that tests decide when a disk fails, fills up or loses power.
 *
 * Each operation exists twice: for the main thread, which must not wait for a disk, and with
 * `Sync` in its name for worker threads, where waiting is cheapest and where the thread pool that
 * the other kind shares cannot delay a sync.
 *
 * All fail with NOT_FOUND when a path does not exist, DISK_FULL when there is no room (or quota)
 * left, otherwise UNAVAILABLE; the operating system's error is the cause. Offsets, lengths and
 * sizes are bytes.
 */
export interface Disk {
  /** Exactly `length` bytes; fails with CORRUPT when the file ends before. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>
  readRangeSync(path: string, offset: number, length: number): Uint8Array
  readFile(path: string): Promise<Uint8Array>
  readFileSync(path: string): Uint8Array
  /** The file has all of `bytes` or its old content, whatever happens; durable on return. */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>
  writeFileAtomicSync(path: string, bytes: Uint8Array): void
  /** The same for content that comes in pieces. Returns its size. */
  writeStreamAtomic(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number>
  /** As `writeFileAtomic`, but false, and nothing written, when the path exists. */
  createFileAtomic(path: string, bytes: Uint8Array): Promise<boolean>
  createFileAtomicSync(path: string, bytes: Uint8Array): boolean
  /** Opens for appending; a new file's name is durable on return. */
  openAppendSync(path: string): AppendFile
  /** Names in a directory in no particular order, without those of unfinished atomic writes. */
  list(directory: string): Promise<DirectoryEntry[]>
  listSync(directory: string): DirectoryEntry[]
  /** Creates a directory and its parents, durably. */
  mkdirp(directory: string): Promise<void>
  mkdirpSync(directory: string): void
  /** Removes a file or an empty directory. That there is none is no failure. */
  remove(path: string): Promise<void>
  removeSync(path: string): void
  removeTree(directory: string): Promise<void>
  removeTreeSync(directory: string): void
  /** Removes what atomic writes in a directory left behind that a crash interrupted. */
  removeUnfinished(directory: string): Promise<void>
  removeUnfinishedSync(directory: string): void
  /** Not durable until `syncDirectory` was called for the directories on both sides. */
  rename(from: string, to: string): Promise<void>
  renameSync(from: string, to: string): void
  /** null when there is nothing at `path`. */
  stat(path: string): Promise<FileStat | null>
  statSync(path: string): FileStat | null
  /** Cuts a file, durably. */
  truncateSync(path: string, sizeBytes: number): void
  /** Makes creations, removals and renames in a directory durable. */
  syncDirectory(directory: string): Promise<void>
  syncDirectorySync(directory: string): void
  /** Bytes that an unprivileged user can still write to the volume that holds `directory`. */
  freeBytes(directory: string): Promise<number>
  freeBytesSync(directory: string): number
}

export interface DirectoryEntry {
  readonly name: string
  readonly isFolder: boolean
}

export interface FileStat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly isFolder: boolean
}

/** A file that only grows. Every method is synchronous: it belongs to one thread that may wait. */
export interface AppendFile {
  readonly path: string
  /** Bytes in the file, synced or not. */
  readonly sizeBytes: number
  /** Writes all of `bytes`, or fails; a failed append may leave a part of them behind. */
  append(bytes: Uint8Array): void
  /** Everything appended before is durable on return. After a failure nothing un-synced counts. */
  dataSync(): void
  close(): void
}

/**
 * Names that atomic writes use until they are done. They begin with a dot and end with this; a
 * crash may leave them behind, whoever owns the directory may remove them when it starts.
 */
export const temporarySuffix = '.tmp'

export function isTemporaryName(name: string): boolean {
  return name.startsWith('.') && name.endsWith(temporarySuffix)
}

/** Whether a failure says that there is nothing at a path or key. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Failure && error.code === 'NOT_FOUND'
}

const noRoomCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The failure for an error of the operating system, such as `cannot sync /data/x: EIO`. */
export function diskFailure(error: unknown, what: string, path: string): Failure {
  if (error instanceof Failure) return error
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  const message = `cannot ${what} ${path}: ${code}`
  const fields = { path, what, cause: code }
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Failure('NOT_FOUND', message, fields)
  if (noRoomCodes.has(code)) return new Failure('DISK_FULL', message, fields, error)
  return new Failure('UNAVAILABLE', message, fields, error)
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

async function guard<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskFailure(error, what, path)
  }
}

function guardSync<T>(what: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw diskFailure(error, what, path)
  }
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}${temporarySuffix}`)
}

const readOnly = fs.constants.O_RDONLY

/** The disk of this machine. */
export const systemDisk: Disk = {
  readRange: (path, offset, length) =>
    guard('read', path, () =>
      withHandle(path, readOnly, async handle => {
        const bytes = Buffer.allocUnsafeSlow(length)
        for (let filled = 0; filled < length; ) {
          const read = await handle.read(bytes, filled, length - filled, offset + filled)
          if (read.bytesRead === 0) throw endedEarly(path, offset + filled)
          filled += read.bytesRead
        }
        return bytes
      }),
    ),
  readRangeSync: (path, offset, length) =>
    guardSync('read', path, () =>
      withDescriptor(path, readOnly, descriptor => {
        const bytes = Buffer.allocUnsafeSlow(length)
        for (let filled = 0; filled < length; ) {
          const read = fs.readSync(descriptor, bytes, filled, length - filled, offset + filled)
          if (read === 0) throw endedEarly(path, offset + filled)
          filled += read
        }
        return bytes
      }),
    ),
  readFile: path => guard('read', path, () => fs.promises.readFile(path)),
  readFileSync: path => guardSync('read', path, () => fs.readFileSync(path)),

  async writeFileAtomic(path, bytes) {
    await systemDisk.writeStreamAtomic(path, onePiece(bytes))
  },
  writeFileAtomicSync: (path, bytes) =>
    guardSync('write', path, () => {
      const temporary = writeTemporarySync(path, bytes)
      fs.renameSync(temporary, path)
      syncDirectorySync(dirname(path))
    }),
  writeStreamAtomic: (path, pieces) =>
    guard('write', path, async () => {
      const { temporary, sizeBytes } = await writeTemporary(path, pieces)
      await fs.promises.rename(temporary, path)
      await syncDirectory(dirname(path))
      return sizeBytes
    }),
  // A link, unlike a rename, fails when the name is taken, and its target is already complete.
  createFileAtomic: (path, bytes) =>
    guard('create', path, async () => {
      const { temporary } = await writeTemporary(path, onePiece(bytes))
      try {
        await fs.promises.link(temporary, path)
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      } finally {
        await fs.promises.rm(temporary, { force: true })
      }
      await syncDirectory(dirname(path))
      return true
    }),
  createFileAtomicSync: (path, bytes) =>
    guardSync('create', path, () => {
      const temporary = writeTemporarySync(path, bytes)
      try {
        fs.linkSync(temporary, path)
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      } finally {
        fs.rmSync(temporary, { force: true })
      }
      syncDirectorySync(dirname(path))
      return true
    }),
  openAppendSync: path => guardSync('open', path, () => new SystemAppendFile(path)),

  list: directory =>
    guard('list', directory, async () =>
      entriesOf(await fs.promises.readdir(directory, { withFileTypes: true })),
    ),
  listSync: directory =>
    guardSync('list', directory, () =>
      entriesOf(fs.readdirSync(directory, { withFileTypes: true })),
    ),
  mkdirp: directory =>
    guard('create', directory, async () => {
      const first = await fs.promises.mkdir(directory, { recursive: true })
      for (const parent of parentsToSync(directory, first)) await syncDirectory(parent)
    }),
  mkdirpSync: directory =>
    guardSync('create', directory, () => {
      const first = fs.mkdirSync(directory, { recursive: true })
      for (const parent of parentsToSync(directory, first)) syncDirectorySync(parent)
    }),
  remove: path =>
    guard('remove', path, () =>
      fs.promises
        .rm(path, { force: true })
        .catch(error => removeDirectoryInstead(error, () => fs.promises.rmdir(path))),
    ),
  removeSync: path =>
    guardSync('remove', path, () => {
      try {
        fs.rmSync(path, { force: true })
      } catch (error) {
        removeDirectoryInstead(error, () => fs.rmdirSync(path))
      }
    }),
  removeTree: directory =>
    guard('remove', directory, () => fs.promises.rm(directory, { recursive: true, force: true })),
  removeTreeSync: directory =>
    guardSync('remove', directory, () => fs.rmSync(directory, { recursive: true, force: true })),
  removeUnfinished: directory =>
    guard('list', directory, async () => {
      const names = await fs.promises.readdir(directory)
      for (const name of names.filter(isTemporaryName)) {
        await fs.promises.rm(join(directory, name), { force: true })
      }
    }),
  removeUnfinishedSync: directory =>
    guardSync('list', directory, () => {
      const names = fs.readdirSync(directory)
      for (const name of names.filter(isTemporaryName)) {
        fs.rmSync(join(directory, name), { force: true })
      }
    }),
  rename: (from, to) => guard('rename', from, () => fs.promises.rename(from, to)),
  renameSync: (from, to) => guardSync('rename', from, () => fs.renameSync(from, to)),
  stat: path =>
    guard('look at', path, async () => {
      try {
        return fileStat(await fs.promises.stat(path))
      } catch (error) {
        return absent(error)
      }
    }),
  statSync: path =>
    guardSync('look at', path, () => {
      try {
        return fileStat(fs.statSync(path))
      } catch (error) {
        return absent(error)
      }
    }),
  truncateSync: (path, sizeBytes) =>
    guardSync('truncate', path, () =>
      withDescriptor(path, fs.constants.O_RDWR, descriptor => {
        fs.ftruncateSync(descriptor, sizeBytes)
        fs.fsyncSync(descriptor)
      }),
    ),
  syncDirectory: directory => guard('sync', directory, () => syncDirectory(directory)),
  syncDirectorySync: directory => guardSync('sync', directory, () => syncDirectorySync(directory)),
  freeBytes: directory =>
    guard('look at', directory, async () => freeOf(await fs.promises.statfs(directory))),
  freeBytesSync: directory =>
    guardSync('look at', directory, () => freeOf(fs.statfsSync(directory))),
}

class SystemAppendFile implements AppendFile {
  readonly path: string
  readonly #descriptor: number
  #sizeBytes: number
  constructor(path: string) {
    this.path = path
    this.#descriptor = fs.openSync(path, 'a')
    this.#sizeBytes = fs.fstatSync(this.#descriptor).size
    if (this.#sizeBytes === 0) syncDirectorySync(dirname(path))
  }
  get sizeBytes(): number {
    return this.#sizeBytes
  }
  append(bytes: Uint8Array): void {
    guardSync('append to', this.path, () => {
      for (let written = 0; written < bytes.length; ) {
        const count = fs.writeSync(this.#descriptor, bytes, written, bytes.length - written)
        written += count
        this.#sizeBytes += count
      }
    })
  }
  dataSync(): void {
    guardSync('sync', this.path, () => fs.fdatasyncSync(this.#descriptor))
  }
  close(): void {
    guardSync('close', this.path, () => fs.closeSync(this.#descriptor))
  }
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function endedEarly(path: string, offset: number): Corruption {
  return new Corruption('unexpected end', { object: path, offset })
}

async function withHandle<T>(
  path: string,
  flags: number,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await fs.promises.open(path, flags)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

function withDescriptor<T>(path: string, flags: number, work: (descriptor: number) => T): T {
  const descriptor = fs.openSync(path, flags)
  try {
    return work(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

const createNew = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL

/** A complete, synced file beside `path`; nothing is left when it cannot be written. */
async function writeTemporary(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ temporary: string; sizeBytes: number }> {
  const temporary = temporaryPath(path)
  try {
    const sizeBytes = await withHandle(temporary, createNew, async handle => {
      let written = 0
      for await (const piece of pieces) {
        await handle.writeFile(piece)
        written += piece.length
      }
      await handle.sync()
      return written
    })
    return { temporary, sizeBytes }
  } catch (error) {
    await fs.promises.rm(temporary, { force: true })
    throw error
  }
}

function writeTemporarySync(path: string, bytes: Uint8Array): string {
  const temporary = temporaryPath(path)
  try {
    withDescriptor(temporary, createNew, descriptor => {
      fs.writeFileSync(descriptor, bytes)
      fs.fsyncSync(descriptor)
    })
    return temporary
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

async function syncDirectory(directory: string): Promise<void> {
  await withHandle(directory, readOnly, handle => handle.sync())
}

function syncDirectorySync(directory: string): void {
  withDescriptor(directory, readOnly, descriptor => fs.fsyncSync(descriptor))
}

/** Directories that hold the name of one that was created; `first` is the topmost of those. */
function parentsToSync(directory: string, first: string | undefined): string[] {
  if (first === undefined) return []
  const parents: string[] = []
  const top = resolve(first)
  for (let path = resolve(directory); path.length >= top.length; path = dirname(path)) {
    parents.push(dirname(path))
  }
  return parents
}

function entriesOf(entries: readonly fs.Dirent[]): DirectoryEntry[] {
  return entries
    .filter(entry => !isTemporaryName(entry.name))
    .map(entry => ({ name: entry.name, isFolder: entry.isDirectory() }))
}

/** `rm` of a directory fails with its own code; an empty one is then removed as such. */
function removeDirectoryInstead<T>(error: unknown, removeDirectory: () => T): T {
  if (codeOf(error) !== 'ERR_FS_EISDIR') throw error
  return removeDirectory()
}

function fileStat(stat: fs.Stats): FileStat {
  return { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, isFolder: stat.isDirectory() }
}

function absent(error: unknown): null {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
  throw error
}

function freeOf(stat: fs.StatsFs): number {
  return stat.bavail * stat.bsize
}

import { basename, dirname, join } from 'node:path'
import {
  type AppendFile,
  type DirectoryEntry,
  type Disk,
  diskFailure,
  type FileStat,
  isTemporaryName,
} from './disk.ts'
import { Corruption } from './errors.ts'

/**
 * A disk in memory that fails when it is told to and loses power like the worst real one: at
 * `crash()` only what was synced is sure to survive, names included. Everything that changes the
 * disk is a numbered step, so that a test can fail or stop at each of them in turn. Paths are
 * absolute; only files can be renamed.
 */
export interface CrashOptions {
  /**
   * How much of the bytes appended since the last sync survives: none of it, all of it, or a part
   * of each file that `random` (0 <= x < 1) decides.
   */
  readonly unsynced: 'lost' | 'kept' | (() => number)
}

/** What a call fails with from the moment of a planned power cut on, until `crash()`. */
export class PowerCut extends Error {
  constructor() {
    super('the disk has no power')
    this.name = 'PowerCut'
  }
}

interface PlannedFault {
  readonly step: number
  readonly code: string
  /** Also every later step, until `heal()`. */
  readonly lasting: boolean
}

/** A file: the bytes that programs see, and which of them would survive. */
class Inode {
  bytes: Buffer = Buffer.alloc(0)
  sizeBytes = 0
  modifiedMs = 0
  syncedBytes = 0
  /** What is durable when it is no longer a prefix of `bytes`: after a cut that is not synced. */
  syncedCopy: Buffer | null = null
  /** Kernels drop what they could not write: a later sync succeeds without it being durable. */
  syncFailed = false

  append(bytes: Uint8Array): void {
    const needed = this.sizeBytes + bytes.length
    if (needed > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(needed, this.bytes.length * 2, 256))
      this.bytes.copy(grown, 0, 0, this.sizeBytes)
      this.bytes = grown
    }
    this.bytes.set(bytes, this.sizeBytes)
    this.sizeBytes = needed
  }
  sync(): void {
    if (this.syncFailed) return
    this.syncedBytes = this.sizeBytes
    this.syncedCopy = null
  }
  /** What a new start finds. */
  afterCrash(unsynced: CrashOptions['unsynced']): Inode {
    const survivor = new Inode()
    survivor.modifiedMs = this.modifiedMs
    if (this.syncedCopy) survivor.append(this.syncedCopy)
    else {
      const loose = this.sizeBytes - this.syncedBytes
      const share = unsynced === 'lost' ? 0 : unsynced === 'kept' ? 1 : unsynced()
      const kept = share === 1 ? loose : Math.floor(share * (loose + 1))
      survivor.append(this.bytes.subarray(0, this.syncedBytes + kept))
    }
    survivor.sync()
    return survivor
  }
}

/** What a path names: a file or, as null, a directory. */
type Names = Map<string, Inode | null>

export class FaultDisk implements Disk {
  /** Steps taken so far: calls that change the disk or make a change durable. */
  steps = 0
  /** What `freeBytes` says. */
  free = Number.MAX_SAFE_INTEGER
  readonly #now: () => number
  #names: Names = new Map([['/', null]])
  #durable: Names = new Map([['/', null]])
  #faults: PlannedFault[] = []
  #readFault: string | null = null
  #cutAtStep = Number.POSITIVE_INFINITY
  #generation = 0
  #temporaries = 0

  constructor(nowMs: () => number = () => 0) {
    this.#now = nowMs
  }

  /** The n-th step from now (1 is the next) fails with `code`, such as ENOSPC or EIO. */
  failStep(n: number, code: string, options: { lasting?: boolean } = {}): void {
    this.#faults.push({ step: this.steps + n, code, lasting: options.lasting ?? false })
  }
  /** Every read fails with `code` until `heal()`. */
  failReads(code: string): void {
    this.#readFault = code
  }
  heal(): void {
    this.#faults = []
    this.#readFault = null
    this.#cutAtStep = Number.POSITIVE_INFINITY
  }
  /** The n-th step from now does not happen, nor does anything after it, until `crash()`. */
  cutPowerAtStep(n: number): void {
    this.#cutAtStep = this.steps + n
  }
  /** Power fails and comes back: files opened before are dead, the rest is as a new start sees it. */
  crash(options: CrashOptions = { unsynced: 'lost' }): void {
    this.heal()
    this.#generation++
    const survivors = new Map<Inode, Inode>()
    this.#names = new Map()
    for (const [path, inode] of this.#durable) {
      if (!this.#reachable(path)) continue
      if (inode && !survivors.has(inode)) survivors.set(inode, inode.afterCrash(options.unsynced))
      this.#names.set(path, inode && survivors.get(inode)!)
    }
    this.#durable = new Map(this.#names)
  }
  /** Changes stored bytes behind everybody's back, durably. */
  damage(path: string, change: (bytes: Buffer) => Buffer): void {
    const inode = this.#file(path, 'damage')
    const changed = change(Buffer.from(inode.bytes.subarray(0, inode.sizeBytes)))
    inode.bytes = Buffer.from(changed)
    inode.sizeBytes = changed.length
    inode.sync()
  }
  /** All files, for assertions; sorted. */
  paths(): string[] {
    return [...this.#names].flatMap(([path, inode]) => (inode ? [path] : [])).sort()
  }

  readRangeSync(path: string, offset: number, length: number): Uint8Array {
    const inode = this.#readable(path)
    if (offset + length > inode.sizeBytes) {
      throw new Corruption('unexpected end', { object: path, offset: inode.sizeBytes })
    }
    return Buffer.from(inode.bytes.subarray(offset, offset + length))
  }
  readFileSync(path: string): Uint8Array {
    const inode = this.#readable(path)
    return Buffer.from(inode.bytes.subarray(0, inode.sizeBytes))
  }
  writeFileAtomicSync(path: string, bytes: Uint8Array): void {
    const temporary = this.#writeTemporary(path, [bytes])
    this.renameSync(temporary, path)
    this.syncDirectorySync(dirname(path))
  }
  createFileAtomicSync(path: string, bytes: Uint8Array): boolean {
    const temporary = this.#writeTemporary(path, [bytes])
    this.#step('link', path)
    const taken = this.#names.has(path)
    if (!taken) this.#names.set(path, this.#file(temporary, 'link'))
    this.removeSync(temporary)
    if (!taken) this.syncDirectorySync(dirname(path))
    return !taken
  }
  openAppendSync(path: string): AppendFile {
    if (this.#names.get(path) === undefined) {
      this.#create(path)
      this.syncDirectorySync(dirname(path))
    }
    const inode = this.#file(path, 'open')
    const opened = this.#generation
    const step = (what: string) => {
      if (opened !== this.#generation) throw new PowerCut()
      this.#step(what, path)
    }
    return {
      path,
      get sizeBytes() {
        return inode.sizeBytes
      },
      append: bytes => this.#append(inode, bytes, step),
      dataSync: () => {
        try {
          step('sync')
        } catch (error) {
          inode.syncFailed = true
          throw error
        }
        inode.sync()
      },
      close: () => {},
    }
  }
  listSync(directory: string): DirectoryEntry[] {
    this.#directory(directory, 'list')
    return this.#inside(directory)
      .map(path => ({ name: basename(path), isFolder: this.#names.get(path) === null }))
      .filter(entry => !isTemporaryName(entry.name))
  }
  mkdirpSync(directory: string): void {
    const missing: string[] = []
    for (let path = directory; !this.#names.has(path); path = dirname(path)) missing.push(path)
    for (const path of missing.reverse()) {
      this.#step('create', path)
      this.#names.set(path, null)
      this.syncDirectorySync(dirname(path))
    }
  }
  removeSync(path: string): void {
    this.#step('remove', path)
    const inode = this.#names.get(path)
    if (inode === null && this.#inside(path).length > 0) {
      throw failure('ENOTEMPTY', 'remove', path)
    }
    this.#names.delete(path)
  }
  removeTreeSync(directory: string): void {
    this.#step('remove', directory)
    for (const path of [...this.#names.keys()]) {
      if (path === directory || path.startsWith(`${directory}/`)) this.#names.delete(path)
    }
  }
  removeUnfinishedSync(directory: string): void {
    this.#directory(directory, 'list')
    for (const path of this.#inside(directory)) {
      if (isTemporaryName(basename(path))) this.removeSync(path)
    }
  }
  renameSync(from: string, to: string): void {
    this.#step('rename', from)
    const inode = this.#file(from, 'rename')
    this.#directory(dirname(to), 'rename')
    this.#names.delete(from)
    this.#names.set(to, inode)
  }
  statSync(path: string): FileStat | null {
    const inode = this.#names.get(path)
    if (inode === undefined) return null
    if (inode === null) return { sizeBytes: 0, modifiedMs: 0, isFolder: true }
    return { sizeBytes: inode.sizeBytes, modifiedMs: inode.modifiedMs, isFolder: false }
  }
  truncateSync(path: string, sizeBytes: number): void {
    const inode = this.#file(path, 'truncate')
    this.#step('truncate', path)
    if (sizeBytes < inode.syncedBytes && !inode.syncedCopy) {
      inode.syncedCopy = Buffer.from(inode.bytes.subarray(0, inode.syncedBytes))
    }
    if (sizeBytes > inode.sizeBytes) inode.append(Buffer.alloc(sizeBytes - inode.sizeBytes))
    inode.sizeBytes = sizeBytes
    this.#step('sync', path)
    inode.sync()
  }
  syncDirectorySync(directory: string): void {
    this.#directory(directory, 'sync')
    this.#step('sync', directory)
    for (const path of childrenOf(this.#durable, directory)) {
      if (!this.#names.has(path)) this.#durable.delete(path)
    }
    for (const path of this.#inside(directory)) this.#durable.set(path, this.#names.get(path)!)
  }
  freeBytesSync(_directory: string): number {
    return this.free
  }

  readRange = async (path: string, offset: number, length: number) =>
    this.readRangeSync(path, offset, length)
  readFile = async (path: string) => this.readFileSync(path)
  writeFileAtomic = async (path: string, bytes: Uint8Array) => this.writeFileAtomicSync(path, bytes)
  writeStreamAtomic = async (path: string, pieces: AsyncIterable<Uint8Array>) => {
    const collected: Uint8Array[] = []
    for await (const piece of pieces) collected.push(Buffer.from(piece))
    const temporary = this.#writeTemporary(path, collected)
    this.renameSync(temporary, path)
    this.syncDirectorySync(dirname(path))
    return this.#file(path, 'write').sizeBytes
  }
  createFileAtomic = async (path: string, bytes: Uint8Array) =>
    this.createFileAtomicSync(path, bytes)
  list = async (directory: string) => this.listSync(directory)
  mkdirp = async (directory: string) => this.mkdirpSync(directory)
  remove = async (path: string) => this.removeSync(path)
  removeTree = async (directory: string) => this.removeTreeSync(directory)
  removeUnfinished = async (directory: string) => this.removeUnfinishedSync(directory)
  rename = async (from: string, to: string) => this.renameSync(from, to)
  stat = async (path: string) => this.statSync(path)
  syncDirectory = async (directory: string) => this.syncDirectorySync(directory)
  freeBytes = async (directory: string) => this.freeBytesSync(directory)

  /** Counts a change, and fails it when that was planned. */
  #step(what: string, path: string): void {
    this.steps++
    if (this.steps >= this.#cutAtStep) throw new PowerCut()
    const fault = this.#faults.find(
      ({ step, lasting }) => step === this.steps || (lasting && step < this.steps),
    )
    if (fault) throw failure(fault.code, what, path)
  }
  /** A failed append leaves half of its bytes behind, as a full disk does. */
  #append(inode: Inode, bytes: Uint8Array, step: (what: string) => void): void {
    try {
      step('append to')
    } catch (error) {
      if (this.steps <= this.#cutAtStep) inode.append(bytes.subarray(0, bytes.length >> 1))
      throw error
    }
    inode.append(bytes)
    inode.modifiedMs = this.#now()
  }
  #create(path: string): Inode {
    this.#step('create', path)
    this.#directory(dirname(path), 'create')
    const inode = new Inode()
    inode.modifiedMs = this.#now()
    this.#names.set(path, inode)
    return inode
  }
  #writeTemporary(path: string, pieces: readonly Uint8Array[]): string {
    const temporary = join(dirname(path), `.${basename(path)}.${this.#temporaries++}.tmp`)
    const inode = this.#create(temporary)
    for (const piece of pieces) {
      this.#append(inode, piece, what => this.#step(what, path))
    }
    this.#step('sync', path)
    inode.sync()
    return temporary
  }
  #readable(path: string): Inode {
    if (this.steps >= this.#cutAtStep) throw new PowerCut()
    if (this.#readFault) throw failure(this.#readFault, 'read', path)
    return this.#file(path, 'read')
  }
  #file(path: string, what: string): Inode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw failure('ENOENT', what, path)
    if (inode === null) throw failure('EISDIR', what, path)
    return inode
  }
  #directory(path: string, what: string): void {
    if (this.#names.get(path) !== null) throw failure('ENOENT', what, path)
  }
  #inside(directory: string): string[] {
    return childrenOf(this.#names, directory)
  }
  /** A durable name below a directory whose own name was lost is lost too. */
  #reachable(path: string): boolean {
    for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
      if (this.#durable.get(above) !== null) return false
    }
    return true
  }
}

function childrenOf(names: Names, directory: string): string[] {
  return [...names.keys()].filter(path => path !== '/' && dirname(path) === directory)
}

function failure(code: string, what: string, path: string): Error {
  return diskFailure(Object.assign(new Error(code), { code }), what, path)
}

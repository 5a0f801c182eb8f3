import { assert } from '../base/assert.ts'
import type { AppendFile, Disk } from '../base/disk.ts'

/** Bytes that are put aside and read again. They stay in memory until there are this many. */
const heldBytesMax = 4 * 1024 * 1024

/**
 * A temporary file for what a merge must remember and its budget does not hold. Synchronous: what
 * was just written lies in the page cache.
 */
export class Spill {
  readonly #disk: Disk
  readonly #path: string
  #file: AppendFile | undefined
  /** What is not in the file yet, in pieces. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #fileBytes = 0

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  get sizeBytes(): number {
    return this.#fileBytes + this.#pendingBytes
  }

  /** Appends bytes, which the caller does not change any more; returns where they begin. */
  append(bytes: Uint8Array): number {
    const at = this.sizeBytes
    if (bytes.length === 0) return at
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes > heldBytesMax) this.#flush()
    return at
  }

  read(offset: number, length: number): Uint8Array {
    assert(offset + length <= this.sizeBytes, 'a spill is read behind its end')
    if (offset >= this.#fileBytes) return this.#fromMemory(offset - this.#fileBytes, length)
    if (offset + length > this.#fileBytes) this.#flush()
    return this.#disk.readRangeSync(this.#path, offset, length)
  }

  /** Removes the file. */
  close(): void {
    this.#file?.close()
    this.#pending = []
    this.#disk.removeSync(this.#path)
  }

  #flush(): void {
    this.#file ??= this.#disk.openAppendSync(this.#path)
    this.#file.append(this.#joined())
    this.#fileBytes += this.#pendingBytes
    this.#pending = []
    this.#pendingBytes = 0
  }

  #fromMemory(offset: number, length: number): Uint8Array {
    return this.#joined().subarray(offset, offset + length)
  }

  /** All pending pieces as one, so that the next read need not join them again. */
  #joined(): Uint8Array {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)]
    return this.#pending[0] ?? new Uint8Array(0)
  }
}

import { assert } from '../base/assert.ts'
import type { AppendFile, Disk } from '../base/disk.ts'

export interface SpillOptions {
  readonly disk: Disk
  readonly path: string
  /** Bytes that stay in memory before the file is written. */
  readonly heldBytesMax: number
}

/**
 * A temporary file for what a merge must remember and its budget does not hold; what is small never
 * reaches the disk. Synchronous: what was just written lies in the page cache.
 */
export class Spill {
  readonly #options: SpillOptions
  #file: AppendFile | undefined
  /** What is not in the file yet: pieces and where each begins. */
  #pending: Uint8Array[] = []
  #pendingAt: number[] = []
  #fileBytes = 0
  #sizeBytes = 0

  constructor(options: SpillOptions) {
    this.#options = options
  }

  /** Appends a piece, which the caller does not change any more; returns where it begins. */
  append(piece: Uint8Array): number {
    const at = this.#sizeBytes
    if (piece.length === 0) return at
    this.#pending.push(piece)
    this.#pendingAt.push(at)
    this.#sizeBytes += piece.length
    if (this.#sizeBytes - this.#fileBytes > this.#options.heldBytesMax) this.#flush()
    return at
  }

  /** Bytes that lie within one piece. */
  read(offset: number, length: number): Uint8Array {
    assert(offset + length <= this.#sizeBytes, 'a spill is read behind its end')
    const { disk, path } = this.#options
    if (offset < this.#fileBytes) return disk.readRangeSync(path, offset, length)
    let low = 0
    let high = this.#pendingAt.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#pendingAt[middle]! <= offset) low = middle
      else high = middle - 1
    }
    const at = offset - this.#pendingAt[low]!
    return this.#pending[low]!.subarray(at, at + length)
  }

  /** Removes the file. */
  close(): void {
    const { disk, path } = this.#options
    this.#file?.close()
    if (this.#file) disk.removeSync(path)
    this.#pending = []
  }

  #flush(): void {
    const { disk, path } = this.#options
    this.#file ??= disk.openAppendSync(path)
    for (const piece of this.#pending) this.#file.append(piece)
    this.#fileBytes = this.#sizeBytes
    this.#pending = []
    this.#pendingAt = []
  }
}

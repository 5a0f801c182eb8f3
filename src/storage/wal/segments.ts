import { join } from 'node:path'
import type { AppendFile, Disk } from '../../base/disk.ts'
import { Failure } from '../../base/errors.ts'
import { encodeFrame, encodeSegmentHeader, type WalRecord } from './format.ts'

/** The segment files of a WAL directory. */

export function segmentsDirectory(directory: string): string {
  return join(directory, 'segments')
}

export function segmentPath(directory: string, number: number): string {
  return join(segmentsDirectory(directory), `${String(number).padStart(20, '0')}.wal`)
}

/** Numbers of the segments that are there, ascending. */
export function listSegments(disk: Disk, directory: string): number[] {
  return disk
    .listSync(segmentsDirectory(directory))
    .map(entry => /^(\d{20})\.wal$/.exec(entry.name)?.[1])
    .filter(number => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

/**
 * Appends commits and syncs them. Synchronous: it belongs to a thread of its own, because a sync
 * through the shared thread pool waits behind whatever else is queued there.
 *
 * A segment is made by the first commit that needs it, so that rolling and dropping never need
 * room on a full disk: that is how room is made.
 */
export class SegmentWriter {
  readonly #disk: Disk
  readonly #directory: string
  #number: number
  #open: { readonly file: AppendFile; committedBytes: number } | undefined

  /** The first segment gets a number above all that are there. */
  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.mkdirpSync(segmentsDirectory(directory))
    this.#number = listSegments(disk, directory).at(-1) ?? 0
    this.#open = this.#openNext()
  }

  /** The number of the segment that is, or was last, written to. */
  get current(): number {
    return this.#number
  }

  /**
   * Everything in `records` is durable on return. After a failure the segment may end in a torn
   * frame: it is cut to what was committed, and the next commit goes to a new segment.
   */
  commit(records: readonly WalRecord[]): void {
    const frame = encodeFrame(records)
    this.#open ??= this.#openNext()
    const { file } = this.#open
    try {
      file.append(frame)
      file.dataSync()
      this.#open.committedBytes = file.sizeBytes
    } catch (error) {
      this.#abandon()
      throw error
    }
  }

  /** Ends the segment; returns its number. */
  roll(): number {
    const ended = this.#open
    this.#open = undefined
    ended?.file.close()
    return this.#number
  }

  /** Removes segments up to a number: a synced block holds what they held. */
  drop(upTo: number): void {
    for (const number of listSegments(this.#disk, this.#directory)) {
      if (number <= upTo && !(this.#open && number === this.#number)) {
        this.#disk.removeSync(segmentPath(this.#directory, number))
      }
    }
    this.#disk.syncDirectorySync(segmentsDirectory(this.#directory))
  }

  close(): void {
    this.roll()
  }

  #openNext(): { file: AppendFile; committedBytes: number } {
    this.#number++
    const path = segmentPath(this.#directory, this.#number)
    const file = this.#disk.openAppendSync(path)
    try {
      file.append(encodeSegmentHeader())
    } catch (error) {
      file.close()
      this.#disk.removeSync(path)
      throw error
    }
    return { file, committedBytes: 0 }
  }

  /** Nothing of the failed commit stays; replay would cut it as well, so failing here is no harm. */
  #abandon(): void {
    const { committedBytes } = this.#open!
    const path = segmentPath(this.#directory, this.#number)
    try {
      this.roll()
      if (committedBytes === 0) this.#disk.removeSync(path)
      else this.#disk.truncateSync(path, committedBytes)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
  }
}

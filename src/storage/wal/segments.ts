import { join } from 'node:path'
import type { AppendFile, Disk } from '../../base/disk.ts'
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
 */
export class SegmentWriter {
  readonly #disk: Disk
  readonly #directory: string
  #number: number
  #file: AppendFile

  /** Opens a new segment with a number above all that are there. */
  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
    disk.mkdirpSync(segmentsDirectory(directory))
    this.#number = (listSegments(disk, directory).at(-1) ?? 0) + 1
    this.#file = this.#open()
  }

  /** The number of the segment that is written to. */
  get current(): number {
    return this.#number
  }

  /**
   * Everything in `records` is durable on return. After a failure the segment may end in a torn
   * frame, so the next commit goes to a new segment.
   */
  commit(records: readonly WalRecord[]): void {
    const frame = encodeFrame(records)
    try {
      this.#file.append(frame)
      this.#file.dataSync()
    } catch (error) {
      this.roll()
      throw error
    }
  }

  /** Starts a new segment; returns the number of the one that is complete now. */
  roll(): number {
    const complete = this.#number
    this.#file.close()
    this.#number = complete + 1
    this.#file = this.#open()
    return complete
  }

  /** Removes segments up to a number: a synced block holds what they held. */
  drop(upTo: number): void {
    for (const number of listSegments(this.#disk, this.#directory)) {
      if (number <= upTo && number !== this.#number) {
        this.#disk.removeSync(segmentPath(this.#directory, number))
      }
    }
    this.#disk.syncDirectorySync(segmentsDirectory(this.#directory))
  }

  bytes(): number {
    return this.#file.sizeBytes
  }

  close(): void {
    this.#file.close()
  }

  #open(): AppendFile {
    const file = this.#disk.openAppendSync(segmentPath(this.#directory, this.#number))
    file.append(encodeSegmentHeader())
    return file
  }
}

import { copyBytes } from '../../base/bytes.ts'
import { Corruption } from '../../base/errors.ts'
import type { BlockFile } from './block-file.ts'
import { crc } from './decode.ts'
import { indexEntryBytes, indexPageEntries } from './format.ts'

/** Pages that are read at once. */
const pagesAtOnce = 8

/** Walks a block's trace-ID index in order of hashes, holding a few pages of it. */
export class IndexCursor {
  readonly file: BlockFile
  readonly #pages: number
  #nextPage = 0
  /** Pages that were read and not walked yet. */
  #ahead: Uint32Array[] = []
  #lanes: Uint32Array = new Uint32Array(0)
  #entries = 0
  #at = 0
  ended = false

  constructor(file: BlockFile) {
    this.file = file
    this.#pages = Math.ceil(file.traces / indexPageEntries)
  }

  get hashHigh(): number {
    return this.#lanes[this.#at]!
  }
  get hashLow(): number {
    return this.#lanes[this.#entries + this.#at]!
  }
  get group(): number {
    return this.#lanes[2 * this.#entries + this.#at]! >>> 20
  }
  get trace(): number {
    return this.#lanes[2 * this.#entries + this.#at]! & 0xfffff
  }
  get spans(): number {
    return this.#lanes[3 * this.#entries + this.#at]!
  }
  get fingerprintLow(): number {
    return this.#lanes[4 * this.#entries + this.#at]!
  }
  get fingerprintHigh(): number {
    return this.#lanes[5 * this.#entries + this.#at]!
  }

  isBefore(other: IndexCursor): boolean {
    const byHigh = this.hashHigh - other.hashHigh
    return byHigh < 0 || (byHigh === 0 && this.hashLow < other.hashLow)
  }

  /** To the next entry of the page; false at its end, where `next` is to be called. */
  step(): boolean {
    this.#at++
    return this.#at < this.#entries
  }

  /** To the next page; sets `ended` when there is none. */
  async next(): Promise<void> {
    if (this.#ahead.length === 0 && this.#nextPage < this.#pages) await this.#read()
    const lanes = this.#ahead.shift()
    this.ended = lanes === undefined
    this.#lanes = lanes ?? new Uint32Array(0)
    this.#entries = this.#lanes.length / 6
    this.#at = 0
  }

  async #read(): Promise<void> {
    const { file } = this
    const first = this.#nextPage * indexPageEntries
    const entries = Math.min(pagesAtOnce * indexPageEntries, file.traces - first)
    const offset = file.f.indexOffset + first * indexEntryBytes
    const bytes = await file.read(offset, entries * indexEntryBytes)
    const pageBytes = indexPageEntries * indexEntryBytes
    for (let at = 0; at < bytes.length; at += pageBytes) {
      const page = bytes.subarray(at, at + pageBytes)
      if (crc(page) !== file.f.indexPageCrc[this.#nextPage]) {
        const place = { object: file.reader.object, offset: offset + at }
        throw new Corruption('trace index checksum', place)
      }
      this.#ahead.push(new Uint32Array(copyBytes(page).buffer))
      this.#nextPage++
    }
  }
}

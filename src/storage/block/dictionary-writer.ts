import { enlarge } from '../live/growable.ts'
import { compress, crc } from './encode.ts'
import { DictionaryFlag, dictionaryPageBytes, dictionaryPageZstdBytesMin } from './format.ts'

/** Sorted byte strings -> dictionary pages and head, as drawn in format.ts. */

export interface ByteValues {
  readonly arena: Uint8Array
  /** Per id: start and length in the arena. */
  readonly places: Uint32Array
}

export interface EncodedDictionary {
  readonly values: number
  readonly pages: Uint8Array
  readonly head: Uint8Array
}

/** `ids` are the values in byte order; `groupSets` holds one bit set per value, or is null. */
export function encodeDictionary(
  source: ByteValues,
  ids: Uint32Array,
  groupSets: Uint32Array | null,
): EncodedDictionary {
  const { arena, places } = source
  let longest = 0
  for (const id of ids) longest = Math.max(longest, places[2 * id + 1]!)
  const pages: Uint8Array[] = []
  const builder = new DictionaryBuilder(longest, groupSets !== null, page => pages.push(page))
  for (let code = 0; code < ids.length; code++) {
    const id = ids[code]!
    builder.add(arena, places[2 * id]!, places[2 * id + 1]!, groupSets ? groupSets[code]! : 0)
  }
  const head = builder.finish()
  return { values: ids.length, pages: Buffer.concat(pages), head }
}

/** Takes values in byte order and gives page after page; holds one page and the head. */
export class DictionaryBuilder {
  readonly #wide: boolean
  readonly #withSets: boolean
  readonly #put: (page: Uint8Array) => void
  /** Values of the page being made: their bytes, lengths and group sets. */
  #bytes = Buffer.allocUnsafeSlow(256)
  #lengths = new Uint32Array(32)
  #sets = new Uint32Array(32)
  #count = 0
  #at = 0
  /** What the head says of the pages. */
  readonly #firstCode = [0]
  readonly #pageEnd: number[] = []
  readonly #rawBytes: number[] = []
  readonly #crc: number[] = []
  #separators = Buffer.allocUnsafeSlow(256)
  readonly #separatorEnd: number[] = []
  /** Of the page before. */
  #lastValue = new Uint8Array(0)

  /** `longestBytes`: the longest value that will come, which decides how lengths are stored. */
  constructor(longestBytes: number, withSets: boolean, put: (page: Uint8Array) => void) {
    this.#wide = longestBytes > 0xffff
    this.#withSets = withSets
    this.#put = put
  }

  /** Adds `bytes[start, start + length)`; `groupSet` counts only in a dictionary with sets. */
  add(bytes: Uint8Array, start: number, length: number, groupSet: number): void {
    const pageBytes = this.#at + length + 4 * (this.#count + 1)
    if (this.#count > 0 && pageBytes > dictionaryPageBytes) this.#endPage()
    if (this.#at + length > this.#bytes.length) this.#growBytes(this.#at + length)
    if (this.#count === this.#lengths.length) {
      this.#lengths = enlarge(this.#lengths, 2 * this.#count)
      this.#sets = enlarge(this.#sets, 2 * this.#count)
    }
    // Most values are short: a loop is cheaper than a view and a call.
    if (length < 64) for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = bytes[start + i]!
    else this.#bytes.set(bytes.subarray(start, start + length), this.#at)
    if (this.#count === 0) this.#addSeparator(bytes.subarray(start, start + length))
    this.#lengths[this.#count] = length
    this.#sets[this.#count] = groupSet
    this.#count++
    this.#at += length
  }

  #growBytes(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }

  /** Ends the last page and returns the head. */
  finish(): Uint8Array {
    if (this.#count > 0) this.#endPage()
    const count = this.#pageEnd.length
    const numbers = new Uint32Array(2 + (count + 1) + 4 * count)
    numbers[0] = count
    numbers[1] =
      (this.#wide ? DictionaryFlag.wideLengths : 0) |
      (this.#withSets ? DictionaryFlag.groupSets : 0)
    numbers.set(this.#firstCode, 2)
    numbers.set(this.#pageEnd, 3 + count)
    numbers.set(this.#rawBytes, 3 + 2 * count)
    numbers.set(this.#crc, 3 + 3 * count)
    numbers.set(this.#separatorEnd, 3 + 4 * count)
    const end = this.#separatorEnd[count - 1] ?? 0
    return Buffer.concat([new Uint8Array(numbers.buffer), this.#separators.subarray(0, end)])
  }

  /** Adds what separates a page that begins with `value` from the page before. */
  #addSeparator(value: Uint8Array): void {
    const last = this.#lastValue
    let length = 0
    while (length < last.length && last[length] === value[length]) length++
    if (this.#pageEnd.length > 0) length = Math.min(value.length, length + 1)
    const at = this.#separatorEnd[this.#separatorEnd.length - 1] ?? 0
    const end = at + length
    if (end > this.#separators.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, Math.ceil(this.#separators.length * 1.5)))
      this.#separators.copy(larger, 0, 0, at)
      this.#separators = larger
    }
    this.#separators.set(value.subarray(0, length), at)
    this.#separatorEnd.push(end)
  }

  #endPage(): void {
    const raw = this.#rawPage()
    const compressed = raw.length >= dictionaryPageZstdBytesMin ? compress(raw) : raw
    const stored = compressed.length < raw.length * 0.9 ? compressed : raw
    this.#firstCode.push(this.#firstCode[this.#firstCode.length - 1]! + this.#count)
    this.#pageEnd.push((this.#pageEnd[this.#pageEnd.length - 1] ?? 0) + stored.length)
    this.#rawBytes.push(raw.length)
    this.#crc.push(crc(stored))
    this.#put(stored)
    const lastLength = this.#lengths[this.#count - 1]!
    this.#lastValue = Uint8Array.from(this.#bytes.subarray(this.#at - lastLength, this.#at))
    this.#count = 0
    this.#at = 0
  }

  #rawPage(): Buffer {
    const count = this.#count
    const lengthBytes = this.#wide ? 4 : 2
    const setBytes = this.#withSets ? 4 : 0
    const page = Buffer.allocUnsafe(count * (lengthBytes + setBytes) + this.#at)
    let at = 0
    for (let i = 0; i < count; i++) {
      if (this.#wide) page.writeUInt32LE(this.#lengths[i]!, at)
      else page.writeUInt16LE(this.#lengths[i]!, at)
      at += lengthBytes
    }
    for (let i = 0; this.#withSets && i < count; i++) {
      page.writeUInt32LE(this.#sets[i]!, at)
      at += 4
    }
    this.#bytes.copy(page, at, 0, this.#at)
    return page
  }
}

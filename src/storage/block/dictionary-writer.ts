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
  const pages: { stored: Uint8Array; rawBytes: number; firstId: number }[] = []
  const firstCode = [0]
  let longest = 0
  for (const id of ids) longest = Math.max(longest, source.places[2 * id + 1]!)
  const wide = longest > 0xffff
  for (let from = 0; from < ids.length; ) {
    const to = pageEnd(source, ids, from)
    const raw = encodePage(source, ids, groupSets, from, to, wide)
    const compressed = raw.length >= dictionaryPageZstdBytesMin ? compress(raw) : raw
    const stored = compressed.length < raw.length * 0.9 ? compressed : raw
    pages.push({ stored, rawBytes: raw.length, firstId: ids[from]! })
    firstCode.push(to)
    from = to
  }
  const flags = (wide ? DictionaryFlag.wideLengths : 0) | (groupSets ? DictionaryFlag.groupSets : 0)
  return {
    values: ids.length,
    pages: Buffer.concat(pages.map(page => page.stored)),
    head: encodeHead(source, pages, firstCode, flags),
  }
}

function pageEnd(source: ByteValues, ids: Uint32Array, from: number): number {
  let bytes = 0
  let to = from
  while (to < ids.length) {
    bytes += source.places[2 * ids[to]! + 1]! + 4
    if (to > from && bytes > dictionaryPageBytes) break
    to++
  }
  return to
}

function encodePage(
  source: ByteValues,
  ids: Uint32Array,
  groupSets: Uint32Array | null,
  from: number,
  to: number,
  wide: boolean,
): Uint8Array {
  const count = to - from
  const lengthBytes = wide ? 4 : 2
  let valueBytes = 0
  for (let i = from; i < to; i++) valueBytes += source.places[2 * ids[i]! + 1]!
  const page = Buffer.allocUnsafe(count * (lengthBytes + (groupSets ? 4 : 0)) + valueBytes)
  let at = 0
  for (let i = from; i < to; i++) {
    const length = source.places[2 * ids[i]! + 1]!
    if (wide) page.writeUInt32LE(length, at)
    else page.writeUInt16LE(length, at)
    at += lengthBytes
  }
  for (let i = from; groupSets && i < to; i++) {
    page.writeUInt32LE(groupSets[i]!, at)
    at += 4
  }
  for (let i = from; i < to; i++) {
    const start = source.places[2 * ids[i]!]!
    const length = source.places[2 * ids[i]! + 1]!
    page.set(source.arena.subarray(start, start + length), at)
    at += length
  }
  return page
}

function encodeHead(
  source: ByteValues,
  pages: readonly { stored: Uint8Array; rawBytes: number; firstId: number }[],
  firstCode: readonly number[],
  flags: number,
): Uint8Array {
  const count = pages.length
  const numbers = new Uint32Array(2 + (count + 1) + 4 * count)
  numbers[0] = count
  numbers[1] = flags
  numbers.set(firstCode, 2)
  const firstValues: Uint8Array[] = []
  let pageEndAt = 0
  let firstValueEnd = 0
  for (let page = 0; page < count; page++) {
    const { stored, rawBytes, firstId } = pages[page]!
    pageEndAt += stored.length
    const start = source.places[2 * firstId]!
    const first = source.arena.subarray(start, start + source.places[2 * firstId + 1]!)
    firstValues.push(first)
    firstValueEnd += first.length
    numbers[3 + count + page] = pageEndAt
    numbers[3 + 2 * count + page] = rawBytes
    numbers[3 + 3 * count + page] = crc(stored)
    numbers[3 + 4 * count + page] = firstValueEnd
  }
  return Buffer.concat([new Uint8Array(numbers.buffer), ...firstValues])
}

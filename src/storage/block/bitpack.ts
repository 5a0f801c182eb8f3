import { unpackers } from './generated/unpack.ts'

/**
 * Bit packing: values of `width` bits, least significant bit first, in little-endian 32-bit words,
 * with one word of padding so that a value can be read without looking where the words end.
 */

export type CodeArray = Uint8Array | Uint16Array | Uint32Array
export type NumberArray = CodeArray | Float64Array

/** Bits needed for a value up to 2^53. */
export function bitsFor(max: number): number {
  if (max < 4294967296) return max === 0 ? 0 : 32 - Math.clz32(max)
  return 32 + bitsFor(Math.floor(max / 4294967296))
}

export function packedWords(count: number, width: number): number {
  return Math.ceil((count * width) / 32) + 1
}

/** Packs `values[from, to) - base` into `words` from `wordAt` on; the words there must be zero. */
export function packInto(
  words: Uint32Array,
  wordAt: number,
  values: NumberArray,
  from: number,
  to: number,
  base: number,
  width: number,
): void {
  let word = wordAt
  let offset = 0
  for (let i = from; i < to; i++) {
    const value = values[i]! - base
    words[word] = words[word]! | (value << offset)
    const left = 32 - offset
    if (width > left) words[word + 1] = left === 32 ? 0 : value >>> left
    offset += width
    if (offset >= 32) {
      offset -= 32
      word++
    }
  }
}

/** The narrowest array for values of `width` bits (at most 32). */
export function arrayForWidth(width: number, count: number): CodeArray {
  if (width <= 8) return new Uint8Array(count)
  return width <= 16 ? new Uint16Array(count) : new Uint32Array(count)
}

export function unpack(
  words: Uint32Array,
  count: number,
  width: number,
  out: CodeArray,
): CodeArray {
  if (width === 0) return out
  for (let i = unpackers[width]!(words, count, out); i < count; i++) {
    out[i] = packedAt(words, i, width)
  }
  return out
}

/** One value, read in place; the packed values begin at word `from`. */
export function packedAt(words: Uint32Array, index: number, width: number, from = 0): number {
  if (width === 0) return 0
  const bit = index * width
  const word = from + Math.floor(bit / 32)
  const offset = bit % 32
  let value = words[word]! >>> offset
  if (offset + width > 32) value |= words[word + 1]! << (32 - offset)
  return width === 32 ? value >>> 0 : (value & (2 ** width - 1)) >>> 0
}

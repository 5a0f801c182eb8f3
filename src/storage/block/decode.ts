import { crc32, zstdDecompressSync } from 'node:zlib'
import { copyBytes } from '../../base/bytes.ts'
import type { Values } from '../../model/column-batch.ts'
import { arrayForWidth, unpack } from './bitpack.ts'
import { Encoding, subBlockRows } from './format.ts'

/**
 * Chunk bytes -> typed arrays; the mirror image of encode.ts. The base of doubles is -0, the only
 * number that can be added to -0 without changing it.
 */

export interface ChunkStats {
  readonly encoding: number
  readonly width: number
  readonly scale: number
  readonly min: number
  readonly max: number
  readonly count: number
}

export interface DecodedChunk {
  readonly values: Values
  readonly base: number
  readonly divisor: number
  readonly width: number
}

export function crc(bytes: Uint8Array): number {
  return crc32(bytes)
}

/** Fails with a RangeError when the bytes are not exactly `rawBytes` bytes in zstd. */
export function decompress(bytes: Uint8Array, rawBytes: number): Uint8Array {
  const options = { chunkSize: rawBytes + 64, maxOutputLength: rawBytes + 64 }
  let raw: Uint8Array
  try {
    raw = zstdDecompressSync(bytes, options)
  } catch (error) {
    throw new RangeError(`not zstd: ${(error as Error).message}`)
  }
  if (raw.length !== rawBytes) throw new RangeError(`${raw.length} bytes instead of ${rawBytes}`)
  return raw
}

/** Fails with a RangeError on bytes that no writer makes. */
export function decodeChunk(stats: ChunkStats, bytes: Uint8Array): DecodedChunk {
  const { count, width } = stats
  const divisor = 10 ** stats.scale
  const base = Math.round(stats.min * divisor)
  switch (stats.encoding) {
    case Encoding.constant:
      return { values: new Uint8Array(count), base, divisor, width: 0 }
    case Encoding.packed:
      return {
        values: unpack(wordsOf(bytes), count, width, arrayForWidth(width, count)),
        base,
        divisor,
        width: 0,
      }
    case Encoding.subBlocks:
      return { values: unpackSubBlocks(wordsOf(bytes), count, width), base, divisor, width: 0 }
    case Encoding.planes:
      return { values: fromPlanes(bytes, count, width), base, divisor, width: 0 }
    case Encoding.planesZstd:
      return {
        values: fromPlanes(decompress(bytes, count * width), count, width),
        base,
        divisor,
        width: 0,
      }
    case Encoding.float64:
      return { values: doublesOf(bytes, count), base: -0, divisor: 1, width: 0 }
    case Encoding.float64Zstd:
      return {
        values: doublesOf(decompress(bytes, count * 8), count),
        base: -0,
        divisor: 1,
        width: 0,
      }
    case Encoding.bytes:
      return { values: bytes, base: 0, divisor: 1, width }
    default:
      throw new RangeError(`unknown chunk encoding ${stats.encoding}`)
  }
}

/** A view where alignment allows it, else a copy. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const length = bytes.length >>> 2
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, length)
  return new Uint32Array(copyBytes(bytes).buffer, 0, length)
}

function doublesOf(bytes: Uint8Array, count: number): Float64Array {
  if (bytes.byteOffset % 8 === 0) return new Float64Array(bytes.buffer, bytes.byteOffset, count)
  return new Float64Array(copyBytes(bytes).buffer, 0, count)
}

function unpackSubBlocks(words: Uint32Array, count: number, width: number): Values {
  const out = arrayForWidth(width, count)
  const blocks = Math.ceil(count / subBlockRows)
  checkSubBlocks(words, count)
  let wordAt = 2 * blocks
  for (let block = 0; block < blocks; block++) {
    const base = words[block]!
    const blockWidth = words[blocks + block]!
    const from = block * subBlockRows
    const part = out.subarray(from, Math.min(count, from + subBlockRows)) as typeof out
    unpack(words.subarray(wordAt), part.length, blockWidth, part)
    if (base !== 0) for (let i = 0; i < part.length; i++) part[i] = part[i]! + base
    wordAt += (subBlockRows / 32) * blockWidth
  }
  return out
}

/** Fails with a RangeError unless all sub-blocks lie in the words, with one of padding. */
export function checkSubBlocks(words: Uint32Array, count: number): void {
  const blocks = Math.ceil(count / subBlockRows)
  let end = 2 * blocks + 1
  for (let block = 0; block < blocks; block++) {
    const width = words[blocks + block]!
    if (!(width <= 32)) throw new RangeError(`width ${width} of a sub-block`)
    end += (subBlockRows / 32) * width
  }
  if (end !== words.length) throw new RangeError(`${words.length} words instead of ${end}`)
}

function fromPlanes(bytes: Uint8Array, count: number, planes: number): Values {
  if (planes === 1) return bytes.subarray(0, count)
  if (planes <= 4) {
    const out = planes === 2 ? new Uint16Array(count) : new Uint32Array(count)
    for (let plane = 0; plane < planes; plane++) {
      const shift = 8 * plane
      const at = plane * count
      for (let i = 0; i < count; i++) out[i] = out[i]! | (bytes[at + i]! << shift)
    }
    return out
  }
  const out = new Float64Array(count)
  for (let plane = 0; plane < planes; plane++) {
    const factor = 2 ** (8 * plane)
    const at = plane * count
    for (let i = 0; i < count; i++) out[i] = out[i]! + bytes[at + i]! * factor
  }
  return out
}

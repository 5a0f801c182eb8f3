import { constants, crc32, zstdCompressSync } from 'node:zlib'
import { bitsFor, type NumberArray, packedWords, packInto } from './bitpack.ts'
import { Encoding, subBlockRows } from './format.ts'

/** Values -> one chunk: the smallest of a few encodings that all can be read in place or quickly. */

export interface EncodedChunk {
  readonly encoding: number
  readonly width: number
  readonly scale: number
  /** Least and greatest value; for dictionary columns codes, for doubles without NaN. */
  readonly min: number
  readonly max: number
  readonly count: number
  readonly bytes: Uint8Array
}

/** zstd only where it saves half and the chunk is large enough: a call costs 12-20 µs at any size. */
const zstdBytesMin = 4096
const zstdShare = 0.5

const empty = new Uint8Array(0)

export function compress(raw: Uint8Array, level = 1): Uint8Array {
  return zstdCompressSync(raw, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: raw.length + (raw.length >> 7) + 512,
  })
}

export function crc(bytes: Uint8Array): number {
  return crc32(bytes)
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

interface Range {
  readonly min: number
  readonly max: number
}

function rangeOf(values: NumberArray, from: number, to: number): Range {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = from; i < to; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

/** Whole numbers within ±2^53: frame of reference on the least value. */
export function encodeIntegers(
  values: NumberArray,
  from: number,
  to: number,
  scale = 0,
): EncodedChunk {
  const { min, max } = rangeOf(values, from, to)
  const count = to - from
  const unscale = 10 ** scale
  const common = { scale, min: min / unscale, max: max / unscale, count }
  // Distances above 2^53 are not exact.
  if (max - min > Number.MAX_SAFE_INTEGER) {
    return encodeRaw(Float64Array.from(values.subarray(from, to), value => value / unscale))
  }
  const width = bitsFor(max - min)
  if (width === 0) return { ...common, encoding: Encoding.constant, width: 0, bytes: empty }
  if (width > 32) return encodePlanes(values, from, to, min, Math.ceil(width / 8), common)
  const packed = encodePacked(values, from, to, min, width)
  if (packed.length >= zstdBytesMin) {
    const planes = toPlanes(values, from, to, min, Math.ceil(width / 8))
    const compressed = compress(planes)
    if (compressed.length <= packed.length * zstdShare) {
      return {
        ...common,
        encoding: Encoding.planesZstd,
        width: Math.ceil(width / 8),
        bytes: compressed,
      }
    }
  }
  const blocked = encodeSubBlocks(values, from, to, min, packed.length)
  if (blocked) return { ...common, encoding: Encoding.subBlocks, width, bytes: blocked }
  return { ...common, encoding: Encoding.packed, width, bytes: packed }
}

function encodePacked(
  values: NumberArray,
  from: number,
  to: number,
  base: number,
  width: number,
): Uint8Array {
  const words = new Uint32Array(packedWords(to - from, width))
  packInto(words, 0, values, from, to, base, width)
  return bytesOf(words)
}

/**
 * Sub-blocks of 1,024 values with a base and width of their own, for columns whose width a few
 * large values would set for all. Null when that does not save an eighth.
 * Layout: u32 base[n], u32 width[n], then the packed words of each sub-block, one word of padding.
 */
function encodeSubBlocks(
  values: NumberArray,
  from: number,
  to: number,
  min: number,
  packedBytes: number,
): Uint8Array | null {
  const blocks = Math.ceil((to - from) / subBlockRows)
  if (blocks < 2) return null
  const bases = new Float64Array(blocks)
  const widths = new Uint32Array(blocks)
  let dataWords = 1
  for (let block = 0; block < blocks; block++) {
    const start = from + block * subBlockRows
    const range = rangeOf(values, start, Math.min(to, start + subBlockRows))
    bases[block] = range.min
    widths[block] = bitsFor(range.max - range.min)
    dataWords += (subBlockRows / 32) * widths[block]!
  }
  const words = new Uint32Array(2 * blocks + dataWords)
  if (words.byteLength > packedBytes * 0.875) return null
  let wordAt = 2 * blocks
  for (let block = 0; block < blocks; block++) {
    words[block] = bases[block]! - min
    words[blocks + block] = widths[block]!
    const start = from + block * subBlockRows
    const end = Math.min(to, start + subBlockRows)
    if (widths[block]! > 0)
      packInto(words, wordAt, values, start, end, bases[block]!, widths[block]!)
    wordAt += (subBlockRows / 32) * widths[block]!
  }
  return bytesOf(words)
}

function toPlanes(
  values: NumberArray,
  from: number,
  to: number,
  base: number,
  planes: number,
): Uint8Array {
  const count = to - from
  const out = new Uint8Array(count * planes)
  for (let plane = 0; plane < planes; plane++) {
    const at = plane * count
    if (planes <= 4) {
      const shift = 8 * plane
      for (let i = 0; i < count; i++) out[at + i] = (values[from + i]! - base) >>> shift
      continue
    }
    const divisor = 2 ** (8 * plane)
    for (let i = 0; i < count; i++) {
      out[at + i] = Math.floor((values[from + i]! - base) / divisor) % 256
    }
  }
  return out
}

function encodePlanes(
  values: NumberArray,
  from: number,
  to: number,
  base: number,
  planes: number,
  common: { scale: number; min: number; max: number; count: number },
): EncodedChunk {
  const raw = toPlanes(values, from, to, base, planes)
  if (raw.length >= zstdBytesMin) {
    const compressed = compress(raw)
    if (compressed.length <= raw.length * zstdShare) {
      return { ...common, encoding: Encoding.planesZstd, width: planes, bytes: compressed }
    }
  }
  return { ...common, encoding: Encoding.planes, width: planes, bytes: raw }
}

/** Decimal places (0-4) with which every value becomes an exact whole number, or -1. */
function decimalScale(values: NumberArray, from: number, to: number): number {
  for (let scale = 0, factor = 1; scale <= 4; scale++, factor *= 10) {
    let exact = true
    for (let i = from; i < to && exact; i++) {
      const value = values[i]!
      const whole = Math.round(value * factor)
      exact =
        whole / factor === value && Math.abs(whole) <= 9007199254740991 && !Object.is(value, -0)
    }
    if (exact) return scale
  }
  return -1
}

/** Doubles: as scaled whole numbers where every value survives it exactly, else as they are. */
export function encodeDoubles(values: Float64Array, from: number, to: number): EncodedChunk {
  const scale = decimalScale(values, from, to)
  if (scale >= 0) {
    const factor = 10 ** scale
    const scaled = new Float64Array(to - from)
    for (let i = from; i < to; i++) scaled[i - from] = Math.round(values[i]! * factor)
    return encodeIntegers(scaled, 0, to - from, scale)
  }
  return encodeRaw(values.slice(from, to))
}

function encodeRaw(values: Float64Array): EncodedChunk {
  const raw = new Uint8Array(values.buffer)
  const { min, max } = rangeOf(values, 0, values.length)
  const common = { width: 8, scale: 0, min, max, count: values.length }
  if (raw.length >= zstdBytesMin) {
    const compressed = compress(raw)
    if (compressed.length <= raw.length * zstdShare) {
      return { ...common, encoding: Encoding.float64Zstd, bytes: compressed }
    }
  }
  return { ...common, encoding: Encoding.float64, bytes: raw }
}

/** Ids: `width` bytes each, not compressible. */
export function encodeFixed(
  values: Uint8Array,
  width: number,
  from: number,
  to: number,
): EncodedChunk {
  const bytes = values.slice(from * width, to * width)
  return { encoding: Encoding.bytes, width, scale: 0, min: 0, max: 0, count: to - from, bytes }
}

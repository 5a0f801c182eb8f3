import { packedAt } from './bitpack.ts'
import { type ChunkStats, checkSubBlocks, type DecodedChunk, decodeChunk } from './decode.ts'
import { Encoding, subBlockRows } from './format.ts'

/**
 * Single values of a chunk, read in place: a trace needs a few rows of every column, and unpacking
 * whole columns for them would be most of the work.
 */
export interface ChunkReader {
  readonly count: number
  /** The value of position i, or its code. */
  at(position: number): number
  /** Bytes of a fixed-size column; empty for others. */
  readonly bytes: Uint8Array
  /** Where all are unpacked: value i is values[i] + base. */
  readonly whole?: Pick<DecodedChunk, 'values' | 'base'>
}

const none = new Uint8Array(0)

export function readChunk(stats: ChunkStats, bytes: Uint8Array): ChunkReader {
  const { count, width } = stats
  const divisor = 10 ** stats.scale
  const base = Math.round(stats.min * divisor)
  switch (stats.encoding) {
    case Encoding.constant:
      return { count, bytes: none, at: () => base / divisor }
    case Encoding.packed: {
      const words = wordsOf(bytes)
      return { count, bytes: none, at: i => (packedAt(words, i, width) + base) / divisor }
    }
    case Encoding.subBlocks:
      return { count, bytes: none, at: subBlockReader(wordsOf(bytes), count, base, divisor) }
    default: {
      const decoded = decodeChunk(stats, bytes)
      return decodedReader(decoded, count)
    }
  }
}

export function decodedReader(decoded: ReturnType<typeof decodeChunk>, count: number): ChunkReader {
  const { values, base, divisor, width } = decoded
  if (width > 0) return { count, bytes: values as Uint8Array, at: () => 0 }
  return { count, bytes: none, at: i => (values[i]! + base) / divisor }
}

/** Of whole numbers that are unpacked already. */
export function wholeReader(whole: DecodedChunk): ChunkReader {
  const { values, base } = whole
  return { count: values.length, bytes: none, at: i => values[i]! + base, whole }
}

function subBlockReader(words: Uint32Array, count: number, base: number, divisor: number) {
  checkSubBlocks(words, count)
  const blocks = Math.ceil(count / subBlockRows)
  const starts = new Uint32Array(blocks)
  let wordAt = 2 * blocks
  for (let block = 0; block < blocks; block++) {
    starts[block] = wordAt
    wordAt += (subBlockRows / 32) * words[blocks + block]!
  }
  return (i: number): number => {
    const block = Math.floor(i / subBlockRows)
    const packed = packedAt(words, i % subBlockRows, words[blocks + block]!, starts[block]!)
    return (packed + words[block]! + base) / divisor
  }
}

/** A view where alignment allows it, else a copy. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const length = bytes.length >>> 2
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, length)
  return new Uint32Array(new Uint8Array(bytes).buffer, 0, length)
}

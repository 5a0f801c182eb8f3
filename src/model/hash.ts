/**
 * The 64-bit hash of a trace id, as two 32-bit lanes. It orders the trace-ID index of every block,
 * so it is fixed by the block format's version. Well mixed also for ids that are zero-padded or
 * hold a time.
 */
let lowLane = 0

/** The high lane of the hash of 16 bytes; `hashLow()` gives the low lane of the same call. */
export function hashTraceId(bytes: Uint8Array, offset: number): number {
  let high = 0x9e3779b1 | 0
  let low = 0x85ebca6b | 0
  for (let i = offset; i < offset + 16; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    high = Math.imul(high ^ word, 0x85ebca6b)
    high ^= high >>> 13
    low = Math.imul((low + word) | 0, 0xc2b2ae35) ^ high
    low ^= low >>> 16
  }
  high = Math.imul(high ^ low, 0xc2b2ae35)
  high ^= high >>> 16
  lowLane = (Math.imul(low ^ high, 0x27d4eb2f) ^ (high >>> 7)) >>> 0
  return high >>> 0
}

export function hashLow(): number {
  return lowLane
}

/**
 * Byte strings -> dense ids, by open addressing over typed arrays. Never forgets; a segment drops
 * its dictionary as a whole. Hashes depend on content only, so equal content hashes alike in every
 * segment and process.
 */
export class ByteDictionary {
  count = 0
  /** Bytes of all values, one after another. */
  arena: Buffer
  arenaBytes = 0
  starts: Uint32Array
  lengths: Uint32Array
  hashes: Int32Array
  #slots: Int32Array
  #mask: number

  constructor(capacity = 1024, arenaBytes = 16_384) {
    this.#mask = capacity - 1
    this.#slots = new Int32Array(capacity).fill(-1)
    this.starts = new Uint32Array(capacity)
    this.lengths = new Uint32Array(capacity)
    this.hashes = new Int32Array(capacity)
    this.arena = Buffer.allocUnsafeSlow(arenaBytes)
  }

  /** Memory held, for the accountant. */
  get heldBytes(): number {
    return this.arena.length + this.#slots.byteLength + 3 * this.starts.byteLength
  }

  /** The id of `bytes[start, start + length)`, which is added when it is new. */
  intern(bytes: Uint8Array, start: number, length: number): number {
    const hash = hashBytes(bytes, start, length)
    const slots = this.#slots
    let slot = hash & this.#mask
    for (;;) {
      const id = slots[slot]!
      if (id < 0) return this.#add(bytes, start, length, hash, slot)
      if (
        this.hashes[id] === hash &&
        this.lengths[id] === length &&
        this.#equals(id, bytes, start)
      ) {
        return id
      }
      slot = (slot + 1) & this.#mask
    }
  }

  internText(text: string): number {
    const bytes = Buffer.from(text)
    return this.intern(bytes, 0, bytes.length)
  }

  /** The id, or -1 when the value was never added. */
  find(bytes: Uint8Array): number {
    const hash = hashBytes(bytes, 0, bytes.length)
    let slot = hash & this.#mask
    for (;;) {
      const id = this.#slots[slot]!
      if (id < 0) return -1
      if (
        this.hashes[id] === hash &&
        this.lengths[id] === bytes.length &&
        this.#equals(id, bytes, 0)
      ) {
        return id
      }
      slot = (slot + 1) & this.#mask
    }
  }

  bytes(id: number): Uint8Array {
    const start = this.starts[id]!
    return this.arena.subarray(start, start + this.lengths[id]!)
  }

  text(id: number): string {
    const start = this.starts[id]!
    return this.arena.toString('utf8', start, start + this.lengths[id]!)
  }

  #equals(id: number, bytes: Uint8Array, start: number): boolean {
    const arena = this.arena
    const length = this.lengths[id]!
    let at = this.starts[id]!
    for (let i = start, end = start + length; i < end; i++, at++) {
      if (arena[at] !== bytes[i]) return false
    }
    return true
  }

  #add(bytes: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const id = this.count++
    if (this.arenaBytes + length > this.arena.length) this.#growArena(length)
    this.arena.set(bytes.subarray(start, start + length), this.arenaBytes)
    this.starts[id] = this.arenaBytes
    this.lengths[id] = length
    this.hashes[id] = hash
    this.arenaBytes += length
    this.#slots[slot] = id
    if (this.count * 2 > this.#mask) this.#grow()
    return id
  }

  #growArena(length: number): void {
    const size = Math.max(this.arena.length * 2, this.arenaBytes + length)
    const grown = Buffer.allocUnsafeSlow(size)
    this.arena.copy(grown, 0, 0, this.arenaBytes)
    this.arena = grown
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2
    this.#mask = capacity - 1
    this.starts = grown(this.starts, new Uint32Array(capacity))
    this.lengths = grown(this.lengths, new Uint32Array(capacity))
    this.hashes = grown(this.hashes, new Int32Array(capacity))
    const slots = new Int32Array(capacity).fill(-1)
    for (let id = 0; id < this.count; id++) {
      let slot = this.hashes[id]! & this.#mask
      while (slots[slot]! >= 0) slot = (slot + 1) & this.#mask
      slots[slot] = id
    }
    this.#slots = slots
  }
}

function grown<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** 32-bit hash of a byte string, four bytes a step; the constants are fixed by the block format. */
export function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = Math.imul(length, 0x9e3779b1)
  const end = start + length
  let i = start
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

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
  /** Per id where its value lies in the arena: start, length. */
  places: Uint32Array
  hashes: Int32Array
  /** Hash of the value that was interned last. */
  lastHash = 0
  /** Pairs (id or -1, hash): a probe reads one cache line, and the value's place only on a match. */
  #slots: Int32Array
  #mask: number

  constructor(capacity = 64, arenaBytes = 1024) {
    this.#mask = capacity - 1
    this.#slots = new Int32Array(capacity * 2).fill(-1)
    this.places = new Uint32Array(capacity)
    this.hashes = new Int32Array(capacity >> 1)
    this.arena = Buffer.allocUnsafeSlow(arenaBytes)
  }

  /** Memory held, for the accountant. */
  get heldBytes(): number {
    return (
      this.arena.length + this.#slots.byteLength + this.places.byteLength + this.hashes.byteLength
    )
  }

  /** The id of `bytes[start, start + length)`, which is added when it is new. */
  intern(bytes: Uint8Array, start: number, length: number): number {
    const hash = hashBytes(bytes, start, length)
    this.lastHash = hash
    const slots = this.#slots
    let slot = hash & this.#mask
    for (;;) {
      const id = slots[2 * slot]!
      if (id < 0) return this.#add(bytes, start, length, hash, slot)
      if (slots[2 * slot + 1] === hash && this.is(id, bytes, start, length)) return id
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
      const id = this.#slots[2 * slot]!
      if (id < 0) return -1
      if (this.#slots[2 * slot + 1] === hash && this.is(id, bytes, 0, bytes.length)) return id
      slot = (slot + 1) & this.#mask
    }
  }

  /** Whether `bytes[start, start + length)` is the value of an id. */
  is(id: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.places[2 * id + 1] !== length) return false
    const arena = this.arena
    let at = this.places[2 * id]!
    for (let i = start, end = start + length; i < end; i++, at++) {
      if (arena[at] !== bytes[i]) return false
    }
    return true
  }

  bytes(id: number): Uint8Array {
    const start = this.places[2 * id]!
    return this.arena.subarray(start, start + this.places[2 * id + 1]!)
  }

  text(id: number): string {
    const start = this.places[2 * id]!
    return this.arena.toString('utf8', start, start + this.places[2 * id + 1]!)
  }

  #add(bytes: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const id = this.count++
    if (this.arenaBytes + length > this.arena.length) this.#growArena(length)
    const { arena } = this
    // Most values are short: a loop is cheaper than a view and a call.
    if (length < 64) for (let i = 0; i < length; i++) arena[this.arenaBytes + i] = bytes[start + i]!
    else arena.set(bytes.subarray(start, start + length), this.arenaBytes)
    this.places[2 * id] = this.arenaBytes
    this.places[2 * id + 1] = length
    this.hashes[id] = hash
    this.arenaBytes += length
    this.#slots[2 * slot] = id
    this.#slots[2 * slot + 1] = hash
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
    const places = new Uint32Array(capacity)
    places.set(this.places)
    this.places = places
    const hashes = new Int32Array(capacity >> 1)
    hashes.set(this.hashes)
    this.hashes = hashes
    const slots = new Int32Array(capacity * 2).fill(-1)
    for (let id = 0; id < this.count; id++) {
      let slot = hashes[id]! & this.#mask
      while (slots[2 * slot]! >= 0) slot = (slot + 1) & this.#mask
      slots[2 * slot] = id
      slots[2 * slot + 1] = hashes[id]!
    }
    this.#slots = slots
  }
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

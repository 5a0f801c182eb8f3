import { hashLow, hashTraceId } from '../../model/hash.ts'
import { enlarge, nextCapacity } from './growable.ts'

/** Row number that means "none". */
export const noRow = 0xffffffff

/** The traces of a live segment: 16-byte id -> ordinal, with what a search result needs of each. */
export class TraceTable {
  count = 0
  #capacity = 0
  #slots = new Int32Array(1024).fill(-1)
  #mask = 1023
  id = new Uint8Array(0)
  hashHigh = new Uint32Array(0)
  hashLow = new Uint32Array(0)
  firstRow = new Uint32Array(0)
  lastRow = new Uint32Array(0)
  spans = new Uint32Array(0)
  /** OTLP bytes of the trace's spans, for the limit on the size of a trace. */
  bytes = new Float64Array(0)
  /** Sum of the content hashes of its spans, modulo 2^64, as two lanes. */
  fingerprintLow = new Uint32Array(0)
  fingerprintHigh = new Uint32Array(0)

  get heldBytes(): number {
    return this.#capacity * 52 + this.#slots.byteLength
  }

  /** The ordinal of the trace whose id lies at `offset`, added when it is new. */
  intern(bytes: Uint8Array, offset: number): number {
    const high = hashTraceId(bytes, offset)
    const low = hashLow()
    let slot = high & this.#mask
    for (;;) {
      const trace = this.#slots[slot]!
      if (trace < 0) return this.#add(bytes, offset, high, low, slot)
      if (this.hashHigh[trace] === high && this.hashLow[trace] === low) {
        if (this.#equals(trace, bytes, offset)) return trace
      }
      slot = (slot + 1) & this.#mask
    }
  }

  /** The ordinal, or -1. */
  find(id: Uint8Array): number {
    const high = hashTraceId(id, 0)
    let slot = high & this.#mask
    for (;;) {
      const trace = this.#slots[slot]!
      if (trace < 0) return -1
      if (this.hashHigh[trace] === high && this.#equals(trace, id, 0)) return trace
      slot = (slot + 1) & this.#mask
    }
  }

  addFingerprint(trace: number, low: number, high: number): void {
    const sum = this.fingerprintLow[trace]! + low
    this.fingerprintLow[trace] = sum
    this.fingerprintHigh[trace] = this.fingerprintHigh[trace]! + high + (sum > 0xffffffff ? 1 : 0)
  }

  #equals(trace: number, bytes: Uint8Array, offset: number): boolean {
    const ids = this.id
    for (let i = 0, at = trace * 16; i < 16; i++) {
      if (ids[at + i] !== bytes[offset + i]) return false
    }
    return true
  }

  #add(bytes: Uint8Array, offset: number, high: number, low: number, slot: number): number {
    const trace = this.count++
    if (this.count > this.#capacity) this.#growColumns()
    this.id.set(bytes.subarray(offset, offset + 16), trace * 16)
    this.hashHigh[trace] = high
    this.hashLow[trace] = low
    this.firstRow[trace] = noRow
    this.lastRow[trace] = noRow
    this.#slots[slot] = trace
    if (this.count * 2 > this.#mask) this.#growSlots()
    return trace
  }

  #growColumns(): void {
    const n = nextCapacity(this.#capacity, this.count)
    this.id = enlarge(this.id, n * 16)
    this.hashHigh = enlarge(this.hashHigh, n)
    this.hashLow = enlarge(this.hashLow, n)
    this.firstRow = enlarge(this.firstRow, n)
    this.lastRow = enlarge(this.lastRow, n)
    this.spans = enlarge(this.spans, n)
    this.bytes = enlarge(this.bytes, n)
    this.fingerprintLow = enlarge(this.fingerprintLow, n)
    this.fingerprintHigh = enlarge(this.fingerprintHigh, n)
    this.#capacity = n
  }

  #growSlots(): void {
    const size = (this.#mask + 1) * 2
    this.#mask = size - 1
    const slots = new Int32Array(size).fill(-1)
    for (let trace = 0; trace < this.count; trace++) {
      let slot = this.hashHigh[trace]! & this.#mask
      while (slots[slot]! >= 0) slot = (slot + 1) & this.#mask
      slots[slot] = trace
    }
    this.#slots = slots
  }
}

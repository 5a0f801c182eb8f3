import type { LiveSegment } from './live-segment.ts'
import { compareStarts } from './span-columns.ts'

/**
 * Rows of one trace in depth-first order: what blocks store and structural queries walk. Siblings
 * are ordered by start; a span whose parent is not here is an orphan at depth 0; a cycle is cut at
 * its earliest span. No recursion: a trace may be one chain of 50,000 spans.
 */
export class TreeOrder {
  readonly #segment: LiveSegment
  readonly #end: number
  /** Scratch space, grown to the largest trace seen. */
  #slots = new Uint32Array(64)
  #rows = new Uint32Array(32)
  #firstChild = new Int32Array(32)
  #nextSibling = new Int32Array(32)
  #visited = new Uint8Array(32)
  #stack = new Int32Array(32)

  /** Of the rows before `end`. */
  constructor(segment: LiveSegment, end = segment.spanCount) {
    this.#segment = segment
    this.#end = end
  }

  /**
   * Writes the rows of `trace` into `rows` from `at` on, with their depths and, in `orphans`, 1 for
   * a row at depth 0 that has a parent id. Returns how many there are.
   */
  write(
    trace: number,
    rows: Uint32Array,
    depths: Uint32Array,
    orphans: Uint8Array,
    at: number,
  ): number {
    const count = this.#collect(trace)
    this.#linkChildren(count)
    let end = at
    // Top level first in order of start: roots and orphans.
    for (let i = 0; i < count; i++) {
      if (this.#nextSibling[i] === topLevel) end = this.#walk(i, rows, depths, orphans, end)
    }
    for (let i = 0; i < count; i++) {
      if (this.#visited[i] === 0) end = this.#walk(i, rows, depths, orphans, end)
    }
    return count
  }

  /** The rows of the trace sorted by start. */
  #collect(trace: number): number {
    const { traces, spans } = this.#segment
    if (this.#rows.length < traces.spans[trace]!) this.#grow(traces.spans[trace]!)
    let count = 0
    // The chain is in order of arrival, and its end is no row.
    for (let row = traces.firstRow[trace]!; row < this.#end; row = spans.nextInTrace[row]!) {
      this.#rows[count++] = row
    }
    this.#rows.subarray(0, count).sort((a, b) => compareStarts(spans, a, b))
    return count
  }

  #linkChildren(count: number): void {
    const mask = this.#indexSpanIds(count)
    this.#firstChild.fill(-1, 0, count)
    this.#visited.fill(0, 0, count)
    const { parentId } = this.#segment.spans
    // Backwards, so that each list of children comes out in order of start.
    for (let i = count - 1; i >= 0; i--) {
      const at = this.#rows[i]! * 8
      const low = lane(parentId, at)
      const high = lane(parentId, at + 4)
      const parent = low === 0 && high === 0 ? -1 : this.#find(low, high, mask)
      if (parent < 0 || parent === i) this.#nextSibling[i] = topLevel
      else {
        this.#nextSibling[i] = this.#firstChild[parent]!
        this.#firstChild[parent] = i
      }
    }
  }

  #indexSpanIds(count: number): number {
    let size = 16
    while (size < count * 2) size *= 2
    if (this.#slots.length < size) this.#slots = new Uint32Array(size)
    const mask = size - 1
    this.#slots.fill(0, 0, size)
    const { spanId } = this.#segment.spans
    for (let i = 0; i < count; i++) {
      const at = this.#rows[i]! * 8
      const low = lane(spanId, at)
      const high = lane(spanId, at + 4)
      let slot = mixed(low, high) & mask
      let repeated = false
      for (;;) {
        const other = this.#slots[slot]!
        if (other === 0) break
        const otherAt = this.#rows[other - 1]! * 8
        repeated = lane(spanId, otherAt) === low && lane(spanId, otherAt + 4) === high
        if (repeated) break
        slot = (slot + 1) & mask
      }
      if (!repeated) this.#slots[slot] = i + 1
    }
    return mask
  }

  #find(low: number, high: number, mask: number): number {
    const { spanId } = this.#segment.spans
    let slot = mixed(low, high) & mask
    for (;;) {
      const found = this.#slots[slot]!
      if (found === 0) return -1
      const at = this.#rows[found - 1]! * 8
      if (lane(spanId, at) === low && lane(spanId, at + 4) === high) return found - 1
      slot = (slot + 1) & mask
    }
  }

  #walk(
    top: number,
    rows: Uint32Array,
    depths: Uint32Array,
    orphans: Uint8Array,
    at: number,
  ): number {
    const { parentId } = this.#segment.spans
    let end = at
    let stacked = 0
    let depth = 0
    this.#visited[top] = 1
    for (let i = top; ; ) {
      const row = this.#rows[i]!
      rows[end] = row
      depths[end] = depth
      orphans[end] = depth === 0 && !isZero(parentId, row * 8) ? 1 : 0
      end++
      let next = this.#unvisited(this.#firstChild[i]!)
      if (next >= 0) this.#stack[stacked++] = i
      else {
        let here = i
        while (depth > 0) {
          next = this.#unvisited(this.#nextSibling[here]!)
          if (next >= 0) break
          here = this.#stack[--stacked]!
          depth--
        }
        if (next < 0 || depth === 0) return end
        depth--
      }
      depth++
      this.#visited[next] = 1
      i = next
    }
  }

  #unvisited(child: number): number {
    let at = child
    while (at >= 0 && this.#visited[at] === 1) at = this.#nextSibling[at]!
    return at < 0 ? -1 : at
  }

  #grow(count: number): void {
    this.#rows = new Uint32Array(count)
    this.#firstChild = new Int32Array(count)
    this.#nextSibling = new Int32Array(count)
    this.#visited = new Uint8Array(count)
    this.#stack = new Int32Array(count)
  }
}

const topLevel = -2

/** Every bit of an id moves the low bits: many ids are counters, with zeros on either side. */
function mixed(low: number, high: number): number {
  let hash = Math.imul(low, 0x9e3779b1) ^ high
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function lane(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function isZero(bytes: Uint8Array, at: number): boolean {
  return lane(bytes, at) === 0 && lane(bytes, at + 4) === 0
}

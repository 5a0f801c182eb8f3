import { enlarge, nextCapacity } from './growable.ts'

/**
 * The fixed columns of a live segment, one element per span in order of arrival. Times are
 * nanoseconds since 1970 as two 32-bit lanes. Attributes lie in `LiveSegment.attributeValues`
 * from `attributeStart[row]` on, in the order of the row's shape.
 */
export class SpanColumns {
  count = 0
  capacity = 0
  heldBytes = 0
  trace = new Uint32Array(0)
  /** Next row of the same trace, or 0xffffffff. */
  nextInTrace = new Uint32Array(0)
  spanId = new Uint8Array(0)
  /** Eight zero bytes for a root. */
  parentId = new Uint8Array(0)
  name = new Uint32Array(0)
  kind = new Uint8Array(0)
  status = new Uint8Array(0)
  startLow = new Uint32Array(0)
  startHigh = new Uint32Array(0)
  endLow = new Uint32Array(0)
  endHigh = new Uint32Array(0)
  resource = new Uint32Array(0)
  instrumentation = new Uint32Array(0)
  shape = new Uint32Array(0)
  attributeStart = new Uint32Array(0)
  /** First event and link of the row; the end is the next row's start. */
  eventStart = new Uint32Array(1)
  linkStart = new Uint32Array(1)
  /** 64-bit hash of the span's content with its resource and scope, as two lanes. */
  contentLow = new Uint32Array(0)
  contentHigh = new Uint32Array(0)
  /** 1 + index into the rare columns, 0 when the span has none of them. */
  rare = new Uint32Array(0)

  reserve(count: number): void {
    if (count <= this.capacity) return
    const n = nextCapacity(this.capacity, count)
    this.trace = enlarge(this.trace, n)
    this.nextInTrace = enlarge(this.nextInTrace, n)
    this.spanId = enlarge(this.spanId, n * 8)
    this.parentId = enlarge(this.parentId, n * 8)
    this.name = enlarge(this.name, n)
    this.kind = enlarge(this.kind, n)
    this.status = enlarge(this.status, n)
    this.startLow = enlarge(this.startLow, n)
    this.startHigh = enlarge(this.startHigh, n)
    this.endLow = enlarge(this.endLow, n)
    this.endHigh = enlarge(this.endHigh, n)
    this.resource = enlarge(this.resource, n)
    this.instrumentation = enlarge(this.instrumentation, n)
    this.shape = enlarge(this.shape, n)
    this.attributeStart = enlarge(this.attributeStart, n)
    this.eventStart = enlarge(this.eventStart, n + 1)
    this.linkStart = enlarge(this.linkStart, n + 1)
    this.contentLow = enlarge(this.contentLow, n)
    this.contentHigh = enlarge(this.contentHigh, n)
    this.rare = enlarge(this.rare, n)
    this.capacity = n
    this.heldBytes = n * (16 + 2 + 16 * 4)
  }
}

/**
 * The order of a trace's rows: by start, then by id and content, so that it is the same wherever
 * and in whatever order the spans arrived.
 */
export function compareStarts(spans: SpanColumns, a: number, b: number): number {
  const { startLow, startHigh, spanId, contentLow, contentHigh } = spans
  const byStart = startHigh[a]! - startHigh[b]! || startLow[a]! - startLow[b]!
  if (byStart !== 0) return byStart
  for (let i = 0; i < 8; i++) {
    const byId = spanId[a * 8 + i]! - spanId[b * 8 + i]!
    if (byId !== 0) return byId
  }
  return contentHigh[a]! - contentHigh[b]! || contentLow[a]! - contentLow[b]!
}

/** Columns that few spans have: status message, trace state, flags, dropped counts. */
export class RareColumns {
  count = 0
  #capacity = 0
  row = new Uint32Array(0)
  /** 1 + dictionary id, 0 = absent. */
  statusMessage = new Uint32Array(0)
  traceState = new Uint32Array(0)
  flags = new Uint32Array(0)
  droppedAttributes = new Uint32Array(0)
  droppedEvents = new Uint32Array(0)
  droppedLinks = new Uint32Array(0)

  get heldBytes(): number {
    return this.#capacity * 28
  }

  add(row: number): number {
    const index = this.count++
    if (this.count > this.#capacity) {
      const n = nextCapacity(this.#capacity, this.count)
      this.row = enlarge(this.row, n)
      this.statusMessage = enlarge(this.statusMessage, n)
      this.traceState = enlarge(this.traceState, n)
      this.flags = enlarge(this.flags, n)
      this.droppedAttributes = enlarge(this.droppedAttributes, n)
      this.droppedEvents = enlarge(this.droppedEvents, n)
      this.droppedLinks = enlarge(this.droppedLinks, n)
      this.#capacity = n
    }
    this.row[index] = row
    return index
  }
}

/** Events of all spans, in order of their rows. */
export class EventColumns {
  count = 0
  #capacity = 0
  row = new Uint32Array(0)
  timeLow = new Uint32Array(0)
  timeHigh = new Uint32Array(0)
  name = new Uint32Array(0)
  shape = new Uint32Array(0)
  attributeStart = new Uint32Array(0)
  droppedAttributes = new Uint32Array(0)

  get heldBytes(): number {
    return this.#capacity * 28
  }

  add(row: number): number {
    const index = this.count++
    if (this.count > this.#capacity) {
      const n = nextCapacity(this.#capacity, this.count)
      this.row = enlarge(this.row, n)
      this.timeLow = enlarge(this.timeLow, n)
      this.timeHigh = enlarge(this.timeHigh, n)
      this.name = enlarge(this.name, n)
      this.shape = enlarge(this.shape, n)
      this.attributeStart = enlarge(this.attributeStart, n)
      this.droppedAttributes = enlarge(this.droppedAttributes, n)
      this.#capacity = n
    }
    this.row[index] = row
    return index
  }
}

/** Links of all spans, in order of their rows. `ids` holds 16 bytes trace id and 8 bytes span id. */
export class LinkColumns {
  count = 0
  #capacity = 0
  row = new Uint32Array(0)
  ids = new Uint8Array(0)
  /** 1 + dictionary id, 0 = absent. */
  traceState = new Uint32Array(0)
  flags = new Uint32Array(0)
  shape = new Uint32Array(0)
  attributeStart = new Uint32Array(0)
  droppedAttributes = new Uint32Array(0)

  get heldBytes(): number {
    return this.#capacity * 48
  }

  add(row: number): number {
    const index = this.count++
    if (this.count > this.#capacity) {
      const n = nextCapacity(this.#capacity, this.count)
      this.row = enlarge(this.row, n)
      this.ids = enlarge(this.ids, n * 24)
      this.traceState = enlarge(this.traceState, n)
      this.flags = enlarge(this.flags, n)
      this.shape = enlarge(this.shape, n)
      this.attributeStart = enlarge(this.attributeStart, n)
      this.droppedAttributes = enlarge(this.droppedAttributes, n)
      this.#capacity = n
    }
    this.row[index] = row
    return index
  }
}

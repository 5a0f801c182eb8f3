import { ByteDictionary } from './byte-dictionary.ts'
import { enlarge, nextCapacity } from './growable.ts'
import { Shapes } from './shapes.ts'
import { EventColumns, LinkColumns, RareColumns, SpanColumns } from './span-columns.ts'
import { noRow, TraceTable } from './trace-table.ts'

/** The least or greatest of 64-bit times given as two unsigned lanes. */
export class TimeBound {
  low: number
  high: number
  readonly #sign: number
  constructor(kind: 'min' | 'max') {
    this.#sign = kind === 'min' ? -1 : 1
    this.low = kind === 'min' ? 0xffffffff : 0
    this.high = this.low
  }
  include(low: number, high: number): void {
    const order = high === this.high ? low - this.low : high - this.high
    if (order * this.#sign > 0) {
      this.low = low
      this.high = high
    }
  }
  get ns(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low)
  }
}

/** A distinct resource or instrumentation scope of a segment. */
export interface Owner {
  readonly shape: number
  /** Values in the order of the shape: numbers, or ids into `values`. */
  readonly attributes: Float64Array
  readonly droppedAttributes: number
  /** Ids into `values`; the id of the empty string when absent. */
  readonly schemaUrl: number
  /** Resource: service.name; scope: its name. */
  readonly name: number
  /** Scope: its version. */
  readonly version: number
  /** Content hash lanes, part of every span's content hash. */
  readonly hashLow: number
  readonly hashHigh: number
}

/**
 * Spans as they arrive, in columns: what is searchable at once, and what a block is written from.
 * Append-only with one writer; readers run between appends. Strings, arrays and wide ints are ids
 * into one byte dictionary; numbers are stored as they are.
 */
export class LiveSegment {
  readonly keys = new ByteDictionary()
  readonly values = new ByteDictionary()
  readonly shapes = new Shapes()
  readonly spans = new SpanColumns()
  readonly rare = new RareColumns()
  readonly events = new EventColumns()
  readonly links = new LinkColumns()
  readonly traces = new TraceTable()
  readonly resources: Owner[] = []
  readonly instrumentations: Owner[] = []
  /** Encoded resource (or scope) with its schema URL -> index into `resources`. */
  readonly resourceKeys = new ByteDictionary()
  readonly instrumentationKeys = new ByteDictionary()
  attributeValues = new Float64Array(64)
  attributeCount = 0
  /** Range of span starts and ends; meaningless while the segment is empty. */
  readonly minStart = new TimeBound('min')
  readonly maxStart = new TimeBound('max')
  readonly maxEnd = new TimeBound('max')
  /** Changes with every append: caches made from the segment are keyed by it. */
  generation = 0
  readonly emptyText: number
  /** Content hash -> row, open addressing: finds a span that arrives a second time. */
  #seen = new Uint32Array(64).fill(noRow)

  constructor() {
    this.emptyText = this.values.internText('')
  }

  get spanCount(): number {
    return this.spans.count
  }

  /** Bytes of memory held, counted from capacities. */
  get heldBytes(): number {
    return (
      this.keys.heldBytes +
      this.values.heldBytes +
      this.shapes.heldBytes +
      this.spans.heldBytes +
      this.rare.heldBytes +
      this.events.heldBytes +
      this.links.heldBytes +
      this.traces.heldBytes +
      this.resourceKeys.heldBytes +
      this.attributeValues.byteLength +
      this.#seen.byteLength +
      this.resources.length * 400
    )
  }

  pushAttribute(value: number): void {
    if (this.attributeCount === this.attributeValues.length) {
      const size = nextCapacity(this.attributeCount, this.attributeCount + 1)
      this.attributeValues = enlarge(this.attributeValues, size)
    }
    this.attributeValues[this.attributeCount++] = value
  }

  /** Drops values pushed since `count`: attributes of a span that turned out to be a repetition. */
  rewindAttributes(count: number): void {
    this.attributeCount = count
  }

  /** True when a row with this content hash is here already; otherwise remembers `row` for it. */
  seenBefore(low: number, high: number, row: number): boolean {
    const { contentLow, contentHigh } = this.spans
    const mask = this.#seen.length - 1
    let slot = low & mask
    for (;;) {
      const other = this.#seen[slot]!
      if (other === noRow) break
      if (contentLow[other] === low && contentHigh[other] === high) return true
      slot = (slot + 1) & mask
    }
    this.#seen[slot] = row
    if ((row + 1) * 2 > mask) this.#growSeen(row)
    return false
  }

  /** Appends `row` to the chain of its trace's rows. */
  linkToTrace(row: number, trace: number): void {
    const { traces, spans } = this
    spans.trace[row] = trace
    spans.nextInTrace[row] = noRow
    const last = traces.lastRow[trace]!
    if (last === noRow) traces.firstRow[trace] = row
    else spans.nextInTrace[last] = row
    traces.lastRow[trace] = row
    traces.spans[trace] = traces.spans[trace]! + 1
  }

  /** Widens the segment's time range; lanes are unsigned. An end before its start counts as the start. */
  coverTimes(startLow: number, startHigh: number, endLow: number, endHigh: number): void {
    this.minStart.include(startLow, startHigh)
    this.maxStart.include(startLow, startHigh)
    const backwards = endHigh < startHigh || (endHigh === startHigh && endLow < startLow)
    if (backwards) this.maxEnd.include(startLow, startHigh)
    else this.maxEnd.include(endLow, endHigh)
  }

  #growSeen(lastRow: number): void {
    const { contentLow } = this.spans
    const grown = new Uint32Array(this.#seen.length * 2).fill(noRow)
    const mask = grown.length - 1
    for (let row = 0; row <= lastRow; row++) {
      let slot = contentLow[row]! & mask
      while (grown[slot] !== noRow) slot = (slot + 1) & mask
      grown[slot] = row
    }
    this.#seen = grown
  }
}

import type {
  ColumnGroup,
  ColumnRef,
  ItemDomain,
  TraceColumns,
  TreeColumns,
  Values,
  Vector,
} from '../../model/column-batch.ts'
import { Scope, type ScopeCode } from '../../model/columns.ts'
import { type BlockOrder, orderForBlock, type SegmentEnd, traceTimes } from './block-order.ts'
import { intrinsicIdBase, intrinsicKeyOf } from './intrinsic-refs.ts'
import type { LiveSegment, Owner } from './live-segment.ts'
import { compareStarts } from './span-columns.ts'
import { noRow } from './trace-table.ts'

export function dense(values: Values): Vector {
  // Adding -0 is the only addition that keeps a stored -0.
  return { count: values.length, values, base: -0, divisor: 1, items: null, width: 0 }
}

/** High lanes within this distance (52 days) are summed exactly with low ones in a double. */
const exactSpanHigh = 1 << 20

/**
 * The rows that a live segment has now as one group. Columns are gathered on demand, once; the
 * segment may have grown by then, so that nothing here asks it for its counts.
 */
export class LiveGroup implements ColumnGroup {
  readonly rows: number
  readonly traces: number
  readonly #segment: LiveSegment
  readonly #events: number
  readonly #links: number
  readonly #rare: number
  readonly #vectors = new Map<number, Vector | null>()
  #traceColumns: TraceColumns | undefined
  #roots: Uint32Array | undefined
  #order: BlockOrder | undefined
  #tree: TreeColumns | undefined
  #durations: Vector | undefined

  constructor(segment: LiveSegment) {
    this.#segment = segment
    this.rows = segment.spanCount
    this.traces = segment.traces.count
    this.#events = segment.events.count
    this.#links = segment.links.count
    this.#rare = segment.rare.count
  }

  traceOfRow(): Uint32Array {
    return this.#segment.spans.trace.subarray(0, this.rows)
  }

  traceRows(): null {
    return null
  }

  startsInTraces(): null {
    return null
  }

  vector(ref: ColumnRef): Vector | null {
    let vector = this.#vectors.get(ref.id)
    if (vector === undefined) {
      vector = ref.id >= intrinsicIdBase ? this.#intrinsic(ref) : this.#attribute(ref)
      this.#vectors.set(ref.id, vector)
    }
    return vector
  }

  itemRows(domain: ItemDomain): Uint32Array {
    const { events, links } = this.#segment
    return domain === 'event'
      ? events.row.subarray(0, this.#events)
      : links.row.subarray(0, this.#links)
  }

  ownerOfRow(scope: ScopeCode): Vector {
    const { spans } = this.#segment
    const lane = scope === Scope.resource ? spans.resource : spans.instrumentation
    return dense(lane.subarray(0, this.rows))
  }

  durations(): Vector {
    this.#durations ??= this.#makeDurations()
    return this.#durations
  }

  #makeDurations(): Vector {
    const { startLow, startHigh, endLow, endHigh } = this.#segment.spans
    const out = new Float64Array(this.rows)
    for (let row = 0; row < out.length; row++) {
      // Signed modulo 2^64, as blocks store it.
      const borrow = endLow[row]! < startLow[row]! ? 1 : 0
      const high = (endHigh[row]! - startHigh[row]! - borrow) | 0
      const low = (endLow[row]! - startLow[row]!) >>> 0
      out[row] = high < 0 ? 0 : high * 4294967296 + low
    }
    return dense(out)
  }

  startOffsets(): { baseNs: bigint; offsets: Float64Array } {
    const { startLow, startHigh } = this.#segment.spans
    const { minStart, maxStart } = this.#segment
    const baseHigh = Math.max(minStart.high, maxStart.high - exactSpanHigh)
    const offsets = new Float64Array(this.rows)
    for (let row = 0; row < offsets.length; row++) {
      offsets[row] = (startHigh[row]! - baseHigh) * 4294967296 + startLow[row]!
    }
    return { baseNs: BigInt(baseHigh) << 32n, offsets }
  }

  eventOffsets(): Float64Array {
    const { events, spans } = this.#segment
    const out = new Float64Array(this.#events)
    for (let i = 0; i < out.length; i++) {
      const row = events.row[i]!
      const borrow = events.timeLow[i]! < spans.startLow[row]! ? 1 : 0
      const high = (events.timeHigh[i]! - spans.startHigh[row]! - borrow) | 0
      out[i] = high * 4294967296 + ((events.timeLow[i]! - spans.startLow[row]!) >>> 0)
    }
    return out
  }

  traceColumns(): TraceColumns {
    if (!this.#traceColumns) {
      const times = traceTimes(this.#segment, this)
      const durationLow = times.endLow.map((end, i) => end - times.startLow[i]!)
      const durationHigh = times.endHigh.map(
        (end, i) => end - times.startHigh[i]! - (times.endLow[i]! < times.startLow[i]! ? 1 : 0),
      )
      this.#traceColumns = { ...times, durationLow, durationHigh }
    }
    return this.#traceColumns
  }

  tree(): TreeColumns {
    this.#tree ??= this.#makeTree()
    return this.#tree
  }

  #makeTree(): TreeColumns {
    const order = this.#blockOrder()
    const traceStart = new Uint32Array(this.traces + 1).fill(this.rows)
    order.traces.forEach((trace, i) => {
      traceStart[trace] = order.traceRow[i]!
    })
    return { order: order.rows, depth: order.depths, orphan: order.orphans, traceStart }
  }

  parentIds(): Uint8Array {
    return this.#segment.spans.parentId.subarray(0, this.rows * 8)
  }

  /** The earliest row without a parent id, or `noRow`. */
  rootRow(trace: number): number {
    this.#roots ??= findRoots(this.#segment, this)
    return this.#roots[trace]!
  }

  #blockOrder(): BlockOrder {
    const never = Number.POSITIVE_INFINITY
    const limits = {
      groupSpansTarget: never,
      tracesPerGroupMax: never,
      outlierTraceMs: never,
      outlierDistanceMs: never,
    }
    this.#order ??= orderForBlock(this.#segment, limits, this)
    return this.#order
  }

  #attribute(ref: ColumnRef): Vector | null {
    const { spans, events, links } = this.#segment
    switch (ref.name.scope) {
      case Scope.span:
        return this.#gather(ref.id, this.rows, spans.shape, spans.attributeStart)
      case Scope.event:
        return this.#gather(ref.id, this.#events, events.shape, events.attributeStart)
      case Scope.link:
        return this.#gather(ref.id, this.#links, links.shape, links.attributeStart)
      default:
        return null
    }
  }

  #gather(
    column: number,
    count: number,
    shapeOf: Uint32Array,
    startOf: Uint32Array,
  ): Vector | null {
    const { attributeValues, shapes } = this.#segment
    const place = Int32Array.from(shapes.shapes, shape => shape.indexOf(column))
    const items = new Uint32Array(count)
    const values = new Float64Array(count)
    let n = 0
    for (let i = 0; i < count; i++) {
      const at = place[shapeOf[i]!]!
      if (at < 0) continue
      items[n] = i
      values[n] = attributeValues[startOf[i]! + at]!
      n++
    }
    if (n === 0) return null
    const all = n === count
    return { ...dense(values.subarray(0, n)), items: all ? null : items.subarray(0, n) }
  }

  #intrinsic(ref: ColumnRef): Vector | null {
    const { spans, events, links, rare } = this.#segment
    switch (intrinsicKeyOf(ref)) {
      case 'span.name':
        return dense(spans.name.subarray(0, this.rows))
      case 'span.kind':
        return dense(spans.kind.subarray(0, this.rows))
      case 'span.status':
        return dense(spans.status.subarray(0, this.rows))
      case 'span.id':
        return { ...dense(spans.spanId.subarray(0, this.rows * 8)), count: this.rows, width: 8 }
      case 'trace.id': {
        const { id } = this.#segment.traces
        return { ...dense(id.subarray(0, this.traces * 16)), count: this.traces, width: 16 }
      }
      case 'statusMessage':
        return this.#rareText(rare.statusMessage)
      case 'traceState':
        return this.#rareText(rare.traceState)
      case 'event.name':
        return dense(events.name.subarray(0, this.#events))
      case 'link.ids':
        return { ...dense(links.ids.subarray(0, this.#links * 24)), count: this.#links, width: 24 }
      case 'span.start.low':
        return this.#sinceTraceStart().low
      case 'span.start.high':
        return this.#sinceTraceStart().high
      case 'span.duration.low':
        return dense(spans.endLow.subarray(0, this.rows).map((end, i) => end - spans.startLow[i]!))
      case 'span.duration.high':
        return dense(
          spans.endHigh.subarray(0, this.rows).map((end, i) => {
            return end - spans.startHigh[i]! - (spans.endLow[i]! < spans.startLow[i]! ? 1 : 0)
          }),
        )
      case 'trace.rootName':
        return this.#perRoot(row => spans.name[row]!)
      case 'trace.rootService':
        return this.#perRoot(row => this.#segment.resources[spans.resource[row]!]!.name)
      default:
        return null
    }
  }

  /** Starts of spans since the start of their trace, in two lanes. */
  #sinceTraceStart(): { low: Vector; high: Vector } {
    const { trace, startLow, startHigh } = this.#segment.spans
    const times = this.traceColumns()
    const low = new Uint32Array(this.rows)
    const high = new Uint32Array(this.rows)
    for (let row = 0; row < low.length; row++) {
      const baseLow = times.startLow[trace[row]!]!
      low[row] = startLow[row]! - baseLow
      high[row] =
        startHigh[row]! - times.startHigh[trace[row]!]! - (startLow[row]! < baseLow ? 1 : 0)
    }
    return { low: dense(low), high: dense(high) }
  }

  #rareText(lane: Uint32Array): Vector | null {
    const { rare } = this.#segment
    const rows: number[] = []
    const values: number[] = []
    for (let i = 0; i < this.#rare; i++) {
      if (lane[i] === 0) continue
      rows.push(rare.row[i]!)
      values.push(lane[i]! - 1)
    }
    if (rows.length === 0) return null
    return { ...dense(Uint32Array.from(values)), items: Uint32Array.from(rows) }
  }

  #perRoot(read: (row: number) => number): Vector {
    const out = new Uint32Array(this.traces)
    for (let trace = 0; trace < out.length; trace++) {
      const row = this.rootRow(trace)
      out[trace] = row === noRow ? this.#segment.emptyText : read(row)
    }
    return dense(out)
  }
}

function findRoots({ spans }: LiveSegment, { rows, traces }: SegmentEnd): Uint32Array {
  const roots = new Uint32Array(traces).fill(noRow)
  const { parentId } = spans
  for (let row = 0; row < rows; row++) {
    let isRoot = true
    for (let i = row * 8; i < row * 8 + 8 && isRoot; i++) isRoot = parentId[i] === 0
    if (!isRoot) continue
    const trace = spans.trace[row]!
    const known = roots[trace]!
    if (known === noRow || compareStarts(spans, row, known) < 0) roots[trace] = row
  }
  return roots
}

/** A column of resources or scopes; items are indexes into the segment's owners. */
export function ownerVector(segment: LiveSegment, scope: ScopeCode, ref: ColumnRef): Vector | null {
  const owners = scope === Scope.resource ? segment.resources : segment.instrumentations
  if (ref.id >= intrinsicIdBase) return ownerIntrinsic(owners, ref)
  const items: number[] = []
  const values: number[] = []
  owners.forEach((owner, i) => {
    const at = segment.shapes.shapes[owner.shape]!.indexOf(ref.id)
    if (at < 0) return
    items.push(i)
    values.push(owner.attributes[at]!)
  })
  if (items.length === 0) return null
  return { ...dense(Float64Array.from(values)), items: Uint32Array.from(items) }
}

function ownerIntrinsic(owners: readonly Owner[], ref: ColumnRef): Vector | null {
  switch (intrinsicKeyOf(ref)) {
    case 'resource.service':
    case 'scope.name':
      return dense(Uint32Array.from(owners, owner => owner.name))
    case 'scope.version':
      return dense(Uint32Array.from(owners, owner => owner.version))
    default:
      return null
  }
}

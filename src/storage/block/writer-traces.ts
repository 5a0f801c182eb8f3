import type { BlockOrder } from '../live/block-order.ts'
import type { LiveSegment } from '../live/live-segment.ts'
import { indexPageEntries } from './format.ts'
import type { ColumnList } from './writer-columns.ts'

/** Trace-level columns (what a search result shows of a trace) and the trace-ID index. */

export function traceColumns(list: ColumnList, segment: LiveSegment, order: BlockOrder): void {
  const { traces, spans, emptyText } = segment
  const count = order.traces.length
  const bounds = order.groupTrace
  const ids = new Uint8Array(count * 16)
  const lengths = new Uint32Array(count)
  const durationLow = new Uint32Array(count)
  const durationHigh = new Uint32Array(count)
  const hasRoot = new Uint32Array(count)
  const rootName = new Uint32Array(count).fill(emptyText)
  const rootService = new Uint32Array(count).fill(emptyText)
  for (let i = 0; i < count; i++) {
    const trace = order.traces[i]!
    ids.set(traces.id.subarray(trace * 16, trace * 16 + 16), i * 16)
    lengths[i] = order.traceRow[i + 1]! - order.traceRow[i]!
    durationLow[i] = order.endLow[i]! - order.startLow[i]!
    const borrow = order.endLow[i]! < order.startLow[i]! ? 1 : 0
    durationHigh[i] = order.endHigh[i]! - order.startHigh[i]! - borrow
    const root = rootRow(order, i)
    if (root < 0) continue
    hasRoot[i] = 1
    rootName[i] = spans.name[root]!
    rootService[i] = segment.resources[spans.resource[root]!]!.name
  }
  list.intrinsic('trace.id', ids, bounds)
  list.intrinsic('trace.spans', lengths, bounds)
  list.intrinsic('trace.start.low', order.startLow, bounds)
  list.intrinsic('trace.start.high', order.startHigh, bounds)
  list.intrinsic('trace.duration.low', durationLow, bounds)
  list.intrinsic('trace.duration.high', durationHigh, bounds)
  list.intrinsic('trace.hasRoot', hasRoot, bounds)
  list.intrinsic('trace.rootName', rootName, bounds)
  list.intrinsic('trace.rootService', rootService, bounds)
  serviceColumns(list, segment, order)
}

/** The earliest root: rows at depth 0 are ordered by start. -1 when no root is here. */
function rootRow(order: BlockOrder, trace: number): number {
  for (let i = order.traceRow[trace]!; i < order.traceRow[trace + 1]!; i++) {
    if (order.depths[i] === 0 && order.orphans[i] === 0) return order.rows[i]!
  }
  return -1
}

/** Per trace its services in order of appearance, each with spans and errors. */
function serviceColumns(list: ColumnList, segment: LiveSegment, order: BlockOrder): void {
  const { spans, resources } = segment
  const groups = order.groupTrace.length - 1
  const services = new Uint32Array(order.traces.length)
  const names: number[] = []
  const spanCounts: number[] = []
  const errorCounts: number[] = []
  const bounds = new Uint32Array(groups + 1)
  const place = new Map<number, number>()
  for (let group = 0; group < groups; group++) {
    for (let trace = order.groupTrace[group]!; trace < order.groupTrace[group + 1]!; trace++) {
      place.clear()
      for (let i = order.traceRow[trace]!; i < order.traceRow[trace + 1]!; i++) {
        const row = order.rows[i]!
        const name = resources[spans.resource[row]!]!.name
        let at = place.get(name)
        if (at === undefined) {
          at = names.length
          place.set(name, at)
          names.push(name)
          spanCounts.push(0)
          errorCounts.push(0)
        }
        spanCounts[at]!++
        if (spans.status[row] === 2) errorCounts[at]!++
      }
      services[trace] = place.size
    }
    bounds[group + 1] = names.length
  }
  list.intrinsic('trace.services', services, order.groupTrace)
  list.intrinsic('service.name', Uint32Array.from(names), bounds)
  list.intrinsic('service.spans', Uint32Array.from(spanCounts), bounds)
  list.intrinsic('service.errors', Uint32Array.from(errorCounts), bounds)
}

/** The sorted trace-ID index in pages of lanes, as drawn in format.ts. */
export function encodeTraceIndex(segment: LiveSegment, order: BlockOrder): Uint8Array[] {
  const { traces } = segment
  const count = order.traces.length
  const group = new Uint32Array(count)
  for (let g = 0; g + 1 < order.groupTrace.length; g++) {
    group.fill(g, order.groupTrace[g]!, order.groupTrace[g + 1]!)
  }
  const sorted = new Uint32Array(count).map((_, i) => i)
  const high = (i: number) => traces.hashHigh[order.traces[i]!]!
  const low = (i: number) => traces.hashLow[order.traces[i]!]!
  sorted.sort((a, b) => high(a) - high(b) || low(a) - low(b) || a - b)
  const pages: Uint8Array[] = []
  for (let from = 0; from < count; from += indexPageEntries) {
    const entries = sorted.subarray(from, Math.min(count, from + indexPageEntries))
    const n = entries.length
    const lanes = new Uint32Array(6 * n)
    entries.forEach((i, k) => {
      const trace = order.traces[i]!
      lanes[k] = traces.hashHigh[trace]!
      lanes[n + k] = traces.hashLow[trace]!
      lanes[2 * n + k] = group[i]! * 1_048_576 + (i - order.groupTrace[group[i]!]!)
      lanes[3 * n + k] = order.traceRow[i + 1]! - order.traceRow[i]!
      lanes[4 * n + k] = traces.fingerprintLow[trace]!
      lanes[5 * n + k] = traces.fingerprintHigh[trace]!
    })
    pages.push(new Uint8Array(lanes.buffer))
  }
  return pages
}

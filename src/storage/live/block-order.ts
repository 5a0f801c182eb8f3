import type { LiveSegment } from './live-segment.ts'
import { TreeOrder } from './tree-order.ts'

/** The order in which a segment's spans go into a block, and where its row groups end. */
export interface BlockOrder {
  /** Block row -> row of the segment. */
  readonly rows: Uint32Array
  readonly depths: Uint32Array
  /** 1: the row is at depth 0 and has a parent id. */
  readonly orphans: Uint8Array
  /** Block trace -> trace of the segment. */
  readonly traces: Uint32Array
  /** First row of each trace; one more element than traces. */
  readonly traceRow: Uint32Array
  /** First trace and first row of each row group; one more element than groups. */
  readonly groupTrace: Uint32Array
  readonly groupRow: Uint32Array
  /** Least start and greatest end of each block trace, absolute ns, two lanes each. */
  readonly startLow: Uint32Array
  readonly startHigh: Uint32Array
  readonly endLow: Uint32Array
  readonly endHigh: Uint32Array
}

export interface GroupLimits {
  readonly groupSpansTarget: number
  readonly tracesPerGroupMax: number
  readonly outlierTraceMs: number
  readonly outlierDistanceMs: number
}

/** How much of a segment is meant: it may have grown since. */
export interface SegmentEnd {
  readonly rows: number
  readonly traces: number
}

function endOf(segment: LiveSegment): SegmentEnd {
  return { rows: segment.spanCount, traces: segment.traces.count }
}

export function orderForBlock(
  segment: LiveSegment,
  limits: GroupLimits,
  end = endOf(segment),
): BlockOrder {
  const times = traceTimes(segment, end)
  const { traces, regular } = sortTraces(segment, times, limits, end)
  const spanCount = end.rows
  const rows = new Uint32Array(spanCount)
  const depths = new Uint32Array(spanCount)
  const orphans = new Uint8Array(spanCount)
  const traceRow = new Uint32Array(traces.length + 1)
  const tree = new TreeOrder(segment, spanCount)
  let at = 0
  for (let i = 0; i < traces.length; i++) {
    traceRow[i] = at
    at += tree.write(traces[i]!, rows, depths, orphans, at)
  }
  traceRow[traces.length] = at
  const groupTrace = cutGroups(traceRow, traces.length, regular, limits)
  const gather = (lanes: Uint32Array) => {
    const out = new Uint32Array(traces.length)
    for (let i = 0; i < out.length; i++) out[i] = lanes[traces[i]!]!
    return out
  }
  return {
    rows,
    depths,
    orphans,
    traces,
    traceRow,
    groupTrace,
    groupRow: Uint32Array.from(groupTrace, trace => traceRow[trace]!),
    startLow: gather(times.startLow),
    startHigh: gather(times.startHigh),
    endLow: gather(times.endLow),
    endHigh: gather(times.endHigh),
  }
}

export interface TraceTimes {
  readonly startLow: Uint32Array
  readonly startHigh: Uint32Array
  readonly endLow: Uint32Array
  readonly endHigh: Uint32Array
}

/** Least start and greatest end per trace; a span that ends before it starts ends at its start. */
export function traceTimes({ spans }: LiveSegment, { rows, traces }: SegmentEnd): TraceTimes {
  const startLow = new Uint32Array(traces).fill(0xffffffff)
  const startHigh = new Uint32Array(traces).fill(0xffffffff)
  const endLow = new Uint32Array(traces)
  const endHigh = new Uint32Array(traces)
  for (let row = 0; row < rows; row++) {
    const trace = spans.trace[row]!
    const sLow = spans.startLow[row]!
    const sHigh = spans.startHigh[row]!
    if (sHigh < startHigh[trace]! || (sHigh === startHigh[trace]! && sLow < startLow[trace]!)) {
      startLow[trace] = sLow
      startHigh[trace] = sHigh
    }
    let eLow = spans.endLow[row]!
    let eHigh = spans.endHigh[row]!
    if (eHigh < sHigh || (eHigh === sHigh && eLow < sLow)) {
      eLow = sLow
      eHigh = sHigh
    }
    if (eHigh > endHigh[trace]! || (eHigh === endHigh[trace]! && eLow > endLow[trace]!)) {
      endLow[trace] = eLow
      endHigh[trace] = eHigh
    }
  }
  return { startLow, startHigh, endLow, endHigh }
}

/** Traces by start, outliers last; `regular` is how many are not outliers. */
function sortTraces(
  segment: LiveSegment,
  times: TraceTimes,
  limits: GroupLimits,
  { rows, traces: count }: SegmentEnd,
): OrderedTraces {
  const { startHigh, startLow } = times
  const duration = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    duration[i] =
      (times.endHigh[i]! - times.startHigh[i]!) * 4294967296 + times.endLow[i]! - times.startLow[i]!
  }
  // A trace whose spans were all refused has no rows and no place in a block.
  const filled = new Uint32Array(count)
    .map((_, i) => i)
    .filter(i => segment.traces.firstRow[i]! < rows)
  return orderTraces({ ids: segment.traces.id, startHigh, startLow, duration }, filled, limits)
}

/** Facts of traces by number: id (16 bytes), start in two lanes, duration; ns. */
export interface TraceFacts {
  readonly ids: Uint8Array
  readonly startHigh: Uint32Array
  readonly startLow: Uint32Array
  readonly duration: Float64Array
}

export interface OrderedTraces {
  readonly traces: Uint32Array
  /** How many of them are no outliers: those come last. */
  readonly regular: number
}

/** Puts the numbers `traces` in the order that a block has; they are sorted in place. */
export function orderTraces(
  { ids, startHigh, startLow, duration }: TraceFacts,
  traces: Uint32Array,
  limits: GroupLimits,
): OrderedTraces {
  // Lane by lane: years in nanoseconds are no exact doubles.
  const since = (a: number, b: number) => startHigh[a]! - startHigh[b]!
  traces.sort((a, b) => since(a, b) || startLow[a]! - startLow[b]! || compareIds(ids, a, b))
  const median = traces[traces.length >> 1] ?? 0
  const distance = (i: number) =>
    Math.abs(since(i, median) * 4294967296 + startLow[i]! - startLow[median]!)
  const isOutlier = (i: number) =>
    duration[i]! > limits.outlierTraceMs * 1e6 || distance(i) > limits.outlierDistanceMs * 1e6
  const regular = traces.filter(i => !isOutlier(i))
  const ordered = new Uint32Array(traces.length)
  ordered.set(regular)
  ordered.set(traces.filter(isOutlier), regular.length)
  return { traces: ordered, regular: regular.length }
}

function compareIds(ids: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < 16; i++) {
    const difference = ids[a * 16 + i]! - ids[b * 16 + i]!
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * First trace of each group, and the number of traces as the last element. `traceRow` holds the
 * first row of each trace and the number of rows.
 */
export function cutGroups(
  traceRow: Uint32Array,
  traces: number,
  regular: number,
  limits: GroupLimits,
): Uint32Array {
  const cuts = [0]
  let first = 0
  for (let i = 1; i < traces; i++) {
    const full =
      traceRow[i + 1]! - traceRow[first]! > limits.groupSpansTarget ||
      i - first >= limits.tracesPerGroupMax
    if (full || i === regular) {
      cuts.push(i)
      first = i
    }
  }
  cuts.push(traces)
  return Uint32Array.from(cuts)
}

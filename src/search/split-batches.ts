import { inParallel } from '../base/in-parallel.ts'
import { throwIfOverBudget } from '../contract/budget.ts'
import type {
  MetricsRequest,
  ReadStats,
  SearchRequest,
  TimeRange,
  TraceHit,
} from '../contract/queries.ts'
import type { MetricsPart } from '../metrics/merge.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { LiveSource } from '../storage/live/live-source.ts'
import { LocalSource, type QuerySource, type TraceHash } from './query-source.ts'
import { nextTurn, throwIfAborted } from './scan-watch.ts'
import type { SplitTrace } from './split-set.ts'

/**
 * Traces whose parts lie in several sources. They are put together some at a time, each batch in a
 * live segment that is gone when the next is read, and evaluated there: what batches find is put
 * together like what sources find.
 */

/** As many as a row group has: tens of megabytes, and work for a second at most. */
export const splitSpansAtOnce = 32_768

/** Sources that are read at the same time. */
const sourcesAtOnce = 2

/** Appended in some milliseconds, after which everything else of the thread may run. */
const bytesPerTurn = 512 * 1024

/** Some split traces that are evaluated together. */
export interface SplitBatch {
  /** None of its traces begins later. */
  readonly newestNs: bigint
  /** What is read of which source. */
  readonly reads: readonly SplitRead[]
}

interface SplitRead {
  readonly source: QuerySource
  readonly hashes: readonly TraceHash[]
}

/** What of a trace is known by the sources that hold it. */
interface PlacedTrace {
  readonly trace: SplitTrace
  readonly newestNs: bigint
}

/**
 * Traces that can overlap the range, the newest first, in batches of about `spansAtOnce` spans or of
 * one large trace. Traces of one row group are in the same batch if possible: it is read once.
 */
export function batchesOf(
  sources: readonly QuerySource[],
  split: readonly SplitTrace[],
  range: TimeRange | undefined,
  spansAtOnce: number,
): SplitBatch[] {
  const placed = place(sources, split, range)
  placed.sort(
    (a, b) =>
      (a.newestNs < b.newestNs ? 1 : a.newestNs > b.newestNs ? -1 : 0) ||
      a.trace.holders[0]! - b.trace.holders[0]! ||
      b.trace.group - a.trace.group,
  )
  const batches: SplitBatch[] = []
  for (let from = 0; from < placed.length; ) {
    let spans = placed[from]!.trace.spans
    let to = from + 1
    while (to < placed.length && spans + placed[to]!.trace.spans <= spansAtOnce) {
      spans += placed[to]!.trace.spans
      to++
    }
    batches.push(batchOf(sources, placed.slice(from, to)))
    from = to
  }
  return batches
}

/** Traces lie in one of a few sets of sources, which say when they can be. */
function place(
  sources: readonly QuerySource[],
  split: readonly SplitTrace[],
  range: TimeRange | undefined,
): PlacedTrace[] {
  const newest = new Map<readonly number[], bigint | null>()
  const placed: PlacedTrace[] = []
  for (const trace of split) {
    const { holders } = trace
    let newestNs = newest.get(holders)
    if (newestNs === undefined) {
      newestNs = newestStart(
        holders.map(holder => sources[holder]!.range!),
        range,
      )
      newest.set(holders, newestNs)
    }
    if (newestNs !== null) placed.push({ trace, newestNs })
  }
  return placed
}

/** The latest start of a trace with a part in each of the ranges; null when it is not in `within`. */
function newestStart(
  ranges: readonly { readonly minNs: bigint; readonly maxNs: bigint }[],
  within: TimeRange | undefined,
): bigint | null {
  let { minNs, maxNs } = ranges[0]!
  let newestNs = maxNs
  for (const range of ranges) {
    if (range.minNs < minNs) minNs = range.minNs
    if (range.maxNs > maxNs) maxNs = range.maxNs
    if (range.maxNs < newestNs) newestNs = range.maxNs
  }
  if (within && (minNs > BigInt(within.endNs) || maxNs < BigInt(within.startNs))) return null
  return newestNs
}

function batchOf(sources: readonly QuerySource[], placed: readonly PlacedTrace[]): SplitBatch {
  const hashesOf = new Map<number, TraceHash[]>()
  for (const { trace } of placed) {
    for (const holder of trace.holders) {
      const hashes = hashesOf.get(holder)
      if (hashes) hashes.push(trace)
      else hashesOf.set(holder, [trace])
    }
  }
  const reads = [...hashesOf]
    .sort(([a], [b]) => a - b)
    .map(([holder, hashes]) => ({ source: sources[holder]!, hashes }))
  return { newestNs: placed[0]!.newestNs, reads }
}

export async function searchSplit(
  batch: SplitBatch,
  request: SearchRequest,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<TraceHit[]> {
  const source = await readBatch(batch, signal)
  const hits = await source.search(request, new Set(), stats, signal)
  throwIfOverBudget(request.budget, stats)
  return hits
}

export async function metricsOfSplit(
  batch: SplitBatch,
  request: MetricsRequest,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<MetricsPart> {
  const source = await readBatch(batch, signal)
  const part = await source.metrics(request, new Set(), stats, signal)
  throwIfOverBudget(request.budget, stats)
  return part
}

async function readBatch({ reads }: SplitBatch, signal: AbortSignal): Promise<LocalSource> {
  throwIfAborted(signal)
  const parts = await inParallel(reads, sourcesAtOnce, signal, ({ source, hashes }, either) =>
    source.tracesByHash(hashes, either),
  )
  const segment = new LiveSegment()
  let bytes = 0
  for (const part of parts.flat()) {
    appendOtlp(segment, part)
    bytes += part.length
    if (bytes < bytesPerTurn) continue
    bytes = 0
    await nextTurn()
    throwIfAborted(signal)
  }
  return sourceOf(segment)
}

/** Parts of a trace, put together: a repeated span enters once, whichever source it came from. */
export function assembled(parts: readonly Uint8Array[]): LocalSource {
  const segment = new LiveSegment()
  for (const part of parts) appendOtlp(segment, part)
  return sourceOf(segment)
}

function sourceOf(segment: LiveSegment): LocalSource {
  return new LocalSource(new LiveSource(segment, 'assembled'))
}

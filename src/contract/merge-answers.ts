import type { Completeness, ReadStats, TraceHit } from './queries.ts'

export function emptyStats(): ReadStats {
  return {
    inspectedBytes: 0,
    storeReads: 0,
    inspectedTraces: 0,
    inspectedSpans: 0,
    totalBlocks: 0,
    totalBlockBytes: 0,
  }
}

/** What the parts of an answer read, together. */
export function mergeStats(parts: readonly { readonly stats: ReadStats }[]): ReadStats {
  const sum = emptyStats()
  for (const { stats } of parts) {
    sum.inspectedBytes += stats.inspectedBytes
    sum.storeReads += stats.storeReads
    sum.inspectedTraces += stats.inspectedTraces
    sum.inspectedSpans += stats.inspectedSpans
    sum.totalBlocks += stats.totalBlocks
    sum.totalBlockBytes += stats.totalBlockBytes
  }
  return sum
}

/** An answer is as complete as all of its parts; each reason is named once. */
export function mergeCompleteness(parts: readonly Completeness[]): Completeness {
  const reasons = new Set(parts.map(part => part.partial).filter(reason => reason !== undefined))
  return reasons.size === 0 ? {} : { partial: [...reasons].join('; ') }
}

/** Newest trace start first, ties by trace id: the same answer every time. */
export function newestHits(hits: TraceHit[], limit: number): TraceHit[] {
  hits.sort((a, b) => {
    const x = BigInt(a.startNs)
    const y = BigInt(b.startNs)
    return x < y ? 1 : x > y ? -1 : a.traceId < b.traceId ? -1 : 1
  })
  return hits.slice(0, limit)
}

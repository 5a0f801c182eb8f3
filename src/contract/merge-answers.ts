import type { Completeness, ReadStats } from './queries.ts'

/** What the parts of an answer read, together. */
export function mergeStats(parts: readonly { readonly stats: ReadStats }[]): ReadStats {
  const sum = {
    inspectedBytes: 0,
    inspectedTraces: 0,
    inspectedSpans: 0,
    totalBlocks: 0,
    totalBlockBytes: 0,
  }
  for (const { stats } of parts) {
    sum.inspectedBytes += stats.inspectedBytes
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

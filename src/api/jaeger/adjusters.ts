import type { JaegerTrace } from '../../wire/jaeger-model.ts'
import { correctTraceClockSkew } from './adjuster-clock-skew.ts'
import { removeDuplicates } from './adjuster-duplicates.ts'
import { rewriteIpTags } from './adjuster-ip-tags.ts'
import { moveLibraryTags } from './adjuster-library-tags.ts'
import { dropEmptyReferences, putParentFirst } from './adjuster-references.ts'
import { separateTraceSpanIds } from './adjuster-span-ids.ts'
import { sortTags } from './adjuster-tags.ts'

/**
 * What Jaeger does to a trace before it shows it, in Jaeger's order: each step relies on those
 * before it (equal spans are recognised by sorted tags, skew needs unique ids). The trace is
 * changed in place. Not run when a client asks for the raw trace.
 */
export function adjustTrace(trace: JaegerTrace, clockSkewMaxMs: number): void {
  separateTraceSpanIds(trace)
  sortTags(trace)
  removeDuplicates(trace)
  correctTraceClockSkew(trace, BigInt(Math.trunc(clockSkewMaxMs * 1_000_000)))
  rewriteIpTags(trace)
  moveLibraryTags(trace)
  dropEmptyReferences(trace)
  putParentFirst(trace)
}

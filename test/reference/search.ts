import type { ParsedQuery } from '../../src/traceql/ast.ts'
import { serviceOf } from './field.ts'
import { type Spanset, spansetsOf } from './pipeline.ts'
import { pipelinesOf, type ShownAttribute, shownAttributes, shownFields } from './shown.ts'
import type { Trace, TreeSpan } from './trace.ts'

export interface FoundSpan {
  readonly span: TreeSpan
  readonly attributes: readonly ShownAttribute[]
}

export interface FoundSpanset {
  readonly spans: readonly FoundSpan[]
  readonly attributes: Spanset['attributes']
}

export interface FoundTrace {
  readonly trace: Trace
  readonly spansets: readonly FoundSpanset[]
}

/** Nanoseconds since 1970, both inclusive. */
export interface Range {
  readonly startNs: bigint
  readonly endNs: bigint
}

/** Every trace that overlaps the range and has a spanset in the end; the newest first. */
export function search(query: ParsedQuery, traces: readonly Trace[], range?: Range): FoundTrace[] {
  const [pipeline] = pipelinesOf(query)
  const fields = shownFields(query)
  const found: FoundTrace[] = []
  for (const trace of traces) {
    if (range !== undefined && !overlaps(trace, range)) continue
    const spansets = spansetsOf(pipeline!, trace.spans).map(({ spans, attributes }) => ({
      spans: spans.map(span => ({ span, attributes: shownAttributes(fields, span) })),
      attributes,
    }))
    if (spansets.length > 0) found.push({ trace, spansets })
  }
  return found.sort((a, b) => newestFirst(a.trace, b.trace))
}

export function overlaps(trace: Trace, range: Range): boolean {
  return trace.startNs <= range.endNs && trace.startNs + trace.durationNs >= range.startNs
}

function newestFirst(a: Trace, b: Trace): number {
  if (a.startNs !== b.startNs) return a.startNs > b.startNs ? -1 : 1
  return a.traceId < b.traceId ? -1 : 1
}

export interface ServiceStats {
  readonly spans: number
  readonly errors: number
}

/** All spans of the trace by service; those without a name are under the empty one. */
export function serviceStatsOf(trace: Trace): Map<string, ServiceStats> {
  const stats = new Map<string, ServiceStats>()
  for (const span of trace.spans) {
    const { spans, errors } = stats.get(serviceOf(span)) ?? { spans: 0, errors: 0 }
    const isError = span.status === 2
    stats.set(serviceOf(span), { spans: spans + 1, errors: errors + Number(isError) })
  }
  return stats
}

import { compareTags, type JaegerSpan, type JaegerTrace } from '../../wire/jaeger-model.ts'

/** Spans that were sent twice: of those that are equal in everything the first stays. */
export function removeDuplicates(trace: JaegerTrace): void {
  const byId = Map.groupBy(trace.spans, span => span.spanId)
  if (byId.size === trace.spans.length) return
  const seen = new Set<string>()
  trace.spans = trace.spans.filter(span => {
    if (byId.get(span.spanId)!.length === 1) return true
    const content = contentOf(span)
    if (seen.has(content)) return false
    seen.add(content)
    return true
  })
}

function contentOf(span: JaegerSpan): string {
  const { process, ...own } = span
  const sorted = { ...process, tags: [...process.tags].sort(compareTags) }
  return JSON.stringify([own, sorted], (_key, value) => {
    return typeof value === 'bigint' ? String(value) : value
  })
}

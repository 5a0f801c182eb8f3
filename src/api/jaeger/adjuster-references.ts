import { type JaegerTrace, noSpanId, noTraceId, parentReference } from '../../wire/jaeger-model.ts'

export function dropEmptyReferences(trace: JaegerTrace): void {
  for (const span of trace.spans) {
    span.references = span.references.filter(({ traceId, spanId }) => {
      return traceId !== noTraceId && spanId !== noSpanId
    })
  }
}

/** The UI draws a span under its first reference; the parent changes places with what is there. */
export function putParentFirst(trace: JaegerTrace): void {
  for (const span of trace.spans) {
    const parent = parentReference(span)
    if (parent === undefined) continue
    span.references[span.references.indexOf(parent)] = span.references[0]!
    span.references[0] = parent
  }
}

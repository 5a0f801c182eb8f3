import {
  firstTag,
  type JaegerSpan,
  type JaegerTrace,
  parentReference,
} from '../../wire/jaeger-model.ts'
import { type SharableSpan, separateSharedSpanIds } from './shared-span-ids.ts'

export function separateTraceSpanIds(trace: JaegerTrace): void {
  separateSharedSpanIds(trace.spans.map(toSharable))
}

function toSharable(span: JaegerSpan): SharableSpan {
  const kind = firstTag(span.tags, 'span.kind')?.value
  return {
    get spanId() {
      return span.spanId
    },
    get parentId() {
      return parentReference(span)?.spanId ?? ''
    },
    side: kind === 'client' || kind === 'server' ? kind : 'other',
    setSpanId: spanId => {
      span.spanId = spanId
    },
    setParentId: parentId => setParentId(span, parentId),
  }
}

function setParentId(span: JaegerSpan, spanId: string): void {
  const reference = parentReference(span)
  if (reference !== undefined) reference.spanId = spanId
  else span.references.unshift({ refType: 'CHILD_OF', traceId: span.traceId, spanId })
}

import type {
  PlainAttribute,
  PlainSpan,
  PlainValue,
} from '../../src/storage/live/plain-spans-fixture.ts'
import type { Json } from '../conformance/corpus.ts'

/** The spans of export requests in OTLP/JSON. */
export function spansOfRequests(requests: readonly Json[]): PlainSpan[] {
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }: Json) =>
      scopeSpans.flatMap(({ scope, spans }: Json) =>
        spans.map((span: Json) => spanOf(span, resource ?? {}, scope ?? {})),
      ),
    ),
  )
}

function spanOf(span: Json, resource: Json, scope: Json): PlainSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentId: span.parentSpanId ?? '',
    name: span.name ?? '',
    kind: span.kind ?? 0,
    status: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? '',
    traceState: span.traceState ?? '',
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(span),
    events: (span.events ?? []).map((event: Json) => ({
      timeNs: BigInt(event.timeUnixNano),
      name: event.name ?? '',
      attributes: attributesOf(event),
    })),
    links: (span.links ?? []).map((link: Json) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: attributesOf(link),
    })),
    resource: attributesOf(resource),
    scopeName: scope.name ?? '',
    scopeVersion: scope.version ?? '',
    scope: attributesOf(scope),
  }
}

function attributesOf({ attributes }: Json): PlainAttribute[] {
  return (attributes ?? []).map(({ key, value }: Json) => ({ key, value: plainValueOf(value) }))
}

function plainValueOf(value: Json): PlainValue {
  if ('stringValue' in value) return { type: 'string', value: value.stringValue }
  if ('intValue' in value) return { type: 'int', value: BigInt(value.intValue) }
  if ('doubleValue' in value) return { type: 'double', value: Number(value.doubleValue) }
  if ('boolValue' in value) return { type: 'bool', value: value.boolValue }
  if ('arrayValue' in value) {
    return { type: 'array', value: (value.arrayValue.values ?? []).map(plainValueOf) }
  }
  return { type: 'empty' }
}

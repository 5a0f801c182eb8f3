import { otlpJsonToProtobuf } from '../../src/wire/otlp-json-decode.ts'
import type { Json } from './corpus.ts'

/** Spans of OTLP/JSON requests, each with what it needs to be matched: as naive as can be. */

export interface Attribute {
  readonly key: string
  readonly value: Json
}

export interface MemorySpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly startNs: bigint
  readonly endNs: bigint
  readonly service: string
  readonly resource: readonly Attribute[]
  readonly scope: { name?: string; version?: string; attributes?: readonly Attribute[] }
  /** The span as it was sent. */
  readonly sent: Json
}

export class MemorySpans {
  readonly byTrace = new Map<string, MemorySpan[]>()

  add(request: Json): void {
    for (const { resource = {}, scopeSpans = [] } of request.resourceSpans ?? []) {
      for (const { scope = {}, spans = [] } of scopeSpans) {
        for (const sent of spans) this.#addSpan(resource.attributes ?? [], scope, sent)
      }
    }
  }

  #addSpan(resource: Attribute[], scope: MemorySpan['scope'], sent: Json): void {
    const service = resource.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
    const span: MemorySpan = {
      traceId: sent.traceId.toLowerCase(),
      spanId: sent.spanId,
      parentId: sent.parentSpanId ?? '',
      startNs: BigInt(sent.startTimeUnixNano),
      endNs: BigInt(sent.endTimeUnixNano),
      service,
      resource,
      scope,
      sent,
    }
    const spans = this.byTrace.get(span.traceId)
    if (spans === undefined) this.byTrace.set(span.traceId, [span])
    else spans.push(span)
  }

  all(): MemorySpan[] {
    return [...this.byTrace.values()].flat()
  }

  /** OTLP `TracesData`; null when the trace is not known. */
  encoded(traceId: string): Uint8Array | null {
    const spans = this.byTrace.get(traceId)
    if (spans === undefined) return null
    const resourceSpans = spans.map(({ resource, scope, sent }) => {
      return { resource: { attributes: resource }, scopeSpans: [{ scope, spans: [sent] }] }
    })
    return otlpJsonToProtobuf(Buffer.from(JSON.stringify({ resourceSpans })))
  }

  /** Neither without its parent in the trace, nor below such a span. */
  hangsTogether(span: MemorySpan): boolean {
    const byId = new Map(this.byTrace.get(span.traceId)!.map(each => [each.spanId, each]))
    let at: MemorySpan | undefined = span
    for (let steps = 0; at !== undefined && steps <= byId.size; steps++) {
      if (at.parentId === '') return true
      at = byId.get(at.parentId)
    }
    return false
  }
}

import { walkOtlp } from '../../src/wire/otlp-walk.ts'
import { ProtoReader, ProtoWriter } from '../../src/wire/protobuf.ts'

/** OTLP requests to send, and what is in the traces that come back. */

export interface SentSpan {
  /** 32 and 16 hex digits. */
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string
  readonly name: string
  readonly startNs: bigint
  readonly durationNs: bigint
  /** Texts and integers. */
  readonly attributes?: Readonly<Record<string, string | number>>
}

/** An ExportTraceServiceRequest with all spans of one service. */
export function encodeSpans(service: string, spans: readonly SentSpan[]): Buffer {
  const w = new ProtoWriter(spans.length * 128 + 256)
  w.messageField(1, resourceSpans => {
    resourceSpans.messageField(1, resource => attribute(resource, 1, 'service.name', service))
    resourceSpans.messageField(2, scopeSpans => {
      for (const span of spans) scopeSpans.messageField(2, field => writeSpan(field, span))
    })
  })
  return Buffer.from(w.finish())
}

function writeSpan(w: ProtoWriter, span: SentSpan): void {
  w.bytesField(1, Buffer.from(span.traceId, 'hex'))
  w.bytesField(2, Buffer.from(span.spanId, 'hex'))
  if (span.parentId) w.bytesField(4, Buffer.from(span.parentId, 'hex'))
  w.textField(5, span.name)
  w.varintField(6, 1)
  w.fixed64Field(7, span.startNs)
  w.fixed64Field(8, span.startNs + span.durationNs)
  for (const [key, value] of Object.entries(span.attributes ?? {})) attribute(w, 9, key, value)
}

function attribute(w: ProtoWriter, field: number, key: string, value: string | number): void {
  w.messageField(field, keyValue => {
    keyValue.textField(1, key)
    keyValue.messageField(2, any => {
      if (typeof value === 'string') any.textField(1, value)
      else any.varintField(3, value)
    })
  })
}

export interface FoundSpan {
  readonly traceId: string
  readonly spanId: string
  readonly name: string
}

/** The spans of OTLP TracesData, in their order. Fails when it is malformed. */
export function spansIn(body: Uint8Array): FoundSpan[] {
  const found: FoundSpan[] = []
  walkOtlp(body, {
    span(start, end) {
      const span = { traceId: '', spanId: '', name: '' }
      const reader = new ProtoReader(body, start, end)
      while (reader.more()) {
        const tag = reader.tag()
        if (tag === 0x0a) span.traceId = Buffer.from(reader.bytes()).toString('hex')
        else if (tag === 0x12) span.spanId = Buffer.from(reader.bytes()).toString('hex')
        else if (tag === 0x2a) span.name = Buffer.from(reader.bytes()).toString()
        else reader.skip(tag & 7)
      }
      found.push(span)
    },
  })
  return found
}

/** A number as the hex digits of an id: never zero. */
export function hexId(number: number, digits: 16 | 32): string {
  return (number + 1).toString(16).padStart(digits, '0')
}

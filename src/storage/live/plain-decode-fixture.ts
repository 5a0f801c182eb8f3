import { ProtoReader } from '../../wire/protobuf.ts'
import {
  decodeValue,
  type PlainAttribute,
  type PlainEvent,
  type PlainLink,
  type PlainSpan,
} from './plain-spans-fixture.ts'

/** OTLP bytes as plain spans: the other way of `encodeSpans`, for what a store gives back. */

/** Calls `read` per field; what it returns false for is skipped. */
function eachField(reader: ProtoReader, read: (tag: number) => boolean): void {
  while (reader.more()) {
    const tag = reader.tag()
    if (!read(tag)) reader.skip(tag & 7)
  }
}

export function decodeSpans(bytes: Uint8Array): PlainSpan[] {
  const spans: PlainSpan[] = []
  const request = new ProtoReader(bytes)
  eachField(request, tag => {
    if (tag === 0x0a) decodeResourceSpans(request.message(), spans)
    return tag === 0x0a
  })
  return spans
}

function decodeResourceSpans(reader: ProtoReader, into: PlainSpan[]): void {
  const resource: PlainAttribute[] = []
  const later: ProtoReader[] = []
  eachField(reader, tag => {
    if (tag === 0x0a) {
      const message = reader.message()
      eachField(message, inner => inner === 0x0a && addAttribute(message, resource))
    } else if (tag === 0x12) later.push(reader.message())
    return tag === 0x0a || tag === 0x12
  })
  for (const message of later) decodeScopeSpans(message, resource, into)
}

function addAttribute(reader: ProtoReader, into: PlainAttribute[]): boolean {
  const entry = reader.message()
  entry.tag()
  const key = entry.text()
  entry.tag()
  into.push({ key, value: decodeValue(entry.bytes()) })
  return true
}

function decodeScopeSpans(
  reader: ProtoReader,
  resource: readonly PlainAttribute[],
  into: PlainSpan[],
): void {
  const scope: PlainAttribute[] = []
  const names = { scopeName: '', scopeVersion: '' }
  const later: ProtoReader[] = []
  eachField(reader, tag => {
    if (tag === 0x0a) {
      const message = reader.message()
      eachField(message, inner => {
        if (inner === 0x0a) names.scopeName = message.text()
        else if (inner === 0x12) names.scopeVersion = message.text()
        else return inner === 0x1a && addAttribute(message, scope)
        return true
      })
    } else if (tag === 0x12) later.push(reader.message())
    return tag === 0x0a || tag === 0x12
  })
  for (const message of later) into.push({ ...decodeSpan(message), ...names, resource, scope })
}

function hex(reader: ProtoReader): string {
  return Buffer.from(reader.bytes()).toString('hex')
}

function decodeSpan(reader: ProtoReader): Omit<PlainSpan, 'resource' | 'scope'> {
  const attributes: PlainAttribute[] = []
  const events: PlainEvent[] = []
  const links: PlainLink[] = []
  const span = {
    ...{ traceId: '', spanId: '', parentId: '', name: '', kind: 0, status: 0 },
    ...{ statusMessage: '', traceState: '', startNs: 0n, endNs: 0n },
    ...{ attributes, events, links, scopeName: '', scopeVersion: '' },
  }
  eachField(reader, tag => {
    if (tag === 0x0a) span.traceId = hex(reader)
    else if (tag === 0x12) span.spanId = hex(reader)
    else if (tag === 0x1a) span.traceState = reader.text()
    else if (tag === 0x22) span.parentId = hex(reader)
    else if (tag === 0x2a) span.name = reader.text()
    else if (tag === 0x30) span.kind = reader.varint32()
    else if (tag === 0x39) span.startNs = reader.fixed64BigInt()
    else if (tag === 0x41) span.endNs = reader.fixed64BigInt()
    else if (tag === 0x4a) addAttribute(reader, attributes)
    else if (tag === 0x5a) events.push(decodeEvent(reader.message()))
    else if (tag === 0x6a) links.push(decodeLink(reader.message()))
    else if (tag === 0x7a) decodeStatus(reader.message(), span)
    else return false
    return true
  })
  return span
}

function decodeStatus(reader: ProtoReader, span: { status: number; statusMessage: string }): void {
  eachField(reader, tag => {
    if (tag === 0x12) span.statusMessage = reader.text()
    else if (tag === 0x18) span.status = reader.varint32()
    else return false
    return true
  })
}

function decodeEvent(reader: ProtoReader): PlainEvent {
  const attributes: PlainAttribute[] = []
  const event = { timeNs: 0n, name: '', attributes }
  eachField(reader, tag => {
    if (tag === 0x09) event.timeNs = reader.fixed64BigInt()
    else if (tag === 0x12) event.name = reader.text()
    else return tag === 0x1a && addAttribute(reader, attributes)
    return true
  })
  return event
}

function decodeLink(reader: ProtoReader): PlainLink {
  const attributes: PlainAttribute[] = []
  const link = { traceId: '', spanId: '', attributes }
  eachField(reader, tag => {
    if (tag === 0x0a) link.traceId = hex(reader)
    else if (tag === 0x12) link.spanId = hex(reader)
    else return tag === 0x22 && addAttribute(reader, attributes)
    return true
  })
  return link
}

import { bytesToHex } from '../model/ids.ts'
import {
  emptyServiceName,
  type JaegerSpan,
  type JaegerTrace,
  type Log,
  missingServiceName,
  noSpanId,
  noTraceId,
  type Process,
  type Reference,
  spanKindWords,
  stringTag,
  type Tag,
} from './jaeger-model.ts'
import { readTag } from './jaeger-values.ts'
import { ProtoReader } from './protobuf.ts'

/**
 * OTLP `TracesData` protobuf -> Jaeger's classic model, nothing adjusted. What that model has no
 * place for is lost: attributes of scopes and links, flags, schema URLs, dropped counts. Parts
 * that may come in any order are collected before they are combined.
 */

/** One entry per trace id, in order of first appearance; spans by start, then as they came. */
export function tracesToJaeger(traces: Uint8Array): JaegerTrace[] {
  const byId = new Map<string, JaegerSpan[]>()
  const collect = (span: JaegerSpan): void => {
    const spans = byId.get(span.traceId)
    if (spans === undefined) byId.set(span.traceId, [span])
    else spans.push(span)
  }
  const reader = new ProtoReader(traces)
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) readResourceSpans(reader.message(), collect)
    else reader.skip(tag & 7)
  }
  return [...byId].map(([traceId, spans]) => ({ traceId, spans: spans.sort(earliestFirst) }))
}

function earliestFirst(a: JaegerSpan, b: JaegerSpan): number {
  return a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0
}

function readResourceSpans(reader: ProtoReader, collect: (span: JaegerSpan) => void): void {
  let process: Process = { serviceName: missingServiceName, tags: [] }
  const scopes: ProtoReader[] = []
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) process = readProcess(reader.message())
    else if (tag === 0x12) scopes.push(reader.message())
    else reader.skip(tag & 7)
  }
  for (const scope of scopes) readScopeSpans(scope, process, collect)
}

function readProcess(reader: ProtoReader): Process {
  const all: Tag[] = []
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) all.push(readTag(reader.message()))
    else reader.skip(tag & 7)
  }
  const named = all.find(tag => tag.key === 'service.name')
  const name = named?.type === 'string' ? String(named.value) : missingServiceName
  return {
    serviceName: name === '' ? emptyServiceName : name,
    tags: all.filter(tag => tag.key !== 'service.name'),
  }
}

function readScopeSpans(
  reader: ProtoReader,
  process: Process,
  collect: (span: JaegerSpan) => void,
): void {
  let scopeTags: readonly Tag[] = []
  const spans: ProtoReader[] = []
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) scopeTags = readScope(reader.message())
    else if (tag === 0x12) spans.push(reader.message())
    else reader.skip(tag & 7)
  }
  for (const span of spans) collect(toSpan(readSpan(span), scopeTags, process))
}

function readScope(reader: ProtoReader): Tag[] {
  let name = ''
  let version = ''
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.text()
    else if (tag === 0x12) version = reader.text()
    else reader.skip(tag & 7)
  }
  return [...generated('otel.scope.name', name), ...generated('otel.scope.version', version)]
}

function generated(key: string, value: string): Tag[] {
  return value === '' ? [] : [stringTag(key, value)]
}

/** A span as it was sent. Ids are hex with all leading zeros; `parentId` may be empty. */
interface SentSpan {
  traceId: string
  spanId: string
  parentId: string
  name: string
  traceState: string
  kind: number
  startNs: bigint
  endNs: bigint
  statusCode: number
  statusMessage: string
  readonly attributes: Tag[]
  readonly logs: Log[]
  readonly links: Reference[]
}

function readSpan(reader: ProtoReader): SentSpan {
  const span: SentSpan = {
    traceId: noTraceId,
    spanId: noSpanId,
    parentId: '',
    name: '',
    traceState: '',
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    statusCode: 0,
    statusMessage: '',
    attributes: [],
    logs: [],
    links: [],
  }
  while (reader.more()) readSpanField(reader, reader.tag(), span)
  return span
}

function readSpanField(reader: ProtoReader, tag: number, span: SentSpan): void {
  switch (tag) {
    case 0x0a:
      span.traceId = hexId(reader.bytes(), 32)
      break
    case 0x12:
      span.spanId = hexId(reader.bytes(), 16)
      break
    case 0x1a:
      span.traceState = reader.text()
      break
    case 0x22:
      span.parentId = parentIdOf(reader.bytes())
      break
    case 0x2a:
      span.name = reader.text()
      break
    case 0x30:
      span.kind = reader.varint32()
      break
    case 0x39:
      span.startNs = reader.fixed64BigInt()
      break
    case 0x41:
      span.endNs = reader.fixed64BigInt()
      break
    case 0x4a:
      span.attributes.push(readTag(reader.message()))
      break
    case 0x5a:
      span.logs.push(readEvent(reader.message()))
      break
    case 0x6a:
      span.links.push(readLink(reader.message()))
      break
    case 0x7a:
      readStatus(reader.message(), span)
      break
    default:
      reader.skip(tag & 7)
  }
}

function hexId(bytes: Uint8Array, digits: 16 | 32): string {
  return bytesToHex(bytes).padStart(digits, '0')
}

/** Eight zero bytes also mean that there is no parent. */
function parentIdOf(bytes: Uint8Array): string {
  return bytes.every(byte => byte === 0) ? '' : hexId(bytes, 16)
}

function readStatus(reader: ProtoReader, span: SentSpan): void {
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x12) span.statusMessage = reader.text()
    else if (tag === 0x18) span.statusCode = reader.varint32()
    else reader.skip(tag & 7)
  }
}

/** The name becomes the field `event` unless an attribute has that key already. */
function readEvent(reader: ProtoReader): Log {
  let timeNs = 0n
  let name = ''
  const attributes: Tag[] = []
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x09) timeNs = reader.fixed64BigInt()
    else if (tag === 0x12) name = reader.text()
    else if (tag === 0x1a) attributes.push(readTag(reader.message()))
    else reader.skip(tag & 7)
  }
  const own = attributes.some(attribute => attribute.key === 'event')
  return { timeNs, fields: own ? attributes : [...generated('event', name), ...attributes] }
}

function readLink(reader: ProtoReader): Reference {
  let traceId = noTraceId
  let spanId = noSpanId
  let refType: Reference['refType'] = 'FOLLOWS_FROM'
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) traceId = hexId(reader.bytes(), 32)
    else if (tag === 0x12) spanId = hexId(reader.bytes(), 16)
    else if (tag === 0x22) {
      const { key, value } = readTag(reader.message())
      if (key === 'opentracing.ref_type' && value === 'child_of') refType = 'CHILD_OF'
    } else reader.skip(tag & 7)
  }
  return { refType, traceId, spanId }
}

function toSpan(sent: SentSpan, scopeTags: readonly Tag[], process: Process): JaegerSpan {
  const backwards = sent.endNs < sent.startNs
  return {
    traceId: sent.traceId,
    spanId: sent.spanId,
    operationName: sent.name,
    references: toReferences(sent),
    startNs: sent.startNs,
    durationNs: backwards ? 0n : sent.endNs - sent.startNs,
    tags: [...scopeTags, ...sent.attributes, ...generatedTags(sent)],
    logs: sent.logs,
    process,
    warnings: backwards ? ['the span ends before it starts; its duration is shown as 0'] : [],
  }
}

/** The parent first. A link that names the parent too decides what kind of reference that is. */
function toReferences({ traceId, parentId, links }: SentSpan): Reference[] {
  if (parentId === '') return links
  const parent: Reference = { refType: 'CHILD_OF', traceId, spanId: parentId }
  const references = [parent]
  for (const link of links) {
    if (link.traceId === traceId && link.spanId === parentId) parent.refType = link.refType
    else references.push(link)
  }
  return references
}

function generatedTags(sent: SentSpan): Tag[] {
  const { statusCode } = sent
  const tags = generated('span.kind', spanKindWords[sent.kind] ?? '')
  if (statusCode === 1) tags.push(stringTag('otel.status_code', 'OK'))
  if (statusCode === 2) {
    tags.push(stringTag('otel.status_code', 'ERROR'))
    tags.push({ key: 'error', type: 'bool', value: true })
  }
  tags.push(...generated('otel.status_description', sent.statusMessage))
  tags.push(...generated('w3c.tracestate', sent.traceState))
  return tags
}

import { jsonDouble } from './json-bytes.ts'
import {
  type Dialect,
  names,
  newWalk,
  otlpDialect,
  scan,
  spanKinds,
  statusCodes,
  tempoDialect,
  token,
  type Walk,
  writeCount,
  writeEnum,
  writeFlags,
  writeId,
  writeList,
  writeMessage,
  writeName,
  writeText,
  writeTime,
} from './otlp-json-fields.ts'
import { ProtoReader, WireType } from './protobuf.ts'

/**
 * OTLP `TracesData` protobuf -> JSON, as one walk over the bytes without building objects.
 *
 * Two dialects. Tempo's: ids in base64, enums by name, no span and link flags (its own clients
 * refuse unknown fields); `scope` and `status` are always there. OTLP's: ids in hex, enums as
 * numbers, everything. Both: 64-bit numbers are text, zero and empty fields are left out. When a
 * field that is not a list appears twice, the last one counts.
 */

export type TempoTraceShape = 'batches' | 'resourceSpans'

/** `{"batches":[…]}` (v1) or `{"resourceSpans":[…]}` (inside v2); `{}` when there are no spans. */
export function tracesToTempoJsonBytes(traces: Uint8Array, shape: TempoTraceShape): Buffer {
  return encodeTraces(traces, tempoDialect, shape === 'batches' ? names.batches : names.spans)
}

export function tracesToTempoJson(traces: Uint8Array, shape: TempoTraceShape): string {
  return tracesToTempoJsonBytes(traces, shape).toString('utf8')
}

/** OTLP/JSON: `{"resourceSpans":[…]}`, `{}` when there are none. */
export function tracesToOtlpJsonBytes(traces: Uint8Array): Buffer {
  return encodeTraces(traces, otlpDialect, names.spans)
}

export function tracesToOtlpJson(traces: Uint8Array): string {
  return tracesToOtlpJsonBytes(traces).toString('utf8')
}

/** One encoded `AnyValue`, e.g. `{"stringValue":"x"}`; `{}` when it is not set. */
export function anyValueToJson(value: Uint8Array): string {
  const walk = newWalk(value, otlpDialect, value.length * 2)
  writeAnyValue(walk, 0, value.length)
  return walk.out.finish().toString('utf8')
}

function encodeTraces(traces: Uint8Array, dialect: Dialect, name: Uint8Array): Buffer {
  const walk = newWalk(traces, dialect, traces.length * 3)
  const found = scan(walk, 'traces', 0, traces.length)
  walk.out.token(openObject)
  writeList(walk, found, 1, name, writeResourceSpans)
  walk.out.token(closeObject)
  return walk.out.finish()
}

function writeResourceSpans(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'resourceSpans', start, end)
  walk.out.token(openObject)
  writeMessage(walk, found, 1, names.resource, writeResource)
  writeList(walk, found, 2, names.scopeSpans, writeScopeSpans)
  writeText(walk, found, 3, names.schemaUrl)
  walk.out.token(closeObject)
}

function writeResource(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'resource', start, end)
  walk.out.token(openObject)
  writeList(walk, found, 1, names.attributes, writeKeyValue)
  writeCount(walk, found, 2, names.droppedAttributesCount)
  walk.out.token(closeObject)
}

function writeScopeSpans(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'scopeSpans', start, end)
  walk.out.token(openObject)
  writeMessage(walk, found, 1, names.scope, writeScope)
  writeList(walk, found, 2, names.spanList, writeSpan)
  writeText(walk, found, 3, names.schemaUrl)
  walk.out.token(closeObject)
}

function writeScope(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'scope', start, end)
  walk.out.token(openObject)
  writeText(walk, found, 1, names.name)
  writeText(walk, found, 2, names.version)
  writeList(walk, found, 3, names.attributes, writeKeyValue)
  writeCount(walk, found, 4, names.droppedAttributesCount)
  walk.out.token(closeObject)
}

function writeSpan(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'span', start, end)
  walk.out.token(openObject)
  writeId(walk, found, 1, names.traceId)
  writeId(walk, found, 2, names.spanId)
  writeText(walk, found, 3, names.traceState)
  writeId(walk, found, 4, names.parentSpanId)
  writeText(walk, found, 5, names.name)
  writeEnum(walk, found, 6, names.kind, spanKinds)
  writeTime(walk, found, 7, names.startTimeUnixNano)
  writeTime(walk, found, 8, names.endTimeUnixNano)
  writeList(walk, found, 9, names.attributes, writeKeyValue)
  writeCount(walk, found, 10, names.droppedAttributesCount)
  writeList(walk, found, 11, names.events, writeEvent)
  writeCount(walk, found, 12, names.droppedEventsCount)
  writeList(walk, found, 13, names.links, writeLink)
  writeCount(walk, found, 14, names.droppedLinksCount)
  writeMessage(walk, found, 15, names.status, writeStatus)
  writeFlags(walk, found, 16)
  walk.out.token(closeObject)
}

function writeEvent(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'event', start, end)
  walk.out.token(openObject)
  writeTime(walk, found, 1, names.timeUnixNano)
  writeText(walk, found, 2, names.name)
  writeList(walk, found, 3, names.attributes, writeKeyValue)
  writeCount(walk, found, 4, names.droppedAttributesCount)
  walk.out.token(closeObject)
}

function writeLink(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'link', start, end)
  walk.out.token(openObject)
  writeId(walk, found, 1, names.traceId)
  writeId(walk, found, 2, names.spanId)
  writeText(walk, found, 3, names.traceState)
  writeList(walk, found, 4, names.attributes, writeKeyValue)
  writeCount(walk, found, 5, names.droppedAttributesCount)
  writeFlags(walk, found, 6)
  walk.out.token(closeObject)
}

function writeStatus(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'status', start, end)
  walk.out.token(openObject)
  writeText(walk, found, 2, names.message)
  writeEnum(walk, found, 3, names.code, statusCodes)
  walk.out.token(closeObject)
}

function writeKeyValue(walk: Walk, start: number, end: number): void {
  openKeyValue(walk, start, end)
  const { slots } = walk.shapes.keyValue
  if (slots[6]! >= 0) {
    writeName(walk, names.value)
    writeAnyValue(walk, slots[7]!, slots[8]!)
  }
  walk.out.token(closeObject)
}

function openKeyValue(walk: Walk, start: number, end: number): void {
  const found = scan(walk, 'keyValue', start, end)
  walk.out.token(openObject)
  writeText(walk, found, 1, names.key)
}

/** An open array or key-value list: what is left of it. */
interface OpenList {
  readonly reader: ProtoReader
  readonly keyed: boolean
}

/** Nested values are kept on a stack of ours: no depth of data can overflow the runtime's. */
function writeAnyValue(walk: Walk, start: number, end: number): void {
  let list = writeOrOpen(walk, start, end)
  if (list === undefined) return
  const parents: OpenList[] = []
  while (list !== undefined) {
    const inner = writeElement(walk, list)
    if (inner === 'end') {
      walk.out.token(closeNested)
      list = parents.pop()
      if (list?.keyed) walk.out.token(closeObject)
    } else if (inner !== undefined) {
      parents.push(list)
      list = inner
    }
  }
}

/** Writes the next element of an open list, or opens it if it is a list itself. */
function writeElement(walk: Walk, list: OpenList): OpenList | 'end' | undefined {
  const { reader, keyed } = list
  while (reader.more()) {
    const tag = reader.tag()
    if (tag !== ((1 << 3) | WireType.bytes)) {
      reader.skip(tag & 7)
      continue
    }
    const length = reader.lengthDelimited()
    const start = reader.pos
    reader.pos += length
    walk.out.comma()
    return keyed
      ? writeKeyedElement(walk, start, start + length)
      : writeOrOpen(walk, start, start + length)
  }
  return 'end'
}

function writeKeyedElement(walk: Walk, start: number, end: number): OpenList | undefined {
  openKeyValue(walk, start, end)
  const { slots } = walk.shapes.keyValue
  if (slots[6]! >= 0) {
    writeName(walk, names.value)
    const inner = writeOrOpen(walk, slots[7]!, slots[8]!)
    if (inner !== undefined) return inner
  }
  walk.out.token(closeObject)
  return undefined
}

const { varint, fixed64, bytes } = WireType

/** Wire type of each member of the oneof, by field number. */
const valueWire = [-1, bytes, varint, varint, fixed64, bytes, bytes, bytes]

/** Writes a value that is no list; writes the opening of a list and gives it back. */
function writeOrOpen(walk: Walk, start: number, end: number): OpenList | undefined {
  const reader = new ProtoReader(walk.buffer, start, end)
  let field = 0
  let from = 0
  let to = 0
  while (reader.more()) {
    const tag = reader.tag()
    const type = tag & 7
    const known = valueWire[tag >>> 3] === type
    const length = type === WireType.bytes ? reader.lengthDelimited() : 0
    if (known) {
      field = tag >>> 3
      from = reader.pos
    }
    if (type === WireType.bytes) reader.pos += length
    else reader.skip(type)
    if (known) to = reader.pos
  }
  if (field === 5 || field === 6) return openNested(walk, field, from, to)
  writeScalar(walk, field, from, to)
  return undefined
}

function openNested(walk: Walk, field: 5 | 6, from: number, to: number): OpenList | undefined {
  const keyed = field === 6
  if (from === to) {
    walk.out.token(keyed ? emptyKeyValues : emptyArray)
    return undefined
  }
  walk.out.token(keyed ? openKeyValues : openArray)
  return { reader: new ProtoReader(walk.buffer, from, to), keyed }
}

function writeScalar(walk: Walk, field: number, from: number, to: number): void {
  const { out, buffer } = walk
  out.token(valueNames[field]!)
  if (field === 1) out.text(buffer, from, to)
  else if (field === 2) out.ascii(new ProtoReader(buffer, from, to).varint32() ? 'true' : 'false')
  else if (field === 3) {
    const int = BigInt.asIntN(64, new ProtoReader(buffer, from, to).varintBigInt())
    out.ascii(`"${int}"`)
  } else if (field === 4) out.ascii(jsonDouble(new ProtoReader(buffer, from, to).double()))
  else if (field === 7) out.base64(buffer, from, to)
  out.token(closeObject)
}

const openObject = token('{')
const closeObject = token('}')
const openArray = token('{"arrayValue":{"values":[')
const openKeyValues = token('{"kvlistValue":{"values":[')
const closeNested = token(']}}')
const emptyArray = token('{"arrayValue":{}}')
const emptyKeyValues = token('{"kvlistValue":{}}')
const valueNames = [
  '{',
  '{"stringValue":',
  '{"boolValue":',
  '{"intValue":',
  '{"doubleValue":',
  '',
  '',
  '{"bytesValue":',
].map(token)

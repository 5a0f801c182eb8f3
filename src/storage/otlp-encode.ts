import { ValueType } from '../model/columns.ts'
import type { AttributeField, OwnerFields, TraceRows } from '../model/trace-rows.ts'
import { ProtoReader, ProtoWriter } from '../wire/protobuf.ts'

/**
 * Rows of a trace -> OTLP TracesData, spans grouped by resource and scope in order of their first
 * span. The exact inverse of `live/decode-otlp`: fields that were absent stay absent.
 */
export function encodeTrace(rows: TraceRows): Uint8Array {
  const byResource = new Map<number, Map<number, number[]>>()
  for (let row = 0; row < rows.count; row++) {
    const scopes = getOrMake(byResource, rows.resource(row), () => new Map<number, number[]>())
    getOrMake(scopes, rows.instrumentation(row), () => []).push(row)
  }
  const w = new ProtoWriter(rows.count * 400)
  for (const [resource, scopes] of byResource) {
    const fields = rows.resourceFields(resource)
    const mark = w.beginMessage(1)
    w.messageField(1, () => writeOwner(w, fields, 1, 2))
    for (const [scope, members] of scopes) {
      const scopeFields = rows.instrumentationFields(scope)
      const scopeMark = w.beginMessage(2)
      w.messageField(1, () => {
        if (scopeFields.name.length > 0) w.bytesField(1, scopeFields.name)
        if (scopeFields.version.length > 0) w.bytesField(2, scopeFields.version)
        writeOwner(w, scopeFields, 3, 4)
      })
      for (const row of members) writeSpan(w, rows, row)
      if (scopeFields.schemaUrl.length > 0) w.bytesField(3, scopeFields.schemaUrl)
      w.endMessage(scopeMark)
    }
    if (fields.schemaUrl.length > 0) w.bytesField(3, fields.schemaUrl)
    w.endMessage(mark)
  }
  return w.finish()
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function writeOwner(
  w: ProtoWriter,
  owner: OwnerFields,
  attributesField: number,
  droppedField: number,
): void {
  writeAttributes(w, attributesField, owner.attributes)
  if (owner.droppedAttributes > 0) w.varintField(droppedField, owner.droppedAttributes)
}

function writeSpan(w: ProtoWriter, rows: TraceRows, row: number): void {
  const span = rows.span(row)
  const mark = w.beginMessage(2)
  w.bytesField(1, rows.traceId)
  w.bytesField(2, span.spanId)
  if (span.traceState.length > 0) w.bytesField(3, span.traceState)
  if (span.parentId.length > 0) w.bytesField(4, span.parentId)
  if (span.name.length > 0) w.bytesField(5, span.name)
  if (span.kind > 0) w.varintField(6, span.kind)
  if ((span.startLow | span.startHigh) !== 0) w.fixed64LanesField(7, span.startLow, span.startHigh)
  if ((span.endLow | span.endHigh) !== 0) w.fixed64LanesField(8, span.endLow, span.endHigh)
  writeAttributes(w, 9, rows.spanAttributes(row))
  if (span.droppedAttributes > 0) w.varintField(10, span.droppedAttributes)
  for (const event of rows.events(row)) {
    const eventMark = w.beginMessage(11)
    if ((event.timeLow | event.timeHigh) !== 0)
      w.fixed64LanesField(1, event.timeLow, event.timeHigh)
    if (event.name.length > 0) w.bytesField(2, event.name)
    writeAttributes(w, 3, event.attributes)
    if (event.droppedAttributes > 0) w.varintField(4, event.droppedAttributes)
    w.endMessage(eventMark)
  }
  if (span.droppedEvents > 0) w.varintField(12, span.droppedEvents)
  writeLinks(w, rows, row)
  if (span.droppedLinks > 0) w.varintField(14, span.droppedLinks)
  if (span.status > 0 || span.statusMessage.length > 0) {
    w.messageField(15, () => {
      if (span.statusMessage.length > 0) w.bytesField(2, span.statusMessage)
      if (span.status > 0) w.varintField(3, span.status)
    })
  }
  if (span.flags > 0) w.fixed32Field(16, span.flags)
  w.endMessage(mark)
}

function writeLinks(w: ProtoWriter, rows: TraceRows, row: number): void {
  for (const link of rows.links(row)) {
    const mark = w.beginMessage(13)
    w.bytesField(1, link.ids.subarray(0, 16))
    w.bytesField(2, link.ids.subarray(16, 24))
    if (link.traceState.length > 0) w.bytesField(3, link.traceState)
    writeAttributes(w, 4, link.attributes)
    if (link.droppedAttributes > 0) w.varintField(5, link.droppedAttributes)
    if (link.flags > 0) w.fixed32Field(6, link.flags)
    w.endMessage(mark)
  }
}

function writeAttributes(
  w: ProtoWriter,
  field: number,
  attributes: Iterable<AttributeField>,
): void {
  for (const attribute of attributes) {
    if (attribute.type === ValueType.overflow) {
      writeOverflow(w, field, attribute.bytes)
      continue
    }
    const mark = w.beginMessage(field)
    w.bytesField(1, attribute.key)
    const valueMark = w.beginMessage(2)
    writeValue(w, attribute)
    w.endMessage(valueMark)
    w.endMessage(mark)
  }
}

function writeValue(w: ProtoWriter, attribute: AttributeField): void {
  switch (attribute.type) {
    case ValueType.text:
      w.bytesField(1, attribute.bytes)
      break
    case ValueType.bool:
      w.boolField(2, attribute.number !== 0)
      break
    case ValueType.int:
      w.varintField(3, attribute.number)
      break
    case ValueType.double:
      w.doubleField(4, attribute.number)
      break
    default:
      w.raw(attribute.bytes, 0, attribute.bytes.length)
  }
}

/** An overflow value is a KeyValueList whose entries become attributes again. */
function writeOverflow(w: ProtoWriter, field: number, list: Uint8Array): void {
  const reader = new ProtoReader(list)
  while (reader.more()) {
    reader.tag()
    w.bytesField(field, reader.bytes())
  }
}

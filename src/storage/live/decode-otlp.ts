import { Scope } from '../../model/columns.ts'
import {
  contentHash,
  cursorAt,
  endAttributes,
  mixContent,
  readAttribute,
  readUint32,
  readVarint,
  resetContentHash,
  setCursor,
  skipField,
} from './decode-attributes.ts'
import { internInstrumentation, internResource } from './decode-owners.ts'
import type { LiveSegment } from './live-segment.ts'

/**
 * OTLP bytes straight into the columns of a live segment: no object per span. The bytes must have
 * passed `wire/otlp-walk`.
 */

/** Limits that only the segment can check; 0 = off. */
export interface AppendLimits {
  readonly traceBytesMax: number
  readonly tracesMax: number
}

export interface AppendResult {
  spans: number
  /** Spans that were here already, byte for byte: a client's retry. */
  duplicates: number
  /** Spans refused because their trace is too large, and because too many traces are live. */
  traceTooLarge: number
  liveTracesExceeded: number
}

const noLimits: AppendLimits = { traceBytesMax: 0, tracesMax: 0 }

/** Appends every span of an encoded ExportTraceServiceRequest (or TracesData). */
export function appendOtlp(
  segment: LiveSegment,
  b: Uint8Array,
  limits: AppendLimits = noLimits,
): AppendResult {
  const result = { spans: 0, duplicates: 0, traceTooLarge: 0, liveTracesExceeded: 0 }
  setCursor(0)
  while (cursorAt() < b.length) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    if (tag !== 0x0a) {
      skipRest(b, tag)
      continue
    }
    const length = readVarint(b)
    appendResourceSpans(segment, b, cursorAt() + length, limits, result)
  }
  segment.generation++
  return result
}

function skipRest(b: Uint8Array, tag: number): void {
  if (tag < 128) {
    skipField(b, tag & 7)
    return
  }
  setCursor(cursorAt() - 1)
  skipField(b, readVarint(b) & 7)
}

function appendResourceSpans(
  segment: LiveSegment,
  b: Uint8Array,
  end: number,
  limits: AppendLimits,
  result: AppendResult,
): void {
  const start = cursorAt()
  const resource = internResource(segment, b, start, end)
  setCursor(start)
  while (cursorAt() < end) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    if (tag !== 0x12) {
      skipRest(b, tag)
      continue
    }
    const scopeEnd = readVarint(b) + cursorAt()
    const scopeStart = cursorAt()
    const instrumentation = internInstrumentation(segment, b, scopeStart, scopeEnd)
    setCursor(scopeStart)
    while (cursorAt() < scopeEnd) {
      const inner = b[cursorAt()]!
      setCursor(cursorAt() + 1)
      if (inner !== 0x12) {
        skipRest(b, inner)
        continue
      }
      const spanEnd = readVarint(b) + cursorAt()
      appendSpan(segment, b, spanEnd, resource, instrumentation, limits, result)
      setCursor(spanEnd)
    }
  }
}

/** Fields of the span being read; one decoder per thread, so one record serves all. */
const field = {
  name: 0,
  statusMessage: 0,
  traceState: 0,
  flags: 0,
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
  node: 0,
}

/** Events and links are read after the attributes, so that these stay contiguous. */
const late: number[] = []

function appendSpan(
  segment: LiveSegment,
  b: Uint8Array,
  end: number,
  resource: number,
  instrumentation: number,
  limits: AppendLimits,
  result: AppendResult,
): void {
  const start = cursorAt()
  const { spans } = segment
  const row = spans.count
  spans.reserve(row + 1)
  const firstAttribute = segment.attributeCount
  resetRow(segment, row, resource, instrumentation)
  readSpanFields(segment, b, end, row)
  const shape = segment.shapes.shapeOf(endAttributes(segment, b, Scope.span, field.node))
  spans.shape[row] = shape
  finishContentHash(segment, row)
  const eventsBefore = segment.events.count
  const linksBefore = segment.links.count
  readEventsAndLinks(segment, b, row)
  spans.contentLow[row] = contentHash.low
  spans.contentHigh[row] = contentHash.high
  const refused = admit(segment, b, row, end - start, limits, result)
  if (refused) {
    segment.rewindAttributes(firstAttribute)
    segment.events.count = eventsBefore
    segment.links.count = linksBefore
    return
  }
  if (hasRareFields()) storeRareFields(segment, row)
  spans.count = row + 1
  spans.eventStart[row + 1] = segment.events.count
  spans.linkStart[row + 1] = segment.links.count
  segment.coverTimes(
    spans.startLow[row]!,
    spans.startHigh[row]!,
    spans.endLow[row]!,
    spans.endHigh[row]!,
  )
  result.spans++
}

function resetRow(segment: LiveSegment, row: number, resource: number, scope: number): void {
  const { spans } = segment
  spans.kind[row] = 0
  spans.status[row] = 0
  spans.startLow[row] = 0
  spans.startHigh[row] = 0
  spans.endLow[row] = 0
  spans.endHigh[row] = 0
  for (let i = row * 8; i < row * 8 + 8; i++) spans.parentId[i] = 0
  spans.resource[row] = resource
  spans.instrumentation[row] = scope
  spans.attributeStart[row] = segment.attributeCount
  spans.eventStart[row] = segment.events.count
  spans.linkStart[row] = segment.links.count
  spans.rare[row] = 0
  field.name = segment.emptyText
  field.statusMessage = 0
  field.traceState = 0
  field.flags = 0
  field.droppedAttributes = 0
  field.droppedEvents = 0
  field.droppedLinks = 0
  field.node = 0
  late.length = 0
  resetContentHash()
}

/** Where the trace id of the span being read lies in the request. */
let traceIdAt = 0

function readSpanFields(segment: LiveSegment, b: Uint8Array, end: number, row: number): void {
  const { spans, values } = segment
  while (cursorAt() < end) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    switch (tag) {
      case 0x0a: {
        const length = readVarint(b)
        traceIdAt = cursorAt()
        setCursor(traceIdAt + length)
        break
      }
      case 0x12:
        copyId(b, spans.spanId, row)
        break
      case 0x1a:
        field.traceState = 1 + internField(segment, b)
        break
      case 0x22:
        copyId(b, spans.parentId, row)
        break
      case 0x2a:
        field.name = internField(segment, b)
        break
      case 0x30:
        spans.kind[row] = Math.min(255, readVarint(b))
        break
      case 0x39:
        spans.startLow[row] = readUint32(b)
        spans.startHigh[row] = readUint32(b)
        break
      case 0x41:
        spans.endLow[row] = readUint32(b)
        spans.endHigh[row] = readUint32(b)
        break
      case 0x4a: {
        const length = readVarint(b)
        field.node = readAttribute(segment, b, cursorAt() + length, Scope.span, field.node)
        break
      }
      case 0x50:
        field.droppedAttributes = readVarint(b)
        break
      case 0x5a:
      case 0x6a: {
        const length = readVarint(b)
        late.push(tag, cursorAt(), cursorAt() + length)
        setCursor(cursorAt() + length)
        break
      }
      case 0x60:
        field.droppedEvents = readVarint(b)
        break
      case 0x70:
        field.droppedLinks = readVarint(b)
        break
      case 0x7a:
        readStatus(segment, b, row)
        break
      case 0x85:
        if (b[cursorAt()] === 0x01) {
          setCursor(cursorAt() + 1)
          field.flags = readUint32(b)
          break
        }
        skipRest(b, tag)
        break
      default:
        skipRest(b, tag)
    }
  }
  spans.name[row] = field.name
  mixContent(values.hashes[field.name]!)
}

function internField(segment: LiveSegment, b: Uint8Array): number {
  const length = readVarint(b)
  const id = segment.values.intern(b, cursorAt(), length)
  setCursor(cursorAt() + length)
  return id
}

/** An 8-byte id; the walk lets only 0 or 8 bytes through. */
function copyId(b: Uint8Array, into: Uint8Array, row: number): void {
  const length = readVarint(b)
  const at = cursorAt()
  for (let i = 0; i < length; i++) into[row * 8 + i] = b[at + i]!
  setCursor(at + length)
}

function readStatus(segment: LiveSegment, b: Uint8Array, row: number): void {
  const end = readVarint(b) + cursorAt()
  while (cursorAt() < end) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    if (tag === 0x18) segment.spans.status[row] = Math.min(255, readVarint(b))
    else if (tag === 0x12) field.statusMessage = 1 + internField(segment, b)
    else skipRest(b, tag)
  }
}

function finishContentHash(segment: LiveSegment, row: number): void {
  const { spans, resources, instrumentations } = segment
  const at = row * 8
  for (let i = 0; i < 8; i += 4) {
    mixContent(lane(spans.spanId, at + i))
    mixContent(lane(spans.parentId, at + i))
  }
  mixContent(spans.startLow[row]!)
  mixContent(spans.startHigh[row]!)
  mixContent(spans.endLow[row]!)
  mixContent(spans.endHigh[row]!)
  mixContent((spans.kind[row]! << 8) | spans.status[row]!)
  mixContent(textHash(segment, field.statusMessage))
  mixContent(textHash(segment, field.traceState))
  mixContent(field.flags)
  const { droppedAttributes, droppedEvents, droppedLinks } = field
  mixContent(
    droppedAttributes ^ Math.imul(droppedEvents, 0x9e3779b1) ^ Math.imul(droppedLinks, 0x85ebca6b),
  )
  const owner = resources[spans.resource[row]!]!
  mixContent(owner.hashLow)
  mixContent(owner.hashHigh)
  const scope = instrumentations[spans.instrumentation[row]!]!
  mixContent(scope.hashLow)
  mixContent(scope.hashHigh)
}

function textHash(segment: LiveSegment, idPlusOne: number): number {
  return idPlusOne === 0 ? 0 : segment.values.hashes[idPlusOne - 1]!
}

function lane(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Finds the trace and checks limits and repetition; true when the span is not taken. */
function admit(
  segment: LiveSegment,
  b: Uint8Array,
  row: number,
  spanBytes: number,
  limits: AppendLimits,
  result: AppendResult,
): boolean {
  const { traces } = segment
  // The trace id is part of the identity: the same span may not swallow another trace's.
  for (let i = 0; i < 16; i += 4) mixContent(lane(b, traceIdAt + i))
  segment.spans.contentLow[row] = contentHash.low
  segment.spans.contentHigh[row] = contentHash.high
  const atLimit = limits.tracesMax > 0 && traces.count >= limits.tracesMax
  if (atLimit && traces.find(b.subarray(traceIdAt, traceIdAt + 16)) < 0) {
    result.liveTracesExceeded++
    return true
  }
  const trace = traces.intern(b, traceIdAt)
  if (limits.traceBytesMax > 0 && traces.bytes[trace]! + spanBytes > limits.traceBytesMax) {
    result.traceTooLarge++
    return true
  }
  const { contentLow, contentHigh } = segment.spans
  if (segment.seenBefore(contentLow[row]!, contentHigh[row]!, row)) {
    result.duplicates++
    return true
  }
  traces.bytes[trace] = traces.bytes[trace]! + spanBytes
  traces.addFingerprint(trace, contentLow[row]!, contentHigh[row]!)
  segment.linkToTrace(row, trace)
  return false
}

function hasRareFields(): boolean {
  return (
    (field.statusMessage |
      field.traceState |
      field.flags |
      field.droppedAttributes |
      field.droppedEvents |
      field.droppedLinks) !==
    0
  )
}

function storeRareFields(segment: LiveSegment, row: number): void {
  const { rare, spans } = segment
  const index = rare.add(row)
  rare.statusMessage[index] = field.statusMessage
  rare.traceState[index] = field.traceState
  rare.flags[index] = field.flags
  rare.droppedAttributes[index] = field.droppedAttributes
  rare.droppedEvents[index] = field.droppedEvents
  rare.droppedLinks[index] = field.droppedLinks
  spans.rare[row] = index + 1
}

function readEventsAndLinks(segment: LiveSegment, b: Uint8Array, row: number): void {
  for (let i = 0; i < late.length; i += 3) {
    setCursor(late[i + 1]!)
    if (late[i] === 0x5a) readEvent(segment, b, late[i + 2]!, row)
    else readLink(segment, b, late[i + 2]!, row)
  }
}

function readEvent(segment: LiveSegment, b: Uint8Array, end: number, row: number): void {
  const { events } = segment
  const index = events.add(row)
  events.timeLow[index] = 0
  events.timeHigh[index] = 0
  events.name[index] = segment.emptyText
  events.attributeStart[index] = segment.attributeCount
  events.droppedAttributes[index] = 0
  let node = 0
  while (cursorAt() < end) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    if (tag === 0x09) {
      events.timeLow[index] = readUint32(b)
      events.timeHigh[index] = readUint32(b)
    } else if (tag === 0x12) events.name[index] = internField(segment, b)
    else if (tag === 0x1a) {
      const length = readVarint(b)
      node = readAttribute(segment, b, cursorAt() + length, Scope.event, node)
    } else if (tag === 0x20) events.droppedAttributes[index] = readVarint(b)
    else skipRest(b, tag)
  }
  events.shape[index] = segment.shapes.shapeOf(endAttributes(segment, b, Scope.event, node))
  mixContent(events.timeLow[index]!)
  mixContent(events.timeHigh[index]!)
  mixContent(segment.values.hashes[events.name[index]!]!)
  mixContent(events.droppedAttributes[index]!)
}

function readLink(segment: LiveSegment, b: Uint8Array, end: number, row: number): void {
  const { links } = segment
  const index = links.add(row)
  links.ids.fill(0, index * 24, index * 24 + 24)
  links.traceState[index] = 0
  links.flags[index] = 0
  links.attributeStart[index] = segment.attributeCount
  links.droppedAttributes[index] = 0
  let node = 0
  while (cursorAt() < end) {
    const tag = b[cursorAt()]!
    setCursor(cursorAt() + 1)
    if (tag === 0x0a) copyLinkId(b, links.ids, index * 24, 16)
    else if (tag === 0x12) copyLinkId(b, links.ids, index * 24 + 16, 8)
    else if (tag === 0x1a) links.traceState[index] = 1 + internField(segment, b)
    else if (tag === 0x22) {
      const length = readVarint(b)
      node = readAttribute(segment, b, cursorAt() + length, Scope.link, node)
    } else if (tag === 0x28) links.droppedAttributes[index] = readVarint(b)
    else if (tag === 0x35) links.flags[index] = readUint32(b)
    else skipRest(b, tag)
  }
  links.shape[index] = segment.shapes.shapeOf(endAttributes(segment, b, Scope.link, node))
  for (let i = 0; i < 24; i += 4) mixContent(lane(links.ids, index * 24 + i))
  mixContent(textHash(segment, links.traceState[index]!))
  mixContent(links.flags[index]!)
  mixContent(links.droppedAttributes[index]!)
}

/** Ids of links may have any length on the wire; they are kept right-aligned in their width. */
function copyLinkId(b: Uint8Array, into: Uint8Array, at: number, width: number): void {
  const length = readVarint(b)
  const from = cursorAt()
  const used = Math.min(length, width)
  for (let i = 0; i < used; i++) into[at + width - used + i] = b[from + i]!
  setCursor(from + length)
}

import { fail } from '../base/errors.ts'
import { varintSize } from './protobuf.ts'

/**
 * One pass over an OTLP ExportTraceServiceRequest that checks everything the decoder later trusts:
 * every length inside its parent, ids of the right size and not zero, values nested at most
 * `nestingMax` deep. Nothing is decoded or allocated per span, so hostile input costs its bytes.
 *
 * Fields: request 1 resource_spans { 1 resource, 2 scope_spans { 1 scope, 2 spans } }.
 */

/** Deeper values are refused before any work: reading them later would cost depth × size. */
export const nestingMax = 64

/** A request with more attributes, events or links in one span is refused. */
export const itemsPerSpanMax = 65_535

export interface WalkVisitor {
  /** Offsets of one span: its ResourceSpans, its ScopeSpans and the span message itself. */
  span(spanStart: number, spanEnd: number, traceIdAt: number, owner: SpanOwner): void
}

/** Where the surroundings of a span lie in the request; the same object while they are the same. */
export interface SpanOwner {
  readonly resourceStart: number
  readonly resourceEnd: number
  readonly scopeStart: number
  readonly scopeEnd: number
}

let at = 0

/** Walks the request; returns its number of spans. Fails with BAD_REQUEST, never partially. */
export function walkOtlp(b: Uint8Array, visitor?: WalkVisitor): number {
  let spans = 0
  at = 0
  while (at < b.length) {
    const tag = readTag(b, b.length)
    if (tag !== 0x0a) {
      skip(b, tag & 7, b.length)
      continue
    }
    spans += walkResourceSpans(b, readLength(b, b.length), visitor)
  }
  return spans
}

function walkResourceSpans(b: Uint8Array, end: number, visitor: WalkVisitor | undefined): number {
  const resourceStart = at
  let spans = 0
  while (at < end) {
    const tag = readTag(b, end)
    if (tag === 0x0a) walkAttributesOwner(b, readLength(b, end), 0x0a)
    else if (tag === 0x12) {
      const scopeEnd = readLength(b, end)
      const owner = { resourceStart, resourceEnd: end, scopeStart: at, scopeEnd }
      spans += walkScopeSpans(b, scopeEnd, owner, visitor)
    } else skip(b, tag & 7, end)
  }
  return spans
}

function walkScopeSpans(
  b: Uint8Array,
  end: number,
  owner: SpanOwner,
  visitor: WalkVisitor | undefined,
): number {
  let spans = 0
  while (at < end) {
    const tag = readTag(b, end)
    if (tag === 0x0a) walkAttributesOwner(b, readLength(b, end), 0x1a)
    else if (tag === 0x12) {
      const spanEnd = readLength(b, end)
      const spanStart = at
      const traceIdAt = walkSpan(b, spanEnd)
      visitor?.span(spanStart, spanEnd, traceIdAt, owner)
      spans++
    } else skip(b, tag & 7, end)
  }
  return spans
}

/** A Resource (attributes in field 1) or InstrumentationScope (field 3). */
function walkAttributesOwner(b: Uint8Array, end: number, attributesTag: number): void {
  while (at < end) {
    const tag = readTag(b, end)
    if (tag === attributesTag) walkKeyValue(b, readLength(b, end))
    else skip(b, tag & 7, end)
  }
}

/** Returns where the 16 bytes of the trace id begin. */
function walkSpan(b: Uint8Array, end: number): number {
  let traceIdAt = -1
  let traceIdBytes = 0
  let spanIdBytes = 0
  let spanIdAt = 0
  let items = 0
  while (at < end) {
    const tag = readTag(b, end)
    switch (tag) {
      case 0x0a: {
        const idEnd = readLength(b, end)
        traceIdAt = at
        traceIdBytes = idEnd - at
        if (traceIdBytes !== 16) throw badTraceId(traceIdBytes)
        at = idEnd
        break
      }
      case 0x12: {
        const idEnd = readLength(b, end)
        spanIdAt = at
        spanIdBytes = idEnd - at
        if (spanIdBytes !== 8) throw badSpanId(spanIdBytes)
        at = idEnd
        break
      }
      case 0x22:
        walkParentId(b, end)
        break
      case 0x4a:
        walkKeyValue(b, readLength(b, end))
        items++
        break
      case 0x5a:
        walkAttributesOwner(b, readLength(b, end), 0x1a)
        items++
        break
      case 0x6a:
        walkAttributesOwner(b, readLength(b, end), 0x22)
        items++
        break
      case 0x7a:
        walkAttributesOwner(b, readLength(b, end), -1)
        break
      default:
        skip(b, tag & 7, end)
    }
  }
  if (traceIdBytes === 0 || allZero(b, traceIdAt, 16)) throw badTraceId(0)
  if (spanIdBytes === 0 || allZero(b, spanIdAt, 8)) throw badSpanId(0)
  if (items > itemsPerSpanMax) {
    const what = `span with ${items} attributes, events and links exceeds the limit of ${itemsPerSpanMax}`
    throw fail('BAD_REQUEST', what)
  }
  return traceIdAt
}

function badTraceId(bytes: number): Error {
  return fail('BAD_REQUEST', `trace ids must be 128 bit, received ${bytes * 8} bits`)
}

function badSpanId(bytes: number): Error {
  const what = `span ids must be 64 bit and not all zero, received ${bytes * 8} bits`
  return fail('BAD_REQUEST', what)
}

function walkParentId(b: Uint8Array, end: number): void {
  const idEnd = readLength(b, end)
  const size = idEnd - at
  if (size !== 0 && size !== 8) {
    throw fail('BAD_REQUEST', `parent span ids must be 64 bit or empty, received ${size * 8} bits`)
  }
  at = idEnd
}

function allZero(b: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (b[i] !== 0) return false
  return true
}

/** KeyValue { 1 key, 2 value }. */
function walkKeyValue(b: Uint8Array, end: number): void {
  while (at < end) {
    const tag = readTag(b, end)
    if (tag === 0x12) walkAnyValue(b, readLength(b, end))
    else skip(b, tag & 7, end)
  }
}

/** What may follow in a nested value: (message kind, tag) -> kind of the inner message. */
const Kind = { none: 0, anyValue: 1, array: 2, keyValueList: 3, keyValue: 4 } as const

function innerKind(kind: number, tag: number): number {
  switch (kind) {
    case Kind.anyValue:
      return tag === 0x2a ? Kind.array : tag === 0x32 ? Kind.keyValueList : Kind.none
    case Kind.array:
      return tag === 0x0a ? Kind.anyValue : Kind.none
    case Kind.keyValueList:
      return tag === 0x0a ? Kind.keyValue : Kind.none
    default:
      return tag === 0x12 ? Kind.anyValue : Kind.none
  }
}

/** Messages around the one being walked (a level of values is up to three messages). */
const openEnds = new Float64Array(3 * nestingMax + 1)
const openKinds = new Uint8Array(3 * nestingMax + 1)

/** An AnyValue that ends at `end`, with everything nested in it, without recursion. */
function walkAnyValue(b: Uint8Array, end: number): void {
  let depth = 0
  openEnds[0] = end
  openKinds[0] = Kind.anyValue
  for (;;) {
    while (at === openEnds[depth]!) {
      if (depth === 0) return
      depth--
    }
    const here = openEnds[depth]!
    const tag = readTag(b, here)
    const kind = innerKind(openKinds[depth]!, tag)
    if (kind === Kind.none) {
      skip(b, tag & 7, here)
      continue
    }
    const inner = readLength(b, here)
    depth++
    if (depth === openEnds.length) {
      throw fail('BAD_REQUEST', `attribute values nested deeper than the limit of ${nestingMax}`)
    }
    openEnds[depth] = inner
    openKinds[depth] = kind
  }
}

function malformed(what: string): Error {
  return fail('BAD_REQUEST', `malformed OTLP protobuf: ${what} at byte ${at}`, { offset: at })
}

/** Decoders look at a tag's first byte: only the shortest form of a tag is let through. */
function readTag(b: Uint8Array, end: number): number {
  const start = at
  const tag = readVarint(b, end)
  if (tag >>> 3 === 0) throw malformed('field number 0')
  if (at > start + 1 && at - start !== varintSize(tag)) throw malformed('overlong tag')
  return tag
}

/** A length prefix; returns where the field ends, which is certain to be at most `end`. */
function readLength(b: Uint8Array, end: number): number {
  const start = at
  const length = readVarint(b, end)
  // Bits above 32 are dropped there, but not by who reads the length again.
  if (at > start + 5 || (at === start + 5 && b[at - 1]! > 15)) throw malformed('overlong length')
  if (length > end - at) throw malformed(`length ${length} beyond the end of its message`)
  return at + length
}

/** Low 32 bits of a varint. */
function readVarint(b: Uint8Array, end: number): number {
  if (at >= end) throw malformed('truncated varint')
  let byte = b[at++]!
  if (byte < 0x80) return byte
  let result = byte & 0x7f
  for (let shift = 7; shift < 70; shift += 7) {
    if (at >= end) throw malformed('truncated varint')
    byte = b[at++]!
    if (shift < 32) result |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      if (shift === 63 && byte > 1) throw malformed('varint above 64 bits')
      return result >>> 0
    }
  }
  throw malformed('varint longer than 10 bytes')
}

function skip(b: Uint8Array, wireType: number, end: number): void {
  if (wireType === 0) readVarint(b, end)
  else if (wireType === 2) at = readLength(b, end)
  else if (wireType === 1 || wireType === 5) {
    const size = wireType === 1 ? 8 : 4
    if (size > end - at) throw malformed('truncated field')
    at += size
  } else throw malformed(`wire type ${wireType}`)
}

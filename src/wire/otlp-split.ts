import { type SpanOwner, walkOtlp } from './otlp-walk.ts'
import { ProtoWriter } from './protobuf.ts'

/**
 * Splits a checked request into requests by trace. Resource, scope and spans are copied as the
 * bytes they are: nothing is decoded.
 */

/** Records above this are cut at trace boundaries, and a larger trace at span boundaries. */
export const recordBytesMax = 1 << 20

interface Part {
  readonly spans: { start: number; end: number; owner: SpanOwner }[]
  bytes: number
}

/** One request per number that `partOf` gives (by the offset of the trace id), each cut in records. */
export function splitByTrace(
  body: Uint8Array,
  partOf: (traceIdAt: number) => number,
): Map<number, Uint8Array[]> {
  const parts = new Map<number, Part[]>()
  walkOtlp(body, {
    span(start, end, traceIdAt, owner) {
      const number = partOf(traceIdAt)
      let records = parts.get(number)
      if (!records) {
        records = []
        parts.set(number, records)
      }
      let record = records[records.length - 1]
      const bytes = end - start + 16
      if (!record || record.bytes + bytes > recordBytesMax) {
        record = { spans: [], bytes: 0 }
        records.push(record)
      }
      record.spans.push({ start, end, owner })
      record.bytes += bytes
    },
  })
  return new Map(
    [...parts].map(([number, records]) => [
      number,
      records.map(record => encodePart(body, record)),
    ]),
  )
}

function encodePart(body: Uint8Array, part: Part): Uint8Array {
  const w = new ProtoWriter(part.bytes + 1024)
  let resource = -1
  let scope = -1
  let resourceMark = 0
  let scopeMark = 0
  for (const { start, end, owner } of part.spans) {
    if (owner.resourceStart !== resource || owner.scopeStart !== scope) {
      if (scope >= 0) w.endMessage(scopeMark)
      if (owner.resourceStart !== resource) {
        if (resource >= 0) w.endMessage(resourceMark)
        resourceMark = w.beginMessage(1)
        copyFieldsExceptSpans(w, body, owner.resourceStart, owner.resourceEnd)
        resource = owner.resourceStart
      }
      scopeMark = w.beginMessage(2)
      copyFieldsExceptSpans(w, body, owner.scopeStart, owner.scopeEnd)
      scope = owner.scopeStart
    }
    w.bytesField(2, body.subarray(start, end))
  }
  if (scope >= 0) w.endMessage(scopeMark)
  if (resource >= 0) w.endMessage(resourceMark)
  return w.finish()
}

/** Copies the fields of a ResourceSpans or ScopeSpans but field 2, which holds what is split. */
function copyFieldsExceptSpans(w: ProtoWriter, body: Uint8Array, start: number, end: number): void {
  let at = start
  while (at < end) {
    const fieldAt = at
    let tag = 0
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++]!
      tag |= (byte & 127) << shift
      if (byte < 128) break
    }
    at = skipValue(body, at, tag & 7)
    if (tag !== 0x12) w.raw(body, fieldAt, at)
  }
}

/** The walk has checked every length, so this stays inside. */
function skipValue(body: Uint8Array, from: number, wireType: number): number {
  let at = from
  if (wireType === 1) return at + 8
  if (wireType === 5) return at + 4
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = body[at++]!
    value += (byte & 127) * scale
    if (byte < 128) break
  }
  return wireType === 2 ? at + value : at
}

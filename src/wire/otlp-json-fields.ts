import { JsonBytes } from './json-bytes.ts'
import { ProtoReader, WireType } from './protobuf.ts'

/**
 * Finding the fields of OTLP messages and writing them as JSON members; the tree of messages
 * itself is in otlp-json-encode.ts.
 */

export interface Dialect {
  readonly ids: 'base64' | 'hex'
  readonly enumNames: boolean
  readonly flags: boolean
}

export const tempoDialect: Dialect = { ids: 'base64', enumNames: true, flags: false }
export const otlpDialect: Dialect = { ids: 'hex', enumNames: false, flags: true }

/**
 * Which fields of a message are looked at and where they were found. `wire` has the wire type by
 * field number; `slots` has three numbers for each: position of the first tag, and start and end
 * of the last value; -1 when absent. One of each per kind of message and walk, since a message
 * never contains one of its own kind (values of attributes do, and are read otherwise).
 */
export interface Shape {
  readonly wire: Uint8Array
  readonly slots: Int32Array
}

const ignored = 255

function shape(wireByField: Readonly<Record<number, number>>): Uint8Array {
  const fieldMax = Math.max(...Object.keys(wireByField).map(Number))
  const wire = new Uint8Array(fieldMax + 1).fill(ignored)
  for (const [field, type] of Object.entries(wireByField)) wire[Number(field)] = type
  return wire
}

const { varint, fixed64, bytes, fixed32 } = WireType
const shapes = {
  traces: shape({ 1: bytes }),
  resourceSpans: shape({ 1: bytes, 2: bytes, 3: bytes }),
  resource: shape({ 1: bytes, 2: varint }),
  scopeSpans: shape({ 1: bytes, 2: bytes, 3: bytes }),
  scope: shape({ 1: bytes, 2: bytes, 3: bytes, 4: varint }),
  span: shape({
    ...{ 1: bytes, 2: bytes, 3: bytes, 4: bytes, 5: bytes, 6: varint, 7: fixed64, 8: fixed64 },
    ...{ 9: bytes, 10: varint, 11: bytes, 12: varint, 13: bytes, 14: varint, 15: bytes },
    16: fixed32,
  }),
  event: shape({ 1: fixed64, 2: bytes, 3: bytes, 4: varint }),
  link: shape({ 1: bytes, 2: bytes, 3: bytes, 4: bytes, 5: varint, 6: fixed32 }),
  status: shape({ 2: bytes, 3: varint }),
  keyValue: shape({ 1: bytes, 2: bytes }),
}
type ShapeName = keyof typeof shapes

export interface Walk {
  readonly buffer: Uint8Array
  readonly out: JsonBytes
  readonly dialect: Dialect
  readonly shapes: Readonly<Record<ShapeName, Shape>>
}

export function newWalk(buffer: Uint8Array, dialect: Dialect, sizeHint: number): Walk {
  const own = {} as Record<ShapeName, Shape>
  for (const name of Object.keys(shapes) as ShapeName[]) {
    own[name] = { wire: shapes[name], slots: new Int32Array(shapes[name].length * 3) }
  }
  return { buffer, out: new JsonBytes(sizeHint), dialect, shapes: own }
}

export function scan(walk: Walk, name: ShapeName, start: number, end: number): Shape {
  const found = walk.shapes[name]
  const { wire, slots } = found
  slots.fill(-1)
  const reader = new ProtoReader(walk.buffer, start, end)
  while (reader.more()) {
    const at = reader.pos
    const tag = reader.tag()
    const field = tag >>> 3
    const type = tag & 7
    if (field >= wire.length || wire[field] !== type) {
      reader.skip(type)
      continue
    }
    const slot = field * 3
    if (slots[slot]! < 0) slots[slot] = at
    if (type === WireType.bytes) {
      const length = reader.lengthDelimited()
      slots[slot + 1] = reader.pos
      reader.pos += length
    } else {
      slots[slot + 1] = reader.pos
      reader.skip(type)
    }
    slots[slot + 2] = reader.pos
  }
  return found
}

export type WriteMessage = (walk: Walk, start: number, end: number) => void

export function writeList(
  walk: Walk,
  found: Shape,
  field: number,
  name: Uint8Array,
  write: WriteMessage,
): void {
  const first = found.slots[field * 3]!
  if (first < 0) return
  const wanted = (field << 3) | WireType.bytes
  const reader = new ProtoReader(walk.buffer, first, found.slots[field * 3 + 2]!)
  writeName(walk, name)
  walk.out.token(openList)
  while (reader.more()) {
    const tag = reader.tag()
    if (tag !== wanted) {
      reader.skip(tag & 7)
      continue
    }
    const length = reader.lengthDelimited()
    walk.out.comma()
    write(walk, reader.pos, reader.pos + length)
    reader.pos += length
  }
  walk.out.token(closeList)
}

/** Always written, as `{}` when the message is absent. */
export function writeMessage(
  walk: Walk,
  found: Shape,
  field: number,
  name: Uint8Array,
  write: WriteMessage,
): void {
  const start = Math.max(0, found.slots[field * 3 + 1]!)
  const end = Math.max(0, found.slots[field * 3 + 2]!)
  writeName(walk, name)
  write(walk, start, end)
}

export function writeName(walk: Walk, name: Uint8Array): void {
  walk.out.comma()
  walk.out.token(name)
}

export function writeText(walk: Walk, found: Shape, field: number, name: Uint8Array): void {
  const start = found.slots[field * 3 + 1]!
  const end = found.slots[field * 3 + 2]!
  if (start === end) return
  writeName(walk, name)
  walk.out.text(walk.buffer, start, end)
}

export function writeId(walk: Walk, found: Shape, field: number, name: Uint8Array): void {
  const start = found.slots[field * 3 + 1]!
  const end = found.slots[field * 3 + 2]!
  if (start === end) return
  writeName(walk, name)
  if (walk.dialect.ids === 'hex') walk.out.hex(walk.buffer, start, end)
  else walk.out.base64(walk.buffer, start, end)
}

export function writeCount(walk: Walk, found: Shape, field: number, name: Uint8Array): void {
  const start = found.slots[field * 3 + 1]!
  if (start < 0) return
  const count = new ProtoReader(walk.buffer, start).varint32()
  if (count === 0) return
  writeName(walk, name)
  walk.out.whole(count)
}

export function writeFlags(walk: Walk, found: Shape, field: number): void {
  const start = found.slots[field * 3 + 1]!
  if (start < 0 || !walk.dialect.flags) return
  const flags = new ProtoReader(walk.buffer, start).fixed32()
  if (flags === 0) return
  writeName(walk, names.flags)
  walk.out.whole(flags)
}

export function writeTime(walk: Walk, found: Shape, field: number, name: Uint8Array): void {
  const start = found.slots[field * 3 + 1]!
  if (start < 0) return
  const reader = new ProtoReader(walk.buffer, start)
  const low = reader.fixed32()
  const high = reader.fixed32()
  if (low === 0 && high === 0) return
  writeName(walk, name)
  walk.out.unsigned64(low, high)
}

export function writeEnum(
  walk: Walk,
  found: Shape,
  field: number,
  name: Uint8Array,
  texts: readonly Uint8Array[],
): void {
  const start = found.slots[field * 3 + 1]!
  if (start < 0) return
  const code = new ProtoReader(walk.buffer, start).varint32() | 0
  if (code === 0) return
  writeName(walk, name)
  const text = walk.dialect.enumNames ? texts[code] : undefined
  if (text === undefined) walk.out.ascii(String(code))
  else walk.out.token(text)
}

export const token = (text: string): Uint8Array => Buffer.from(text)

const openList = token('[')
const closeList = token(']')

export const spanKinds = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
].map(name => token(`"${name}"`))

export const statusCodes = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'].map(name =>
  token(`"${name}"`),
)

export const names = {
  batches: token('"batches":'),
  spans: token('"resourceSpans":'),
  resource: token('"resource":'),
  scopeSpans: token('"scopeSpans":'),
  scope: token('"scope":'),
  spanList: token('"spans":'),
  schemaUrl: token('"schemaUrl":'),
  attributes: token('"attributes":'),
  droppedAttributesCount: token('"droppedAttributesCount":'),
  name: token('"name":'),
  version: token('"version":'),
  traceId: token('"traceId":'),
  spanId: token('"spanId":'),
  traceState: token('"traceState":'),
  parentSpanId: token('"parentSpanId":'),
  kind: token('"kind":'),
  startTimeUnixNano: token('"startTimeUnixNano":'),
  endTimeUnixNano: token('"endTimeUnixNano":'),
  timeUnixNano: token('"timeUnixNano":'),
  events: token('"events":'),
  droppedEventsCount: token('"droppedEventsCount":'),
  links: token('"links":'),
  droppedLinksCount: token('"droppedLinksCount":'),
  status: token('"status":'),
  message: token('"message":'),
  code: token('"code":'),
  flags: token('"flags":'),
  key: token('"key":'),
  value: token('"value":'),
}

import { ProtoReader, ProtoWriter } from '../../wire/protobuf.ts'

/** Spans as plain objects for tests, and as OTLP bytes. */

export type PlainValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'array'; readonly value: readonly PlainValue[] }
  | { readonly type: 'list'; readonly value: readonly PlainAttribute[] }
  | { readonly type: 'empty' }

export interface PlainAttribute {
  readonly key: string
  readonly value: PlainValue
}

export interface PlainEvent {
  readonly timeNs: bigint
  readonly name: string
  readonly attributes: readonly PlainAttribute[]
}

/** Ids in hex. */
export interface PlainLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: readonly PlainAttribute[]
}

export interface PlainSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentId: string
  readonly name: string
  readonly kind: number
  readonly status: number
  readonly statusMessage: string
  readonly traceState: string
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: readonly PlainAttribute[]
  readonly events: readonly PlainEvent[]
  readonly links: readonly PlainLink[]
  readonly resource: readonly PlainAttribute[]
  readonly scopeName: string
  readonly scopeVersion: string
  readonly scope: readonly PlainAttribute[]
}

export const text = (value: string): PlainValue => ({ type: 'string', value })
export const int = (value: bigint | number): PlainValue => ({ type: 'int', value: BigInt(value) })
export const double = (value: number): PlainValue => ({ type: 'double', value })
export const bool = (value: boolean): PlainValue => ({ type: 'bool', value })
export const array = (...value: PlainValue[]): PlainValue => ({ type: 'array', value })

/** Attributes from an object; the order of its members. */
export function attributes(members: Record<string, PlainValue>): PlainAttribute[] {
  return Object.entries(members).map(([key, value]) => ({ key, value }))
}

export function hexId(number: number, bytes: number): string {
  return number.toString(16).padStart(bytes * 2, '0')
}

/** A span with nothing special; `more` says what is. */
export function plainSpan(more: Partial<PlainSpan> = {}): PlainSpan {
  return {
    traceId: hexId(1, 16),
    spanId: hexId(1, 8),
    parentId: '',
    name: '',
    kind: 0,
    status: 0,
    statusMessage: '',
    traceState: '',
    startNs: 1_700_000_000_000_000_000n,
    endNs: 1_700_000_000_001_000_000n,
    attributes: [],
    events: [],
    links: [],
    resource: [],
    scopeName: '',
    scopeVersion: '',
    scope: [],
    ...more,
  }
}

/** One request; neighbours with the same resource and scope objects share them. */
export function encodeSpans(spans: readonly PlainSpan[]): Uint8Array {
  const w = new ProtoWriter()
  let from = 0
  while (from < spans.length) {
    const { resource, scope, scopeName, scopeVersion } = spans[from]!
    let to = from + 1
    while (
      to < spans.length &&
      spans[to]!.resource === resource &&
      spans[to]!.scope === scope &&
      spans[to]!.scopeName === scopeName &&
      spans[to]!.scopeVersion === scopeVersion
    )
      to++
    w.messageField(1, rs => {
      rs.messageField(1, r => writeAttributes(r, 1, resource))
      rs.messageField(2, ss => {
        ss.messageField(1, s => {
          s.textField(1, scopeName)
          s.textField(2, scopeVersion)
          writeAttributes(s, 3, scope)
        })
        for (const span of spans.slice(from, to)) ss.messageField(2, m => writeSpan(m, span))
      })
    })
    from = to
  }
  return w.finish()
}

function writeSpan(w: ProtoWriter, span: PlainSpan): void {
  w.bytesField(1, Buffer.from(span.traceId, 'hex'))
  w.bytesField(2, Buffer.from(span.spanId, 'hex'))
  if (span.traceState !== '') w.textField(3, span.traceState)
  if (span.parentId !== '') w.bytesField(4, Buffer.from(span.parentId, 'hex'))
  w.textField(5, span.name)
  w.varintField(6, span.kind)
  w.fixed64Field(7, span.startNs)
  w.fixed64Field(8, span.endNs)
  writeAttributes(w, 9, span.attributes)
  for (const event of span.events) {
    w.messageField(11, e => {
      e.fixed64Field(1, event.timeNs)
      e.textField(2, event.name)
      writeAttributes(e, 3, event.attributes)
    })
  }
  for (const link of span.links) {
    w.messageField(13, l => {
      l.bytesField(1, Buffer.from(link.traceId, 'hex'))
      l.bytesField(2, Buffer.from(link.spanId, 'hex'))
      writeAttributes(l, 4, link.attributes)
    })
  }
  w.messageField(15, s => {
    if (span.statusMessage !== '') s.textField(2, span.statusMessage)
    s.varintField(3, span.status)
  })
}

function writeAttributes(w: ProtoWriter, field: number, list: readonly PlainAttribute[]): void {
  for (const { key, value } of list) {
    w.messageField(field, kv => {
      kv.textField(1, key)
      kv.messageField(2, v => writeValue(v, value))
    })
  }
}

/** Test values are a few levels deep. */
function writeValue(w: ProtoWriter, value: PlainValue): void {
  switch (value.type) {
    case 'string':
      w.textField(1, value.value)
      break
    case 'bool':
      w.boolField(2, value.value)
      break
    case 'int':
      w.varintField(3, value.value)
      break
    case 'double':
      w.doubleField(4, value.value)
      break
    case 'array':
      w.messageField(5, a => {
        for (const element of value.value) a.messageField(1, v => writeValue(v, element))
      })
      break
    case 'list':
      w.messageField(6, l => writeAttributes(l, 1, value.value))
      break
    case 'bytes':
      w.bytesField(7, value.value)
      break
    default:
  }
}

/** AnyValue bytes as they were written by `encodeSpans`. */
export function decodeValue(bytes: Uint8Array): PlainValue {
  const reader = new ProtoReader(bytes)
  if (!reader.more()) return { type: 'empty' }
  switch (reader.tag()) {
    case 0x0a:
      return text(reader.text())
    case 0x10:
      return bool(reader.varint32() !== 0)
    case 0x18:
      return int(BigInt.asIntN(64, reader.varintBigInt()))
    case 0x21:
      return double(reader.double())
    case 0x2a: {
      const list = reader.message()
      const elements: PlainValue[] = []
      while (list.more()) {
        list.tag()
        elements.push(decodeValue(list.bytes()))
      }
      return array(...elements)
    }
    case 0x32:
      return { type: 'list', value: decodeList(reader.message()) }
    default:
      return { type: 'bytes', value: reader.bytes() }
  }
}

function decodeList(reader: ProtoReader): PlainAttribute[] {
  const entries: PlainAttribute[] = []
  while (reader.more()) {
    reader.tag()
    const entry = reader.message()
    entry.tag()
    const key = entry.text()
    entry.tag()
    entries.push({ key, value: decodeValue(entry.bytes()) })
  }
  return entries
}

/** A value as text that is equal only for equal values of one type. */
export function canonical(value: PlainValue): string {
  switch (value.type) {
    case 'double':
      return `double:${Object.is(value.value, -0) ? '-0' : value.value}`
    case 'bytes':
      return `bytes:${Buffer.from(value.value).toString('hex')}`
    case 'array':
      return `array:[${value.value.map(canonical).join()}]`
    case 'list':
      return `list:{${value.value.map(a => `${JSON.stringify(a.key)}=${canonical(a.value)}`).join()}}`
    case 'empty':
      return 'empty'
    default:
      return `${value.type}:${JSON.stringify(String(value.value))}`
  }
}

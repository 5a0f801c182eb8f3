import type { Tag } from './jaeger-model.ts'
import type { ProtoReader } from './protobuf.ts'

/** OTLP attributes -> Jaeger's typed tags. Arrays and maps become compact JSON text. */

/** Deeper values are refused where spans come in; this bounds the recursion all the same. */
const depthMax = 64

/** KeyValue { 1 key, 2 value }. */
export function readTag(reader: ProtoReader): Tag {
  const { key, value } = readKeyValue(reader)
  return { key, ...typedValue(value) }
}

interface KeyValue {
  readonly key: string
  /** The encoded AnyValue; null when there is none. */
  readonly value: ProtoReader | null
}

function readKeyValue(reader: ProtoReader): KeyValue {
  let key = ''
  let value: ProtoReader | null = null
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) key = reader.text()
    else if (tag === 0x12) value = reader.message()
    else reader.skip(tag & 7)
  }
  return { key, value }
}

/** AnyValue; when several members are set, the last one counts. */
type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'bool'; readonly bool: boolean }
  | { readonly kind: 'int'; readonly int: bigint }
  | { readonly kind: 'double'; readonly double: number }
  | { readonly kind: 'array' | 'map'; readonly items: ProtoReader }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

function readValue(reader: ProtoReader | null): Value {
  let value: Value = { kind: 'none' }
  while (reader?.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) value = { kind: 'string', text: reader.text() }
    else if (tag === 0x10) value = { kind: 'bool', bool: reader.varintBigInt() !== 0n }
    else if (tag === 0x18) {
      value = { kind: 'int', int: BigInt.asIntN(64, reader.varintBigInt()) }
    } else if (tag === 0x21) value = { kind: 'double', double: reader.double() }
    else if (tag === 0x2a) value = { kind: 'array', items: reader.message() }
    else if (tag === 0x32) value = { kind: 'map', items: reader.message() }
    else if (tag === 0x3a) value = { kind: 'bytes', bytes: reader.bytes() }
    else reader.skip(tag & 7)
  }
  return value
}

function typedValue(reader: ProtoReader | null): Pick<Tag, 'type' | 'value'> {
  const value = readValue(reader)
  switch (value.kind) {
    case 'none':
      return { type: 'string', value: '' }
    case 'string':
      return { type: 'string', value: value.text }
    case 'bool':
      return { type: 'bool', value: value.bool }
    case 'int':
      return { type: 'int64', value: jsonInt(value.int) }
    case 'double':
      // JSON has no NaN and no infinities, so that these are text.
      return Number.isFinite(value.double)
        ? { type: 'float64', value: value.double }
        : { type: 'string', value: String(value.double) }
    case 'bytes':
      return { type: 'binary', value: value.bytes.length === 0 ? null : base64(value.bytes) }
    default:
      return { type: 'string', value: listText(value.kind, value.items, 0) }
  }
}

/** A number where a double holds it, else its digits as text. */
function jsonInt(int: bigint): number | string {
  const number = Number(int)
  return Number.isSafeInteger(number) ? number : String(int)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Keys of a map are sorted and the last of equal keys counts. */
function listText(kind: 'array' | 'map', items: ProtoReader, depth: number): string {
  const texts: string[] = []
  const entries = new Map<string, string>()
  while (items.more()) {
    const tag = items.tag()
    if (tag !== 0x0a) items.skip(tag & 7)
    else if (kind === 'array') texts.push(nestedText(items.message(), depth + 1))
    else {
      const { key, value } = readKeyValue(items.message())
      entries.set(key, nestedText(value, depth + 1))
    }
  }
  if (kind === 'array') return `[${texts.join(',')}]`
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
}

function nestedText(reader: ProtoReader | null, depth: number): string {
  if (depth > depthMax) return 'null'
  const value = readValue(reader)
  switch (value.kind) {
    case 'none':
      return 'null'
    case 'string':
      return JSON.stringify(value.text)
    case 'bool':
      return String(value.bool)
    case 'int':
      return String(value.int)
    case 'double':
      return Number.isFinite(value.double) ? JSON.stringify(value.double) : `"${value.double}"`
    case 'bytes':
      return `"${base64(value.bytes)}"`
    default:
      return listText(value.kind, value.items, depth)
  }
}

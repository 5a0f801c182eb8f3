import { fail } from '../base/errors.ts'
import { ProtoWriter } from './protobuf.ts'

/**
 * OTLP/JSON `ExportTraceServiceRequest` -> the same message in protobuf, which is also a
 * `TracesData`. The mapping of proto3 to JSON with OTLP's exceptions: trace and span ids are hex,
 * enums are numbers (names are taken too). Both lowerCamelCase and the names of the .proto file
 * are read, unknown fields are skipped, and a field that is null is absent. 64-bit numbers keep
 * all their digits, as text or as JSON numbers. An id that is empty text is left out here; whether
 * a span may go without one is decided where spans are validated.
 */

/** Nested arrays and key-value lists in one attribute; deeper data is refused, never cut. */
export const anyValueDepthMax = 64

/**
 * Brackets open at once in the text: 12 down to a link's attribute value, 4 for each level of a
 * value. Found by one scan before parsing, so that a hostile text costs no more than its length.
 */
const jsonDepthMax = 12 + 4 * anyValueDepthMax + 12

type JsonObject = { readonly [key: string]: unknown }

interface Context {
  readonly out: ProtoWriter
  /** Where in the document we are, for messages only. */
  readonly path: (string | number)[]
  valueDepth: number
}

/** Fails with BAD_REQUEST: `ReadObject: <path>: <what is wrong>`. */
export function otlpJsonToProtobuf(body: Uint8Array): Uint8Array {
  checkDepth(body)
  const root = parseText(decodeText(body))
  const context: Context = { out: new ProtoWriter(body.length >>> 1), path: [], valueDepth: 0 }
  const request = asObject(context, root)
  writeMessages(context, request, 1, 'resourceSpans', 'resource_spans', writeResourceSpans)
  return context.out.finish()
}

function malformed(what: string): Error {
  return fail('BAD_REQUEST', `ReadObject: ${what}`)
}

function checkDepth(body: Uint8Array): void {
  let depth = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!
    if (byte === 0x22) {
      for (at++; at < body.length && body[at] !== 0x22; at++) if (body[at] === 0x5c) at++
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > jsonDepthMax)
        throw malformed(`nested deeper than ${jsonDepthMax} at byte ${at}`)
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}

function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw malformed('the body is not valid UTF-8')
  }
}

/** A number outside a string with so many digits that a double may not hold it. */
const longNumber = /[[:,\s]-?[\d.]{16}/

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

function parseText(text: string): unknown {
  try {
    if (!longNumber.test(text)) return JSON.parse(text)
    const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
    return parse(text, keepDigits)
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'the body is not JSON')
  }
}

/** Whole numbers that a double cannot hold become bigint; without source text they stay rounded. */
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context?.source === undefined ? value : (exactInteger(context.source) ?? value)
}

const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/** The value of a JSON number if it is whole and has at most 30 digits. */
function exactInteger(text: string): bigint | undefined {
  if (text.length > 40) return undefined
  const match = decimal.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent) - fraction.length
  if (shift > 30) return undefined
  let digits = whole + fraction
  if (shift < 0) {
    const cut = digits.padStart(1 - shift, '0')
    if (/[^0]/.test(cut.slice(shift))) return undefined
    digits = cut.slice(0, shift)
  } else digits += '0'.repeat(shift)
  const value = BigInt(digits)
  return sign === '-' ? -value : value
}

function reject(context: Context, what: string, name?: string): Error {
  let path = ''
  const segments = name === undefined ? context.path : [...context.path, name]
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`
    else path += path === '' ? segment : `.${segment}`
  }
  return malformed(path === '' ? what : `${path}: ${what}`)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (value === null) return 'null'
  if (typeof value === 'bigint') return 'a number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function asObject(context: Context, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw reject(context, `expected an object, got ${kindOf(value)}`)
  }
  return value as JsonObject
}

function field(object: JsonObject, camel: string, snake: string): unknown {
  return object[camel] ?? object[snake] ?? undefined
}

type WriteMessage = (context: Context, object: JsonObject) => void

function writeMessages(
  context: Context,
  object: JsonObject,
  number: number,
  camel: string,
  snake: string,
  write: WriteMessage,
): void {
  const items = field(object, camel, snake)
  if (items === undefined) return
  if (!Array.isArray(items)) throw reject(context, `expected an array, got ${kindOf(items)}`, camel)
  context.path.push(camel, 0)
  for (let index = 0; index < items.length; index++) {
    context.path[context.path.length - 1] = index
    const mark = context.out.beginMessage(number)
    write(context, asObject(context, items[index]))
    context.out.endMessage(mark)
  }
  context.path.length -= 2
}

function writeMessage(
  context: Context,
  object: JsonObject,
  number: number,
  name: string,
  write: WriteMessage,
): void {
  const value = object[name] ?? undefined
  if (value === undefined) return
  context.path.push(name)
  const mark = context.out.beginMessage(number)
  write(context, asObject(context, value))
  context.out.endMessage(mark)
  context.path.pop()
}

function writeResourceSpans(context: Context, object: JsonObject): void {
  writeMessage(context, object, 1, 'resource', writeResource)
  writeMessages(context, object, 2, 'scopeSpans', 'scope_spans', writeScopeSpans)
  writeText(context, object, 3, 'schemaUrl', 'schema_url')
}

function writeResource(context: Context, object: JsonObject): void {
  writeMessages(context, object, 1, 'attributes', 'attributes', writeKeyValue)
  writeCount(context, object, 2, 'droppedAttributesCount', 'dropped_attributes_count')
}

function writeScopeSpans(context: Context, object: JsonObject): void {
  writeMessage(context, object, 1, 'scope', writeScope)
  writeMessages(context, object, 2, 'spans', 'spans', writeSpan)
  writeText(context, object, 3, 'schemaUrl', 'schema_url')
}

function writeScope(context: Context, object: JsonObject): void {
  writeText(context, object, 1, 'name', 'name')
  writeText(context, object, 2, 'version', 'version')
  writeMessages(context, object, 3, 'attributes', 'attributes', writeKeyValue)
  writeCount(context, object, 4, 'droppedAttributesCount', 'dropped_attributes_count')
}

function writeSpan(context: Context, object: JsonObject): void {
  writeId(context, object, 1, 'traceId', 'trace_id', 16)
  writeId(context, object, 2, 'spanId', 'span_id', 8)
  writeText(context, object, 3, 'traceState', 'trace_state')
  writeId(context, object, 4, 'parentSpanId', 'parent_span_id', 8)
  writeText(context, object, 5, 'name', 'name')
  writeEnum(context, object, 6, 'kind', spanKinds)
  writeTime(context, object, 7, 'startTimeUnixNano', 'start_time_unix_nano')
  writeTime(context, object, 8, 'endTimeUnixNano', 'end_time_unix_nano')
  writeMessages(context, object, 9, 'attributes', 'attributes', writeKeyValue)
  writeCount(context, object, 10, 'droppedAttributesCount', 'dropped_attributes_count')
  writeMessages(context, object, 11, 'events', 'events', writeEvent)
  writeCount(context, object, 12, 'droppedEventsCount', 'dropped_events_count')
  writeMessages(context, object, 13, 'links', 'links', writeLink)
  writeCount(context, object, 14, 'droppedLinksCount', 'dropped_links_count')
  writeMessage(context, object, 15, 'status', writeStatus)
  writeFlags(context, object, 16)
}

function writeEvent(context: Context, object: JsonObject): void {
  writeTime(context, object, 1, 'timeUnixNano', 'time_unix_nano')
  writeText(context, object, 2, 'name', 'name')
  writeMessages(context, object, 3, 'attributes', 'attributes', writeKeyValue)
  writeCount(context, object, 4, 'droppedAttributesCount', 'dropped_attributes_count')
}

function writeLink(context: Context, object: JsonObject): void {
  writeId(context, object, 1, 'traceId', 'trace_id', 16)
  writeId(context, object, 2, 'spanId', 'span_id', 8)
  writeText(context, object, 3, 'traceState', 'trace_state')
  writeMessages(context, object, 4, 'attributes', 'attributes', writeKeyValue)
  writeCount(context, object, 5, 'droppedAttributesCount', 'dropped_attributes_count')
  writeFlags(context, object, 6)
}

function writeStatus(context: Context, object: JsonObject): void {
  writeText(context, object, 2, 'message', 'message')
  writeEnum(context, object, 3, 'code', statusCodes)
}

const spanKinds = new Map([
  ['SPAN_KIND_UNSPECIFIED', 0],
  ['SPAN_KIND_INTERNAL', 1],
  ['SPAN_KIND_SERVER', 2],
  ['SPAN_KIND_CLIENT', 3],
  ['SPAN_KIND_PRODUCER', 4],
  ['SPAN_KIND_CONSUMER', 5],
])

const statusCodes = new Map([
  ['STATUS_CODE_UNSET', 0],
  ['STATUS_CODE_OK', 1],
  ['STATUS_CODE_ERROR', 2],
])

function writeText(
  context: Context,
  object: JsonObject,
  number: number,
  camel: string,
  snake: string,
): void {
  const value = field(object, camel, snake)
  if (value === undefined) return
  if (typeof value !== 'string') {
    throw reject(context, `expected a string, got ${kindOf(value)}`, camel)
  }
  if (value !== '') context.out.textField(number, value)
}

function writeId(
  context: Context,
  object: JsonObject,
  number: number,
  camel: string,
  snake: string,
  size: number,
): void {
  const value = field(object, camel, snake)
  if (value === undefined || value === '') return
  if (typeof value !== 'string') {
    throw reject(context, `expected a string, got ${kindOf(value)}`, camel)
  }
  if (value.length !== size * 2) {
    throw reject(
      context,
      `length mismatch: expected ${size * 2} hex digits, got ${value.length}`,
      camel,
    )
  }
  const id = Buffer.from(value, 'hex')
  if (id.length !== size) throw reject(context, 'an id has hex digits only', camel)
  context.out.bytesField(number, id)
}

function integer(context: Context, value: unknown, name: string): bigint {
  let result: bigint | undefined
  if (typeof value === 'bigint') result = value
  else if (typeof value === 'number' && Number.isInteger(value)) result = BigInt(value)
  else if (typeof value === 'string') result = exactInteger(value)
  if (result !== undefined) return result
  throw reject(context, `expected a whole number, got ${shown(value)}`, name)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return typeof value === 'number' ? String(value) : kindOf(value)
}

function writeTime(
  context: Context,
  object: JsonObject,
  number: number,
  camel: string,
  snake: string,
): void {
  const value = field(object, camel, snake)
  if (value === undefined) return
  const time = integer(context, value, camel)
  if (time < 0n || time >= 1n << 64n) throw reject(context, 'outside of 64 bits', camel)
  if (time !== 0n) context.out.fixed64Field(number, time)
}

function unsigned32(context: Context, value: unknown, name: string): number {
  if (typeof value === 'number' && value >>> 0 === value) return value
  const count = integer(context, value, name)
  if (count < 0n || count > 0xffffffffn) throw reject(context, 'outside of 32 bits', name)
  return Number(count)
}

function writeCount(
  context: Context,
  object: JsonObject,
  number: number,
  camel: string,
  snake: string,
): void {
  const value = field(object, camel, snake)
  if (value === undefined) return
  const count = unsigned32(context, value, camel)
  if (count !== 0) context.out.varintField(number, count)
}

function writeFlags(context: Context, object: JsonObject, number: number): void {
  const value = object['flags'] ?? undefined
  if (value === undefined) return
  const flags = unsigned32(context, value, 'flags')
  if (flags !== 0) context.out.fixed32Field(number, flags)
}

function writeEnum(
  context: Context,
  object: JsonObject,
  number: number,
  name: string,
  names: ReadonlyMap<string, number>,
): void {
  const value = object[name] ?? undefined
  if (value === undefined) return
  let code = typeof value === 'string' ? names.get(value) : undefined
  if (code === undefined) {
    if (typeof value === 'string') throw reject(context, `unknown value ${shown(value)}`, name)
    const wide = integer(context, value, name)
    if (BigInt.asIntN(32, wide) !== wide) throw reject(context, 'outside of 32 bits', name)
    code = Number(wide)
  }
  if (code !== 0) context.out.varintField(number, code)
}

function writeKeyValue(context: Context, object: JsonObject): void {
  writeText(context, object, 1, 'key', 'key')
  writeMessage(context, object, 2, 'value', writeAnyValue)
}

/** Of several members of the oneof the last one counts, as on the wire. */
function writeAnyValue(context: Context, object: JsonObject): void {
  let chosen: string | undefined
  for (const key in object) {
    if (anyValueWriters.has(key) && object[key] !== null) chosen = key
  }
  if (chosen === undefined) return
  if (++context.valueDepth > anyValueDepthMax) {
    throw reject(context, `nested deeper than ${anyValueDepthMax} values`)
  }
  anyValueWriters.get(chosen)!(context, object[chosen], chosen)
  context.valueDepth--
}

type WriteValue = (context: Context, value: unknown, name: string) => void

const anyValueWriters = new Map<string, WriteValue>([
  ['stringValue', writeStringValue],
  ['string_value', writeStringValue],
  ['boolValue', writeBoolValue],
  ['bool_value', writeBoolValue],
  ['intValue', writeIntValue],
  ['int_value', writeIntValue],
  ['doubleValue', writeDoubleValue],
  ['double_value', writeDoubleValue],
  ['arrayValue', writeArrayValue],
  ['array_value', writeArrayValue],
  ['kvlistValue', writeKeyValueList],
  ['kvlist_value', writeKeyValueList],
  ['bytesValue', writeBytesValue],
  ['bytes_value', writeBytesValue],
])

function writeStringValue(context: Context, value: unknown, name: string): void {
  if (typeof value !== 'string') {
    throw reject(context, `expected a string, got ${kindOf(value)}`, name)
  }
  context.out.textField(1, value)
}

function writeBoolValue(context: Context, value: unknown, name: string): void {
  if (typeof value !== 'boolean') {
    throw reject(context, `expected true or false, got ${kindOf(value)}`, name)
  }
  context.out.boolField(2, value)
}

function writeIntValue(context: Context, value: unknown, name: string): void {
  const int = integer(context, value, name)
  if (BigInt.asIntN(64, int) !== int) throw reject(context, 'outside of 64 bits', name)
  context.out.varintField(3, int)
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function writeDoubleValue(context: Context, value: unknown, name: string): void {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') {
    context.out.doubleField(4, Number(value))
    return
  }
  let number = Number.NaN
  if (typeof value === 'number' || typeof value === 'bigint') number = Number(value)
  else if (typeof value === 'string' && jsonNumber.test(value)) number = Number(value)
  if (!Number.isFinite(number))
    throw reject(context, `expected a number, got ${shown(value)}`, name)
  context.out.doubleField(4, number)
}

const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/

function writeBytesValue(context: Context, value: unknown, name: string): void {
  if (typeof value !== 'string' || !base64Text.test(value)) {
    throw reject(context, `expected base64, got ${shown(value)}`, name)
  }
  const digits = value.replace(/=+$/, '').length
  if (digits % 4 === 1) throw reject(context, 'incomplete base64', name)
  context.out.bytesField(7, Buffer.from(value, 'base64'))
}

function writeArrayValue(context: Context, value: unknown, name: string): void {
  context.path.push(name)
  const array = asObject(context, value)
  const items = array['values'] ?? []
  if (!Array.isArray(items)) {
    throw reject(context, `expected an array, got ${kindOf(items)}`, 'values')
  }
  const mark = context.out.beginMessage(5)
  context.path.push('values', 0)
  for (let index = 0; index < items.length; index++) {
    context.path[context.path.length - 1] = index
    const item = context.out.beginMessage(1)
    // A null keeps its place in the array, as a value that is not set.
    if (items[index] !== null) writeAnyValue(context, asObject(context, items[index]))
    context.out.endMessage(item)
  }
  context.path.length -= 3
  context.out.endMessage(mark)
}

function writeKeyValueList(context: Context, value: unknown, name: string): void {
  context.path.push(name)
  const list = asObject(context, value)
  const mark = context.out.beginMessage(6)
  writeMessages(context, list, 1, 'values', 'values', writeKeyValue)
  context.out.endMessage(mark)
  context.path.pop()
}

import { RE2JS } from 're2js'
import type { RequiredBytes } from '../model/column-batch.ts'
import type { CompareOp, Literal } from '../model/predicate.ts'
import { ProtoReader } from '../wire/protobuf.ts'
import { requiredLiteral } from './regex-literal.ts'

/**
 * Tests of single values: what a dictionary entry is asked. Rows never come here; they see codes
 * and tables. Regexes are RE2 (linear time), anchored at both ends, and the dot matches newlines.
 */

export type BytesTest = (bytes: Uint8Array) => boolean

const never = () => false

export function textTest(op: CompareOp, literal: Literal): BytesTest {
  if (op === 'textEquals' && literal.type === 'string') return equalsTest(literal.value)
  if (literal.type !== 'string') return never
  const wanted = Buffer.from(literal.value)
  switch (op) {
    case '=':
      return equalsTest(literal.value)
    case '!=':
      return bytes => Buffer.compare(bytes, wanted) !== 0
    case 'contains':
      return bytes => asBuffer(bytes).includes(wanted)
    case '=~':
    case '!~':
      return regexTest(literal.value, op === '=~')
    default:
      return bytes => orderHolds(op, Buffer.compare(bytes, wanted))
  }
}

/** What a text must contain for a test to be worth it; undefined: nothing is known. */
export function requiredBytes(op: CompareOp, literal: Literal): RequiredBytes | undefined {
  if (literal.type !== 'string' || (op !== '=~' && op !== '!~')) return undefined
  const bytes = Buffer.from(requiredLiteral(literal.value))
  return bytes.length === 0 ? undefined : { bytes, otherwise: op === '!~' }
}

function regexTest(pattern: string, wanted: boolean): BytesTest {
  const required = Buffer.from(requiredLiteral(pattern))
  // A dictionary may know the answers already.
  let regex: RE2JS | undefined
  return bytes => {
    const value = asBuffer(bytes)
    if (required.length > 0 && !value.includes(required)) return !wanted
    regex ??= RE2JS.compile(pattern, RE2JS.DOTALL)
    return regex.matches(value.toString()) === wanted
  }
}

function equalsTest(text: string): BytesTest {
  const wanted = Buffer.from(text)
  return bytes => bytes.length === wanted.length && Buffer.compare(bytes, wanted) === 0
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** `order` is negative, zero or positive as value <=> literal. */
export function orderHolds(op: CompareOp, order: number): boolean {
  switch (op) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    default:
      return false
  }
}

/** The number a literal stands for in a comparison with numbers; undefined when it is none. */
export function numberOf(op: CompareOp, literal: Literal): number | undefined {
  if (literal.type === 'int') return Number(literal.value)
  if (literal.type === 'float') return literal.value
  if (op !== 'textEquals' || literal.type !== 'string') return undefined
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(literal.value)
    ? Number(literal.value)
    : undefined
}

/** Stored ints lie within ±2^53: a literal beyond is above or below them all, and equals none. */
export function exactNumber(literal: string): number {
  const value = Number(literal)
  if (Number.isSafeInteger(value) || BigInt(literal) === -(2n ** 53n)) return value
  return value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Whether an int is exactly a double. */
export function isDouble(int: string): boolean {
  return BigInt(Number(int)) === BigInt(int)
}

/** 1 or 0 for a bool literal (or its text); undefined otherwise. */
export function boolOf(op: CompareOp, literal: Literal): number | undefined {
  if (literal.type === 'bool') return literal.value ? 1 : 0
  if (op !== 'textEquals' || literal.type !== 'string') return undefined
  return literal.value === 'true' ? 1 : literal.value === 'false' ? 0 : undefined
}

/**
 * A value of any type, encoded as AnyValue. An array matches when one of its elements does; the
 * negative operators hold only when they hold for every element.
 */
export function anyValueTest(op: CompareOp, literal: Literal): BytesTest {
  const negative = op === '!=' || op === '!~'
  const text = textTest(op, literal)
  return bytes => {
    const elements = elementsOf(bytes)
    if (op === 'textEquals') {
      return literal.type === 'string' && hasValue(bytes) && hasText(bytes, literal)
    }
    const holds = (element: AnyElement) => elementHolds(element, op, literal, text)
    const comparable = elements.filter(element => isComparable(element, literal))
    if (comparable.length === 0) return false
    return negative ? comparable.every(holds) : comparable.some(holds)
  }
}

/** Whether a value has this text; scalars as their own columns compare them. */
function hasText(bytes: Uint8Array, literal: Literal): boolean {
  const scalar = scalarOf(new ProtoReader(bytes))
  switch (scalar.type) {
    case 'string':
      return textTest('=', literal)(scalar.value)
    case 'bool':
      return boolOf('textEquals', literal) === Number(scalar.value)
    case 'double':
      return numberOf('textEquals', literal) === scalar.value
    case 'int':
      return BigInt.asIntN(54, scalar.value) === scalar.value
        ? numberOf('textEquals', literal) === Number(scalar.value)
        : String(scalar.value) === literal.value
    default:
      return anyValueText(bytes) === literal.value
  }
}

export type AnyElement =
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'other' }

export function isComparable(element: AnyElement, literal: Literal): boolean {
  if (element.type === 'string') return literal.type === 'string'
  if (element.type === 'bool') return literal.type === 'bool'
  return element.type !== 'other' && (literal.type === 'int' || literal.type === 'float')
}

function elementHolds(
  element: AnyElement,
  op: CompareOp,
  literal: Literal,
  text: BytesTest,
): boolean {
  switch (element.type) {
    case 'string':
      return text(element.value)
    case 'bool':
      return orderHolds(
        op,
        Number(element.value) - (literal.type === 'bool' && literal.value ? 1 : 0),
      )
    case 'int':
    case 'double':
      if (literal.type === 'int')
        return orderHolds(op, numberOrder(element.value, BigInt(literal.value)))
      return literal.type === 'float' && orderHolds(op, numberOrder(element.value, literal.value))
    default:
      return false
  }
}

/** Exact between a bigint and a number. NaN has no order. */
function numberOrder(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN
}

/** False for an empty list, which counts as no value. */
export function hasValue(bytes: Uint8Array): boolean {
  return !isList(bytes) || new ProtoReader(bytes.subarray(1)).message().more()
}

/** True for an encoded ArrayValue. */
export function isList(bytes: Uint8Array): boolean {
  return bytes[0] === 0x2a
}

/** The scalar itself, or the elements of an array (one level, as TraceQL sees arrays). */
export function elementsOf(bytes: Uint8Array): AnyElement[] {
  const reader = new ProtoReader(bytes)
  let found: AnyElement[] = [{ type: 'other' }]
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x2a) {
      const array = reader.message()
      found = []
      while (array.more()) {
        if (array.tag() === 0x0a) found.push(scalarOf(array.message()))
        else return []
      }
    } else {
      reader.pos -= 1
      return [scalarOf(new ProtoReader(bytes))]
    }
  }
  return found
}

function scalarOf(reader: ProtoReader): AnyElement {
  let element: AnyElement = { type: 'other' }
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) element = { type: 'string', value: reader.bytes() }
    else if (tag === 0x10) element = { type: 'bool', value: reader.varintBigInt() !== 0n }
    else if (tag === 0x18)
      element = { type: 'int', value: BigInt.asIntN(64, reader.varintBigInt()) }
    else if (tag === 0x21) element = { type: 'double', value: reader.double() }
    else reader.skip(tag & 7)
  }
  return element
}

/** Deeper values have been refused at the door; this bounds what is written of them. */
const textDepthMax = 64

/** Arrays and lists as compact JSON, bytes as lower-case hex, wide ints in decimal. */
export function anyValueText(bytes: Uint8Array): string {
  const reader = new ProtoReader(bytes)
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x3a) return Buffer.from(reader.bytes()).toString('hex')
    if (tag === 0x18) return BigInt.asIntN(64, reader.varintBigInt()).toString()
    if (tag === 0x2a || tag === 0x32) return JSON.stringify(plainValue(bytes, 0))
    reader.skip(tag & 7)
  }
  return ''
}

/** A value as plain JSON data; recursion is bounded by `textDepthMax`. */
function plainValue(bytes: Uint8Array, depth: number): unknown {
  if (depth > textDepthMax) return null
  const reader = new ProtoReader(bytes)
  let value: unknown = ''
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) value = reader.text()
    else if (tag === 0x10) value = reader.varintBigInt() !== 0n
    else if (tag === 0x18) value = Number(BigInt.asIntN(64, reader.varintBigInt()))
    else if (tag === 0x21) value = reader.double()
    else if (tag === 0x2a) {
      const array = reader.message()
      const items: unknown[] = []
      while (array.more()) {
        if (array.tag() !== 0x0a) break
        items.push(plainValue(array.bytes(), depth + 1))
      }
      value = items
    } else if (tag === 0x32) value = plainList(reader.bytes(), depth)
    else if (tag === 0x3a) value = Buffer.from(reader.bytes()).toString('base64')
    else reader.skip(tag & 7)
  }
  return value
}

function plainList(bytes: Uint8Array, depth: number): Record<string, unknown> {
  const list = new ProtoReader(bytes)
  const entries: [string, unknown][] = []
  while (list.more()) {
    list.tag()
    const [key, value] = keyAndValue(list.bytes())
    entries.push([key, plainValue(value, depth + 1)])
  }
  return Object.fromEntries(entries)
}

function keyAndValue(bytes: Uint8Array): [string, Uint8Array] {
  const reader = new ProtoReader(bytes)
  let key = ''
  let value: Uint8Array = new Uint8Array(0)
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === 0x0a) key = reader.text()
    else if (tag === 0x12) value = reader.bytes()
    else reader.skip(tag & 7)
  }
  return [key, value]
}

/** Entries of an overflow value (a KeyValueList) with their encoded AnyValues. */
export function overflowEntries(bytes: Uint8Array): [string, Uint8Array][] {
  const list = new ProtoReader(bytes)
  const entries: [string, Uint8Array][] = []
  while (list.more()) {
    list.tag()
    entries.push(keyAndValue(list.bytes()))
  }
  return entries
}

/** A test of one key's value inside overflow values; null asks only whether there is one. */
export function overflowTest(key: string, value: BytesTest | null): BytesTest {
  return bytes =>
    overflowEntries(bytes).some(([name, encoded]) => name === key && (value ?? hasValue)(encoded))
}

import { type ScopeCode, ValueType, type ValueTypeCode } from '../../model/columns.ts'
import type { LiveSegment } from './live-segment.ts'

/**
 * Reads OTLP attributes from the wire into a segment's columns. The bytes were checked by
 * `wire/otlp-walk` before, so lengths are trusted here and reads need no bounds checks.
 *
 * The cursor and the running content hash live in module variables: a field of an object costs a
 * load and a store per byte, and there is one decoder per thread.
 */

let cursor = 0

export function setCursor(at: number): void {
  cursor = at
}

export function cursorAt(): number {
  return cursor
}

const doubleView = new Float64Array(1)
const doubleBytes = new Uint8Array(doubleView.buffer)
const doubleLanes = new Uint32Array(doubleView.buffer)

/** Content hash of the item being read, two lanes. */
export const contentHash = { low: 0, high: 0 }

export function resetContentHash(): void {
  contentHash.low = 0x243f6a88
  contentHash.high = 0x85a308d3 | 0
}

export function mixContent(value: number): void {
  const low = Math.imul(contentHash.low ^ value, 0x85ebca6b)
  contentHash.low = low ^ (low >>> 15)
  const high = Math.imul((contentHash.high + value) | 0, 0xc2b2ae35) ^ low
  contentHash.high = high ^ (high >>> 13)
}

/** Sums over the attributes of one list: their order is not part of an item's identity. */
let attributesLow = 0
let attributesHigh = 0

function addAttributeHash(key: number, valueHash: number): void {
  let hash = Math.imul(key ^ 0x9e3779b1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ valueHash, 0xc2b2ae35)
  hash ^= hash >>> 13
  attributesLow = (attributesLow + hash) | 0
  attributesHigh = (attributesHigh + Math.imul(hash ^ valueHash, 0x27d4eb2f)) | 0
}

/** Ends a list of attributes: its sums become part of the item's content hash. */
function mixAttributes(): void {
  mixContent(attributesLow)
  mixContent(attributesHigh)
  attributesLow = 0
  attributesHigh = 0
}

/** A varint whose value fits 53 bits; larger ones lose low bits (see `readIntValue`). */
export function readVarint(b: Uint8Array): number {
  let byte = b[cursor++]!
  if (byte < 128) return byte
  let result = byte & 127
  let scale = 128
  for (;;) {
    byte = b[cursor++]!
    result += (byte & 127) * scale
    if (byte < 128) return result
    scale *= 128
  }
}

export function skipField(b: Uint8Array, wireType: number): void {
  if (wireType === 0) while (b[cursor++]! >= 128);
  else if (wireType === 1) cursor += 8
  else if (wireType === 2) {
    const length = readVarint(b)
    cursor += length
  } else cursor += 4
}

export function readUint32(b: Uint8Array): number {
  const at = cursor
  cursor = at + 4
  return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0
}

/** What `readAnyValue` found. */
let valueType: ValueTypeCode = ValueType.any
let valueHash = 0
/** In an array: a double in a variable of its own would be boxed each time it is set. */
const valueNumber = new Float64Array(1)

/** An int64 varint as a number, or false when it does not fit ±2^53 and must be kept as bytes. */
function readIntValue(b: Uint8Array): boolean {
  let low = 0
  let high = 0
  for (let index = 0; ; index++) {
    const byte = b[cursor++]!
    const bits = byte & 127
    if (index < 4) low |= bits << (7 * index)
    else if (index === 4) {
      low |= bits << 28
      high = bits >>> 4
    } else high |= bits << (7 * index - 32)
    if (byte < 128) break
  }
  const signedHigh = high | 0
  if (signedHigh >= 0x200000 || signedHigh < -0x200000) return false
  valueNumber[0] = signedHigh * 4294967296 + (low >>> 0)
  valueHash = low ^ Math.imul(high, 0x9e3779b1)
  return true
}

function readAnyValue(segment: LiveSegment, b: Uint8Array, end: number): void {
  const start = cursor
  const values = segment.values
  valueType = ValueType.any
  while (cursor < end) {
    const tag = b[cursor++]!
    switch (tag) {
      case 0x0a: {
        const length = readVarint(b)
        valueType = ValueType.text
        valueNumber[0] = values.intern(b, cursor, length)
        valueHash = values.lastHash
        cursor += length
        break
      }
      case 0x10:
        valueType = ValueType.bool
        valueNumber[0] = readVarint(b) === 0 ? 0 : 1
        valueHash = valueNumber[0]
        break
      case 0x18:
        valueType = readIntValue(b) ? ValueType.int : ValueType.any
        break
      case 0x21:
        for (let i = 0; i < 8; i++) doubleBytes[i] = b[cursor + i]!
        cursor += 8
        valueType = ValueType.double
        valueNumber[0] = doubleView[0]!
        valueHash = doubleLanes[0]! ^ Math.imul(doubleLanes[1]!, 0x9e3779b1)
        break
      default:
        valueType = ValueType.any
        cursor = end
    }
  }
  if (valueType === ValueType.any) {
    valueNumber[0] = values.intern(b, start, end - start)
    valueHash = values.lastHash
    cursor = end
  }
}

/** KeyValue fields that found no column: (start, end) pairs into the request's bytes. */
const overflow: number[] = []

/**
 * One KeyValue that ends at `end`, appended after trie node `node`; returns the next node. The
 * value goes to `segment.attributeValues`.
 */
export function readAttribute(
  segment: LiveSegment,
  b: Uint8Array,
  end: number,
  scope: ScopeCode,
  node: number,
): number {
  const start = cursor
  const { keys, shapes } = segment
  let key = -1
  let hasValue = false
  while (cursor < end) {
    const tag = b[cursor++]!
    if (tag === 0x0a) {
      const length = readVarint(b)
      const guess = shapes.guessKey[node]!
      key = guess >= 0 && keys.is(guess, b, cursor, length) ? guess : keys.intern(b, cursor, length)
      cursor += length
    } else if (tag === 0x12) {
      const length = readVarint(b)
      readAnyValue(segment, b, cursor + length)
      hasValue = true
    } else if (tag < 128) skipField(b, tag & 7)
    else {
      cursor--
      skipField(b, readVarint(b) & 7)
    }
  }
  if (key < 0) key = keys.intern(b, start, 0)
  if (!hasValue) {
    valueType = ValueType.any
    valueNumber[0] = segment.emptyText
    valueHash = segment.values.hashes[segment.emptyText]!
  }
  addAttributeHash(keys.hashes[key]! ^ valueType, valueHash)
  let next = shapes.guessNext[node]!
  if (shapes.guessKey[node] !== key || shapes.guessType[node] !== valueType || node === 0) {
    const column = shapes.column(scope, valueType, keys, key)
    next = column < 0 ? -1 : shapes.next(node, column)
    if (next < 0) {
      overflow.push(start, end)
      return node
    }
    shapes.guess(node, key, valueType, next)
  }
  segment.pushAttribute(valueNumber[0]!)
  return next
}

/**
 * Ends a list of attributes: puts those that found no column into the overflow column as one encoded KeyValueList
 * and returns the last node.
 */
export function endAttributes(
  segment: LiveSegment,
  b: Uint8Array,
  scope: ScopeCode,
  node: number,
): number {
  mixAttributes()
  if (overflow.length === 0) return node
  let size = 0
  for (let i = 0; i < overflow.length; i += 2) size += 6 + overflow[i + 1]! - overflow[i]!
  const list = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < overflow.length; i += 2) {
    const length = overflow[i + 1]! - overflow[i]!
    list[at++] = 0x0a
    let rest = length
    for (; rest >= 128; rest >>>= 7) list[at++] = (rest & 127) | 128
    list[at++] = rest
    list.set(b.subarray(overflow[i]!, overflow[i + 1]!), at)
    at += length
  }
  overflow.length = 0
  const id = segment.values.intern(list, 0, at)
  const { keys, shapes } = segment
  const column = shapes.column(scope, ValueType.overflow, keys, keys.internText(''))
  segment.pushAttribute(id)
  return segment.shapes.next(node, column)
}

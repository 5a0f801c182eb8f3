import { Scope, ValueType } from '../../model/columns.ts'
import type { ByteDictionary } from './byte-dictionary.ts'
import {
  contentHash,
  cursorAt,
  endAttributes,
  mixContent,
  readAttribute,
  readVarint,
  resetContentHash,
  setCursor,
  skipField,
} from './decode-attributes.ts'
import type { LiveSegment, Owner } from './live-segment.ts'

/**
 * Resources and instrumentation scopes: interned by their encoded bytes (with the schema URL), so
 * that a request costs one lookup for each and their attributes are read once per segment.
 */

/** The index of the resource of the ResourceSpans in `b[start, end)`. */
export function internResource(
  segment: LiveSegment,
  b: Uint8Array,
  start: number,
  end: number,
): number {
  return intern(segment, segment.resourceKeys, segment.resources, b, start, end, readResource)
}

/** The index of the scope of the ScopeSpans in `b[start, end)`. */
export function internInstrumentation(
  segment: LiveSegment,
  b: Uint8Array,
  start: number,
  end: number,
): number {
  const { instrumentationKeys, instrumentations } = segment
  return intern(segment, instrumentationKeys, instrumentations, b, start, end, readInstrumentation)
}

type OwnerReader = (segment: LiveSegment, b: Uint8Array, end: number, schemaUrl: number) => Owner

/** Field 1 is the owner, field 3 its schema URL, which may come after the spans of field 2. */
function intern(
  segment: LiveSegment,
  known: ByteDictionary,
  owners: Owner[],
  b: Uint8Array,
  start: number,
  end: number,
  read: OwnerReader,
): number {
  let ownerStart = 0
  let ownerEnd = 0
  let urlStart = 0
  let urlEnd = 0
  setCursor(start)
  while (cursorAt() < end) {
    const tag = readVarint(b)
    if ((tag & 7) !== 2) {
      skipField(b, tag & 7)
      continue
    }
    const length = readVarint(b)
    if (tag === 0x0a) {
      ownerStart = cursorAt()
      ownerEnd = ownerStart + length
    } else if (tag === 0x1a) {
      urlStart = cursorAt()
      urlEnd = urlStart + length
    }
    setCursor(cursorAt() + length)
  }
  let key = b
  let keyStart = ownerStart
  let keyLength = ownerEnd - ownerStart
  if (urlEnd > urlStart) {
    // 0xff cannot begin a field of the owner, so the two kinds of key never meet.
    key = Buffer.concat([
      Buffer.of(0xff),
      b.subarray(urlStart, urlEnd),
      Buffer.of(0),
      b.subarray(ownerStart, ownerEnd),
    ])
    keyStart = 0
    keyLength = key.length
  }
  const before = known.count
  const index = known.intern(key, keyStart, keyLength)
  if (known.count > before) {
    const url = segment.values.intern(b, urlStart, urlEnd - urlStart)
    setCursor(ownerStart)
    owners[index] = read(segment, b, ownerEnd, url)
  }
  return index
}

function readResource(segment: LiveSegment, b: Uint8Array, end: number, schemaUrl: number): Owner {
  const firstAttribute = segment.attributeCount
  let node = 0
  let droppedAttributes = 0
  resetContentHash()
  while (cursorAt() < end) {
    const tag = readVarint(b)
    if (tag === 0x0a) {
      const length = readVarint(b)
      node = readAttribute(segment, b, cursorAt() + length, Scope.resource, node)
    } else if (tag === 0x10) droppedAttributes = readVarint(b)
    else skipField(b, tag & 7)
  }
  const shape = segment.shapes.shapeOf(endAttributes(segment, b, Scope.resource, node))
  const attributes = takeAttributes(segment, firstAttribute)
  const name = serviceName(segment, shape, attributes)
  return finish(segment, {
    shape,
    attributes,
    droppedAttributes,
    schemaUrl,
    name,
    version: segment.emptyText,
  })
}

function readInstrumentation(
  segment: LiveSegment,
  b: Uint8Array,
  end: number,
  schemaUrl: number,
): Owner {
  const firstAttribute = segment.attributeCount
  let node = 0
  let droppedAttributes = 0
  let name = segment.emptyText
  let version = segment.emptyText
  resetContentHash()
  while (cursorAt() < end) {
    const tag = readVarint(b)
    if (tag === 0x0a || tag === 0x12) {
      const length = readVarint(b)
      const id = segment.values.intern(b, cursorAt(), length)
      if (tag === 0x0a) name = id
      else version = id
      setCursor(cursorAt() + length)
    } else if (tag === 0x1a) {
      const length = readVarint(b)
      node = readAttribute(segment, b, cursorAt() + length, Scope.instrumentation, node)
    } else if (tag === 0x20) droppedAttributes = readVarint(b)
    else skipField(b, tag & 7)
  }
  const shape = segment.shapes.shapeOf(endAttributes(segment, b, Scope.instrumentation, node))
  const attributes = takeAttributes(segment, firstAttribute)
  return finish(segment, { shape, attributes, droppedAttributes, schemaUrl, name, version })
}

/** Attributes of owners lie in the owner, not in the segment's array of span attributes. */
function takeAttributes(segment: LiveSegment, first: number): Float64Array {
  const attributes = segment.attributeValues.slice(first, segment.attributeCount)
  segment.rewindAttributes(first)
  return attributes
}

/** The text of the first `service.name`; the empty text when it is absent or not text. */
function serviceName(segment: LiveSegment, shape: number, attributes: Float64Array): number {
  const columns = segment.shapes.shapes[shape]!
  for (let i = 0; i < columns.length; i++) {
    const column = segment.shapes.columns[columns[i]!]!
    if (column.key === 'service.name' && column.type === ValueType.text) return attributes[i]!
  }
  return segment.emptyText
}

function finish(segment: LiveSegment, owner: Omit<Owner, 'hashLow' | 'hashHigh'>): Owner {
  const { hashes } = segment.values
  mixContent(hashes[owner.schemaUrl]!)
  mixContent(hashes[owner.name]!)
  mixContent(hashes[owner.version]!)
  mixContent(owner.droppedAttributes)
  return { ...owner, hashLow: contentHash.low, hashHigh: contentHash.high }
}

import { Corruption } from '../../base/errors.ts'
import { isDictionaryType, Scope, ValueType, type ValueTypeCode } from '../../model/columns.ts'
import { packedWords } from './bitpack.ts'
import type { FooterArrays, Place } from './block-file.ts'
import {
  align8,
  dictionaryPageBytes,
  Encoding,
  fixedBytes,
  headerBytes,
  indexEntryBytes,
  indexPageEntries,
  subBlockRows,
} from './format.ts'

/**
 * Whether a footer describes a block at all: vectors of fitting lengths, places inside the object,
 * sizes that fit the number of values. What passes can be read without looking again, and needs no
 * more memory than its object explains. The checksum tells damage; this tells what was written wrong.
 */

export interface FooterSubject {
  readonly object: string
  readonly spans: number
  readonly traces: number
  readonly footerPlace: Place
  readonly f: FooterArrays
}

/** Values of one chunk: those of a constant take no bytes, so nothing else bounds them. */
const chunkValuesMax = 1 << 26

/** Every span has an id, every trace an id and an entry in the index. */
const spanBytesMin = 8
const traceBytesMin = 16 + indexEntryBytes

/** Fails with CORRUPT. */
export function checkFooter(subject: FooterSubject): void {
  const fault =
    groupFault(subject) ??
    columnFault(subject) ??
    chunkFault(subject) ??
    shapeFault(subject) ??
    dictionaryFault(subject) ??
    indexFault(subject)
  if (fault === undefined) return
  const { object, footerPlace } = subject
  throw new Corruption(`footer: ${fault}`, { object, offset: footerPlace.offset })
}

function groupFault({ f, spans, traces, footerPlace }: FooterSubject): string | undefined {
  const groups = f.groupSpans.length
  if (f.groupTraces.length !== groups || f.groupTimes.length !== 10 * groups) return 'groups'
  // One more for the columns of resources and scopes.
  if (f.groupOffset.length !== groups + 1) return 'offsets of groups'
  if (f.groupBytes.length !== groups + 1) return 'sizes of groups'
  if (sumOf(f.groupSpans) !== spans || spans * spanBytesMin > footerPlace.offset) return 'spans'
  if (sumOf(f.groupTraces) !== traces || traces * traceBytesMin > footerPlace.offset)
    return 'traces'
  for (const [group, offset] of f.groupOffset.entries()) {
    if (!isInside(offset, f.groupBytes[group]!, footerPlace)) return `place of group ${group}`
  }
  return undefined
}

function columnFault({ f }: FooterSubject): string | undefined {
  const columns = f.columnScope.length
  const perColumn = [
    ...[f.columnKeyEnd, f.columnType, f.columnOccurrence, f.columnDictionary, f.columnByKey],
    f.columnDictionaryPerGroup,
  ]
  if (perColumn.some(lane => lane.length !== columns)) return 'columns'
  if (f.columnFirstChunk.length !== columns + 1) return 'chunks of columns'
  if (!isRising(f.columnKeyEnd, f.columnKey.length)) return 'keys of columns'
  const chunks = f.chunkGroup.length
  if (!isRising(f.columnFirstChunk, chunks) || f.columnFirstChunk[columns] !== chunks)
    return 'chunks of columns'
  const listed = new Uint8Array(columns)
  for (const column of f.columnByKey) listed[column] = 1
  if (listed.includes(0)) return 'order of columns'
  for (let column = 0; column < columns; column++) {
    if (!scopes.has(f.columnScope[column]!)) return `scope of column ${column}`
    if (!types.has(f.columnType[column]!)) return `type of column ${column}`
  }
  return undefined
}

const scopes: ReadonlySet<number> = new Set(Object.values(Scope))
const types: ReadonlySet<number> = new Set(Object.values(ValueType))

function chunkFault({ f, footerPlace }: FooterSubject): string | undefined {
  const chunks = f.chunkGroup.length
  const perChunk = [
    ...[f.chunkCount, f.chunkBytes, f.chunkCrc, f.chunkEncoding, f.chunkWidth, f.chunkScale],
    ...[f.chunkMin, f.chunkMax],
  ]
  if (perChunk.some(lane => lane.length !== chunks)) return 'chunks'
  const used = new Float64Array(f.groupOffset.length)
  for (let column = 0; column < f.columnScope.length; column++) {
    let last = -1
    for (let i = f.columnFirstChunk[column]!; i < f.columnFirstChunk[column + 1]!; i++) {
      const group = f.chunkGroup[i]!
      if (group <= last || group >= used.length) return `group of chunk ${i}`
      last = group
      const fault = sizeFault(f, i, f.columnType[column]! as ValueTypeCode)
      if (fault !== undefined) return `${fault} of chunk ${i}`
      used[group] = used[group]! + align8(f.chunkBytes[i]!)
    }
  }
  for (const [group, bytes] of used.entries()) {
    if (bytes !== f.groupBytes[group]!) return `size of group ${group}`
    if (!isInside(f.groupOffset[group]!, bytes, footerPlace)) return `place of group ${group}`
  }
  return undefined
}

/** What does not fit: the number of values, the width of one, or their bytes. */
function sizeFault(f: FooterArrays, chunk: number, type: ValueTypeCode): string | undefined {
  const count = f.chunkCount[chunk]!
  const width = f.chunkWidth[chunk]!
  const bytes = f.chunkBytes[chunk]!
  if (count === 0 || count > chunkValuesMax) return 'number of values'
  const isSigned = type === ValueType.int || type === ValueType.double
  if (f.chunkScale[chunk]! > (isSigned ? 4 : 0)) return 'scale'
  const min = f.chunkMin[chunk]!
  if (type !== ValueType.double && !isStoredInt(min)) return 'least value'
  if (!isSigned && min < 0) return 'least value'
  const isFixed = fixedTypes.has(type)
  const encoding = f.chunkEncoding[chunk]!
  if (isFixed !== (encoding === Encoding.bytes)) return 'encoding'
  switch (encoding) {
    case Encoding.constant:
      return bytes === 0 ? undefined : 'size'
    case Encoding.packed:
      if (width === 0 || width > 32) return 'width'
      return bytes === 4 * packedWords(count, width) ? undefined : 'size'
    case Encoding.subBlocks:
      if (width === 0 || width > 32) return 'width'
      return bytes >= 8 * Math.ceil(count / subBlockRows) ? undefined : 'size'
    case Encoding.planes:
    case Encoding.planesZstd:
      if (width === 0 || width > 7) return 'width'
      return encoding === Encoding.planesZstd || bytes === count * width ? undefined : 'size'
    case Encoding.float64:
      return bytes === count * 8 ? undefined : 'size'
    case Encoding.float64Zstd:
      return undefined
    case Encoding.bytes:
      if (width !== fixedBytes(type)) return 'width'
      return bytes === count * width ? undefined : 'size'
    default:
      return 'encoding'
  }
}

/** Within ±2^53, the bounds included; wider ints are stored in another type. */
export function isStoredInt(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 53
}

const fixedTypes: ReadonlySet<ValueTypeCode> = new Set([
  ValueType.fixed8,
  ValueType.fixed16,
  ValueType.fixed24,
])

function shapeFault({ f }: FooterSubject): string | undefined {
  if (!isRising(f.shapeEnd, f.shapeColumn.length)) return 'shapes'
  const columns = f.columnScope.length
  return f.shapeColumn.every(column => column < columns) ? undefined : 'columns of shapes'
}

/** A value takes its length and four bytes of the size of a page, when pages are cut. */
const pageValuesMax = dictionaryPageBytes / 4 + 1
const headBytesPerPage = 20

function dictionaryFault({ f, footerPlace }: FooterSubject): string | undefined {
  const count = f.dictionaryValues.length
  const perDictionary = [
    ...[f.dictionaryHeadOffset, f.dictionaryHeadBytes, f.dictionaryHeadCrc],
    f.dictionaryPagesOffset,
  ]
  if (perDictionary.some(lane => lane.length !== count)) return 'dictionaries'
  for (let id = 0; id < count; id++) {
    const headBytes = f.dictionaryHeadBytes[id]!
    if (!isInside(f.dictionaryHeadOffset[id]!, headBytes, footerPlace))
      return `place of dictionary ${id}`
    const pages = f.dictionaryPagesOffset[id]!
    const pagesBytes = f.dictionaryHeadOffset[id]! - pages
    if (!isInside(pages, pagesBytes, footerPlace)) return `place of dictionary ${id}`
    const valuesMax = (headBytes / headBytesPerPage) * pageValuesMax
    if (f.dictionaryValues[id]! > valuesMax) return `values of dictionary ${id}`
  }
  for (let column = 0; column < f.columnScope.length; column++) {
    const first = f.columnDictionary[column]!
    const chunks = f.columnFirstChunk[column + 1]! - f.columnFirstChunk[column]!
    const own = f.columnDictionaryPerGroup[column] === 1 ? chunks : 1
    const needs = isDictionaryType(f.columnType[column]! as ValueTypeCode)
    if (needs ? first < 0 || first + own > count : first >= 0)
      return `dictionary of column ${column}`
  }
  return undefined
}

function indexFault({ f, traces, footerPlace }: FooterSubject): string | undefined {
  if (f.indexPageCrc.length !== Math.ceil(traces / indexPageEntries)) return 'pages of the index'
  return isInside(f.indexOffset, traces * indexEntryBytes, footerPlace)
    ? undefined
    : 'place of the index'
}

/** A stretch between the header and the footer, beginning at a multiple of 8. */
function isInside(offset: number, bytes: number, footer: Place): boolean {
  return offset >= headerBytes && offset % 8 === 0 && bytes >= 0 && offset + bytes <= footer.offset
}

function sumOf(values: Uint32Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

function isRising(ends: Uint32Array, max: number): boolean {
  let last = 0
  for (const end of ends) {
    if (end < last || end > max) return false
    last = end
  }
  return true
}

import type {
  ColumnGroup,
  ColumnRef,
  ColumnSource,
  Dictionary,
  GroupNeed,
  OwnerGroup,
  Vector,
} from '../../model/column-batch.ts'
import { isDictionaryType, Scope, type ScopeCode, ValueType } from '../../model/columns.ts'
import type { AttributeScope, Intrinsic, Operand } from '../../model/predicate.ts'
import { computedNumbers, idColumn, isId } from '../computed.ts'
import type { Mask } from '../kernels.ts'
import { intrinsicPlaces, needsOf, scopeCodes } from '../places.ts'
import type { Pause } from '../scan-watch.ts'
import { type AnyElement, elementsOf, hasValue, isList, overflowEntries } from '../value-test.ts'
import { spanElseResource } from './span-else-resource.ts'
import { TextTable } from './text-table.ts'
import {
  copyValue,
  gather,
  Kind,
  type KindCode,
  type ValueVector,
  VectorBuilder,
} from './value-vector.ts'

/** What the vectors of one query over one source share. */
export interface ReadContext {
  readonly source: ColumnSource
  readonly texts: TextTable
  /** Dictionary -> per code: id of its text + 1, 0 where it was not needed yet. */
  readonly textIds: Map<Dictionary, Int32Array>
  readonly readers: Map<string, VectorReader>
  readonly pause: Pause
}

/**
 * What for values are read. To be compared: lists are their elements. To be computed with: lists are
 * no values. To be grouped by: the same, and a root's parent id is zeros.
 */
export type Purpose = 'comparison' | 'computation' | 'grouping'

/** An operand bound to the columns of a source. */
export interface VectorReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  /**
   * Its values in a loaded group. With a mask, values of other rows may be left out.
   */
  read(group: ColumnGroup, index: number, mask: Mask | null): Promise<ValueVector>
}

/** The same reader for the same operand, so that its values can be kept. */
export function vectorReader(
  context: ReadContext,
  operand: Operand,
  purpose: Purpose,
): VectorReader {
  const key = JSON.stringify([purpose, operand])
  let reader = context.readers.get(key)
  if (reader === undefined) {
    reader = makeReader(context, operand, purpose)
    context.readers.set(key, reader)
  }
  return reader
}

function makeReader(context: ReadContext, operand: Operand, purpose: Purpose): VectorReader {
  if (operand.kind === 'intrinsic') return intrinsicReader(context, operand.name, purpose)
  if (operand.scope !== 'any') return scopeReader(context, operand.scope, operand.key, purpose)
  const span = scopeReader(context, 'span', operand.key, purpose)
  const resource = scopeReader(context, 'resource', operand.key, purpose)
  return {
    columns: [...span.columns, ...resource.columns],
    needs: [...span.needs, ...resource.needs],
    async read(group, index, mask) {
      const own = await span.read(group, index, mask)
      return spanElseResource(own, await resource.read(group, index, mask), group.rows)
    },
  }
}

function scopeReader(
  context: ReadContext,
  scope: AttributeScope,
  key: string,
  purpose: Purpose,
): VectorReader {
  const { source } = context
  const code = scopeCodes[scope]
  const columns = attributeColumns(source, code, key)
  const isOwner = scope === 'resource' || scope === 'instrumentation'
  const needs = needsOf(scope, null)
  return {
    columns: isOwner ? [] : columns,
    needs: columns.length > 0 ? needs : [],
    async read(group, index, mask) {
      if (columns.length === 0) return new VectorBuilder(group.rows).finish()
      if (isOwner) return readOwners(context, code, columns, key, purpose, group, index)
      const count = scope === 'span' ? group.rows : group.itemRows(itemDomain(scope)).length
      const rows = scope === 'span' ? null : group.itemRows(itemDomain(scope))
      const wanted = rows === null ? mask : itemsOfRows(rows, mask)
      const values = await readColumns(context, columns, key, purpose, ref => group.vector(ref), {
        index,
        count,
        wanted,
      })
      return values(rows === null ? null : { of: itemDomain(scope), rows })
    },
  }
}

function itemDomain(scope: string): 'event' | 'link' {
  return scope === 'event' ? 'event' : 'link'
}

function itemsOfRows(rows: Uint32Array, mask: Mask | null): Mask | null {
  if (mask === null) return null
  const out = new Uint8Array(rows.length)
  for (let i = 0; i < out.length; i++) out[i] = mask[rows[i]!]!
  return out
}

/** The value of each resource or scope; lists are none. */
export async function readOwnerValues(
  context: ReadContext,
  operand: Operand,
  index: number,
): Promise<ValueVector> {
  const { source } = context
  const isIntrinsic = operand.kind === 'intrinsic'
  const scope =
    !isIntrinsic && operand.scope === 'resource' ? Scope.resource : Scope.instrumentation
  const key = isIntrinsic ? '' : operand.key
  const columns = isIntrinsic
    ? [source.intrinsic(intrinsicPlaces[operand.name].column!)].filter(ref => ref !== null)
    : attributeColumns(source, scope, key)
  const owners = await source.owners(scope, columns)
  const place = { index, count: owners.count, wanted: null }
  return (
    await readColumns(context, columns, key, 'computation', ref => owners.vector(ref), place)
  )(null)
}

/** As in conditions: a resource without service.name counts as one with an empty name. */
function attributeColumns(source: ColumnSource, scope: ScopeCode, key: string): ColumnRef[] {
  const isService = scope === Scope.resource && key === 'service.name'
  const refs = isService
    ? [source.intrinsic('resource.service')]
    : [...source.columns(scope, key), source.overflow(scope)]
  return refs.filter(ref => ref !== null)
}

async function readOwners(
  context: ReadContext,
  scope: ScopeCode,
  columns: readonly ColumnRef[],
  key: string,
  purpose: Purpose,
  group: ColumnGroup,
  index: number,
): Promise<ValueVector> {
  const owners: OwnerGroup = await context.source.owners(scope, columns)
  const place = { index, count: owners.count, wanted: null }
  const read = await readColumns(context, columns, key, purpose, ref => owners.vector(ref), place)
  const perOwner = read(null)
  const { values, base } = group.ownerOfRow(scope)
  const ownerOfRow = base === 0 ? values : Float64Array.from(values, value => value + base)
  if (perOwner.items === null) return gather(perOwner, ownerOfRow, null)
  return spreadElements(perOwner, ownerOfRow, owners.count)
}

/** Elements of owners' lists, once for each row of the owner. */
function spreadElements(
  elements: ValueVector,
  ownerOfRow: ArrayLike<number>,
  owners: number,
): ValueVector {
  const ownerOf = elements.items!.rows
  const first = new Uint32Array(owners + 1)
  for (const owner of ownerOf) first[owner + 1] = first[owner + 1]! + 1
  for (let i = 0; i < owners; i++) first[i + 1] = first[i + 1]! + first[i]!
  const rows: number[] = []
  const from: number[] = []
  for (let row = 0; row < ownerOfRow.length; row++) {
    const owner = ownerOfRow[row]!
    for (let i = first[owner]!; i < first[owner + 1]!; i++) {
      rows.push(row)
      from.push(i)
    }
  }
  const spread = gather(elements, from, { of: 'element', rows: Uint32Array.from(rows) })
  return { ...spread, ofList: Uint8Array.from(from, at => elements.ofList?.[at] ?? 0) }
}

interface Place {
  readonly index: number
  readonly count: number
  readonly wanted: Mask | null
}

/**
 * Values of all columns of a key over the items that carry them; the first column with a value
 * counts. With lists of several elements the result has one value per element instead.
 */
async function readColumns(
  context: ReadContext,
  columns: readonly ColumnRef[],
  key: string,
  purpose: Purpose,
  vectorOf: (ref: ColumnRef) => Vector | null,
  { index, count, wanted }: Place,
): Promise<(items: ValueVector['items']) => ValueVector> {
  const out = new VectorBuilder(count)
  const elements: { item: number; element: AnyElement }[] = []
  for (const ref of columns) {
    const vector = vectorOf(ref)
    if (vector === null) continue
    const { type } = ref.name
    if (type === ValueType.text) await readTexts(context, ref, vector, index, wanted, out)
    else if (!isDictionaryType(type)) readNumbers(vector, numberKinds[type] ?? Kind.int, out)
    else {
      const found = await readEncoded(context, ref, vector, index, wanted, key, purpose, out)
      elements.push(...found)
    }
  }
  if (elements.length === 0) return items => out.finish(items)
  return items => withElements(context, out, elements, items)
}

/** Of columns that are no dictionary's. */
export const numberKinds: Readonly<Record<number, KindCode>> = {
  [ValueType.bool]: Kind.bool,
  [ValueType.int]: Kind.int,
  [ValueType.double]: Kind.float,
  [ValueType.u32]: Kind.int,
}

function readNumbers(vector: Vector, kind: KindCode, out: VectorBuilder): void {
  const { values, items, count, base, divisor } = vector
  const { kinds, numbers } = out
  for (let i = 0; i < count; i++) {
    const item = items === null ? i : items[i]!
    if (kinds[item] !== Kind.none) continue
    kinds[item] = kind
    numbers[item] = divisor === 1 ? values[i]! + base : (values[i]! + base) / divisor
  }
}

async function readTexts(
  context: ReadContext,
  ref: ColumnRef,
  vector: Vector,
  index: number,
  wanted: Mask | null,
  out: VectorBuilder,
): Promise<void> {
  const ids = await textIdsOf(context, ref, vector, index, wanted)
  const { values, items, count, base } = vector
  const { kinds, numbers } = out
  for (let i = 0; i < count; i++) {
    const item = items === null ? i : items[i]!
    const id = ids[values[i]! + base]!
    if (id === 0 || kinds[item] !== Kind.none) continue
    kinds[item] = Kind.text
    numbers[item] = id - 1
  }
}

/** Per code of the column's dictionary: text id + 1; filled for all codes of wanted items. */
export async function textIdsOf(
  { source, texts, textIds }: ReadContext,
  ref: ColumnRef,
  vector: Vector,
  index: number,
  wanted: Mask | null,
): Promise<Int32Array> {
  const dictionary = source.dictionary(ref, index)
  let ids = textIds.get(dictionary)
  if (ids === undefined || ids.length < dictionary.size) {
    ids = new Int32Array(dictionary.size)
    textIds.set(dictionary, ids)
  }
  const { values, items, count, base } = vector
  const missing: number[] = []
  for (let i = 0; i < count; i++) {
    const code = values[i]! + base
    if (ids[code] !== 0) continue
    if (wanted !== null && wanted[items === null ? i : items[i]!] === 0) continue
    ids[code] = pending
    missing.push(code)
  }
  if (missing.length === 0) return ids
  const bytes = await dictionary.load(missing)
  for (const code of missing) ids[code] = texts.intern(bytes(code)) + 1
  return ids
}

/** Marks a code whose text is about to be read. */
const pending = -1

/** Encoded values: wide ints, lists, and the overflow column. Returns elements of lists. */
async function readEncoded(
  context: ReadContext,
  ref: ColumnRef,
  vector: Vector,
  index: number,
  wanted: Mask | null,
  key: string,
  purpose: Purpose,
  out: VectorBuilder,
): Promise<{ item: number; element: AnyElement }[]> {
  const { values, items, base } = vector
  const at: number[] = []
  for (let i = 0; i < vector.count; i++) {
    const item = items === null ? i : items[i]!
    if ((wanted === null || wanted[item] === 1) && out.kinds[item] === Kind.none) at.push(i)
  }
  const bytes = await context.source.dictionary(ref, index).load(at.map(i => values[i]! + base))
  const found: { item: number; element: AnyElement }[] = []
  for (const i of at) {
    const item = items === null ? i : items[i]!
    const stored = bytes(values[i]! + base)
    const encoded =
      ref.name.type === ValueType.overflow
        ? overflowEntries(stored).find(([name]) => name === key)?.[1]
        : stored
    if (encoded === undefined) continue
    if (!hasValue(encoded)) continue
    const elements = elementsOf(encoded)
    if (!isList(encoded)) setElement(context, out, item, elements[0]!)
    else if (purpose !== 'comparison') out.set(item, Kind.unusable, 0)
    else for (const element of elements) found.push({ item, element })
  }
  return found
}

function setElement(
  { texts }: ReadContext,
  out: VectorBuilder,
  at: number,
  element: AnyElement,
): void {
  if (element.type === 'string') out.set(at, Kind.text, texts.intern(element.value))
  else if (element.type === 'bool') out.set(at, Kind.bool, element.value ? 1 : 0)
  else if (element.type === 'int') out.setInt(at, element.value)
  else if (element.type === 'double') out.set(at, Kind.float, element.value)
  else out.set(at, Kind.unusable, 0)
}

/** One vector of single values and elements, in order of rows (or owners). */
function withElements(
  context: ReadContext,
  singles: VectorBuilder,
  elements: { item: number; element: AnyElement }[],
  items: ValueVector['items'],
): ValueVector {
  const all: { item: number; element: AnyElement | null }[] = [...elements]
  for (let item = 0; item < singles.kinds.length; item++) {
    if (singles.kinds[item] !== Kind.none) all.push({ item, element: null })
  }
  all.sort((a, b) => a.item - b.item)
  const single = singles.finish()
  const out = new VectorBuilder(all.length)
  const rows = new Uint32Array(all.length)
  const ofList = new Uint8Array(all.length)
  for (const [i, { item, element }] of all.entries()) {
    rows[i] = items === null ? item : items.rows[item]!
    if (element === null) copyValue(single, item, out, i)
    else {
      setElement(context, out, i, element)
      ofList[i] = 1
    }
  }
  return { ...out.finish({ of: 'element', rows }), ofList }
}

const intrinsicKinds: Partial<Record<Intrinsic, KindCode>> = {
  duration: Kind.duration,
  traceDuration: Kind.duration,
  eventTimeSinceStart: Kind.duration,
  status: Kind.status,
  kind: Kind.kind,
}

function intrinsicReader(context: ReadContext, name: Intrinsic, purpose: Purpose): VectorReader {
  const { source } = context
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : source.intrinsic(place.column)
  const isOwner = place.domain === 'instrumentation'
  const needs = needsOf(place.domain, name)
  return {
    columns: ref && !isOwner ? [ref] : [],
    needs,
    async read(group, index, mask) {
      if (isOwner) {
        const refs = ref ? [ref] : []
        return readOwners(context, Scope.instrumentation, refs, '', 'computation', group, index)
      }
      const wanted = place.domain === 'span' ? mask : null
      const own = await readIntrinsic(context, name, ref, group, index, wanted)
      switch (place.domain) {
        case 'trace':
          return gather(own, group.traceOfRow(), null)
        case 'event':
        case 'link':
          return { ...own, items: { of: place.domain, rows: group.itemRows(place.domain) } }
        default:
          return name === 'parentId' && purpose === 'grouping' ? rootsAsZeros(context, own) : own
      }
    },
  }
}

function rootsAsZeros({ texts }: ReadContext, parents: ValueVector): ValueVector {
  const zeros = texts.internText('0'.repeat(16))
  for (let row = 0; row < parents.kinds.length; row++) {
    if (parents.kinds[row] !== Kind.none) continue
    parents.kinds[row] = Kind.text
    parents.numbers[row] = zeros
  }
  return parents
}

/** Values over the domain of the intrinsic: rows, traces, events or links. */
async function readIntrinsic(
  context: ReadContext,
  name: Intrinsic,
  ref: ColumnRef | null,
  group: ColumnGroup,
  index: number,
  wanted: Mask | null,
): Promise<ValueVector> {
  const place = intrinsicPlaces[name]
  const count = countOf(place.domain, group)
  const out = new VectorBuilder(count)
  if (isId(name)) readIds(context, name, ref, group, wanted, out)
  else if (place.column === null)
    readNumbers(computedNumbers(name, group), intrinsicKinds[name] ?? Kind.int, out)
  else {
    const vector = ref ? group.vector(ref) : null
    if (vector && isDictionaryType(ref!.name.type))
      await readTexts(context, ref!, vector, index, wanted, out)
    else if (vector) readNumbers(vector, intrinsicKinds[name] ?? Kind.int, out)
  }
  if (place.absentText !== undefined) {
    const absent = context.texts.internText(place.absentText)
    for (let i = 0; i < count; i++) if (out.kinds[i] === Kind.none) out.set(i, Kind.text, absent)
  }
  return out.finish()
}

function countOf(domain: string, group: ColumnGroup): number {
  if (domain === 'trace') return group.traces
  return domain === 'event' || domain === 'link' ? group.itemRows(domain).length : group.rows
}

/** Ids as lower-case hex; a span without parent has none. */
function readIds(
  { texts }: ReadContext,
  name: Intrinsic,
  ref: ColumnRef | null,
  group: ColumnGroup,
  wanted: Mask | null,
  out: VectorBuilder,
): void {
  const column = idColumn(name, ref ? [ref] : [], group)
  if (!column) return
  const { bytes, stride, offset, width } = column
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const zeros = '0'.repeat(width * 2)
  for (let i = 0, at = offset; i < out.kinds.length; i++, at += stride) {
    if (wanted !== null && wanted[i] === 0) continue
    const hex = buffer.toString('hex', at, at + width)
    if (name === 'parentId' && hex === zeros) continue
    out.set(i, Kind.text, texts.internText(hex))
  }
}

export function readContext(source: ColumnSource, pause: Pause): ReadContext {
  return { source, pause, texts: new TextTable(), textIds: new Map(), readers: new Map() }
}

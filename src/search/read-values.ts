import type { AttributeValue } from '../contract/queries.ts'
import type {
  ColumnGroup,
  ColumnRef,
  ColumnSource,
  GroupNeed,
  OwnerGroup,
  Vector,
} from '../model/column-batch.ts'
import { isDictionaryType, Scope, type ScopeCode, ValueType } from '../model/columns.ts'
import type { AttributeScope, Intrinsic, Operand } from '../model/predicate.ts'
import { ProtoReader } from '../wire/protobuf.ts'
import { computedNumbers } from './computed.ts'
import { durationText } from './duration-text.ts'
import { intrinsicPlaces, scopeCodes } from './places.ts'
import { overflowEntries } from './value-test.ts'

/** Reads the values of operands at single rows: for what is returned, never for scans. */

export const statusNames = ['unset', 'ok', 'error'] as const
export const kindNames = [
  'unspecified',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
] as const

export type ValueAt = (row: number) => AttributeValue | null

export interface OperandReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  /** Reads what the rows' values need; the result gives the value of each of these rows. */
  prepare(group: ColumnGroup, index: number, rows: readonly number[]): Promise<ValueAt>
}

/** An operand with one place to look: `any` has been taken apart. */
export type ScopedOperand =
  | Extract<Operand, { kind: 'intrinsic' }>
  | { readonly kind: 'attribute'; readonly scope: AttributeScope; readonly key: string }

export function operandReader(source: ColumnSource, operand: ScopedOperand): OperandReader {
  return operand.kind === 'intrinsic'
    ? intrinsicReader(source, operand.name)
    : scopeReader(source, operand.scope, operand.key)
}

function scopeReader(source: ColumnSource, scope: AttributeScope, key: string): OperandReader {
  const code = scopeCodes[scope]
  const overflow = source.overflow(code)
  const refs = [...source.columns(code, key), ...(overflow ? [overflow] : [])]
  const isOwner = code === Scope.resource || code === Scope.instrumentation
  const needs: GroupNeed[] = []
  if (code === Scope.resource) needs.push('resources')
  if (code === Scope.instrumentation) needs.push('scopes')
  if (code === Scope.event) needs.push('events')
  if (code === Scope.link) needs.push('links')
  return {
    columns: isOwner ? [] : refs,
    needs,
    async prepare(group, index, rows) {
      if (refs.length === 0) return () => null
      const items = await itemsOf(source, code, group, rows, refs)
      const readers: ((row: number) => AttributeValue | null)[] = []
      for (const ref of refs) {
        const vector = items.vector(ref)
        if (vector)
          readers.push(await columnReader(source, ref, index, vector, key, items.itemsOfRow, rows))
      }
      return row => {
        for (const read of readers) {
          const value = read(row)
          if (value) return value
        }
        return null
      }
    },
  }
}

interface Items {
  vector(ref: ColumnRef): Vector | null
  itemsOfRow(row: number): readonly number[]
}

/** Which items carry the values of a row: the row, its resource or scope, its events or links. */
async function itemsOf(
  source: ColumnSource,
  scope: ScopeCode,
  group: ColumnGroup,
  rows: readonly number[],
  refs: readonly ColumnRef[],
): Promise<Items> {
  if (scope === Scope.span) return { vector: ref => group.vector(ref), itemsOfRow: row => [row] }
  if (scope === Scope.event || scope === Scope.link) {
    const itemRows = group.itemRows(scope === Scope.event ? 'event' : 'link')
    const wanted = new Map<number, number[]>(rows.map(row => [row, []]))
    itemRows.forEach((row, item) => {
      wanted.get(row)?.push(item)
    })
    return { vector: ref => group.vector(ref), itemsOfRow: row => wanted.get(row) ?? [] }
  }
  const owners: OwnerGroup = await source.owners(scope, refs)
  const ownerOfRow = group.ownerOfRow(scope)
  return {
    vector: ref => owners.vector(ref),
    itemsOfRow: row => [ownerOfRow.values[row]! + ownerOfRow.base],
  }
}

async function columnReader(
  source: ColumnSource,
  ref: ColumnRef,
  group: number,
  vector: Vector,
  key: string,
  itemsOfRow: (row: number) => readonly number[],
  rows: readonly number[],
): Promise<ValueAt> {
  const positionsOf = (row: number) =>
    itemsOfRow(row)
      .map(item => positionOfItem(vector, item))
      .filter(at => at >= 0)
  const numberAt = (at: number) => (vector.values[at]! + vector.base) / vector.divisor
  if (!isDictionaryType(ref.name.type)) {
    return row => {
      const [at] = positionsOf(row)
      return at === undefined ? null : numberValue(ref.name.type, numberAt(at))
    }
  }
  const codes = rows.flatMap(row => positionsOf(row).map(numberAt))
  const bytes = await source.dictionary(ref, group).load(codes)
  return row => {
    // Of several events or links the first that has a value.
    for (const at of positionsOf(row)) {
      const value = bytesValue(ref.name.type, bytes(numberAt(at)), key)
      if (value) return value
    }
    return null
  }
}

export function positionOfItem(vector: Vector, item: number): number {
  const { items } = vector
  if (items === null) return item < vector.count ? item : -1
  let low = 0
  let high = items.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const at = items[middle]!
    if (at === item) return middle
    if (at < item) low = middle + 1
    else high = middle - 1
  }
  return -1
}

export function numberValue(type: number, number: number): AttributeValue {
  if (type === ValueType.bool) return { type: 'bool', value: number !== 0 }
  if (type === ValueType.double) return { type: 'double', value: number }
  return { type: 'int', value: String(number) }
}

export function bytesValue(type: number, bytes: Uint8Array, key: string): AttributeValue | null {
  const buffer = Buffer.from(bytes)
  if (type === ValueType.text) return { type: 'string', value: buffer.toString() }
  if (type !== ValueType.overflow) return anyValue(bytes)
  const entry = overflowEntries(bytes).find(([name]) => name === key)
  return entry ? anyValue(entry[1]) : null
}

/** As in Tempo, an array of one value shows as that value, and an empty array not at all. */
function anyValue(bytes: Uint8Array): AttributeValue | null {
  const reader = new ProtoReader(bytes)
  if (!reader.more() || reader.tag() !== 0x2a) return encodedValue(bytes)
  const array = reader.message()
  if (!array.more()) return null
  array.tag()
  const first = array.bytes()
  return encodedValue(array.more() ? bytes : first)
}

function encodedValue(bytes: Uint8Array): AttributeValue {
  return { type: 'any', value: Buffer.from(bytes).toString('base64') }
}

function intrinsicReader(source: ColumnSource, name: Intrinsic): OperandReader {
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : source.intrinsic(place.column)
  const isOwner = place.domain === 'instrumentation'
  const needs: GroupNeed[] = []
  if (place.domain === 'trace') needs.push('traceOfRow', 'traces')
  if (place.domain === 'event') needs.push('events')
  if (place.domain === 'link') needs.push('links')
  if (isOwner) needs.push('scopes')
  if (name === 'duration') needs.push('durations')
  if (name === 'eventTimeSinceStart') needs.push('eventOffsets')
  if (name === 'parentId') needs.push('parents')
  if (name === 'childCount' || name.startsWith('nestedSet')) needs.push('tree')
  return {
    columns: ref && !isOwner ? [ref] : [],
    needs,
    prepare: (group, index, rows) => prepareIntrinsic(source, name, ref, group, index, rows),
  }
}

async function prepareIntrinsic(
  source: ColumnSource,
  name: Intrinsic,
  ref: ColumnRef | null,
  group: ColumnGroup,
  index: number,
  rows: readonly number[],
): Promise<ValueAt> {
  const place = intrinsicPlaces[name]
  const items = await intrinsicItems(source, place.domain, ref, group, rows)
  if (name === 'parentId') {
    const parents = group.parentIds()
    return row => text(Buffer.from(parents.subarray(row * 8, row * 8 + 8)).toString('hex'))
  }
  const stored = ref ? items.vector(ref) : null
  const vector = place.column === null ? computedNumbers(name, group) : stored
  if (!vector) return () => (place.absentText === undefined ? null : text(place.absentText))
  if (vector.width > 0) return row => idValue(name, vector, items.itemsOfRow(row)[0])
  if (ref && isDictionaryType(ref.name.type)) {
    const read = await columnReader(source, ref, index, vector, '', items.itemsOfRow, rows)
    return row => read(row) ?? (place.absentText === undefined ? null : text(place.absentText))
  }
  return row => {
    const item = items.itemsOfRow(row)[0]
    const at = item === undefined ? -1 : positionOfItem(vector, item)
    if (at < 0) return null
    const number = (vector.values[at]! + vector.base) / vector.divisor
    if (name === 'eventTimeSinceStart') return text(durationText(BigInt(number)))
    if (name === 'status') return text(statusNames[number] ?? String(number))
    if (name === 'kind') return text(kindNames[number] ?? String(number))
    return { type: 'int', value: String(number) }
  }
}

async function intrinsicItems(
  source: ColumnSource,
  domain: string,
  ref: ColumnRef | null,
  group: ColumnGroup,
  rows: readonly number[],
): Promise<Items> {
  const refs = ref ? [ref] : []
  if (domain === 'instrumentation') return itemsOf(source, Scope.instrumentation, group, rows, refs)
  if (domain === 'event') return itemsOf(source, Scope.event, group, rows, refs)
  if (domain === 'link') return itemsOf(source, Scope.link, group, rows, refs)
  if (domain !== 'trace')
    return { vector: column => group.vector(column), itemsOfRow: row => [row] }
  const traceOfRow = group.traceOfRow()
  return { vector: column => group.vector(column), itemsOfRow: row => [traceOfRow[row]!] }
}

function idValue(name: Intrinsic, vector: Vector, item: number | undefined): AttributeValue | null {
  if (item === undefined) return null
  const offset = item * vector.width + (name === 'linkSpanId' ? 16 : 0)
  const width = name === 'spanId' || name === 'linkSpanId' ? 8 : 16
  return text(
    Buffer.from((vector.values as Uint8Array).subarray(offset, offset + width)).toString('hex'),
  )
}

function text(value: string): AttributeValue {
  return { type: 'string', value }
}

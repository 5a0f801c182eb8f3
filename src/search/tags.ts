import { ascending } from '../base/ascending.ts'
import type {
  OperationsRequest,
  QueryBudget,
  ReadStats,
  TagNamesRequest,
  TagScope,
  TagValuesRequest,
  TimeRange,
} from '../contract/queries.ts'
import type {
  ColumnGroup,
  ColumnRef,
  ColumnSource,
  GroupNeed,
  Vector,
} from '../model/column-batch.ts'
import { isDictionaryType, Scope, type ScopeCode, ValueType } from '../model/columns.ts'
import type { Intrinsic, Operand, Predicate } from '../model/predicate.ts'
import { computedNumbers, isId } from './computed.ts'
import { Filter } from './filter.ts'
import { countMarked, type Mask } from './kernels.ts'
import { intrinsicPlaces, scopeCodes } from './places.ts'
import { ScanWatch } from './scan-watch.ts'
import { groupsNewestFirst } from './search-source.ts'
import { addValue, countValues, type TagValueSet } from './tag-value-set.ts'
import { readContext } from './value/read.ts'
import { elementsOf, overflowEntries } from './value-test.ts'

/** Attribute names and values: from directories and dictionaries where no filter asks for rows. */

export const tagScopes: readonly TagScope[] = [
  'span',
  'resource',
  'event',
  'link',
  'instrumentation',
]

interface Scan {
  readonly index: number
  readonly group: ColumnGroup
  /** Rows that pass the filter; null: all. */
  readonly mask: Mask | null
}

/** Groups of the range with the columns that are asked for, each with the filter's rows. */
async function* scan(
  source: ColumnSource,
  request: { range?: TimeRange; filter?: Predicate; budget?: QueryBudget },
  columns: readonly ColumnRef[],
  needs: readonly GroupNeed[],
  stats: ReadStats,
  signal: AbortSignal,
): AsyncGenerator<Scan> {
  const watch = new ScanWatch(source, request.budget, stats, signal)
  const context = readContext(source, watch.pause)
  const filter = request.filter ? new Filter(context, request.filter) : null
  const range = request.range
  const window = range ? { startNs: BigInt(range.startNs), endNs: BigInt(range.endNs) } : null
  for (const index of groupsNewestFirst(source.groups, window)) {
    await watch.turn()
    if (filter && !(await filter.bind(index))) continue
    const wanted = new Set<GroupNeed>([...needs, ...(filter?.needs ?? [])])
    const group = await source.load(index, [...columns, ...(filter?.columns ?? [])], wanted)
    watch.count(group)
    yield { index, group, mask: filter ? await filter.evaluate(index, group) : null }
  }
  watch.finish()
}

export async function tagNamesOf(
  source: ColumnSource,
  request: TagNamesRequest,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<Map<TagScope, Set<string>>> {
  const names = new Map<TagScope, Set<string>>()
  if (!overlaps(source, request.range)) return names
  const scopes = request.scopes.length > 0 ? request.scopes : tagScopes
  for (const scope of scopes) {
    const found = new Set<string>()
    if (request.filter) await namesOfMatches(source, request, scope, found, stats, signal)
    else for (const { key } of source.columnNames(scopeCodes[scope])) found.add(key)
    await addOverflowKeys(source, request, scopeCodes[scope], found, stats, signal)
    names.set(scope, found)
  }
  return names
}

function overlaps(source: ColumnSource, range: TimeRange | undefined): boolean {
  if (source.groups.length === 0) return false
  if (!range) return true
  const window = { startNs: BigInt(range.startNs), endNs: BigInt(range.endNs) }
  return groupsNewestFirst(source.groups, window).length > 0
}

/** Keys beyond the column limit, of matching rows where there is a filter. */
async function addOverflowKeys(
  source: ColumnSource,
  request: TagNamesRequest,
  scope: ScopeCode,
  into: Set<string>,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  const ref = source.overflow(scope)
  if (!ref) return
  const place = itemPlace(scope)
  const owners = place.owner ? await source.owners(scope, [ref]) : null
  const columns = place.owner ? [] : [ref]
  for await (const { index, group, mask } of scan(
    source,
    request,
    columns,
    place.needs,
    stats,
    signal,
  )) {
    const vector = owners ? owners.vector(ref) : group.vector(ref)
    if (!vector) continue
    const codes = [...distinctNumbers(vector, itemMask(group, scope, mask, owners?.count ?? 0))]
    const bytes = await source.dictionary(ref, index).load(codes)
    for (const code of codes) for (const [key] of overflowEntries(bytes(code))) into.add(key)
  }
}

/** Codes and other small whole numbers have a bit each; anything else is collected in a set. */
function distinctNumbers(vector: Vector, items: Mask | null): Iterable<number> {
  const { count, values, base, divisor } = vector
  const isWide = divisor !== 1 || values instanceof Float64Array || values instanceof Uint32Array
  if (!isWide) return distinctSmall(vector, items).map(value => value + base)

  const distinct = new Set<number>()
  for (let i = 0; i < count; i++) {
    const item = vector.items === null ? i : vector.items[i]!
    if (items === null || items[item] === 1) distinct.add((values[i]! + base) / divisor)
  }
  return distinct
}

/** Distinct stored values below 2^16. */
function distinctSmall(vector: Vector, items: Mask | null): number[] {
  const { count, values } = vector
  const seen = new Uint8Array(1 << (8 * values.BYTES_PER_ELEMENT))
  for (let i = 0; i < count; i++) {
    const item = vector.items === null ? i : vector.items[i]!
    if (items === null || items[item] === 1) seen[values[i]!] = 1
  }
  const distinct: number[] = []
  for (let at = seen.indexOf(1); at >= 0; at = seen.indexOf(1, at + 1)) distinct.push(at)
  return distinct
}

/** Names that occur on matching rows: a column counts when one of its values is on such a row. */
async function namesOfMatches(
  source: ColumnSource,
  request: TagNamesRequest,
  scope: TagScope,
  into: Set<string>,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  const code = scopeCodes[scope]
  const keys = new Set(source.columnNames(code).map(name => name.key))
  const refs = [...keys].flatMap(key => [...source.columns(code, key)])
  const place = itemPlace(code)
  const inGroups = place.owner ? [] : refs
  const owners = place.owner ? await source.owners(code, refs) : null
  for await (const { group, mask } of scan(source, request, inGroups, place.needs, stats, signal)) {
    const items = itemMask(group, code, mask, owners?.count ?? 0)
    for (const ref of refs) {
      if (into.has(ref.name.key)) continue
      const vector = owners ? owners.vector(ref) : group.vector(ref)
      if (vector && anyItem(vector, items)) into.add(ref.name.key)
    }
  }
}

function itemPlace(scope: ScopeCode): { owner: boolean; needs: GroupNeed[] } {
  switch (scope) {
    case Scope.resource:
      return { owner: true, needs: ['resources'] }
    case Scope.instrumentation:
      return { owner: true, needs: ['scopes'] }
    case Scope.event:
      return { owner: false, needs: ['events'] }
    case Scope.link:
      return { owner: false, needs: ['links'] }
    default:
      return { owner: false, needs: [] }
  }
}

/** The items (rows, owners, events, links) that belong to the marked rows; null: all. */
function itemMask(
  group: ColumnGroup,
  scope: ScopeCode,
  mask: Mask | null,
  owners: number,
): Mask | null {
  if (mask === null || scope === Scope.span) return mask
  if (scope === Scope.event || scope === Scope.link) {
    const rows = group.itemRows(scope === Scope.event ? 'event' : 'link')
    return Uint8Array.from(rows, row => mask[row]!)
  }
  const out = new Uint8Array(owners)
  const ownerOfRow = group.ownerOfRow(scope)
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1) out[ownerOfRow.values[row]! + ownerOfRow.base] = 1
  }
  return out
}

function anyItem(vector: Vector, items: Mask | null): boolean {
  if (items === null) return vector.count > 0
  if (vector.items === null) return items.includes(1)
  for (const item of vector.items) if (items[item] === 1) return true
  return false
}

export async function tagValuesOf(
  source: ColumnSource,
  request: TagValuesRequest,
  into: TagValueSet,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  const { operand } = request
  if (operand.kind === 'intrinsic') {
    await intrinsicValues(source, request, operand.name, into, stats, signal)
    return
  }
  const scopes: readonly Exclude<typeof operand.scope, 'any'>[] =
    operand.scope === 'any' ? ['span', 'resource'] : [operand.scope]
  for (const scope of scopes) {
    const code = scopeCodes[scope]
    const isService = scope === 'resource' && operand.key === 'service.name'
    // As in conditions: a resource without service.name counts as one with an empty name.
    const service = isService ? source.intrinsic('resource.service') : null
    const overflow = source.overflow(code)
    const refs = service
      ? [service]
      : [...source.columns(code, operand.key), ...(overflow ? [overflow] : [])]
    const rest: ColumnRef[] = []
    for (const ref of refs) {
      const isWhole =
        needsNoRows(source, request, ref) && (await addDictionary(source, ref, request.limit, into))
      if (!isWhole) rest.push(ref)
    }
    if (rest.length > 0)
      await columnValues(source, request, code, rest, operand.key, into, stats, signal)
  }
}

/** Every value of the column's dictionary is wanted: nothing asks for rows. */
function needsNoRows(
  source: ColumnSource,
  { filter, range }: TagValuesRequest,
  ref: ColumnRef,
): boolean {
  if (filter || ref.name.type !== ValueType.text || !source.hasOwnDictionary(ref)) return false
  if (!range) return true
  const startNs = BigInt(range.startNs)
  const endNs = BigInt(range.endNs)
  return source.groups.every(group => group.minStartNs >= startNs && group.maxEndNs <= endNs)
}

/** Every value of a dictionary is used by some row. False when there is none. */
async function addDictionary(
  source: ColumnSource,
  ref: ColumnRef,
  limit: number,
  into: TagValueSet,
): Promise<boolean> {
  if (source.groups.length === 0) return false
  const dictionary = source.dictionary(ref, 0)
  const { size, sorted } = dictionary
  // Of all sources the first values are wanted.
  const codes = ascending(sorted && limit > 0 ? Math.min(limit, size) : size)
  const bytes = await dictionary.load(codes)
  for (const code of codes) addValue(into, 'string', textOf(bytes(code)))
  return true
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

async function columnValues(
  source: ColumnSource,
  request: TagValuesRequest,
  scope: ScopeCode,
  refs: readonly ColumnRef[],
  key: string,
  into: TagValueSet,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  const place = itemPlace(scope)
  const owners = place.owner ? await source.owners(scope, refs) : null
  const whole = new Set<ColumnRef>()
  for await (const { index, group, mask } of scan(
    source,
    request,
    place.owner ? [] : refs,
    place.needs,
    stats,
    signal,
  )) {
    const items = itemMask(group, scope, mask, owners?.count ?? 0)
    for (const ref of refs) {
      const vector = owners ? owners.vector(ref) : group.vector(ref)
      if (!vector || whole.has(ref)) continue
      await addColumn(source, ref, index, vector, items, key, into)
      if (owners && items === null) whole.add(ref)
    }
    if (request.limit > 0 && countValues(into) >= request.limit) return
  }
}

async function addColumn(
  source: ColumnSource,
  ref: ColumnRef,
  group: number,
  vector: Vector,
  items: Mask | null,
  key: string,
  into: TagValueSet,
): Promise<void> {
  const distinct = [...distinctNumbers(vector, items)]
  const { type } = ref.name
  if (!isDictionaryType(type)) {
    for (const number of distinct) addNumber(type, number, into)
    return
  }
  const bytes = await source.dictionary(ref, group).load(distinct)
  for (const code of distinct) addBytes(type, bytes(code), key, into)
}

function addNumber(type: number, number: number, into: TagValueSet): void {
  if (type === ValueType.bool) addValue(into, 'bool', number === 0 ? 'false' : 'true')
  else if (type === ValueType.double) addValue(into, 'float', floatText(number))
  else addValue(into, 'int', String(number))
}

/** Whole floats keep a decimal, so that they stay floats when typed back. */
function floatText(number: number): string {
  return Number.isInteger(number) && Math.abs(number) < 1e21 ? number.toFixed(1) : String(number)
}

function addBytes(type: number, bytes: Uint8Array, key: string, into: TagValueSet): void {
  if (type === ValueType.text) {
    addValue(into, 'string', textOf(bytes))
    return
  }
  const encoded =
    type === ValueType.overflow
      ? overflowEntries(bytes)
          .filter(([name]) => name === key)
          .map(([, value]) => value)
      : [bytes]
  for (const element of encoded.flatMap(elementsOf)) {
    if (element.type === 'string') addValue(into, 'string', textOf(element.value))
    else if (element.type === 'bool') addValue(into, 'bool', String(element.value))
    else if (element.type === 'int') addValue(into, 'int', element.value.toString())
    else if (element.type === 'double') addValue(into, 'float', floatText(element.value))
  }
}

async function intrinsicValues(
  source: ColumnSource,
  request: TagValuesRequest,
  name: Intrinsic,
  into: TagValueSet,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  // Nobody picks an id from a list.
  if (isId(name)) return
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : source.intrinsic(place.column)
  const { absentText } = place
  if (place.column !== null && !ref && absentText === undefined) return
  const code = intrinsicScope(place.domain)
  const owners = place.domain === 'instrumentation' && ref ? await source.owners(code, [ref]) : null
  const needs = [...itemPlace(code).needs, ...computedNeeds(name)]
  const columns = ref && !owners ? [ref] : []
  for await (const { index, group, mask } of scan(source, request, columns, needs, stats, signal)) {
    const vector = owners
      ? owners.vector(ref!)
      : ref
        ? group.vector(ref)
        : place.column === null
          ? computedNumbers(name, group)
          : null
    if (absentText !== undefined && lacksValues(vector, mask, group.rows))
      addValue(into, 'string', absentText)
    if (!vector) continue
    const items =
      place.domain === 'trace'
        ? traceMask(group, mask)
        : itemMask(group, code, mask, owners?.count ?? 0)
    if (ref) await addColumn(source, ref, index, vector, items, '', into)
    else addNumbers(vector, items, into)
    if (request.limit > 0 && countValues(into) >= request.limit) return
  }
}

/** True when a row of the mask has no value. */
function lacksValues(vector: Vector | null, mask: Mask | null, rows: number): boolean {
  const wanted = mask ? countMarked(mask) : rows
  if (!vector) return wanted > 0
  let valued = 0
  for (let i = 0; i < vector.count; i++) {
    const row = vector.items === null ? i : vector.items[i]!
    if (mask === null || mask[row] === 1) valued++
  }
  return valued < wanted
}

function intrinsicScope(domain: string): ScopeCode {
  if (domain === 'event') return Scope.event
  if (domain === 'link') return Scope.link
  return domain === 'instrumentation' ? Scope.instrumentation : Scope.span
}

function computedNeeds(name: Intrinsic): GroupNeed[] {
  if (name === 'duration') return ['durations']
  if (name === 'eventTimeSinceStart') return ['eventOffsets']
  if (name === 'childCount' || name.startsWith('nestedSet')) return ['tree']
  return intrinsicPlaces[name].domain === 'trace' ? ['traces', 'traceOfRow'] : []
}

function traceMask(group: ColumnGroup, mask: Mask | null): Mask | null {
  if (mask === null) return null
  const out = new Uint8Array(group.traces)
  const traceOfRow = group.traceOfRow()
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) out[traceOfRow[row]!] = 1
  return out
}

function addNumbers(vector: Vector, items: Mask | null, into: TagValueSet): void {
  for (let i = 0; i < vector.count; i++) {
    if (items === null || items[i] === 1)
      addValue(into, 'int', String(vector.values[i]! + vector.base))
  }
}

/** Distinct (name, kind) of a service's spans, as `name\0kind` -> both. */
export async function operationsOf(
  source: ColumnSource,
  request: OperationsRequest,
  into: Map<string, { name: string; kind: number }>,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<void> {
  const service: Operand = { kind: 'attribute', scope: 'resource', key: 'service.name' }
  const filter: Predicate = {
    kind: 'compare',
    operand: service,
    op: '=',
    literal: { type: 'string', value: request.service },
  }
  const nameRef = source.intrinsic('span.name')
  const kindRef = source.intrinsic('span.kind')
  if (!nameRef || !kindRef) return
  const { service: _, ...rest } = request
  const asked = { ...rest, filter }
  for await (const { index, group, mask } of scan(
    source,
    asked,
    [nameRef, kindRef],
    [],
    stats,
    signal,
  )) {
    const names = group.vector(nameRef)!
    const kinds = group.vector(kindRef)!
    const pairs = new Set<number>()
    for (let row = 0; row < group.rows; row++) {
      if (mask![row] === 0) continue
      pairs.add((names.values[row]! + names.base) * 256 + kinds.values[row]! + kinds.base)
    }
    const codes = [...pairs].map(pair => Math.floor(pair / 256))
    const bytes = await source.dictionary(nameRef, index).load(codes)
    for (const pair of pairs) {
      const name = Buffer.from(bytes(Math.floor(pair / 256))).toString()
      into.set(`${name}\0${pair % 256}`, { name, kind: pair % 256 })
    }
  }
}

import { type Failure, fail } from '../base/errors.ts'
import type {
  AttributeValue,
  SearchRequest,
  SpanHit,
  SpanSetHit,
  TraceHit,
} from '../contract/queries.ts'
import type { ColumnGroup, ColumnRef, ColumnSource, GroupNeed } from '../model/column-batch.ts'
import { bytesToHex } from '../model/ids.ts'
import type { Operand } from '../model/predicate.ts'
import { operandReader, type ScopedOperand } from './read-values.ts'
import { traceWith } from './row-places.ts'
import type { Candidate } from './search-source.ts'
import type { SetAttribute, Spansets } from './spanset/spansets.ts'
import type { ReadContext } from './value/read.ts'
import { keyValueAt, shownDuration, shownValue } from './value/show.ts'
import type { TextTable } from './value/text-table.ts'

/** Turns the traces that a search returns into its answer; nothing else is ever materialised. */
export async function loadHits(
  context: ReadContext,
  request: SearchRequest,
  candidates: readonly Candidate[],
  found: ReadonlyMap<number, Spansets>,
): Promise<TraceHit[]> {
  const byGroup = new Map<number, Candidate[]>()
  for (const candidate of candidates) {
    const list = byGroup.get(candidate.group)
    if (list) list.push(candidate)
    else byGroup.set(candidate.group, [candidate])
  }
  const hits: TraceHit[] = []
  for (const [group, members] of byGroup) {
    hits.push(...(await groupHits(context, request, group, members, found.get(group)!)))
  }
  return hits
}

async function groupHits(
  context: ReadContext,
  request: SearchRequest,
  index: number,
  members: readonly Candidate[],
  sets: Spansets,
): Promise<TraceHit[]> {
  const { source } = context
  const traces = members.map(candidate => candidate.trace)
  const summaries = await source.summaries(index, traces)
  const spanSets = await spanSetsOf(context, request, index, traces, sets)
  const group = await source.load(index, [], new Set<GroupNeed>(['traces']))
  const times = group.traceColumns()
  return members.map((candidate, i) => {
    const summary = summaries[i]!
    const { trace } = candidate
    const durationNs =
      (BigInt(times.durationHigh[trace]!) << 32n) | BigInt(times.durationLow[trace]!)
    return {
      traceId: bytesToHex(summary.traceId),
      rootServiceName: summary.rootService,
      rootName: summary.rootName,
      hasRoot: summary.hasRoot,
      startNs: candidate.startNs.toString(),
      durationNs: durationNs.toString(),
      spanCount: summary.spans,
      serviceStats: summary.services,
      spanSets: spanSets.get(trace)!,
    }
  })
}

/** Trace -> its spansets, in order of their attributes. */
async function spanSetsOf(
  context: ReadContext,
  request: SearchRequest,
  index: number,
  traces: readonly number[],
  sets: Spansets,
): Promise<Map<number, SpanSetHit[]>> {
  const members = rowsOfSets(sets, traces)
  if (members.size - traces.length > spansetsMax) throw tooManySpansets()
  const spans = await spansOf(context.source, request, index, [...members.values()])
  const perTrace = new Map<number, SpanSetHit[]>(traces.map(trace => [trace, []]))
  let at = 0
  for (const [set, rows] of members) {
    perTrace.get(sets.traceOfSet[set]!)!.push({
      matched: rows.length,
      spans: spans[at++]!,
      attributes: sets.attributes.map(attribute => ({
        key: attribute.shownAs,
        value: shownAttribute(attribute, set, context.texts),
      })),
    })
  }
  for (const [trace, list] of perTrace) {
    if (list.length > 1) perTrace.set(trace, inOrderOfAttributes(list))
  }
  return perTrace
}

/** Spansets of an answer beyond one for each trace: some 15 MB of text. */
const spansetsMax = 20_000

function tooManySpansets(): Failure {
  const what = `the answer has more than ${spansetsMax} spansets, group by something with fewer values`
  return fail('QUERY_TOO_EXPENSIVE', what, { limit: spansetsMax })
}

function inOrderOfAttributes(list: readonly SpanSetHit[]): SpanSetHit[] {
  const keyed = list.map(set => ({ set, key: JSON.stringify(set.attributes) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.map(({ set }) => set)
}

function shownAttribute(
  { values, isDuration }: SetAttribute,
  set: number,
  texts: TextTable,
): AttributeValue {
  if (isDuration) return { type: 'string', value: shownDuration(values.numbers[set]!) }
  return shownValue(keyValueAt(values, set), texts) ?? { type: 'string', value: 'nil' }
}

/** Rows of each set that some of the traces has. */
function rowsOfSets(sets: Spansets, traces: readonly number[]): Map<number, number[]> {
  const { mask, traceOfSet, traceRows } = sets
  const members = new Map<number, number[]>()
  const add = (row: number, set: number) => {
    const rows = members.get(set)
    if (rows) rows.push(row)
    else members.set(set, [row])
  }
  if (traceRows !== null) {
    for (const trace of traces.toSorted((a, b) => a - b)) {
      const end = traceRows[trace + 1]!
      for (let row = traceRows[trace]!; row < end; row++) {
        if (mask[row] === 1) add(row, sets.isGrouped ? sets.setOfRow[row]! : trace)
      }
    }
    return members
  }
  const { setOfRow } = sets
  const wanted = new Set(traces)
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && wanted.has(traceOfSet[setOfRow[row]!]!)) add(row, setOfRow[row]!)
  }
  return members
}

/** For each list of rows the spans that are shown of it. */
async function spansOf(
  source: ColumnSource,
  request: SearchRequest,
  index: number,
  members: readonly (readonly number[])[],
): Promise<SpanHit[][]> {
  if (request.spansPerSpanSet === 0) return members.map(() => [])
  const select = request.select.flatMap(bothScopes)
  const readers = select.map(operand => operandReader(source, operand))
  const name = operandReader(source, { kind: 'intrinsic', name: 'name' })
  const idRef = source.intrinsic('span.id')!
  const lanes = timeLanes.map(key => source.intrinsic(key)!)
  const needs = new Set<GroupNeed>(['traceOfRow', 'traces'])
  for (const reader of readers) for (const need of reader.needs) needs.add(need)
  const selected = readers.flatMap(reader => [...reader.columns])
  const group = await source.load(index, [idRef, ...lanes, ...name.columns, ...selected], needs)
  const times = rowTimes(group, lanes)
  const ids = group.vector(idRef)!.values as Uint8Array
  const shown = members.map(rows => earliestRows(rows, request.spansPerSpanSet, times, ids))
  const all = shown.flat()
  const nameAt = await name.prepare(group, index, all)
  const values = await Promise.all(readers.map(reader => reader.prepare(group, index, all)))
  return shown.map(rows =>
    rows.map(row => ({
      spanId: bytesToHex(ids, row * 8, row * 8 + 8),
      name: textOf(nameAt(row)),
      startNs: times.startNs(row).toString(),
      durationNs: times.durationNs(row).toString(),
      attributes: select.flatMap((operand, i) => {
        const value = values[i]!(row)
        return value ? [{ key: shownKey(operand), value }] : []
      }),
    })),
  )
}

/** What is shown of an unscoped attribute: the span's value and that of its resource. */
function bothScopes(operand: Operand): ScopedOperand[] {
  if (operand.kind === 'intrinsic') return [operand]
  const { kind, scope, key } = operand
  const scopes = scope === 'any' ? (['span', 'resource'] as const) : [scope]
  return scopes.map(one => ({ kind, scope: one, key }))
}

function textOf(value: AttributeValue | null): string {
  return value?.type === 'string' ? value.value : ''
}

/** The key under which a search response shows an operand: attributes without their scope. */
export function shownKey(operand: Operand): string {
  if (operand.kind === 'attribute') return operand.key
  return shownIntrinsics.get(operand.name) ?? operand.name
}

const shownIntrinsics = new Map([
  ['eventName', 'event:name'],
  ['eventTimeSinceStart', 'event:timeSinceStart'],
  ['linkTraceId', 'link:traceID'],
  ['linkSpanId', 'link:spanID'],
  ['instrumentationName', 'instrumentation:name'],
  ['instrumentationVersion', 'instrumentation:version'],
  ['parentId', 'span:parentID'],
  ['childCount', 'span:childCount'],
])

/** Lanes of a span's start since the start of its trace, and of its duration, modulo 2^64. */
const timeLanes = ['span.start.low', 'span.start.high', 'span.duration.low', 'span.duration.high']

interface RowTimes {
  startNs(row: number): bigint
  /** Negative, zero or positive as two rows of a trace follow each other. */
  order(a: number, b: number): number
  /** 0 for a span that ends before it starts. */
  durationNs(row: number): bigint
}

/** Exact times, also far from the group's other spans, where doubles lose nanoseconds. */
function rowTimes(group: ColumnGroup, refs: readonly ColumnRef[]): RowTimes {
  const traceRows = group.traceRows()
  const traceOf = (row: number) =>
    traceRows === null ? group.traceOfRow()[row]! : traceWith(traceRows, row)
  const { startLow, startHigh } = group.traceColumns()
  const lanes = refs.map(ref => group.vector(ref)!)
  const join = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low)
  const at = (lane: number, row: number) => lanes[lane]!.values[row]! + lanes[lane]!.base
  const startNs = (row: number) => {
    const trace = traceOf(row)
    const offset = join(at(1, row), at(0, row))
    return BigInt.asUintN(64, join(startHigh[trace]!, startLow[trace]!) + offset)
  }
  return {
    startNs,
    order(a, b) {
      const [x, y] = [at(1, a), at(1, b)]
      // Within months of the start of the trace nothing wraps around.
      if (x < nearHigh && y < nearHigh) return x - y || at(0, a) - at(0, b)
      const [first, second] = [startNs(a), startNs(b)]
      return first < second ? -1 : first > second ? 1 : 0
    },
    durationNs(row) {
      const duration = BigInt.asIntN(64, join(at(3, row), at(2, row)))
      return duration < 0n ? 0n : duration
    },
  }
}

/** High lanes below this are less than 104 days. */
const nearHigh = 1 << 21

/** The earliest rows (ties by id) of a trace, at most `count` of them. */
function earliestRows(
  rows: readonly number[],
  count: number,
  times: RowTimes,
  ids: Uint8Array,
): number[] {
  if (rows.length === 1) return count === 0 ? [] : [...rows]
  const idOf = (row: number) => ids.subarray(row * 8, row * 8 + 8)
  const order = (a: number, b: number) =>
    times.order(a, b) || Buffer.compare(idOf(a), idOf(b)) || a - b
  if (count >= rows.length || count > insertedMax) return [...rows].sort(order).slice(0, count)
  const earliest: number[] = []
  for (const row of rows) {
    const isFull = earliest.length === count
    if (isFull && order(row, earliest[count - 1]!) > 0) continue
    let at = isFull ? count - 1 : earliest.length
    while (at > 0 && order(row, earliest[at - 1]!) < 0) {
      earliest[at] = earliest[at - 1]!
      at--
    }
    earliest[at] = row
  }
  return earliest
}

/** Up to this many are kept in order one by one; more are sorted with all the others. */
const insertedMax = 16

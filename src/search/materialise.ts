import type { AttributeValue, SearchRequest, SpanHit, TraceHit } from '../contract/queries.ts'
import type { ColumnGroup, ColumnRef, ColumnSource, GroupNeed } from '../model/column-batch.ts'
import { bytesToHex } from '../model/ids.ts'
import type { Operand } from '../model/predicate.ts'
import type { Mask } from './kernels.ts'
import { operandReader, type ScopedOperand } from './read-values.ts'
import type { Candidate } from './search-source.ts'

/** Turns the traces that a search returns into its answer; nothing else is ever materialised. */
export async function loadHits(
  source: ColumnSource,
  request: SearchRequest,
  candidates: readonly Candidate[],
  masks: ReadonlyMap<number, Mask>,
): Promise<TraceHit[]> {
  const byGroup = new Map<number, Candidate[]>()
  for (const candidate of candidates) {
    const list = byGroup.get(candidate.group)
    if (list) list.push(candidate)
    else byGroup.set(candidate.group, [candidate])
  }
  const hits: TraceHit[] = []
  for (const [group, members] of byGroup) {
    hits.push(...(await groupHits(source, request, group, members, masks.get(group)!)))
  }
  return hits
}

async function groupHits(
  source: ColumnSource,
  request: SearchRequest,
  index: number,
  members: readonly Candidate[],
  mask: Mask,
): Promise<TraceHit[]> {
  const traces = members.map(candidate => candidate.trace)
  const summaries = await source.summaries(index, traces)
  const spans = await spansOf(source, request, index, traces, mask)
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
      matched: candidate.matched,
      spans: spans.get(trace) ?? [],
    }
  })
}

async function spansOf(
  source: ColumnSource,
  request: SearchRequest,
  index: number,
  traces: readonly number[],
  mask: Mask,
): Promise<Map<number, SpanHit[]>> {
  const perTrace = new Map<number, SpanHit[]>()
  if (request.spansPerSpanSet === 0) return perTrace
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
  const rows = earliestRows(group, traces, mask, request.spansPerSpanSet, times, ids)
  const all = [...rows.values()].flat()
  const nameAt = await name.prepare(group, index, all)
  const values = await Promise.all(readers.map(reader => reader.prepare(group, index, all)))
  for (const [trace, members] of rows) {
    perTrace.set(
      trace,
      members.map(row => ({
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
  return perTrace
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
  /** 0 for a span that ends before it starts. */
  durationNs(row: number): bigint
}

/** Exact times, also far from the group's other spans, where doubles lose nanoseconds. */
function rowTimes(group: ColumnGroup, refs: readonly ColumnRef[]): RowTimes {
  const traceOfRow = group.traceOfRow()
  const { startLow, startHigh } = group.traceColumns()
  const lanes = refs.map(ref => group.vector(ref)!)
  const join = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low)
  const at = (lane: number, row: number) => lanes[lane]!.values[row]! + lanes[lane]!.base
  return {
    startNs(row) {
      const trace = traceOfRow[row]!
      const offset = join(at(1, row), at(0, row))
      return BigInt.asUintN(64, join(startHigh[trace]!, startLow[trace]!) + offset)
    },
    durationNs(row) {
      const duration = BigInt.asIntN(64, join(at(3, row), at(2, row)))
      return duration < 0n ? 0n : duration
    },
  }
}

/** For each trace its matching rows, the earliest first (ties by id), at most `count` of them. */
function earliestRows(
  group: ColumnGroup,
  traces: readonly number[],
  mask: Mask,
  count: number,
  times: RowTimes,
  ids: Uint8Array,
): Map<number, number[]> {
  const rows = new Map<number, number[]>(traces.map(trace => [trace, []]))
  const traceOfRow = group.traceOfRow()
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1) rows.get(traceOfRow[row]!)?.push(row)
  }
  const idOf = (row: number) => ids.subarray(row * 8, row * 8 + 8)
  for (const [trace, members] of rows) {
    const starts = new Map(members.map(row => [row, times.startNs(row)]))
    members.sort((a, b) => {
      const x = starts.get(a)!
      const y = starts.get(b)!
      return x < y ? -1 : x > y ? 1 : Buffer.compare(idOf(a), idOf(b)) || a - b
    })
    rows.set(trace, members.slice(0, count))
  }
  return rows
}

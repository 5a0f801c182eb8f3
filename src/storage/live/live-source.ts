import {
  type ColumnGroup,
  type ColumnRef,
  type ColumnSource,
  type Dictionary,
  type GroupInfo,
  neverEqual,
  type OwnerGroup,
  type TraceIndexLanes,
  type TracePlace,
  type TraceSummary,
} from '../../model/column-batch.ts'
import { type ColumnName, Scope, type ScopeCode, ValueType } from '../../model/columns.ts'
import { encodeTrace } from '../otlp-encode.ts'
import type { ByteDictionary } from './byte-dictionary.ts'
import { intrinsicRef } from './intrinsic-refs.ts'
import { LiveGroup, ownerVector } from './live-group.ts'
import type { LiveSegment } from './live-segment.ts'
import { LiveTraceRows } from './live-trace-rows.ts'
import { noRow } from './trace-table.ts'

/**
 * What a live segment holds now as a source of columns: one group, rows in order of arrival. Spans
 * that come later are not seen, so that all parts of a query are about the same; anything that needs
 * the order of a tree is made on demand.
 */
export class LiveSource implements ColumnSource {
  readonly name: string
  readonly groups: readonly GroupInfo[]
  readonly #segment: LiveSegment
  readonly #dictionary: LiveDictionary
  readonly #group: LiveGroup
  readonly #byKey: Map<string, ColumnRef[]>
  readonly inspectedBytes = 0
  readonly storeReads = 0

  constructor(segment: LiveSegment, name = 'live') {
    this.name = name
    this.#segment = segment
    this.#dictionary = new LiveDictionary(segment.values)
    this.#group = new LiveGroup(segment)
    this.#byKey = columnsByKey(segment)
    this.groups = segment.spanCount === 0 ? [] : [this.#describe()]
  }

  get spans(): number {
    return this.#group.rows
  }

  get traces(): number {
    return this.#group.traces
  }

  get storedBytes(): number {
    return this.#segment.heldBytes
  }

  columns(scope: ScopeCode, key: string): readonly ColumnRef[] {
    return this.#byKey.get(`${scope}\0${key}`) ?? []
  }

  overflow(scope: ScopeCode): ColumnRef | null {
    const refs = this.columns(scope, '')
    return refs.find(ref => ref.name.type === ValueType.overflow) ?? null
  }

  columnNames(scope: ScopeCode): readonly ColumnName[] {
    return this.#segment.shapes.columns.filter(
      column => column.scope === scope && column.type !== ValueType.overflow,
    )
  }

  hasOwnDictionary(_ref: ColumnRef): boolean {
    return false
  }

  intrinsic(key: string): ColumnRef | null {
    return intrinsicRef(key)
  }

  dictionary(ref: ColumnRef, _group: number): Dictionary {
    const { scope, type } = ref.name
    if (type === ValueType.text) return this.#dictionary
    // Encoded values lie among plain text, which a test of encoded values must never see.
    const isOwner = scope === Scope.resource || scope === Scope.instrumentation
    const vector = isOwner ? ownerVector(this.#segment, scope, ref) : this.#group.vector(ref)
    return new LiveDictionary(this.#segment.values, new Set(vector?.values))
  }

  stats(_ref: ColumnRef, _group: number): { present: boolean; range: null } {
    return { present: true, range: null }
  }

  codeInGroup(_ref: ColumnRef, _code: number, _group: number): boolean {
    return true
  }

  async load(): Promise<ColumnGroup> {
    return this.#group
  }

  async owners(scope: ScopeCode): Promise<OwnerGroup> {
    const segment = this.#segment
    const owners = scope === Scope.resource ? segment.resources : segment.instrumentations
    return { count: owners.length, vector: ref => ownerVector(segment, scope, ref) }
  }

  async summaries(_group: number, traces: readonly number[]): Promise<TraceSummary[]> {
    return traces.map(trace => this.#summary(trace))
  }

  async index(): Promise<TraceIndexLanes> {
    const { traces } = this.#segment
    const { rows } = this.#group
    const all = new Uint32Array(this.#group.traces).map((_, i) => i)
    const order = all.filter(i => traces.firstRow[i]! < rows)
    const { hashHigh, hashLow } = traces
    order.sort((a, b) => hashHigh[a]! - hashHigh[b]! || hashLow[a]! - hashLow[b]!)
    const gather = (lanes: Uint32Array) => Uint32Array.from(order, i => lanes[i]!)
    return {
      count: order.length,
      hashHigh: gather(hashHigh),
      hashLow: gather(hashLow),
      // The fingerprint of a trace that has grown is not that of the rows here.
      spans: Uint32Array.from(order, i =>
        traces.lastRow[i]! < rows ? traces.spans[i]! : neverEqual,
      ),
      fingerprintLow: Uint32Array.from(order, i =>
        traces.lastRow[i]! < rows ? traces.fingerprintLow[i]! : traces.spans[i]!,
      ),
      fingerprintHigh: gather(traces.fingerprintHigh),
      group: new Uint32Array(order.length),
      trace: order,
    }
  }

  async locate(traceId: Uint8Array): Promise<TracePlace | null> {
    const { traces } = this.#segment
    const trace = traces.find(traceId)
    return trace < 0 || traces.firstRow[trace]! >= this.#group.rows ? null : { group: 0, trace }
  }

  async readTrace(place: TracePlace): Promise<Uint8Array> {
    return encodeTrace(new LiveTraceRows(this.#segment, place.trace, this.#group.rows))
  }

  async readTraces(_group: number, traces: readonly number[]): Promise<Uint8Array[]> {
    const { rows } = this.#group
    return traces.map(trace => encodeTrace(new LiveTraceRows(this.#segment, trace, rows)))
  }

  #describe(): GroupInfo {
    const { minStart, maxStart, maxEnd } = this.#segment
    return {
      rows: this.#segment.spanCount,
      traces: this.#segment.traces.count,
      minTraceStartNs: minStart.ns,
      maxTraceStartNs: maxStart.ns,
      minStartNs: minStart.ns,
      maxStartNs: maxStart.ns,
      maxEndNs: maxEnd.ns,
    }
  }

  #summary(trace: number): TraceSummary {
    const { traces, spans, resources, values } = this.#segment
    const services = new Map<number, { service: string; spans: number; errors: number }>()
    let count = 0
    const { rows } = this.#group
    for (let row = traces.firstRow[trace]!; row < rows; row = spans.nextInTrace[row]!) {
      count++
      const name = resources[spans.resource[row]!]!.name
      let entry = services.get(name)
      if (!entry) {
        entry = { service: values.text(name), spans: 0, errors: 0 }
        services.set(name, entry)
      }
      entry.spans++
      if (spans.status[row] === 2) entry.errors++
    }
    const root = this.#group.rootRow(trace)
    return {
      traceId: traces.id.subarray(trace * 16, trace * 16 + 16),
      hasRoot: root !== noRow,
      rootName: root === noRow ? '' : values.text(spans.name[root]!),
      rootService: root === noRow ? '' : values.text(resources[spans.resource[root]!]!.name),
      spans: count,
      services: [...services.values()],
    }
  }
}

/** The segment's dictionary holds values of all columns; `codes` are those that are tested. */
class LiveDictionary implements Dictionary {
  readonly sorted = false
  readonly #values: ByteDictionary
  readonly #codes: ReadonlySet<number> | null
  constructor(values: ByteDictionary, codes: ReadonlySet<number> | null = null) {
    this.#values = values
    this.#codes = codes
  }
  get size(): number {
    return this.#values.count
  }
  async find(bytes: Uint8Array): Promise<number> {
    return this.#values.find(bytes)
  }
  async match(_key: string, test: (bytes: Uint8Array) => boolean): Promise<Uint8Array> {
    const table = new Uint8Array(this.#values.count)
    const codes = this.#codes ?? table.keys()
    for (const id of codes) if (test(this.#values.bytes(id))) table[id] = 1
    return table
  }
  async load(): Promise<(code: number) => Uint8Array> {
    return code => this.#values.bytes(code)
  }
}

function columnsByKey(segment: LiveSegment): Map<string, ColumnRef[]> {
  const byKey = new Map<string, ColumnRef[]>()
  segment.shapes.columns.forEach((name, id) => {
    const lookup = `${name.scope}\0${name.key}`
    const refs = byKey.get(lookup)
    if (refs) refs.push({ id, name })
    else byKey.set(lookup, [{ id, name }])
  })
  return byKey
}

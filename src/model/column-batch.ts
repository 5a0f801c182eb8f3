import type { ColumnName, ScopeCode } from './columns.ts'

/**
 * The unit of the read path: what a search sees of any source (live segment or block), a row group
 * at a time. Loading is asynchronous and names its columns; everything on a loaded group is
 * synchronous typed arrays.
 */

export type Values = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** Values of one column in one group: the value of item i is (values[i] + base) / divisor. */
export interface Vector {
  readonly count: number
  readonly values: Values
  readonly base: number
  readonly divisor: number
  /** The item (row, event, link, trace) of each value, ascending; null: value i is of item i. */
  readonly items: Uint32Array | null
  /** Bytes per value of fixed-size columns; `values` then holds count × width bytes. */
  readonly width: number
}

/** A column of one source. `id` means something to that source only. */
export interface ColumnRef {
  readonly id: number
  readonly name: ColumnName
}

/** A test gives the same answer for all values that do not contain these bytes. */
export interface RequiredBytes {
  readonly bytes: Uint8Array
  readonly otherwise: boolean
}

/** Byte strings by code. Codes of blocks are in byte order (`sorted`), those of live data are not. */
export interface Dictionary {
  readonly size: number
  readonly sorted: boolean
  /** The code, or -1. */
  find(bytes: Uint8Array): Promise<number>
  /**
   * One byte per code: 1 where `test` holds. Calls it once per value, or less where `required` says
   * what it would answer; cached by `key`.
   */
  match(
    key: string,
    test: (bytes: Uint8Array) => boolean,
    required?: RequiredBytes,
  ): Promise<Uint8Array>
  /** Reads what these codes need and returns a reader of their bytes. */
  load(codes: Iterable<number>): Promise<(code: number) => Uint8Array>
}

/** Least and greatest stored value of a column in a group, where the source knows it. */
export interface ColumnStats {
  readonly min: number
  readonly max: number
}

export interface GroupInfo {
  readonly rows: number
  readonly traces: number
  readonly minTraceStartNs: bigint
  readonly maxTraceStartNs: bigint
  readonly minStartNs: bigint
  readonly maxStartNs: bigint
  readonly maxEndNs: bigint
}

/** Per-trace facts of a group, one element per trace. Times in ns, two lanes. */
export interface TraceColumns {
  readonly startLow: Uint32Array
  readonly startHigh: Uint32Array
  readonly durationLow: Uint32Array
  readonly durationHigh: Uint32Array
}

export interface TraceSummary {
  readonly traceId: Uint8Array
  readonly hasRoot: boolean
  readonly rootName: string
  readonly rootService: string
  readonly spans: number
  readonly services: readonly { service: string; spans: number; errors: number }[]
}

export type ItemDomain = 'event' | 'link'

/** A row group with the columns that were asked for in memory. */
export interface ColumnGroup {
  readonly rows: number
  readonly traces: number
  /** Row -> trace of the group. */
  traceOfRow(): Uint32Array
  /**
   * First row of each trace and, behind them, the number of rows, where the rows of a trace lie
   * together and traces are in order of their start; null elsewhere. Needs `traceOfRow`.
   */
  traceRows(): Uint32Array | null
  /** Null: no item of the group has the column. */
  vector(ref: ColumnRef): Vector | null
  /** Event or link -> its row. */
  itemRows(domain: ItemDomain): Uint32Array
  /** Row -> index of its resource or scope in the source's owners. */
  ownerOfRow(scope: ScopeCode): Vector
  /** Span durations, ns; 0 for a span that ends before it starts. */
  durations(): Vector
  /** Span starts as ns since `baseNs`. */
  startOffsets(): { readonly baseNs: bigint; readonly offsets: Float64Array }
  /**
   * The same in parts: the start of each trace, and of each row since that of its trace; null where
   * they are not stored so. Needs `starts`.
   */
  startsInTraces(): StartsInTraces | null
  /** Event time since the start of its span, ns, may be negative. */
  eventOffsets(): Float64Array
  traceColumns(): TraceColumns
  /** Per row: depth in its tree (0 = root or orphan) with rows of a trace in depth-first order. */
  tree(): TreeColumns
  /** 8 bytes per row; zeros for a root. Needs `tree`. */
  parentIds(): Uint8Array
}

export interface StartsInTraces {
  readonly baseNs: bigint
  /** ns since `baseNs`, per trace. */
  readonly traces: Float64Array
  /** Lanes of ns since the start of the trace, per row. */
  readonly low: Vector
  readonly high: Vector
  /** The greatest value of the low lane. */
  readonly lowMax: number
  /** All high lanes are 0. */
  readonly isShort: boolean
}

export interface TreeColumns {
  /** Position in depth-first order -> row. */
  readonly order: Uint32Array
  readonly depth: Uint8Array | Uint16Array | Uint32Array
  /** 1 at positions of depth 0 that have a parent which is not stored. */
  readonly orphan: Uint8Array
  /** First position of each trace. */
  readonly traceStart: Uint32Array
}

/** What besides attribute columns a search needs of a group. */
export type GroupNeed =
  | 'traceOfRow'
  | 'durations'
  | 'starts'
  | 'events'
  | 'eventOffsets'
  | 'links'
  | 'resources'
  | 'scopes'
  | 'traces'
  | 'tree'
  | 'parents'
  | 'summaries'

export interface TracePlace {
  readonly group: number
  readonly trace: number
}

/**
 * In place of the span count of a trace in an index: it differs from every copy. The number of its
 * spans, or more, is in place of the low lane of its fingerprint.
 */
export const neverEqual = 0xffffffff

/** The trace-ID index as lanes, sorted by (hashHigh, hashLow): what sources are joined on. */
export interface TraceIndexLanes {
  readonly count: number
  readonly hashHigh: Uint32Array
  readonly hashLow: Uint32Array
  readonly spans: Uint32Array
  readonly fingerprintLow: Uint32Array
  readonly fingerprintHigh: Uint32Array
  /** Where each trace lies; only the source itself can use it. */
  readonly group: Uint32Array
  readonly trace: Uint32Array
}

export interface ColumnSource {
  /** Names the source in errors, statistics and caches. */
  readonly name: string
  readonly spans: number
  readonly traces: number
  readonly storedBytes: number
  readonly groups: readonly GroupInfo[]
  /** All columns of a key, whatever their type and occurrence. */
  columns(scope: ScopeCode, key: string): readonly ColumnRef[]
  /** The overflow column of a scope, where keys beyond the column limit are. */
  overflow(scope: ScopeCode): ColumnRef | null
  /** A built-in column by the name it has in the block format; null when no item has it. */
  intrinsic(key: string): ColumnRef | null
  /** Names of all attribute columns of a scope, without the overflow column. */
  columnNames(scope: ScopeCode): readonly ColumnName[]
  /** True when a dictionary column shares its dictionary with no other, in all groups. */
  hasOwnDictionary(ref: ColumnRef): boolean
  /** Codes of a dictionary column in a group. */
  dictionary(ref: ColumnRef, group: number): Dictionary
  /** Null when unknown; `present: false` when no item of the group has the column. */
  stats(ref: ColumnRef, group: number): { present: boolean; range: ColumnStats | null }
  /** Groups in which a code may occur, as a test; true when unknown. */
  codeInGroup(ref: ColumnRef, code: number, group: number): boolean
  load(
    group: number,
    columns: readonly ColumnRef[],
    needs: ReadonlySet<GroupNeed>,
  ): Promise<ColumnGroup>
  /** Owner tables (resources or scopes) as a group whose items are the owners. */
  owners(scope: ScopeCode, columns: readonly ColumnRef[]): Promise<OwnerGroup>
  summaries(group: number, traces: readonly number[]): Promise<TraceSummary[]>
  index(): Promise<TraceIndexLanes>
  locate(traceId: Uint8Array): Promise<TracePlace | null>
  /** The spans of a trace as OTLP TracesData. */
  readTrace(place: TracePlace): Promise<Uint8Array>
  /** The same for traces of one group, in ascending order: what they share is read once. */
  readTraces(group: number, traces: readonly number[]): Promise<Uint8Array[]>
  /** Bytes read from storage for this source so far, for statistics. */
  readonly inspectedBytes: number
  /** Reads of storage that these were. */
  readonly storeReads: number
}

export interface OwnerGroup {
  readonly count: number
  vector(ref: ColumnRef): Vector | null
}

import type { Operand, Predicate } from '../model/predicate.ts'
import type { MetricsFunction, SpansetStage } from '../model/spanset.ts'

/**
 * What the API layer asks of the query-frontend, the frontend of a querier, and a querier of an
 * ingester. Everything here is JSON-able: 64-bit numbers are decimal strings, ids lower-case hex
 * with all leading zeros. Trace bodies are OTLP `TracesData` protobuf bytes.
 */

/** Nanoseconds since 1970 as decimal text. Both bounds are inclusive. */
export interface TimeRange {
  readonly startNs: string
  readonly endNs: string
}

/** What one query may use; 0 = no limit. Above it fails with QUERY_TOO_EXPENSIVE. */
export interface QueryBudget {
  readonly spansMax: number
  /** Bytes read from storage. */
  readonly bytesMax: number
  /** Numbers of a metrics result: series × steps. */
  readonly cellsMax: number
}

export interface SearchRequest {
  readonly budget?: QueryBudget
  /** Which spans match; a trace without a matching span is not returned. */
  readonly spans: Predicate
  /** What happens to the matching spans of each trace, in this order. */
  readonly stages?: readonly SpansetStage[]
  /** Each must hold for at least one span of the trace, on any of its spans (legacy tag search). */
  readonly traceAll: readonly Predicate[]
  /** Bounds on the duration of the whole trace, ns, inclusive. */
  readonly traceDurationMinNs?: string
  readonly traceDurationMaxNs?: string
  /** `trace`: the trace overlaps the range; `span`: the matching span starts inside it (Jaeger). */
  readonly range?: TimeRange & { readonly of: 'trace' | 'span' }
  /** The newest this many traces are returned. */
  readonly limit: number
  /** Matching spans returned per trace, earliest first; 0 = none (only the trace's summary). */
  readonly spansPerSpanSet: number
  /** Attributes to return with each span, in this order. */
  readonly select: readonly Operand[]
}

/** A value of an attribute as it was sent; ints are decimal text. */
export type AttributeValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int'; readonly value: string }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  /** Anything else: the OTLP `AnyValue` protobuf bytes in base64. */
  | { readonly type: 'any'; readonly value: string }

export interface SpanHit {
  readonly spanId: string
  readonly name: string
  readonly startNs: string
  readonly durationNs: string
  /** Keys without scope; intrinsics under their TraceQL name. Absent values are left out. */
  readonly attributes: readonly { readonly key: string; readonly value: AttributeValue }[]
}

export interface TraceHit {
  readonly traceId: string
  /** Empty text and `hasRoot: false` when no root span is stored. */
  readonly rootServiceName: string
  readonly rootName: string
  readonly hasRoot: boolean
  readonly startNs: string
  readonly durationNs: string
  readonly spanCount: number
  readonly serviceStats: readonly {
    readonly service: string
    readonly spans: number
    readonly errors: number
  }[]
  /** One; several after `by`, in order of their attributes. */
  readonly spanSets: readonly SpanSetHit[]
}

export interface SpanSetHit {
  /** Matching spans before the cut to `spansPerSpanSet`. */
  readonly matched: number
  readonly spans: readonly SpanHit[]
  /** Of groups and aggregates; a group without a value has the text `nil`. */
  readonly attributes: readonly { readonly key: string; readonly value: AttributeValue }[]
}

export interface ReadStats {
  inspectedBytes: number
  /** Ranges that were asked of the store, without those that a cache had. */
  storeReads: number
  inspectedTraces: number
  inspectedSpans: number
  totalBlocks: number
  totalBlockBytes: number
}

/** `partial` is a sentence that says what could not be seen; absent when the answer is complete. */
export interface Completeness {
  readonly partial?: string
}

export interface SearchResult extends Completeness {
  /** Newest trace start first, ties by trace id. */
  readonly hits: readonly TraceHit[]
  readonly stats: ReadStats
}

export interface TraceByIdRequest {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** A hint: sources outside it may be skipped; data is never hidden by it. */
  readonly range?: TimeRange
}

export interface TraceResult extends Completeness {
  /** OTLP TracesData; null when no span of the trace is stored. */
  readonly trace: Uint8Array | null
  readonly stats: ReadStats
}

export type TagScope = 'span' | 'resource' | 'event' | 'link' | 'instrumentation'

export interface TagNamesRequest {
  readonly budget?: QueryBudget
  /** Empty = all. */
  readonly scopes: readonly TagScope[]
  readonly range?: TimeRange
  /** Only attributes of matching spans. */
  readonly filter?: Predicate
}

export interface TagNamesResult extends Completeness {
  /** Sorted names per scope; scopes without names are left out. */
  readonly scopes: readonly { readonly scope: TagScope; readonly names: readonly string[] }[]
  readonly stats: ReadStats
}

export interface TagValuesRequest {
  readonly budget?: QueryBudget
  readonly operand: Operand
  readonly range?: TimeRange
  readonly filter?: Predicate
  /** At most this many distinct values; 0 = no limit. */
  readonly limit: number
}

export interface TagValue {
  readonly type: 'string' | 'int' | 'float' | 'bool'
  readonly value: string
}

export interface TagValuesResult extends Completeness {
  /** Distinct, sorted by type and value. */
  readonly values: readonly TagValue[]
  readonly stats: ReadStats
}

/** Distinct (span name, span kind) of the spans of a service, for Jaeger's operations lists. */
export interface OperationsRequest {
  readonly budget?: QueryBudget
  readonly service: string
  readonly range?: TimeRange
}

export interface OperationsResult extends Completeness {
  /** kind is the OTLP number. Sorted by name, then kind. */
  readonly operations: readonly { readonly name: string; readonly kind: number }[]
  readonly stats: ReadStats
}

export interface MetricsRequest {
  readonly budget?: QueryBudget
  readonly spans: Predicate
  readonly stages?: readonly SpansetStage[]
  readonly function: MetricsFunction
  readonly by: readonly Operand[]
  /** Bucket i is (start + i * step, start + (i + 1) * step], by the start of the span. */
  readonly startNs: string
  readonly stepNs: string
  readonly steps: number
  /** A span that starts exactly at `startNs` belongs to the first bucket (instant queries). */
  readonly includesStart?: boolean
  /** At most this many exemplars in all. */
  readonly exemplars: number
  /** Fails with BAD_QUERY above this many series; 0 = no limit. */
  readonly seriesMax: number
  /** Nobody looks at more than so many series, the first in order of labels. */
  readonly firstSeries?: number
}

/** A label's value; durations, statuses, kinds and ids are text; null: the spans have none. */
export type LabelValue = AttributeValue | null

export interface MetricsExemplar {
  readonly series: number
  /** Start of the span. */
  readonly timeNs: string
  readonly traceId: string
  /** Of the function's operand, durations in nanoseconds; 1 for counts. */
  readonly value: number
}

/**
 * Sums that can still be added to those of other sources. Lane l of series s at step i is
 * `lanes[l][s * steps + i]`; what the lanes are depends on the function: count, histogram and
 * compare: [spans]; min, max: [value or NaN]; sum: [sum, values]. Values of durations are ns.
 */
export interface MetricsResult extends Completeness {
  /** Per series: a label for each of `by`, then those of the function. In order of labels. */
  readonly series: readonly (readonly LabelValue[])[]
  readonly steps: number
  readonly lanes: readonly Float64Array[]
  readonly exemplars: readonly MetricsExemplar[]
  readonly stats: ReadStats
}

/**
 * All queries of one tenant. Implemented by the frontend (fair queue and limits), by queriers and
 * by ingesters (live data and local blocks only). Fails with a `Failure`.
 */
export interface TraceQueries {
  traceById(tenant: string, request: TraceByIdRequest, signal: AbortSignal): Promise<TraceResult>
  search(tenant: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>
  tagNames(tenant: string, request: TagNamesRequest, signal: AbortSignal): Promise<TagNamesResult>
  tagValues(
    tenant: string,
    request: TagValuesRequest,
    signal: AbortSignal,
  ): Promise<TagValuesResult>
  metrics(tenant: string, request: MetricsRequest, signal: AbortSignal): Promise<MetricsResult>
  operations(
    tenant: string,
    request: OperationsRequest,
    signal: AbortSignal,
  ): Promise<OperationsResult>
}

import { ProtoWriter } from './protobuf.ts'

/**
 * The answers of Tempo's query API as plain objects, and their protobuf form (package `tempopb`).
 * Members have the names that the JSON form uses. Ids are lower-case hex, times and durations in
 * nanoseconds are decimal text. Zero, false and empty are left out of the encoding, as proto3 asks.
 */

/** `int` is decimal text; `any` is an encoded OTLP AnyValue in base64. */
export type AttributeValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int'; readonly value: string }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'any'; readonly value: string }

export interface Attribute {
  readonly key: string
  readonly value: AttributeValue
}

export interface SpanHit {
  /** 16 digits. */
  readonly spanID: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly durationNanos: string
  readonly attributes: readonly Attribute[]
}

export interface SpanSet {
  readonly spans: readonly SpanHit[]
  /** Matching spans, also those that are not among `spans`. */
  readonly matched: number
  readonly attributes: readonly Attribute[]
}

export interface ServiceStats {
  readonly service: string
  readonly spanCount: number
  readonly errorCount: number
}

export interface TraceSearchMetadata {
  /** Without leading zeros. */
  readonly traceID: string
  readonly rootServiceName: string
  readonly rootTraceName: string
  readonly startTimeUnixNano: string
  readonly durationMs: number
  /** The deprecated `spanSet` of the encoded forms is always the first of these. */
  readonly spanSets: readonly SpanSet[]
  readonly serviceStats: readonly ServiceStats[]
}

export interface SearchMetrics {
  readonly inspectedTraces?: number
  readonly inspectedBytes?: number
  readonly totalBlocks?: number
  readonly completedJobs?: number
  readonly totalJobs?: number
  readonly totalBlockBytes?: number
  readonly inspectedSpans?: number
}

export interface SearchResponse {
  readonly traces: readonly TraceSearchMetadata[]
  readonly metrics: SearchMetrics
}

/** Of tag names and values. */
export interface MetadataMetrics {
  readonly inspectedBytes?: number
  readonly totalJobs?: number
  readonly completedJobs?: number
  readonly totalBlocks?: number
  readonly totalBlockBytes?: number
}

export interface SearchTagsResponse {
  readonly tagNames: readonly string[]
  readonly metrics: MetadataMetrics
}

export interface SearchTagsV2Response {
  readonly scopes: readonly { readonly name: string; readonly tags: readonly string[] }[]
  readonly metrics: MetadataMetrics
}

export interface SearchTagValuesResponse {
  readonly tagValues: readonly string[]
  readonly metrics: MetadataMetrics
}

export interface SearchTagValuesV2Response {
  /** `type` is string, int, float, bool, duration or keyword. */
  readonly tagValues: readonly { readonly type: string; readonly value: string }[]
  readonly metrics: MetadataMetrics
}

export interface TraceByIdResponse {
  /** OTLP TracesData; null when no span is stored. */
  readonly trace: Uint8Array | null
  readonly metrics: { readonly inspectedBytes?: number }
  /** Why the trace is partial; absent when it is complete. */
  readonly partial?: string
}

export const partialStatus = { complete: 0, partial: 1 } as const

export function encodeSearchResponse(response: SearchResponse): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const trace of response.traces) {
    const mark = out.beginMessage(1)
    writeTraceMetadata(out, trace)
    out.endMessage(mark)
  }
  const mark = out.beginMessage(2)
  writeSearchMetrics(out, response.metrics)
  out.endMessage(mark)
  return out.finish()
}

function writeTraceMetadata(out: ProtoWriter, trace: TraceSearchMetadata): void {
  writeText(out, 1, trace.traceID)
  writeText(out, 2, trace.rootServiceName)
  writeText(out, 3, trace.rootTraceName)
  writeNanos(out, 4, trace.startTimeUnixNano)
  writeNumber(out, 5, trace.durationMs)
  const [first] = trace.spanSets
  if (first !== undefined) writeSpanSet(out, 6, first)
  for (const set of trace.spanSets) writeSpanSet(out, 7, set)
  for (const stats of trace.serviceStats) writeServiceStats(out, stats)
}

function writeSpanSet(out: ProtoWriter, field: number, set: SpanSet): void {
  const mark = out.beginMessage(field)
  for (const span of set.spans) {
    const spanMark = out.beginMessage(1)
    writeText(out, 1, span.spanID)
    writeText(out, 2, span.name)
    writeNanos(out, 3, span.startTimeUnixNano)
    writeNanos(out, 4, span.durationNanos)
    for (const attribute of span.attributes) writeAttribute(out, 5, attribute)
    out.endMessage(spanMark)
  }
  writeNumber(out, 2, set.matched)
  for (const attribute of set.attributes) writeAttribute(out, 3, attribute)
  out.endMessage(mark)
}

/** A map entry: key 1, value 2. */
function writeServiceStats(out: ProtoWriter, stats: ServiceStats): void {
  const entry = out.beginMessage(8)
  writeText(out, 1, stats.service)
  const value = out.beginMessage(2)
  writeNumber(out, 1, stats.spanCount)
  writeNumber(out, 2, stats.errorCount)
  out.endMessage(value)
  out.endMessage(entry)
}

export function writeAttribute(out: ProtoWriter, field: number, attribute: Attribute): void {
  const mark = out.beginMessage(field)
  writeText(out, 1, attribute.key)
  const value = out.beginMessage(2)
  writeAnyValue(out, attribute.value)
  out.endMessage(value)
  out.endMessage(mark)
}

/** Members of a oneof are written also when they are zero or empty. */
function writeAnyValue(out: ProtoWriter, { type, value }: AttributeValue): void {
  switch (type) {
    case 'string':
      out.textField(1, value)
      break
    case 'bool':
      out.boolField(2, value)
      break
    case 'int':
      out.varintField(3, BigInt(value))
      break
    case 'double':
      out.doubleField(4, value)
      break
    case 'any': {
      const encoded = Buffer.from(value, 'base64')
      out.raw(encoded, 0, encoded.length)
    }
  }
}

export function writeSearchMetrics(out: ProtoWriter, metrics: SearchMetrics): void {
  writeNumber(out, 1, metrics.inspectedTraces)
  writeNumber(out, 2, metrics.inspectedBytes)
  writeNumber(out, 3, metrics.totalBlocks)
  writeNumber(out, 4, metrics.completedJobs)
  writeNumber(out, 5, metrics.totalJobs)
  writeNumber(out, 6, metrics.totalBlockBytes)
  writeNumber(out, 7, metrics.inspectedSpans)
}

export function encodeSearchTagsResponse(response: SearchTagsResponse): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const name of response.tagNames) out.textField(1, name)
  writeMetadataMetrics(out, 2, response.metrics)
  return out.finish()
}

export function encodeSearchTagsV2Response(response: SearchTagsV2Response): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const scope of response.scopes) {
    const mark = out.beginMessage(1)
    writeText(out, 1, scope.name)
    for (const tag of scope.tags) out.textField(2, tag)
    out.endMessage(mark)
  }
  writeMetadataMetrics(out, 2, response.metrics)
  return out.finish()
}

export function encodeSearchTagValuesResponse(response: SearchTagValuesResponse): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const value of response.tagValues) out.textField(1, value)
  writeMetadataMetrics(out, 2, response.metrics)
  return out.finish()
}

export function encodeSearchTagValuesV2Response(response: SearchTagValuesV2Response): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const { type, value } of response.tagValues) {
    const mark = out.beginMessage(1)
    writeText(out, 1, type)
    writeText(out, 2, value)
    out.endMessage(mark)
  }
  writeMetadataMetrics(out, 2, response.metrics)
  return out.finish()
}

function writeMetadataMetrics(out: ProtoWriter, field: number, metrics: MetadataMetrics): void {
  const mark = out.beginMessage(field)
  writeNumber(out, 1, metrics.inspectedBytes)
  writeNumber(out, 2, metrics.totalJobs)
  writeNumber(out, 3, metrics.completedJobs)
  writeNumber(out, 4, metrics.totalBlocks)
  writeNumber(out, 5, metrics.totalBlockBytes)
  out.endMessage(mark)
}

export function encodeTraceByIdResponse(response: TraceByIdResponse): Uint8Array {
  const trace = response.trace ?? new Uint8Array(0)
  const out = new ProtoWriter(trace.length + 256)
  out.bytesField(1, trace)
  const mark = out.beginMessage(2)
  writeNumber(out, 1, response.metrics.inspectedBytes)
  out.endMessage(mark)
  if (response.partial !== undefined) {
    out.varintField(3, partialStatus.partial)
    writeText(out, 4, response.partial)
  }
  return out.finish()
}

function writeText(out: ProtoWriter, field: number, value: string): void {
  if (value !== '') out.textField(field, value)
}

function writeNumber(out: ProtoWriter, field: number, value: number | undefined): void {
  if (value !== undefined && value !== 0) out.varintField(field, value)
}

function writeNanos(out: ProtoWriter, field: number, value: string): void {
  const nanos = BigInt(value)
  if (nanos !== 0n) out.varintField(field, nanos)
}

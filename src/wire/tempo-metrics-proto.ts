import { ProtoWriter } from './protobuf.ts'
import {
  type Attribute,
  partialStatus,
  type SearchMetrics,
  writeAttribute,
  writeSearchMetrics,
} from './tempo-proto.ts'

/** Answers of TraceQL metrics, see tempo-proto.ts: samples stay in arrays until they are written. */

export interface Exemplar {
  readonly labels: readonly Attribute[]
  readonly value: number
  readonly timestampMs: number
}

export interface TimeSeries {
  readonly labels: readonly Attribute[]
  /** One per element of `timesMs`; NaN: no sample. */
  readonly values: Float64Array
  readonly exemplars: readonly Exemplar[]
}

export interface QueryRangeResponse {
  /** Of the samples of all series, milliseconds since 1970. */
  readonly timesMs: Float64Array
  readonly series: readonly TimeSeries[]
  readonly metrics: SearchMetrics
  /** What is missing; absent when the answer is complete. */
  readonly partial?: string
}

export interface InstantSeries {
  readonly labels: readonly Attribute[]
  readonly value: number
}

export interface QueryInstantResponse {
  readonly series: readonly InstantSeries[]
  readonly metrics: SearchMetrics
  /** What is missing; absent when the answer is complete. */
  readonly partial?: string
}

export function encodeQueryRangeResponse(response: QueryRangeResponse): Uint8Array {
  const out = new ProtoWriter(4096)
  for (const series of response.series) {
    const mark = out.beginMessage(1)
    writeTimeSeries(out, series, response.timesMs)
    out.endMessage(mark)
  }
  writeEnd(out, response)
  return out.finish()
}

function writeTimeSeries(out: ProtoWriter, series: TimeSeries, timesMs: Float64Array): void {
  const { labels, values, exemplars } = series
  for (const label of labels) writeAttribute(out, 1, label)
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue
    const mark = out.beginMessage(2)
    writeDouble(out, 1, values[i]!)
    writeTime(out, 2, timesMs[i]!)
    out.endMessage(mark)
  }
  for (const { labels: own, value, timestampMs } of exemplars) {
    const mark = out.beginMessage(4)
    for (const label of own) writeAttribute(out, 1, label)
    writeDouble(out, 2, value)
    writeTime(out, 3, timestampMs)
    out.endMessage(mark)
  }
}

export function encodeQueryInstantResponse(response: QueryInstantResponse): Uint8Array {
  const out = new ProtoWriter(1024)
  for (const { labels, value } of response.series) {
    const mark = out.beginMessage(1)
    for (const label of labels) writeAttribute(out, 1, label)
    writeDouble(out, 2, value)
    out.endMessage(mark)
  }
  writeEnd(out, response)
  return out.finish()
}

function writeEnd(
  out: ProtoWriter,
  { metrics, partial }: Pick<QueryRangeResponse, 'metrics' | 'partial'>,
): void {
  const mark = out.beginMessage(2)
  writeSearchMetrics(out, metrics)
  out.endMessage(mark)
  if (partial === undefined) return
  out.varintField(3, partialStatus.partial)
  out.textField(4, partial)
}

function writeDouble(out: ProtoWriter, field: number, value: number): void {
  if (value !== 0) out.doubleField(field, value)
}

/** A signed 64-bit number: before 1970 it is negative. */
function writeTime(out: ProtoWriter, field: number, timeMs: number): void {
  if (timeMs !== 0) out.varintField(field, timeMs < 0 ? BigInt(timeMs) : timeMs)
}

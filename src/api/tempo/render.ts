import { jsonDouble, jsonText } from '../../wire/json-bytes.ts'
import { anyValueToJson } from '../../wire/otlp-json-encode.ts'
import type {
  Attribute,
  AttributeValue,
  MetadataMetrics,
  SearchMetrics,
  SearchResponse,
  SearchTagsResponse,
  SearchTagsV2Response,
  SearchTagValuesResponse,
  SearchTagValuesV2Response,
  SpanHit,
  SpanSet,
  TraceSearchMetadata,
} from '../../wire/tempo-proto.ts'
import { list, long, number, object, strings, text } from './json-members.ts'

/**
 * The JSON of Tempo's answers: proto3 JSON with 64-bit numbers as text and zero fields left out,
 * while `metrics` and the list an answer is about are always there. Written as text because the
 * keys of `serviceStats` are names from outside and must not become properties of an object.
 */

export function renderSearch(response: SearchResponse): string {
  const traces = response.traces.map(renderTrace).join()
  return `{"traces":[${traces}],"metrics":${renderSearchMetrics(response.metrics)}}`
}

function renderTrace(trace: TraceSearchMetadata): string {
  const [first] = trace.spanSets
  const stats = trace.serviceStats.map(({ service, spanCount, errorCount }) => {
    const counts = object([number('spanCount', spanCount), number('errorCount', errorCount)])
    return `${jsonText(service)}:${counts}`
  })
  return object([
    text('traceID', trace.traceID),
    text('rootServiceName', trace.rootServiceName),
    text('rootTraceName', trace.rootTraceName),
    long('startTimeUnixNano', trace.startTimeUnixNano),
    number('durationMs', trace.durationMs),
    first === undefined ? '' : `"spanSet":${renderSpanSet(first)}`,
    list('spanSets', trace.spanSets.map(renderSpanSet)),
    stats.length === 0 ? '' : `"serviceStats":{${stats.join()}}`,
  ])
}

function renderSpanSet(set: SpanSet): string {
  return object([
    list('spans', set.spans.map(renderSpan)),
    number('matched', set.matched),
    list('attributes', set.attributes.map(renderAttribute)),
  ])
}

function renderSpan(span: SpanHit): string {
  return object([
    text('spanID', span.spanID),
    text('name', span.name),
    long('startTimeUnixNano', span.startTimeUnixNano),
    long('durationNanos', span.durationNanos),
    list('attributes', span.attributes.map(renderAttribute)),
  ])
}

export function renderAttribute({ key, value }: Attribute): string {
  return object([text('key', key), `"value":${renderValue(value)}`])
}

function renderValue({ type, value }: AttributeValue): string {
  switch (type) {
    case 'string':
      return `{"stringValue":${jsonText(value)}}`
    case 'int':
      return `{"intValue":"${value}"}`
    case 'double':
      return `{"doubleValue":${jsonDouble(value)}}`
    case 'bool':
      return `{"boolValue":${value}}`
    case 'any':
      return anyValueToJson(Buffer.from(value, 'base64'))
  }
}

export function renderSearchMetrics(metrics: SearchMetrics): string {
  return object([
    number('inspectedTraces', metrics.inspectedTraces),
    long('inspectedBytes', metrics.inspectedBytes),
    number('totalBlocks', metrics.totalBlocks),
    number('completedJobs', metrics.completedJobs),
    number('totalJobs', metrics.totalJobs),
    long('totalBlockBytes', metrics.totalBlockBytes),
    long('inspectedSpans', metrics.inspectedSpans),
  ])
}

export function renderTags(response: SearchTagsResponse): string {
  return withMetrics('tagNames', strings(response.tagNames), response.metrics)
}

export function renderTagsV2(response: SearchTagsV2Response): string {
  const scopes = response.scopes.map(({ name, tags }) => {
    return `{"name":${jsonText(name)},"tags":${strings(tags)}}`
  })
  return withMetrics('scopes', `[${scopes.join()}]`, response.metrics)
}

export function renderTagValues(response: SearchTagValuesResponse): string {
  return withMetrics('tagValues', strings(response.tagValues), response.metrics)
}

export function renderTagValuesV2(response: SearchTagValuesV2Response): string {
  const values = response.tagValues.map(({ type, value }) => {
    return object([text('type', type), text('value', value)])
  })
  return withMetrics('tagValues', `[${values.join()}]`, response.metrics)
}

function withMetrics(name: string, json: string, metrics: MetadataMetrics): string {
  return `{"${name}":${json},"metrics":${renderMetadataMetrics(metrics)}}`
}

function renderMetadataMetrics(metrics: MetadataMetrics): string {
  return object([
    long('inspectedBytes', metrics.inspectedBytes),
    number('totalJobs', metrics.totalJobs),
    number('completedJobs', metrics.completedJobs),
    number('totalBlocks', metrics.totalBlocks),
    long('totalBlockBytes', metrics.totalBlockBytes),
  ])
}

/** Around the JSON of a trace: `trace` is an object already. */
export function renderTraceById(
  trace: Buffer | undefined,
  inspectedBytes: number,
  partial: string | undefined,
): Buffer {
  const metrics = object([long('inspectedBytes', inspectedBytes)])
  const status = partial === undefined ? '' : `,"status":"PARTIAL",${text('message', partial)}`
  return Buffer.concat([
    Buffer.from('{"trace":'),
    trace ?? Buffer.from('{}'),
    Buffer.from(`,"metrics":${metrics}${status}}`),
  ])
}

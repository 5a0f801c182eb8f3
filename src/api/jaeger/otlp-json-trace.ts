import { tracesToOtlpJson } from '../../wire/otlp-json-encode.ts'

/** OTLP/JSON as our own encoder writes it: ids in hex, enums and counts as numbers. */

export interface OtlpValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  /** NaN and the infinities are text. */
  readonly doubleValue?: number | string
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] }
  readonly kvlistValue?: object
  readonly bytesValue?: string
}

export interface OtlpAttribute {
  readonly key?: string
  readonly value?: OtlpValue
}

export interface OtlpEvent {
  timeUnixNano?: string
}

export interface OtlpLink {
  readonly traceId?: string
}

export interface OtlpSpan {
  traceId?: string
  spanId?: string
  parentSpanId?: string
  name?: string
  kind?: number
  startTimeUnixNano?: string
  endTimeUnixNano?: string
  attributes?: OtlpAttribute[]
  events?: OtlpEvent[]
  links?: OtlpLink[]
  status?: { readonly code?: number; readonly message?: string }
}

export interface OtlpScopeSpans {
  scope?: object
  spans?: OtlpSpan[]
}

export interface OtlpResourceSpans {
  resource?: { attributes?: OtlpAttribute[] }
  scopeSpans?: OtlpScopeSpans[]
}

export interface PlacedSpan {
  readonly span: OtlpSpan
  readonly scopeSpans: OtlpScopeSpans
  readonly resourceSpans: OtlpResourceSpans
}

/** The spans of OTLP `TracesData` protobuf bytes as objects. */
export function parseOtlpTrace(trace: Uint8Array): OtlpResourceSpans[] {
  const parsed = JSON.parse(tracesToOtlpJson(trace)) as { resourceSpans?: OtlpResourceSpans[] }
  return parsed.resourceSpans ?? []
}

export function placedSpans(trace: readonly OtlpResourceSpans[]): PlacedSpan[] {
  const all: PlacedSpan[] = []
  for (const resourceSpans of trace) {
    for (const scopeSpans of resourceSpans.scopeSpans ?? []) {
      for (const span of scopeSpans.spans ?? []) all.push({ span, scopeSpans, resourceSpans })
    }
  }
  return all
}

/** The value of the first attribute with this key. */
export function attributeValue(
  attributes: readonly OtlpAttribute[] | undefined,
  wanted: string,
): OtlpValue | undefined {
  return attributes?.find(({ key }) => key === wanted)?.value
}

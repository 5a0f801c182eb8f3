import { emptyServiceName, missingServiceName } from '../../wire/jaeger-model.ts'
import { correctClockSkew, type TimedSpan } from './clock-skew.ts'
import { dottedIp, ipKeys } from './ip-text.ts'
import { libraryKeys } from './library-keys.ts'
import {
  attributeValue,
  type OtlpAttribute,
  type OtlpResourceSpans,
  type OtlpSpan,
  type OtlpValue,
  type PlacedSpan,
  placedSpans,
} from './otlp-json-trace.ts'
import { type SharableSpan, separateSharedSpanIds } from './shared-span-ids.ts'

/**
 * The adjusters of the v3 API: the same ideas as for the classic model, on OTLP/JSON objects and
 * in place. Warnings become an attribute, as the UI expects them.
 */
export function adjustOtlpTrace(trace: OtlpResourceSpans[], clockSkewMaxMs: number): void {
  separateSharedSpanIds(placedSpans(trace).map(({ span }) => toSharable(span)))
  for (const { span } of placedSpans(trace)) span.attributes?.sort(byKey)
  removeDuplicates(trace)
  const timed = placedSpans(trace).map(toTimed)
  correctClockSkew(timed, BigInt(Math.trunc(clockSkewMaxMs * 1_000_000)), parentId => {
    return `parent span ID=${parentId} is not in the trace; skipping clock skew adjustment`
  })
  for (const { resource } of trace) rewriteIps(resource)
  for (const placed of placedSpans(trace)) {
    rewriteIps(placed.span)
    moveLibraryAttributes(placed)
    dropEmptyLinks(placed.span)
  }
}

/** Every resource has a service name in this API, raw or not. */
export function nameServices(trace: OtlpResourceSpans[]): void {
  for (const resourceSpans of trace) {
    resourceSpans.resource ??= {}
    const { resource } = resourceSpans
    resource.attributes ??= []
    const name = attributeValue(resource.attributes, 'service.name')
    if (name?.stringValue !== undefined && name.stringValue !== '') continue
    const shown = name?.stringValue === '' ? emptyServiceName : missingServiceName
    const others = resource.attributes.filter(({ key }) => key !== 'service.name')
    resource.attributes = [...others, { key: 'service.name', value: { stringValue: shown } }]
  }
}

const warningsKey = '@jaeger@warnings'

function warn(span: OtlpSpan, text: string): void {
  const warnings = attributeValue(span.attributes, warningsKey)?.arrayValue?.values ?? []
  const others = (span.attributes ?? []).filter(({ key }) => key !== warningsKey)
  const values = [...warnings, { stringValue: text }]
  span.attributes = [...others, { key: warningsKey, value: { arrayValue: { values } } }]
}

function byKey(a: OtlpAttribute, b: OtlpAttribute): number {
  const [left, right] = [a.key ?? '', b.key ?? '']
  return left < right ? -1 : left > right ? 1 : 0
}

const serverKind = 2
const clientKind = 3
const consumerKind = 5

function toSharable(span: OtlpSpan): SharableSpan {
  return {
    get spanId() {
      return span.spanId ?? ''
    },
    get parentId() {
      return span.parentSpanId ?? ''
    },
    side: span.kind === clientKind ? 'client' : span.kind === serverKind ? 'server' : 'other',
    setSpanId: spanId => {
      span.spanId = spanId
    },
    setParentId: parentId => {
      span.parentSpanId = parentId
    },
  }
}

function removeDuplicates(trace: OtlpResourceSpans[]): void {
  const all = placedSpans(trace)
  const byId = Map.groupBy(all, ({ span }) => span.spanId)
  if (byId.size === all.length) return
  const seen = new Set<string>()
  const duplicates = new Set<OtlpSpan>()
  for (const { span, scopeSpans, resourceSpans } of all) {
    if (byId.get(span.spanId)!.length === 1) continue
    const content = JSON.stringify([span, scopeSpans.scope, resourceSpans.resource])
    if (seen.has(content)) duplicates.add(span)
    seen.add(content)
  }
  for (const resourceSpans of trace) {
    for (const scopeSpans of resourceSpans.scopeSpans ?? []) {
      scopeSpans.spans = (scopeSpans.spans ?? []).filter(span => !duplicates.has(span))
    }
  }
}

function toTimed({ span, resourceSpans }: PlacedSpan): TimedSpan {
  const startNs = (): bigint => BigInt(span.startTimeUnixNano ?? 0)
  const durationNs = BigInt(span.endTimeUnixNano ?? 0) - startNs()
  return {
    spanId: span.spanId ?? '',
    parentId: span.parentSpanId ?? '',
    host: hostOf(resourceSpans.resource?.attributes),
    queued: span.kind === consumerKind,
    get startNs() {
      return startNs()
    },
    durationNs: durationNs < 0n ? 0n : durationNs,
    shift: deltaNs => {
      span.startTimeUnixNano = String(startNs() + deltaNs)
      span.endTimeUnixNano = String(BigInt(span.endTimeUnixNano ?? 0) + deltaNs)
      for (const event of span.events ?? []) {
        event.timeUnixNano = String(BigInt(event.timeUnixNano ?? 0) + deltaNs)
      }
    },
    warn: text => warn(span, text),
  }
}

function hostOf(attributes: readonly OtlpAttribute[] | undefined): string {
  for (const key of ['host.id', 'host.ip', 'ip', 'host.name']) {
    const value = attributeValue(attributes, key)
    const text = value?.stringValue ?? value?.arrayValue?.values?.[0]?.stringValue
    if (text !== undefined) return text
    if (value?.intValue !== undefined) return dottedIp(value.intValue)
  }
  return ''
}

function rewriteIps(owner: { attributes?: OtlpAttribute[] } | undefined): void {
  if (!owner?.attributes?.some(({ key }) => ipKeys.has(key ?? ''))) return
  owner.attributes = owner.attributes.map(attribute => {
    const number = attribute.value?.intValue ?? attribute.value?.doubleValue
    const isNumber = typeof number === 'number' || attribute.value?.intValue !== undefined
    if (!ipKeys.has(attribute.key ?? '') || number === undefined || !isNumber) return attribute
    return { ...attribute, value: { stringValue: dottedIp(number) } }
  })
}

/** A resource is shared by spans: what contradicts it stays with the span, which is told. */
function moveLibraryAttributes({ span, resourceSpans }: PlacedSpan): void {
  const moved = (span.attributes ?? []).filter(({ key }) => libraryKeys.has(key ?? ''))
  if (moved.length === 0) return
  resourceSpans.resource ??= {}
  const { resource } = resourceSpans
  resource.attributes ??= []
  for (const attribute of moved) {
    const key = attribute.key ?? ''
    const there = attributeValue(resource.attributes, key)
    if (there !== undefined && !sameText(there, attribute.value)) {
      warn(span, `attribute ${key} contradicts the resource's`)
      continue
    }
    if (there === undefined) resource.attributes.push(attribute)
    span.attributes = (span.attributes ?? []).filter(other => other !== attribute)
  }
}

function sameText(a: OtlpValue, b: OtlpValue | undefined): boolean {
  return a.stringValue !== undefined && a.stringValue === b?.stringValue
}

function dropEmptyLinks(span: OtlpSpan): void {
  if (span.links === undefined) return
  const valid = span.links.filter(({ traceId }) => traceId !== undefined && !/^0*$/.test(traceId))
  for (let count = valid.length; count < span.links.length; count++) {
    warn(span, 'link without a trace id removed')
  }
  span.links = valid
}

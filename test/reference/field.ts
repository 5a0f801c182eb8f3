import type {
  PlainAttribute,
  PlainEvent,
  PlainLink,
} from '../../src/storage/live/plain-spans-fixture.ts'
import type { AttributeField, Field, KindName, StatusName } from '../../src/traceql/ast.ts'
import type { IntrinsicName } from '../../src/traceql/intrinsics.ts'
import type { TreeSpan } from './trace.ts'
import { type Scalar, type Value, valuesOfPlain } from './value.ts'

/** By OTLP's numbers. */
export const statusNames: readonly StatusName[] = ['unset', 'ok', 'error']
export const kindNames: readonly KindName[] = [
  'unspecified',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
]

/** The values of a field: none when it is missing, several where events or links have one each. */
export function valuesOfField(field: Field, span: TreeSpan): Value[] {
  return field.kind === 'attribute' ? valuesOfAttribute(field, span) : intrinsics[field.name](span)
}

function valuesOfAttribute({ scope, key }: AttributeField, span: TreeSpan): Value[] {
  switch (scope) {
    case 'span':
      return valuesOfKey(span.attributes, key)
    case 'resource':
      return key === 'service.name' ? [text(serviceOf(span))] : valuesOfKey(span.resource, key)
    case 'instrumentation':
      return valuesOfKey(span.scope, key)
    case 'event':
      return span.events.flatMap(event => valuesOfKey(event.attributes, key))
    case 'link':
      return span.links.flatMap(link => valuesOfKey(link.attributes, key))
    case 'any': {
      const own = valuesOfKey(span.attributes, key)
      return own.length > 0 ? own : valuesOfField(resourceField(key), span)
    }
  }
}

export function resourceField(key: string): AttributeField {
  return { kind: 'attribute', parent: false, scope: 'resource', key, at: 0 }
}

function valuesOfKey(attributes: readonly PlainAttribute[], wanted: string): Value[] {
  return attributes.filter(({ key }) => key === wanted).flatMap(({ value }) => valuesOfPlain(value))
}

/** The empty text where the resource has no name that is text. */
export function serviceOf(span: TreeSpan): string {
  const name = span.resource.find(({ key }) => key === 'service.name')?.value
  return name?.type === 'string' ? name.value : ''
}

/** A span that ends before it starts has 0. */
export function durationOf(span: TreeSpan): bigint {
  const durationNs = BigInt.asIntN(64, span.endNs - span.startNs)
  return durationNs < 0n ? 0n : durationNs
}

function text(value: string): Scalar {
  return { type: 'string', value }
}

function int(value: number): Scalar {
  return { type: 'int', value: BigInt(value) }
}

function duration(value: bigint): Scalar {
  return { type: 'duration', value }
}

const eventTexts = (of: (event: PlainEvent) => string) => (span: TreeSpan) =>
  span.events.map(event => text(of(event)))
const linkTexts = (of: (link: PlainLink) => string) => (span: TreeSpan) =>
  span.links.map(link => text(of(link)))

const intrinsics: Readonly<Record<IntrinsicName, (span: TreeSpan) => Scalar[]>> = {
  name: span => [text(span.name)],
  status: span => [{ type: 'status', value: statusNames[span.status]! }],
  statusMessage: span => [text(span.statusMessage)],
  kind: span => [{ type: 'kind', value: kindNames[span.kind]! }],
  duration: span => [duration(durationOf(span))],
  spanId: span => [text(span.spanId)],
  parentId: span => (span.parentId === '' ? [] : [text(span.parentId)]),
  childCount: span => [int(span.childCount)],
  traceId: span => [text(span.traceId)],
  traceDuration: span => [duration(span.trace.durationNs)],
  rootName: ({ trace }) => [text(trace.root?.name ?? '')],
  rootServiceName: ({ trace }) => [text(trace.root === null ? '' : serviceOf(trace.root))],
  eventName: eventTexts(event => event.name),
  eventTimeSinceStart: span => span.events.map(event => duration(event.timeNs - span.startNs)),
  linkTraceId: linkTexts(link => link.traceId),
  linkSpanId: linkTexts(link => link.spanId),
  instrumentationName: span => [text(span.scopeName)],
  instrumentationVersion: span => [text(span.scopeVersion)],
  nestedSetLeft: span => [int(span.left)],
  nestedSetRight: span => [int(span.right)],
  nestedSetParent: span => [int(span.parentLeft)],
  parent: () => [],
}

/**
 * The one value of a field that groups are made by; null when there is none that can be one: arrays
 * count as missing. A span without a parent has a parent id of zeros here.
 */
export function groupValueOf(field: Field, span: TreeSpan): Scalar | null {
  if (field.kind === 'intrinsic' && field.name === 'parentId' && span.parentId === '') {
    return text('0'.repeat(16))
  }
  const [value] = valuesOfField(field, span)
  return value === undefined || value.type === 'array' || value.type === 'opaque' ? null : value
}

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tracesToJaeger } from '../../wire/jaeger-decode.ts'
import type { JaegerSpan, JaegerTrace } from '../../wire/jaeger-model.ts'
import { otlpJsonToProtobuf } from '../../wire/otlp-json-decode.ts'
import { adjustTrace } from './adjusters.ts'
import { adjustOtlpTrace, nameServices } from './otlp-adjusters.ts'
import { attributeValue, type OtlpSpan, parseOtlpTrace, placedSpans } from './otlp-json-trace.ts'

const test = suite('jaeger adjusters')

const traceId = '0102030405060708090a0b0c0d0e0f10'
const idA = 'aaaaaaaaaaaaaaaa'
const idB = 'bbbbbbbbbbbbbbbb'
const idC = 'cccccccccccccccc'

interface Sent {
  id: string
  parent?: string
  kind?: number
  startMs?: number
  endMs?: number
  host?: string
  more?: object
  resource?: object
}

function sent(...spans: Sent[]): Uint8Array {
  const resourceSpans = spans.map(each => ({
    resource: {
      attributes: [
        ...(each.host ? [{ key: 'ip', value: { stringValue: each.host } }] : []),
        ...(each.resource ? [each.resource] : []),
      ],
    },
    scopeSpans: [{ spans: [toOtlp(each)] }],
  }))
  return otlpJsonToProtobuf(Buffer.from(JSON.stringify({ resourceSpans })))
}

function toOtlp({ id, parent = '', kind = 1, startMs = 0, endMs = startMs, more = {} }: Sent) {
  return {
    traceId,
    spanId: id,
    parentSpanId: parent,
    name: id[0],
    kind,
    startTimeUnixNano: `${1_000_000 + startMs}000000`,
    endTimeUnixNano: `${1_000_000 + endMs}000000`,
    ...more,
  }
}

function adjusted(maxMs: number, ...spans: Sent[]): JaegerTrace {
  const trace = tracesToJaeger(sent(...spans))[0]!
  adjustTrace(trace, maxMs)
  return trace
}

function adjustedV3(maxMs: number, ...spans: Sent[]): Map<string, OtlpSpan> {
  const trace = parseOtlpTrace(sent(...spans))
  nameServices(trace)
  adjustOtlpTrace(trace, maxMs)
  return new Map(placedSpans(trace).map(({ span }) => [span.name ?? '', span]))
}

function named(trace: JaegerTrace, name: string): JaegerSpan {
  return trace.spans.find(({ operationName }) => operationName === name)!
}

function startMs(span: JaegerSpan): number {
  return Number(span.startNs / 1_000_000n) - 1_000_000
}

const parent = { id: idA, startMs: 100, endMs: 150, host: '10.0.0.1' }
const early = { id: idB, parent: idA, startMs: 80, endMs: 90, host: '10.0.0.2' }

test('clock skew: off, too far, and moved with what the host did next', () => {
  const off = adjusted(0, parent, early)
  assert.is(startMs(named(off, 'b')), 80)
  const disabled = 'clock skew adjustment disabled; not applying calculated delta of 40ms'
  assert.equal(named(off, 'b').warnings, [disabled])
  const far = adjusted(39, parent, early)
  assert.equal(named(far, 'b').warnings, [
    'max clock skew adjustment delta of 39ms exceeded; not applying calculated delta of 40ms',
  ])
  const events = [{ timeUnixNano: '1000085000000', name: 'e' }]
  const local = { id: idC, parent: idB, startMs: 82, endMs: 84, host: '10.0.0.2', more: { events } }
  const moved = adjusted(40, parent, early, local)
  assert.is(startMs(named(moved, 'b')), 120)
  assert.is(startMs(named(moved, 'c')), 122)
  assert.is(named(moved, 'c').logs[0]!.timeNs, 1_000_125_000_000n)
  const text = "This span's timestamps were adjusted by 40ms"
  assert.equal(named(moved, 'c').warnings, [text])
})

test('clock skew: children that outlive their parent, and those that fit', () => {
  const long = { ...early, endMs: 900 }
  assert.is(startMs(named(adjusted(1000, parent, long), 'b')), 100)
  const later = { ...long, startMs: 800 }
  assert.equal(named(adjusted(1000, parent, later), 'b').warnings, [])
  const fits = { ...early, startMs: 110, endMs: 120 }
  assert.equal(named(adjusted(1000, parent, fits), 'b').warnings, [])
  const sameHost = { ...early, host: parent.host }
  assert.equal(named(adjusted(1000, parent, sameHost), 'b').warnings, [])
})

test('clock skew: orphans, doubled ids, and circles', () => {
  const orphan = adjusted(0, { id: idB, parent: idC })
  assert.equal(named(orphan, 'b').warnings, [
    `invalid parent span IDs=${idC}; skipping clock skew adjustment`,
  ])
  const doubled = adjusted(0, { id: idA }, { id: idA, startMs: 1 })
  assert.equal(doubled.spans.map(({ warnings }) => warnings.length).sort(), [0, 1])
  const circle = adjusted(0, { id: idA, parent: idB }, { id: idB, parent: idA })
  assert.equal(
    circle.spans.map(({ warnings }) => warnings),
    [[], []],
  )
})

test('both sides of a call with one id', () => {
  const call = [
    { id: idA, kind: 3 },
    { id: idA, kind: 2, parent: idC },
    { id: idB, parent: idA },
  ]
  const trace = adjusted(0, ...call)
  const server = trace.spans.find(({ spanId }) => spanId === '0000000000000001')!
  assert.is(server.references[0]!.spanId, idA)
  assert.is(named(trace, 'b').references[0]!.spanId, '0000000000000001')
  const spans = adjustedV3(0, ...call)
  assert.is(spans.get('b')!.parentSpanId, '0000000000000001')
})

test('a span that was sent twice', () => {
  const attributes = [{ key: 'k', value: { stringValue: 'v' } }]
  const other = { key: 'x', value: { stringValue: 'y' } }
  const first = { id: idA, more: { attributes: [...attributes, other] } }
  const again = { id: idA, more: { attributes: [other, ...attributes] } }
  assert.is(adjusted(0, first, again).spans.length, 1)
  assert.is(adjusted(0, first, { id: idA, more: { attributes } }).spans.length, 2)
  assert.is(adjusted(0, first, { ...again, host: 'h' }).spans.length, 2)
  assert.is(adjustedV3(0, first, again).size, 1)
})

test('tags are sorted, and the name of an event comes first', () => {
  const value = { stringValue: 'v' }
  const attributes = [
    { key: 'b', value: { intValue: '10' } },
    { key: 'b', value: { intValue: '9' } },
    { key: 'b', value },
    { key: 'a', value },
  ]
  const events = [{ name: 'e', attributes: [{ key: 'a', value }] }]
  const span = named(adjusted(0, { id: idA, kind: 0, more: { attributes, events } }), 'a')
  assert.equal(
    span.tags.map(({ key, value: shown }) => `${key} ${shown}`),
    ['a v', 'b v', 'b 9', 'b 10'],
  )
  assert.equal(
    span.logs[0]!.fields.map(({ key }) => key),
    ['event', 'a'],
  )
})

test('addresses that were sent as numbers', () => {
  const number = { intValue: '3232235777' }
  const attributes = [
    { key: 'ip', value: number },
    { key: 'peer.ipv4', value: { doubleValue: 2130706433 } },
    { key: 'other.ip', value: number },
  ]
  const resource = { key: 'ip', value: { intValue: '-1' } }
  const span = named(adjusted(0, { id: idA, more: { attributes }, resource }), 'a')
  assert.equal(
    span.tags.slice(0, 3).map(({ value }) => value),
    ['192.168.1.1', 3232235777, '127.0.0.1'],
  )
  assert.is(span.process.tags[0]!.value, '255.255.255.255')
})

test('tags of the library move to the process', () => {
  const sdk = { key: 'telemetry.sdk.name', value: { stringValue: 'sdk' } }
  const more = { attributes: [sdk] }
  const both = adjusted(0, { id: idA, more, kind: 0 }, { id: idB, more, kind: 0, resource: sdk })
  for (const span of both.spans) {
    assert.equal(span.tags, [])
    assert.equal(
      span.process.tags.map(({ value }) => value),
      ['sdk'],
    )
  }
  const other = { key: sdk.key, value: { stringValue: 'other' } }
  const kept = adjustedV3(0, { id: idA, more, resource: other }).get('a')!
  assert.is(attributeValue(kept.attributes, sdk.key)?.stringValue, 'sdk')
  assert.ok(attributeValue(kept.attributes, '@jaeger@warnings'))
})

test('empty references go, the parent comes first', () => {
  const far = { traceId: 'f'.repeat(32), spanId: idC }
  const empty = { traceId, spanId: '0000000000000000' }
  const links = [far, empty, { traceId, spanId: idB }]
  const span = named(adjusted(0, { id: idA, more: { links } }, { id: idB }), 'a')
  assert.equal(
    span.references.map(({ spanId }) => spanId),
    [idB, idC],
  )
  const v3 = adjustedV3(0, { id: idA, more: { links: [far, { traceId: '', spanId: idB }] } })
  assert.equal(v3.get('a')!.links, [{ traceId: far.traceId, spanId: idC }])
})

test('v3: warnings are an attribute, consumers may be late, every resource has a name', () => {
  const [a, b] = [
    { id: idA, startMs: 0, endMs: 10 },
    { id: idB, parent: idA, startMs: 20, endMs: 25 },
  ]
  const warnings = attributeValue(adjustedV3(0, a, b).get('b')!.attributes, '@jaeger@warnings')
  assert.is(warnings?.arrayValue?.values?.length, 1)
  assert.is(adjustedV3(0, a, { ...b, kind: 5 }).get('b')!.attributes, undefined)
  const orphan = adjustedV3(0, b).get('b')!
  assert.match(JSON.stringify(orphan.attributes), `parent span ID=${idA} is not in the trace`)
  const trace = parseOtlpTrace(sent(a))
  nameServices(trace)
  assert.equal(trace[0]!.resource?.attributes, [
    { key: 'service.name', value: { stringValue: 'missing-service-name' } },
  ])
})

test('a deep trace needs no deep stack', () => {
  const id = (n: number) => n.toString(16).padStart(16, '0')
  const chain = Array.from({ length: 20_000 }, (_, n) => ({
    id: id(n + 1),
    ...(n === 0 ? {} : { parent: id(n) }),
  }))
  assert.is(adjusted(0, ...chain).spans.length, chain.length)
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tracesToJaeger } from './jaeger-decode.ts'
import { jaegerTraceJson } from './jaeger-json.ts'
import type { JaegerSpan } from './jaeger-model.ts'
import { otlpJsonToProtobuf } from './otlp-json-decode.ts'

const test = suite('jaeger decode')

const traceId = '0102030405060708090a0b0c0d0e0f10'

function encode(spans: object[], resource: object = {}, scope: object = {}): Uint8Array {
  const resourceSpans = [{ resource, scopeSpans: [{ scope, spans }] }]
  return otlpJsonToProtobuf(Buffer.from(JSON.stringify({ resourceSpans })))
}

function span(more: object = {}): object {
  return { traceId, spanId: '1111111111111111', name: 'n', ...more }
}

function decoded(more: object, resource: object = {}): JaegerSpan {
  return tracesToJaeger(encode([span(more)], resource))[0]!.spans[0]!
}

function tagOf(value: object): unknown {
  const { type, value: shown } = decoded({ attributes: [{ key: 'k', value }] }).tags[0]!
  return [type, shown]
}

test('values have types', () => {
  assert.equal(tagOf({ stringValue: 'x' }), ['string', 'x'])
  assert.equal(tagOf({ boolValue: false }), ['bool', false])
  assert.equal(tagOf({ intValue: '-7' }), ['int64', -7])
  assert.equal(tagOf({ intValue: '9007199254740991' }), ['int64', 9007199254740991])
  assert.equal(tagOf({ intValue: '9007199254740992' }), ['int64', '9007199254740992'])
  assert.equal(tagOf({ doubleValue: 5 }), ['float64', 5])
  assert.equal(tagOf({ bytesValue: 'AAH+' }), ['binary', 'AAH+'])
  assert.equal(tagOf({ bytesValue: '' }), ['binary', null])
  assert.equal(tagOf({}), ['string', ''])
})

test('what JSON has no number for is text', () => {
  assert.equal(tagOf({ doubleValue: 'NaN' }), ['string', 'NaN'])
  assert.equal(tagOf({ doubleValue: '-Infinity' }), ['string', '-Infinity'])
  const values = [{ doubleValue: 'Infinity' }, { intValue: '9223372036854775807' }, {}]
  assert.equal(tagOf({ arrayValue: { values } }), [
    'string',
    '["Infinity",9223372036854775807,null]',
  ])
})

test('lists are compact JSON with sorted keys', () => {
  const values = [
    { key: 'z', value: { bytesValue: 'AAH+' } },
    { key: 'a', value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 0.5 }] } } },
    { key: 'z', value: { stringValue: '"' } },
  ]
  assert.equal(tagOf({ kvlistValue: { values } }), ['string', '{"a":[true,0.5],"z":"\\""}'])
  assert.equal(tagOf({ kvlistValue: {} }), ['string', '{}'])
  assert.equal(tagOf({ arrayValue: {} }), ['string', '[]'])
})

test('generated tags', () => {
  const { tags } = tracesToJaeger(
    encode(
      [
        span({
          kind: 3,
          status: { code: 2, message: 'm' },
          traceState: 'a=b',
          attributes: [{ key: 'own', value: { intValue: '1' } }],
        }),
      ],
      {},
      { name: 'lib', version: '2' },
    ),
  )[0]!.spans[0]!
  assert.equal(
    tags.map(({ key, value }) => [key, value]),
    [
      ['otel.scope.name', 'lib'],
      ['otel.scope.version', '2'],
      ['own', 1],
      ['span.kind', 'client'],
      ['otel.status_code', 'ERROR'],
      ['error', true],
      ['otel.status_description', 'm'],
      ['w3c.tracestate', 'a=b'],
    ],
  )
  assert.equal(decoded({ kind: 0, status: { code: 1 } }).tags, [
    { key: 'otel.status_code', type: 'string', value: 'OK' },
  ])
  assert.equal(decoded({ kind: 77, status: {} }).tags, [])
})

test('names of services', () => {
  const named = (value: object): string => {
    return decoded({}, { attributes: [{ key: 'service.name', value }] }).process.serviceName
  }
  assert.is(named({ stringValue: 'shop' }), 'shop')
  assert.is(named({ stringValue: '' }), 'empty-service-name')
  assert.is(named({ intValue: '5' }), 'missing-service-name')
  assert.is(decoded({}).process.serviceName, 'missing-service-name')
})

test('times', () => {
  const backwards = decoded({ startTimeUnixNano: '2000', endTimeUnixNano: '1000' })
  assert.is(backwards.durationNs, 0n)
  assert.is(backwards.warnings.length, 1)
  const instant = decoded({ startTimeUnixNano: '2000', endTimeUnixNano: '2000' })
  assert.equal(instant.warnings, [])
})

test('references', () => {
  const other = 'ffffffffffffffff'
  const link = (spanId: string, ...attributes: object[]) => ({ traceId, spanId, attributes })
  const childOf = { key: 'opentracing.ref_type', value: { stringValue: 'child_of' } }
  const shown = (more: object) => {
    return decoded(more).references.map(({ refType, spanId }) => `${refType} ${spanId[0]}`)
  }
  assert.equal(shown({ parentSpanId: '2222222222222222', links: [link(other)] }), [
    'CHILD_OF 2',
    'FOLLOWS_FROM f',
  ])
  assert.equal(shown({ parentSpanId: other, links: [link(other)] }), ['FOLLOWS_FROM f'])
  assert.equal(shown({ links: [link(other, childOf)] }), ['CHILD_OF f'])
  assert.equal(shown({ parentSpanId: '0000000000000000' }), [])
})

test('logs', () => {
  const fields = (event: object) => {
    return decoded({ events: [event] }).logs[0]!.fields.map(({ key, value }) => [key, value])
  }
  const own = { key: 'event', value: { stringValue: 'own' } }
  assert.equal(fields({ name: 'x' }), [['event', 'x']])
  assert.equal(fields({ name: 'x', attributes: [own] }), [['event', 'own']])
  assert.equal(fields({}), [])
})

test('as JSON: microseconds, short ids, processes once, null for no warnings', () => {
  const short = '000000000000000000c0ffee12345678'
  const times = { startTimeUnixNano: '1700000000000001999', endTimeUnixNano: '1700000000000003998' }
  const tag = (key: string) => ({ key, value: { stringValue: 'v' } })
  const resources = [['a', 'b'], ['b', 'a'], ['c']].map(keys => ({
    resource: { attributes: keys.map(tag) },
    scopeSpans: [{ spans: [{ ...span(times), traceId: short }] }],
  }))
  const bytes = otlpJsonToProtobuf(Buffer.from(JSON.stringify({ resourceSpans: resources })))
  const trace = JSON.parse(tracesToJaeger(bytes).map(jaegerTraceJson)[0]!)
  assert.equal(Object.keys(trace), ['traceID', 'spans', 'processes', 'warnings'])
  assert.is(trace.traceID, '00c0ffee12345678')
  assert.equal(
    trace.spans.map((each: { processID: string }) => each.processID),
    ['p1', 'p1', 'p2'],
  )
  assert.equal(Object.keys(trace.processes), ['p1', 'p2'])
  assert.equal(trace.spans[0], {
    traceID: '00c0ffee12345678',
    spanID: '1111111111111111',
    operationName: 'n',
    references: [],
    startTime: 1700000000000001,
    duration: 1,
    tags: [],
    logs: [],
    processID: 'p1',
    warnings: null,
  })
})

test('several traces, spans by start', () => {
  const at = (ns: string, more: object = {}) => span({ startTimeUnixNano: ns, ...more })
  const found = tracesToJaeger(
    encode([at('3'), at('1', { traceId: 'f'.repeat(32) }), at('2', { name: 'first' })]),
  )
  assert.equal(
    found.map(trace => trace.spans.map(({ operationName }) => operationName)),
    [['first', 'n'], ['n']],
  )
})

test.run()

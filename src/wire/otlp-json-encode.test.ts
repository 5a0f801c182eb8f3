import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { otlpJsonToProtobuf } from './otlp-json-decode.ts'
import { anyValueToJson, tracesToOtlpJson, tracesToTempoJson } from './otlp-json-encode.ts'

const test = suite('otlp-json-encode')

const schema = new URL('../../test/api/data/trace.proto', import.meta.url)
const { root } = protobuf.parse(readFileSync(schema, 'utf8'))
const TracesData = root.lookupType('otlp.TracesData')
const AnyValue = root.lookupType('otlp.AnyValue')

function encoded(message: object): Uint8Array {
  return TracesData.encode(TracesData.fromObject(message)).finish()
}

const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex')
const spanId = Buffer.from('b7ad6b7169203331', 'hex')

const fullTrace = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'host.cpus', value: { intValue: '8' } }] },
      schemaUrl: 'https://example.org/1',
      scopeSpans: [
        {
          scope: { name: 'lib', version: 'v1', attributes: [{ key: 'a', value: {} }] },
          spans: [
            {
              traceId,
              spanId,
              traceState: 'c=d',
              name: 'GET <checkout>',
              kind: 2,
              startTimeUnixNano: '1795430361000000000',
              endTimeUnixNano: '1795430361750000000',
              flags: 257,
              attributes: [
                { key: 'int', value: { intValue: '9007199254740993' } },
                { key: 'negative', value: { intValue: '-5' } },
                { key: 'double', value: { doubleValue: 2.75 } },
                { key: 'false', value: { boolValue: false } },
                { key: 'bytes', value: { bytesValue: Buffer.from([0, 1, 254, 255]) } },
                { key: 'empty text', value: { stringValue: '' } },
                { key: 'empty', value: {} },
                { key: 'none' },
              ],
              droppedAttributesCount: 2,
              events: [{ timeUnixNano: '1795430361100000000', name: 'exception' }],
              links: [{ traceId, spanId, attributes: [{ key: 'l', value: { boolValue: true } }] }],
              status: { message: 'upstream failed', code: 2 },
            },
            { kind: 99 },
          ],
        },
        { spans: [] },
      ],
    },
  ],
}

test('the form of Tempo', () => {
  const json = tracesToTempoJson(encoded(fullTrace), 'batches')
  assert.ok(json.includes('GET \\u003ccheckout\\u003e'))
  const [resource] = JSON.parse(json).batches
  assert.equal(resource.resource, {
    attributes: [{ key: 'host.cpus', value: { intValue: '8' } }],
  })
  assert.is(resource.schemaUrl, 'https://example.org/1')
  const [first, second] = resource.scopeSpans
  const scope = { name: 'lib', version: 'v1', attributes: [{ key: 'a', value: {} }] }
  assert.equal(first.scope, scope)
  assert.equal(second, { scope: {} })
  const [span, bare] = first.spans
  assert.equal(bare, { kind: 99, status: {} })
  assert.equal(
    Object.keys(span).join(),
    [
      'traceId,spanId,traceState,name,kind,startTimeUnixNano,endTimeUnixNano,attributes',
      'droppedAttributesCount,events,links,status',
    ].join(),
  )
  assert.equal([span.traceId, span.spanId], ['CvdlGRbNQ92ESOshHIAxnA==', 't61rcWkgMzE='])
  assert.equal([span.kind, span.startTimeUnixNano], ['SPAN_KIND_SERVER', '1795430361000000000'])
  assert.equal(span.status, { message: 'upstream failed', code: 'STATUS_CODE_ERROR' })
  assert.equal(
    span.attributes.map((attribute: { value: unknown }) => attribute.value),
    [
      { intValue: '9007199254740993' },
      { intValue: '-5' },
      { doubleValue: 2.75 },
      { boolValue: false },
      { bytesValue: 'AAH+/w==' },
      { stringValue: '' },
      {},
      undefined,
    ],
  )
  assert.equal(span.events, [{ timeUnixNano: '1795430361100000000', name: 'exception' }])
})

test('the form of OTLP', () => {
  const data = JSON.parse(tracesToOtlpJson(encoded(fullTrace)))
  const [span] = data.resourceSpans[0].scopeSpans[0].spans
  assert.is(span.traceId, '0af7651916cd43dd8448eb211c80319c')
  assert.equal([span.kind, span.flags, span.status.code], [2, 257, 2])
  assert.is(span.links[0].spanId, 'b7ad6b7169203331')
})

test('nothing stored', () => {
  assert.is(tracesToTempoJson(new Uint8Array(0), 'batches'), '{}')
  const empty = encoded({ resourceSpans: [{}] })
  assert.is(tracesToTempoJson(empty, 'resourceSpans'), '{"resourceSpans":[{"resource":{}}]}')
})

test('fields in any order, lists in pieces, unknown fields and the last of two', () => {
  const span = (name: string) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ name }] }] }] })
  const pieces = Buffer.concat([
    Buffer.from([0x92, 0x03, 0x01, 0x00, 0x9d, 0x06, 1, 2, 3, 4]),
    encoded(span('a')),
    Buffer.from([0x10, 0x05]),
    encoded(span('b')),
  ])
  const batches = JSON.parse(tracesToTempoJson(pieces, 'batches')).batches
  assert.is(batches.length, 2)
  assert.is(batches[1].scopeSpans[0].spans[0].name, 'b')
  // An AnyValue with a string and then a bool; a field with the wrong wire type is no field.
  const both = Buffer.from([0x0a, 0x01, 0x78, 0x10, 0x01, 0x18 | 5, 1, 2, 3, 4])
  assert.is(anyValueToJson(both), '{"boolValue":true}')
})

function nestedValue(depth: number): Uint8Array {
  let value = AnyValue.encode(AnyValue.fromObject({ stringValue: 'x' })).finish()
  for (let level = 0; level < depth; level++) {
    const array = new protobuf.Writer().uint32(10).bytes(value).finish()
    value = new protobuf.Writer().uint32(42).bytes(array).finish()
  }
  return value
}

test('no depth of values overflows the stack', () => {
  const json = anyValueToJson(nestedValue(20_000))
  assert.ok(json.startsWith('{"arrayValue":{"values":[{"arrayValue":'))
  assert.is(json.length, 20_000 * '{"arrayValue":{"values":[]}}'.length + 19)
})

const anyValue = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.record({ stringValue: fc.string({ unit: 'grapheme' }) }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n).map(String) }),
    fc.record({ doubleValue: fc.double({ noNaN: true }).filter(Number.isFinite) }),
    fc.record({ bytesValue: fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64')) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { minLength: 1 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: fc.string({ minLength: 1 }), value: tie('value') }), {
          minLength: 1,
        }),
      }),
    }),
  ),
})).value

test('JSON to protobuf and back is the same document', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1 }), values => {
      const attributes = values.map((value, index) => ({ key: `k${index}`, value }))
      const span = { name: 'n', kind: 3, startTimeUnixNano: '18446744073709551615', attributes }
      const document = {
        resourceSpans: [
          {
            resource: { attributes },
            scopeSpans: [{ scope: {}, spans: [{ ...span, status: {} }] }],
          },
        ],
      }
      const text = JSON.stringify(document)
      const again = tracesToOtlpJson(otlpJsonToProtobuf(Buffer.from(text)))
      assert.is(JSON.stringify(JSON.parse(again)), JSON.stringify(JSON.parse(text)))
    }),
  )
})

test('damaged bytes are refused, never an internal error', () => {
  const bytes = encoded(fullTrace)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, end) => {
      const damaged = bytes.slice(0, end)
      damaged[at] = byte
      try {
        JSON.parse(tracesToTempoJson(damaged, 'batches'))
      } catch (error) {
        assert.instance(error, Failure)
      }
    }),
    { numRuns: 2000 },
  )
})

test.run()

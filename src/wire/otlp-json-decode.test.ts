import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { otlpJsonToProtobuf } from './otlp-json-decode.ts'
import { tracesToOtlpJson } from './otlp-json-encode.ts'

const test = suite('otlp-json-decode')

const schema = new URL('../../test/api/data/trace.proto', import.meta.url)
const { root } = protobuf.parse(readFileSync(schema, 'utf8'))
const TracesData = root.lookupType('otlp.TracesData')

type Json = ReturnType<typeof JSON.parse>

/** What another protobuf implementation reads in our bytes. */
function decoded(json: string | Uint8Array): Json {
  const bytes = otlpJsonToProtobuf(typeof json === 'string' ? Buffer.from(json) : json)
  return TracesData.toObject(TracesData.decode(bytes), { longs: String, bytes: Array, json: true })
}

function decodedSpan(members: string): Json {
  const json = `{"resourceSpans":[{"scopeSpans":[{"spans":[{${members}}]}]}]}`
  return decoded(json).resourceSpans[0].scopeSpans[0].spans[0]
}

function decodedValue(value: string): Json {
  return decodedSpan(`"attributes":[{"key":"k","value":${value}}]`).attributes[0].value
}

function failureOf(json: string | Uint8Array): string {
  try {
    decoded(json)
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'BAD_REQUEST')
    return (error as Failure).message
  }
  throw new Error(`accepted: ${json}`)
}

const at = 'ReadObject: resourceSpans[0].scopeSpans[0].spans[0]'

test('every field of a span', () => {
  const span = decodedSpan(
    `"traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331","parentSpanId":"",
     "traceState":"a=b","name":"n","kind":2,"startTimeUnixNano":"1795430361000000001",
     "endTimeUnixNano":1795430361000000003,"droppedAttributesCount":1,"droppedEventsCount":2,
     "droppedLinksCount":"3","flags":257,"status":{"code":2,"message":"m"},
     "events":[{"timeUnixNano":"5","name":"e","attributes":[{"key":"a","value":{"intValue":1}}],
       "droppedAttributesCount":4}],
     "links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
       "traceState":"l","flags":1,"droppedAttributesCount":5}]`,
  )
  assert.is(Buffer.from(span.traceId).toString('hex'), '0af7651916cd43dd8448eb211c80319c')
  assert.is(Buffer.from(span.spanId).toString('hex'), 'b7ad6b7169203331')
  assert.is(span.parentSpanId, undefined)
  assert.is(span.traceState, 'a=b')
  assert.equal([span.name, span.kind, span.flags], ['n', 2, 257])
  assert.is(span.startTimeUnixNano, '1795430361000000001')
  assert.is(span.endTimeUnixNano, '1795430361000000003')
  assert.equal(
    [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    [1, 2, 3],
  )
  assert.equal(span.status, { code: 2, message: 'm' })
  assert.is(span.events[0].timeUnixNano, '5')
  assert.equal(span.events[0].attributes, [{ key: 'a', value: { intValue: '1' } }])
  assert.is(span.events[0].droppedAttributesCount, 4)
  assert.is(span.links[0].flags, 1)
  assert.is(span.links[0].droppedAttributesCount, 5)
})

test('names of the .proto file and unknown fields', () => {
  const data = decoded(
    `{"resource_spans":[{"schema_url":"r","what":1,"scope_spans":[{"schema_url":"s","scope":
      {"name":"n","version":"1"},"spans":[{"trace_id":"0af7651916cd43dd8448eb211c80319c",
      "start_time_unix_nano":"7","__proto__":{"name":"x"},"attributes":[{"key":"k","value":
      {"kvlist_value":{"values":[{"key":"b","value":{"bool_value":false}}]}}}]}]}]}]}`,
  )
  const [resource] = data.resourceSpans
  assert.is(resource.schemaUrl, 'r')
  const [scope] = resource.scopeSpans
  assert.equal([scope.schemaUrl, scope.scope], ['s', { name: 'n', version: '1' }])
  assert.is(scope.spans[0].startTimeUnixNano, '7')
  assert.is(scope.spans[0].name, undefined)
  const list = { values: [{ key: 'b', value: { boolValue: false } }] }
  assert.equal(scope.spans[0].attributes[0].value, { kvlistValue: list })
})

test('null is absent', () => {
  assert.equal(decoded('{"resourceSpans":null}'), {})
  assert.equal(decodedSpan('"name":null,"status":null,"attributes":null,"kind":null'), {})
  assert.equal(decodedValue('{"stringValue":null,"intValue":"1"}'), { intValue: '1' })
  const [item, empty] = decodedValue('{"arrayValue":{"values":[null,{}]}}').arrayValue.values
  assert.equal([item, empty], [{}, {}])
})

test('every type of value, also when it is zero or empty', () => {
  assert.equal(decodedValue('{"stringValue":""}'), { stringValue: '' })
  assert.equal(decodedValue('{"boolValue":false}'), { boolValue: false })
  assert.equal(decodedValue('{"intValue":"0"}'), { intValue: '0' })
  assert.equal(decodedValue('{"doubleValue":0}'), { doubleValue: 0 })
  assert.equal(decodedValue('{"bytesValue":""}'), { bytesValue: [] })
  assert.equal(decodedValue('{"bytesValue":"AAH+/w=="}'), { bytesValue: [0, 1, 254, 255] })
  assert.equal(decodedValue('{"bytesValue":"AAH-_w"}'), { bytesValue: [0, 1, 254, 255] })
  assert.equal(decodedValue('{"arrayValue":{}}'), { arrayValue: {} })
  assert.equal(decodedValue('{}'), {})
  assert.equal(decodedValue('{"doubleValue":"-Infinity"}'), { doubleValue: '-Infinity' })
  assert.equal(decodedValue('{"doubleValue":"1.5e3"}'), { doubleValue: 1500 })
  assert.equal(decodedValue('{"doubleValue":12345678901234567890}'), {
    doubleValue: 12345678901234567000,
  })
})

test('64-bit integers keep every digit, as text and as numbers', () => {
  for (const int of ['9007199254740993', '-9223372036854775808', '9223372036854775807', '-1']) {
    assert.equal(decodedValue(`{"intValue":${int}}`), { intValue: int })
    assert.equal(decodedValue(`{"intValue":"${int}"}`), { intValue: int })
  }
  assert.equal(decodedValue('{"intValue":1e3}'), { intValue: '1000' })
  assert.equal(decodedValue('{"intValue":"5.0"}'), { intValue: '5' })
  assert.equal(decodedValue('{"intValue":9.007199254740993e15}'), { intValue: '9007199254740993' })
  fc.assert(
    fc.property(fc.bigInt(-(1n << 63n), (1n << 63n) - 1n), int => {
      assert.equal(decodedValue(`{"intValue":${int}}`), { intValue: String(int) })
    }),
  )
})

test('enums by number and by name', () => {
  assert.is(decodedSpan('"kind":"SPAN_KIND_CONSUMER"').kind, 5)
  assert.is(decodedSpan('"kind":99').kind, 99)
  assert.is(decodedSpan('"status":{"code":"STATUS_CODE_ERROR"}').status.code, 2)
  assert.is(
    failureOf('{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SERVER"}]}]}]}'),
    `${at}.kind: unknown value "SERVER"`,
  )
})

test('wrong types are named with their place', () => {
  const spanFailure = (members: string): string => {
    return failureOf(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${members}}]}]}]}`)
  }
  assert.is(failureOf('[]'), 'ReadObject: expected an object, got an array')
  assert.is(
    failureOf('{"resourceSpans":{}}'),
    'ReadObject: resourceSpans: expected an array, got an object',
  )
  assert.is(
    failureOf('{"resourceSpans":[null]}'),
    'ReadObject: resourceSpans[0]: expected an object, got null',
  )
  assert.is(spanFailure('"name":5'), `${at}.name: expected a string, got a number`)
  assert.match(spanFailure('"traceId":"0af7"'), /traceId: length mismatch/)
  assert.match(spanFailure(`"traceId":"${'z'.repeat(32)}"`), /traceId: an id has hex digits only/)
  assert.match(spanFailure('"spanId":"t61rcWkgMzE="'), /spanId: length mismatch/)
  assert.match(spanFailure('"startTimeUnixNano":"-1"'), /outside of 64 bits/)
  assert.match(spanFailure('"startTimeUnixNano":"18446744073709551616"'), /outside of 64 bits/)
  assert.match(spanFailure('"startTimeUnixNano":1.5'), /expected a whole number, got 1.5/)
  assert.match(spanFailure('"startTimeUnixNano":true'), /expected a whole number, got a boolean/)
  assert.match(spanFailure('"droppedLinksCount":4294967296'), /outside of 32 bits/)
  const value = `${at}.attributes[0].value`
  const valueFailure = (text: string): string => spanFailure(`"attributes":[{"value":${text}}]`)
  assert.is(valueFailure('5'), `${value}: expected an object, got a number`)
  assert.is(
    valueFailure('{"arrayValue":{"values":[{},{"boolValue":"x"}]}}'),
    `${value}.arrayValue.values[1].boolValue: expected true or false, got a string`,
  )
  assert.match(valueFailure('{"doubleValue":1e999}'), /expected a number, got Infinity/)
  assert.match(valueFailure('{"doubleValue":""}'), /expected a number/)
  assert.match(valueFailure('{"bytesValue":"*"}'), /expected base64/)
  assert.match(valueFailure('{"bytesValue":"A"}'), /incomplete base64/)
  assert.match(valueFailure('{"intValue":"9223372036854775808"}'), /outside of 64 bits/)
})

test('what is not JSON in UTF-8 is refused', () => {
  assert.match(failureOf('{bad'), /^ReadObject: /)
  assert.match(failureOf(''), /^ReadObject: /)
  assert.match(failureOf('{} x'), /^ReadObject: /)
  assert.match(failureOf('\ufeff{}'), /^ReadObject: /)
  assert.is(
    failureOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])),
    'ReadObject: the body is not valid UTF-8',
  )
})

function nested(depth: number): string {
  const open = '{"arrayValue":{"values":['.repeat(depth)
  return `${open}{"stringValue":"x"}${']}}'.repeat(depth)}`
}

test('values may nest, but not without end', () => {
  const document = (value: string): string => {
    return `{"resourceSpans":[{"resource":{"attributes":[{"value":${value}}]},"scopeSpans":[]}]}`
  }
  const json = tracesToOtlpJson(otlpJsonToProtobuf(Buffer.from(document(nested(63)))))
  assert.equal(
    JSON.parse(json).resourceSpans[0].resource.attributes[0].value,
    JSON.parse(nested(63)),
  )
  assert.match(failureOf(document(nested(64))), /nested deeper than 64 values/)
})

test('a hundred thousand brackets are refused at once, brackets in strings do not count', () => {
  const startMs = performance.now()
  assert.match(failureOf('['.repeat(100_000)), /nested deeper than/)
  assert.match(failureOf('{"a":'.repeat(100_000)), /nested deeper than/)
  assert.ok(performance.now() - startMs < 1000)
  assert.equal(decodedValue(`{"stringValue":"${'[{\\"'.repeat(1000)}"}`), {
    stringValue: '[{"'.repeat(1000),
  })
})

test('any JSON is taken or refused, never an internal error', () => {
  const names = ['resourceSpans', 'scopeSpans', 'spans', 'attributes', 'value', 'arrayValue']
  const more = ['values', 'intValue', 'doubleValue', 'traceId', 'status', 'kind', 'key', 'events']
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { depthSize: 'medium' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('tree'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom(...names, ...more), tie('tree'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(tree, value => {
      try {
        decoded(JSON.stringify(value))
      } catch (error) {
        assert.instance(error, Failure)
      }
    }),
    { numRuns: 2000 },
  )
})

test.run()

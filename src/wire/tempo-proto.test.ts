import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  encodeSearchResponse,
  encodeSearchTagsResponse,
  encodeSearchTagsV2Response,
  encodeSearchTagValuesResponse,
  encodeSearchTagValuesV2Response,
  encodeTraceByIdResponse,
} from './tempo-proto.ts'

const test = suite('tempo-proto')

const schema = new URL('../../test/api/data/tempo.proto', import.meta.url)
const { root } = protobuf.parse(readFileSync(schema, 'utf8'), { keepCase: true })

function read(type: string, bytes: Uint8Array): object {
  const message = root.lookupType(`tempopb.${type}`)
  return message.toObject(message.decode(bytes), { longs: String, bytes: String, json: true })
}

test('search', () => {
  const spanSet = {
    spans: [
      {
        spanID: 'b7ad6b7169203331',
        name: 'n',
        startTimeUnixNano: '1795430361000000000',
        durationNanos: '18446744073709551615',
        attributes: [
          { key: 's', value: { type: 'string', value: '' } },
          { key: 'i', value: { type: 'int', value: '-9223372036854775808' } },
          { key: 'd', value: { type: 'double', value: 3 } },
          { key: 'b', value: { type: 'bool', value: false } },
          { key: 'y', value: { type: 'any', value: 'OgIB/w==' } },
          { key: 'none', value: { type: 'any', value: '' } },
        ],
      },
    ],
    matched: 13,
    attributes: [{ key: 'by(.x)', value: { type: 'string', value: 'odd' } }],
  } as const
  const bytes = encodeSearchResponse({
    traces: [
      {
        traceID: 'af7651916cd43dd8448eb211c80319c',
        rootServiceName: 'frontend',
        rootTraceName: 'GET /',
        startTimeUnixNano: '1795430361000000000',
        durationMs: 750,
        spanSets: [spanSet],
        serviceStats: [
          { service: 'cart', spanCount: 4, errorCount: 0 },
          { service: '__proto__', spanCount: 2, errorCount: 1 },
        ],
      },
    ],
    metrics: { inspectedTraces: 1, inspectedBytes: 2 ** 40, totalJobs: 3, inspectedSpans: 9 },
  })
  const json = read('SearchResponse', bytes) as { traces: { spanSets: unknown[] }[] }
  assert.equal(JSON.parse(JSON.stringify(json)), {
    traces: [
      {
        traceID: 'af7651916cd43dd8448eb211c80319c',
        rootServiceName: 'frontend',
        rootTraceName: 'GET /',
        startTimeUnixNano: '1795430361000000000',
        durationMs: 750,
        spanSet: json.traces[0]!.spanSets[0],
        spanSets: [
          {
            spans: [
              {
                spanID: 'b7ad6b7169203331',
                name: 'n',
                startTimeUnixNano: '1795430361000000000',
                durationNanos: '18446744073709551615',
                attributes: [
                  { key: 's', value: { stringValue: '' } },
                  { key: 'i', value: { intValue: '-9223372036854775808' } },
                  { key: 'd', value: { doubleValue: 3 } },
                  { key: 'b', value: { boolValue: false } },
                  { key: 'y', value: { bytesValue: 'Af8=' } },
                  { key: 'none', value: {} },
                ],
              },
            ],
            matched: 13,
            attributes: [{ key: 'by(.x)', value: { stringValue: 'odd' } }],
          },
        ],
        serviceStats: JSON.parse(
          '{"cart":{"spanCount":4},"__proto__":{"spanCount":2,"errorCount":1}}',
        ),
      },
    ],
    metrics: {
      inspectedTraces: 1,
      inspectedBytes: '1099511627776',
      totalJobs: 3,
      inspectedSpans: '9',
    },
  })
})

test('tag names and values', () => {
  const metrics = { inspectedBytes: 5, totalBlocks: 1, totalBlockBytes: 7 }
  const encodedMetrics = { inspectedBytes: '5', totalBlocks: 1, totalBlockBytes: '7' }
  assert.equal(
    read('SearchTagsResponse', encodeSearchTagsResponse({ tagNames: ['a', ''], metrics })),
    { tagNames: ['a', ''], metrics: encodedMetrics },
  )
  const scopes = [{ name: 'span', tags: ['a', 'b'] }]
  assert.equal(read('SearchTagsV2Response', encodeSearchTagsV2Response({ scopes, metrics })), {
    scopes,
    metrics: encodedMetrics,
  })
  const values = encodeSearchTagValuesResponse({ tagValues: ['x'], metrics: {} })
  assert.equal(read('SearchTagValuesResponse', values), { tagValues: ['x'], metrics: {} })
  const typed = [
    { type: 'int', value: '8' },
    { type: 'string', value: '' },
  ]
  assert.equal(
    read(
      'SearchTagValuesV2Response',
      encodeSearchTagValuesV2Response({ tagValues: typed, metrics: {} }),
    ),
    { tagValues: [{ type: 'int', value: '8' }, { type: 'string' }], metrics: {} },
  )
})

test('trace by id', () => {
  const trace = Buffer.from([0x0a, 0x00])
  const whole = encodeTraceByIdResponse({ trace, metrics: { inspectedBytes: 9 } })
  assert.equal(read('TraceByIDResponse', whole), {
    trace: 'CgA=',
    metrics: { inspectedBytes: '9' },
  })
  const partial = encodeTraceByIdResponse({ trace: null, metrics: {}, partial: 'one block less' })
  assert.is(
    Buffer.from(partial).toString('hex'),
    `0a0012001801220e${Buffer.from('one block less').toString('hex')}`,
  )
})

test.run()

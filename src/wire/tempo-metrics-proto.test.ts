import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeQueryInstantResponse, encodeQueryRangeResponse } from './tempo-metrics-proto.ts'

const test = suite('tempo-metrics-proto')

const schema = new URL('../../test/api/data/tempo.proto', import.meta.url)
const { root } = protobuf.parse(readFileSync(schema, 'utf8'), { keepCase: true })

function read(type: string, bytes: Uint8Array): unknown {
  const message = root.lookupType(`tempopb.${type}`)
  const options = { longs: String, enums: String, json: true }
  return JSON.parse(JSON.stringify(message.toObject(message.decode(bytes), options)))
}

test('a range', () => {
  const bytes = encodeQueryRangeResponse({
    timesMs: Float64Array.of(-60_000, 0, 1_795_430_340_000),
    series: [
      {
        labels: [
          { key: '.poly', value: { type: 'int', value: '-5' } },
          { key: 'p', value: { type: 'double', value: 0.99 } },
        ],
        values: Float64Array.of(0, Number.NaN, 1.5),
        exemplars: [
          {
            labels: [{ key: 'trace:id', value: { type: 'string', value: 'ab' } }],
            value: 0.25,
            timestampMs: 1_795_430_340_001,
          },
        ],
      },
      { labels: [], values: Float64Array.of(2, 0, Number.POSITIVE_INFINITY), exemplars: [] },
    ],
    metrics: { inspectedBytes: 7 },
    partial: 'one source less',
  })
  assert.equal(read('QueryRangeResponse', bytes), {
    series: [
      {
        labels: [
          { key: '.poly', value: { intValue: '-5' } },
          { key: 'p', value: { doubleValue: 0.99 } },
        ],
        samples: [{ timestamp_ms: '-60000' }, { value: 1.5, timestamp_ms: '1795430340000' }],
        exemplars: [
          {
            labels: [{ key: 'trace:id', value: { stringValue: 'ab' } }],
            value: 0.25,
            timestamp_ms: '1795430340001',
          },
        ],
      },
      {
        samples: [
          { value: 2, timestamp_ms: '-60000' },
          {},
          { value: 'Infinity', timestamp_ms: '1795430340000' },
        ],
      },
    ],
    metrics: { inspectedBytes: '7' },
    status: 'PARTIAL',
    message: 'one source less',
  })
})

test('one value per series', () => {
  const labels = [{ key: '__name__', value: { type: 'string', value: 'rate' } }] as const
  const bytes = encodeQueryInstantResponse({
    series: [
      { labels, value: 71 },
      { labels, value: 0 },
    ],
    metrics: {},
  })
  const shown = [{ key: '__name__', value: { stringValue: 'rate' } }]
  assert.equal(read('QueryInstantResponse', bytes), {
    series: [{ labels: shown, value: 71 }, { labels: shown }],
    metrics: {},
  })
})

test.run()

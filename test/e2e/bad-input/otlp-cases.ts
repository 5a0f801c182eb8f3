import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { ProtoWriter } from '../../../src/wire/protobuf.ts'
import { encodeSpans, hexId, type SentSpan } from '../../tools/spans.ts'
import type { BadCase } from './case.ts'

/** Spans that cannot be taken, over OTLP/HTTP. */

const json = { 'Content-Type': 'application/json' }
const protobuf = { 'Content-Type': 'application/x-protobuf' }
const good = encodeSpans('good', [span({})])
const bombBytes = 300 * 1024 * 1024
const setting = /max_request_body_size/

function span(changes: Partial<SentSpan>): SentSpan {
  const startNs = BigInt(Date.now()) * 1_000_000n
  const base = { traceId: hexId(3, 32), spanId: hexId(3, 16), name: 'x', startNs, durationNs: 1n }
  return { ...base, ...changes }
}

function jsonSpan(fields: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`
}

const ids = '"traceId":"00000000000000000000000000000004","spanId":"0000000000000004"'

/** An AnyValue of arrays in arrays, in protobuf. */
function nestedValue(depth: number): Uint8Array {
  let value = new Uint8Array([0x0a, 0x01, 0x78])
  for (let i = 0; i < depth; i++) {
    const w = new ProtoWriter(value.length + 16)
    w.messageField(5, array => array.bytesField(1, value))
    value = Uint8Array.from(w.finish())
  }
  return value
}

function withAttribute(value: Uint8Array): Uint8Array {
  const w = new ProtoWriter(value.length + 256)
  w.messageField(1, resourceSpans =>
    resourceSpans.messageField(2, scopeSpans =>
      scopeSpans.messageField(2, field => {
        field.bytesField(1, Buffer.from(hexId(5, 32), 'hex'))
        field.bytesField(2, Buffer.from(hexId(5, 16), 'hex'))
        field.messageField(9, keyValue => {
          keyValue.textField(1, 'deep')
          keyValue.bytesField(2, value)
        })
      }),
    ),
  )
  return w.finish()
}

const nestedJson = (depth: number) =>
  jsonSpan(
    `${ids},"attributes":[{"key":"k","value":${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}}]`,
  )

const manyAttributes = Object.fromEntries(Array.from({ length: 65_536 }, (_, i) => [`k${i}`, 'v']))

type Row = readonly [name: string, body: Uint8Array | string, status: number, says?: RegExp]

const jsonRows: readonly Row[] = [
  ['nothing', '', 400],
  ['no JSON', 'spans', 400],
  ['an open brace', '{', 400],
  ['an array', '[]', 400],
  ['null', 'null', 400],
  ['a number', '1', 400],
  ['a byte order mark', '\ufeff{}', 400],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 400],
  ['spans that are a number', '{"resourceSpans":1}', 400],
  ['a span that is a text', '{"resourceSpans":[{"scopeSpans":[{"spans":["x"]}]}]}', 400],
  ['a short trace id', jsonSpan('"traceId":"0abc","spanId":"0000000000000004"'), 400, /trace/i],
  [
    'a trace id in base64',
    jsonSpan('"traceId":"AAAAAAAAAAAAAAAAAAAAAQ==","spanId":"0000000000000004"'),
    400,
  ],
  ['no ids', jsonSpan('"name":"x"'), 400, /trace ids must be 128 bit/],
  [
    'a trace id of zeros',
    jsonSpan(`"traceId":"${'0'.repeat(32)}","spanId":"0000000000000004"`),
    400,
    /trace ids must be 128 bit/,
  ],
  [
    'a span id of zeros',
    jsonSpan(`"traceId":"${'1'.repeat(32)}","spanId":"0000000000000000"`),
    400,
    /span ids must be 64 bit/,
  ],
  ['a start before 1970', jsonSpan(`${ids},"startTimeUnixNano":"-1"`), 400],
  ['a start that is a word', jsonSpan(`${ids},"startTimeUnixNano":"now"`), 400],
  ['a start above 64 bits', jsonSpan(`${ids},"startTimeUnixNano":"18446744073709551616"`), 400],
  ['a start beyond all numbers', jsonSpan(`${ids},"startTimeUnixNano":1e400`), 400],
  ['a name that is a number', jsonSpan(`${ids},"name":5`), 400],
  ['a kind that does not exist', jsonSpan(`${ids},"kind":"SPAN_KIND_SPECIAL"`), 400],
  ['values nested 100 deep', nestedJson(100), 400, /deep|nest/],
  ['values nested 100,000 deep', nestedJson(100_000), 400, /deep|nest/],
  ['a million brackets', '['.repeat(1_000_000), 400],
  ['a million open objects', '{"a":'.repeat(1_000_000), 400],
]

const protobufRows: readonly Row[] = [
  ['no protobuf', 'spans', 400],
  ['field number 0', Buffer.from([0x00, 0x00]), 400, /field number 0/],
  ['a length beyond the end', Buffer.from([0x0a, 0x7f]), 400, /beyond the end/],
  ['a length of 4 GiB', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), 400],
  ['an endless varint', Buffer.alloc(100, 0xff), 400],
  ['a group', Buffer.from([0x0b, 0x0c]), 400],
  ['half a request', good.subarray(0, good.length >> 1), 400],
  ['a request without its last byte', good.subarray(0, -1), 400],
  ['a short trace id', encodeSpans('x', [span({ traceId: '0102' })]), 400, /128 bit/],
  ['a trace id of zeros', encodeSpans('x', [span({ traceId: '0'.repeat(32) })]), 400, /128 bit/],
  ['a long span id', encodeSpans('x', [span({ spanId: '01'.repeat(9) })]), 400, /64 bit/],
  ['a short parent id', encodeSpans('x', [span({ parentId: '0102' })]), 400, /parent span ids/],
  ['a good span and a bad one', encodeSpans('x', [span({}), span({ traceId: '01' })]), 400],
  ['65,536 attributes', encodeSpans('x', [span({ attributes: manyAttributes })]), 400, /65535/],
  ['values nested 100 deep', withAttribute(nestedValue(100)), 400, /nested deeper/],
  ['values nested 5,000 deep', withAttribute(nestedValue(5000)), 400, /nested deeper/],
]

type EncodedRow = readonly [
  name: string,
  encoding: string,
  body: Uint8Array,
  status: number,
  says?: RegExp,
]

const zeros = Buffer.alloc(bombBytes)

const encodedRows: readonly EncodedRow[] = [
  ['half a gzip', 'gzip', gzipSync(good).subarray(0, 40), 400, /gzip/],
  ['no gzip', 'gzip', good, 400, /gzip/],
  ['a gzip with a wrong checksum', 'gzip', brokenEnd(gzipSync(good)), 400, /gzip/],
  ['no zstd', 'zstd', good, 400, /zstd/],
  ['no deflate', 'deflate', Buffer.alloc(50, 0xfe), 400, /deflate/],
  ['an encoding that is not known', 'br', good, 400, /br/],
  ['two encodings', 'gzip, gzip', gzipSync(gzipSync(good)), 400, /Encoding/],
  ['a bomb of gzip', 'gzip', gzipSync(zeros), 413, setting],
  ['a bomb of deflate', 'deflate', deflateRawSync(zeros), 413, setting],
  ['a bomb of zstd', 'zstd', zstdCompressSync(zeros), 413, setting],
]

function brokenEnd(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  changed[changed.length - 6]! ^= 0xff
  return changed
}

const place = { port: 4318, path: '/v1/traces', method: 'POST' }

export const otlpCases: readonly BadCase[] = [
  ...jsonRows.map(row => ofRow('JSON', json, row)),
  ...protobufRows.map(row => ofRow('protobuf', protobuf, row)),
  ...encodedRows.map(([name, encoding, body, status, says]) =>
    ofRow('body', { ...protobuf, 'Content-Encoding': encoding }, [name, body, status, says!]),
  ),
  { ...place, name: 'GET', method: 'GET', status: 405 },
  { ...place, name: 'no content type', body: good, status: 415, says: /application\/json/ },
  { ...place, name: 'text', headers: { 'Content-Type': 'text/plain' }, body: good, status: 415 },
  {
    ...place,
    name: 'a slash behind',
    path: '/v1/traces/',
    headers: protobuf,
    body: good,
    status: 404,
  },
  { ...place, name: 'metrics', path: '/v1/metrics', headers: protobuf, body: good, status: 404 },
  ofRow('body', protobuf, ['of 30 MB', Buffer.alloc(30_000_000), 413, setting]),
]

function ofRow(group: string, headers: Record<string, string>, row: Row): BadCase {
  const [name, body, status, says] = row
  return { ...place, name: `${group}: ${name}`, headers, body, status, ...(says ? { says } : {}) }
}

/** Strange, and still right. */
export const acceptedCases: readonly BadCase[] = (
  [
    ['nothing in it', '{}', 200],
    ['an empty list', '{"resourceSpans":[]}', 200],
    ['an unknown field', '{"resourceSpans":[],"more":{"a":[1,2,{}]}}', 200],
    [
      'an end before its start',
      jsonSpan(`${ids},"startTimeUnixNano":"2000","endTimeUnixNano":"1000"`),
      200,
    ],
    ['the year 1970', jsonSpan(`${ids},"startTimeUnixNano":"0","endTimeUnixNano":1`), 200],
    ['the end of time', jsonSpan(`${ids},"startTimeUnixNano":"18446744073709551615"`), 200],
  ] as const
).map(row => ofRow('JSON', { 'Content-Type': 'Application/JSON; charset=utf-8' }, row))

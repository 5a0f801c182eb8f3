import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fail } from '../base/errors.ts'
import {
  exportResponseToJson,
  exportResponseToProtobuf,
  googleStatusToJson,
  googleStatusToProtobuf,
  statusOfFailure,
} from './google-status.ts'

const test = suite('google-status')

const schema = new URL('../../test/api/data/tempo.proto', import.meta.url)
const { root } = protobuf.parse(readFileSync(schema, 'utf8'), { keepCase: true })
const Status = root.lookupType('tempopb.Status')
const RetryInfo = root.lookupType('tempopb.RetryInfo')

test('a failure as a status, in both encodings', () => {
  const status = statusOfFailure(fail('BAD_REQUEST', 'ReadObject: "x"'))
  assert.is(googleStatusToJson(status), '{"code":3,"message":"ReadObject: \\"x\\""}')
  assert.equal(Status.toObject(Status.decode(googleStatusToProtobuf(status))), {
    code: 3,
    message: 'ReadObject: "x"',
  })
})

test('when to come back', () => {
  const status = statusOfFailure(fail('RATE_LIMITED', 'slow down'), 5000)
  assert.equal(JSON.parse(googleStatusToJson(status)), {
    code: 8,
    message: 'slow down',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5s' }],
  })
  const late = { ...status, retryAfterMs: 1050 }
  assert.is(JSON.parse(googleStatusToJson(late)).details[0].retryDelay, '1.050s')
  const message = Status.toObject(Status.decode(googleStatusToProtobuf(late)))
  assert.is(message['details'][0].type_url, 'type.googleapis.com/google.rpc.RetryInfo')
  const info = RetryInfo.toObject(RetryInfo.decode(message['details'][0].value), { longs: Number })
  assert.equal(info, { retry_delay: { seconds: 1, nanos: 50_000_000 } })
})

test('success, whole and partial', () => {
  assert.is(exportResponseToJson(), '{"partialSuccess":{}}')
  assert.equal([...exportResponseToProtobuf()], [0x0a, 0x00])
  const partial = { rejectedSpans: 3, errorMessage: 'too old' }
  assert.is(
    exportResponseToJson(partial),
    '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}',
  )
  const hex = Buffer.from(exportResponseToProtobuf(partial)).toString('hex')
  assert.is(hex, `0a0b08031207${Buffer.from('too old').toString('hex')}`)
})

test.run()

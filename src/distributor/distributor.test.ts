import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { Failure, fail } from '../base/errors.ts'
import { Metrics } from '../base/metrics.ts'
import type { PushResult } from '../contract/ingester.ts'
import type { Admission } from '../overrides/rate-limit.ts'
import { ProtoWriter } from '../wire/protobuf.ts'
import { Distributor } from './distributor.ts'
import { distributorMetrics } from './metrics.ts'

const test = suite('distributor')
const origin = { receiver: 'otlp', transport: 'grpc' }
const accepted = { spans: 2, duplicates: 0, traceTooLarge: 0, liveTracesExceeded: 0 }

function body(spans: number): Uint8Array {
  const w = new ProtoWriter()
  w.messageField(1, rs =>
    rs.messageField(2, ss => {
      for (let i = 1; i <= spans; i++) {
        ss.messageField(2, span => {
          span.bytesField(1, Buffer.alloc(16, i))
          span.bytesField(2, Buffer.alloc(8, i))
        })
      }
    }),
  )
  return w.finish()
}

function setUp(answer: () => PushResult, admission: Admission = { ok: true }) {
  const metrics = new Metrics()
  const pushed: [tenant: string, body: Uint8Array][] = []
  const distributor = new Distributor({
    clock: new ManualClock(),
    metrics: distributorMetrics(metrics),
    ingesters: {
      async push(tenant, sent) {
        pushed.push([tenant, sent])
        return answer()
      },
    },
    rateLimit: () => admission,
    limitValues: () => ({ maxBytesPerTrace: 5000, maxTracesPerUser: 10 }),
  })
  const count = async (name: string): Promise<number> => {
    const found = await metrics.registry.getSingleMetric(name)!.get()
    return found.values.reduce((sum, { value }) => sum + value, 0)
  }
  return { distributor, pushed, count }
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Failure)
    return error as Failure
  }
  assert.unreachable('it did not fail')
  throw new Error()
}

test('a batch goes on as it was sent, and is counted', async () => {
  const { distributor, pushed, count } = setUp(() => accepted)
  const sent = body(2)
  const result = await distributor.push('team', sent, origin)
  assert.equal(result, { spans: 2, rejectedSpans: 0, message: '' })
  assert.equal(pushed, [['team', sent]])
  assert.is(await count('tempo_distributor_spans_received_total'), 2)
  assert.is(await count('tempo_distributor_bytes_received_total'), sent.length)
  assert.is(await count('tempo_receiver_accepted_spans'), 2)
  assert.is(await count('tempo_receiver_refused_spans'), 0)
})

test('an empty batch is a success that nobody else sees', async () => {
  const { distributor, pushed } = setUp(() => accepted)
  const result = await distributor.push('team', new Uint8Array(0), origin)
  assert.equal(result, { spans: 0, rejectedSpans: 0, message: '' })
  assert.is(pushed.length, 0)
})

test('malformed input is refused before anything else', async () => {
  const { distributor, pushed } = setUp(() => accepted)
  const sent = body(2)
  const failure = await failureOf(distributor.push('t', sent.subarray(0, sent.length - 1), origin))
  assert.is(failure.code, 'BAD_REQUEST')
  assert.is(pushed.length, 0)
})

test('a refusal says whether the same batch may be sent again', async () => {
  for (const [reason, code, retry] of [
    ['rate_limited', 'RATE_LIMITED', true],
    ['batch_too_large', 'BODY_TOO_LARGE', false],
  ] as const) {
    const limits = { limitBytes: 10, globalLimitBytes: 0, burstBytes: 20, retryAfterMs: 700 }
    const refusal = { ok: false, reason, ...limits, message: 'too much' } as const
    const { distributor, pushed, count } = setUp(() => accepted, refusal)
    const failure = await failureOf(distributor.push('team', body(3), origin))
    assert.is(failure.code, code)
    assert.is(failure.kind.retry, retry)
    assert.is(failure.fields['retryAfterMs'], 700)
    assert.is(pushed.length, 0)
    assert.is(await count('tempo_discarded_spans_total'), 3)
    assert.is(await count('tempo_receiver_refused_spans'), 3)
  }
})

test('spans that an ingester refused are named with their limit and setting', async () => {
  const { distributor, count } = setUp(() => {
    return { ...accepted, traceTooLarge: 1, liveTracesExceeded: 2 }
  })
  const result = await distributor.push('team', body(5), origin)
  assert.is(result.spans, 5)
  assert.is(result.rejectedSpans, 3)
  assert.match(result.message, 'TRACE_TOO_LARGE: 1 spans of traces above max_bytes_per_trace (5000')
  assert.match(result.message, 'LIVE_TRACES_EXCEEDED: 2 spans of new traces above max_traces_per_u')
  assert.is(await count('tempo_receiver_accepted_spans'), 2)
  assert.is(await count('tempo_receiver_refused_spans'), 3)
  assert.is(await count('tempo_discarded_spans_total'), 3)
})

test('a failure of the ingesters keeps its code; another one becomes INTERNAL', async () => {
  for (const [error, code] of [
    [fail('DISK_FULL', 'full'), 'DISK_FULL'],
    [new TypeError('a bug'), 'INTERNAL'],
  ] as const) {
    const { distributor, count } = setUp(() => {
      throw error
    })
    assert.is((await failureOf(distributor.push('team', body(2), origin))).code, code)
    assert.is(await count('tempo_receiver_accepted_spans'), 0)
    assert.is(await count('tempo_receiver_refused_spans'), 2)
  }
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { defaultsOf } from '../base/settings-tree.ts'
import { tenantLimits } from './limit-settings.ts'
import { type Limits, resolveLimits } from './limits.ts'
import { RateLimiter, type Refusal } from './rate-limit.ts'

const { ingestion } = resolveLimits(defaultsOf(tenantLimits), {
  maxAttributeBytes: 0,
  maxSearchDurationMs: 0,
  maxMetricsDurationMs: 0,
  blockRetentionMs: 0,
  compactionWindowMs: 0,
})

function limiter(limits: Partial<Limits['ingestion']>, distributors = () => 1) {
  const clock = new ManualClock()
  const asked = { ...ingestion, ...limits }
  return { clock, limits: asked, limiter: new RateLimiter(() => asked, clock, distributors) }
}

const test = suite('rate limit')

test('a burst is admitted, then the rate', () => {
  const { clock, limiter: it } = limiter({ rateLimitBytes: 1000, burstSizeBytes: 2000 })
  assert.ok(it.tryTake('a', 2000).ok)
  assert.not(it.tryTake('a', 1).ok)
  clock.advance(500)
  assert.ok(it.tryTake('a', 500).ok)
  assert.not(it.tryTake('a', 1).ok)
  clock.advance(3_600_000)
  assert.not(it.tryTake('a', 2001).ok)
  assert.ok(it.tryTake('a', 2000).ok)
})

test('a refused batch costs nothing, tenants do not share', () => {
  const { limiter: it } = limiter({ rateLimitBytes: 1000, burstSizeBytes: 2000 })
  assert.ok(it.tryTake('a', 1500).ok)
  assert.not(it.tryTake('a', 501).ok)
  assert.ok(it.tryTake('a', 500).ok)
  assert.ok(it.tryTake('b', 2000).ok)
})

test('the refusal says which limit it was and when to come again', () => {
  const { limiter: it } = limiter({ rateLimitBytes: 2000, burstSizeBytes: 2000 })
  it.tryTake('limited', 2000)
  const refusal = it.tryTake('limited', 505) as Refusal
  assert.is(refusal.reason, 'rate_limited')
  assert.is(refusal.limitBytes, 2000)
  assert.is(refusal.burstBytes, 2000)
  assert.is(refusal.retryAfterMs, 253)
  const limit = 'local: 2000 bytes/s, global: 0 bytes/s, burst: 2000 bytes'
  const start =
    `RATE_LIMITED: ingestion rate limit (${limit}) exceeded while adding 505 bytes ` +
    'for user limited. consider increasing '
  assert.is(refusal.message.slice(0, start.length), start)
})

test('a batch above the burst can never be admitted and is told so', () => {
  const { limiter: it } = limiter({ rateLimitBytes: 2000, burstSizeBytes: 2000 })
  const refusal = it.tryTake('limited', 3105) as Refusal
  assert.is(refusal.reason, 'batch_too_large')
  assert.is(refusal.retryAfterMs, 0)
  const limit = 'local: 2000 bytes/s, global: 0 bytes/s, burst: 2000 bytes'
  const start = `RATE_LIMITED: batch size (3105 bytes) exceeds ingestion limit (${limit})`
  assert.is(refusal.message.slice(0, start.length), start)
})

test('a global rate is shared by the distributors, as many as there are', () => {
  let distributors = 4
  const { clock, limiter: it } = limiter(
    { rateStrategy: 'global', rateLimitBytes: 4000, burstSizeBytes: 1000 },
    () => distributors,
  )
  assert.ok(it.tryTake('a', 1000).ok)
  const refusal = it.tryTake('a', 1000) as Refusal
  assert.is(refusal.limitBytes, 1000)
  assert.is(refusal.globalLimitBytes, 4000)
  assert.is(refusal.retryAfterMs, 1000)
  distributors = 2
  clock.advance(500)
  assert.ok(it.tryTake('a', 1000).ok)
})

test('0 is no limit; a changed limit counts at once', () => {
  const { limiter: it, limits } = limiter({ rateLimitBytes: 0, burstSizeBytes: 10 })
  assert.ok(it.tryTake('a', 1e12).ok)
  Object.assign(limits, { rateLimitBytes: 5 })
  assert.ok(it.tryTake('a', 10).ok)
  assert.not(it.tryTake('a', 1).ok)
})

test('many tenants do not grow without end, and busy ones stay limited', () => {
  const { clock, limiter: it } = limiter({ rateLimitBytes: 10, burstSizeBytes: 10 })
  for (let i = 0; i < 10_000; i++) it.tryTake(`old-${i}`, 10)
  clock.advance(1000)
  assert.ok(it.tryTake('busy', 10).ok)
  for (let i = 0; i < 20_000; i++) it.tryTake(`new-${i % 9000}`, 1)
  assert.not(it.tryTake('busy', 10).ok)
})

test.run()

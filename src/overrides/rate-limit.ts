import type { Clock } from '../base/clock.ts'
import type { Limits } from './limits.ts'

/**
 * A token bucket per tenant: `rateLimitBytes` flow in each second, at most `burstSizeBytes` lie
 * in it. Synchronous, because it stands in front of every batch.
 */

export type Admission = { readonly ok: true } | Refusal

export interface Refusal {
  readonly ok: false
  /** `batch_too_large`: the same batch can never be admitted. */
  readonly reason: 'rate_limited' | 'batch_too_large'
  /** Bytes per second that count here, and those that all distributors share (0 = not shared). */
  readonly limitBytes: number
  readonly globalLimitBytes: number
  readonly burstBytes: number
  /** When the bucket will hold enough for this batch; 0 when it never can. */
  readonly retryAfterMs: number
  /** What the client is told. */
  readonly message: string
}

interface Bucket {
  tokens: number
  filledAtMs: number
}

/** Tenant ids come from clients: above this many, buckets that are full again are forgotten. */
const bucketsMax = 10_000

export class RateLimiter {
  readonly #limitsFor: (tenant: string) => Limits['ingestion']
  readonly #clock: Clock
  readonly #distributors: () => number
  readonly #buckets = new Map<string, Bucket>()
  /** @param distributors how many share a global rate; asked on every batch. */
  constructor(
    limitsFor: (tenant: string) => Limits['ingestion'],
    clock: Clock,
    distributors: () => number = () => 1,
  ) {
    this.#limitsFor = limitsFor
    this.#clock = clock
    this.#distributors = distributors
  }

  tryTake(tenant: string, bytes: number): Admission {
    const { rateStrategy, rateLimitBytes, burstSizeBytes } = this.#limitsFor(tenant)
    if (rateLimitBytes === 0) return { ok: true }
    const shared = rateStrategy === 'global'
    const limitBytes = shared ? rateLimitBytes / Math.max(1, this.#distributors()) : rateLimitBytes
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#bucketOf(tenant, burstSizeBytes, nowMs)
    const flowedBytes = ((nowMs - bucket.filledAtMs) * limitBytes) / 1000
    bucket.tokens = Math.min(burstSizeBytes, bucket.tokens + flowedBytes)
    bucket.filledAtMs = nowMs
    if (bytes <= bucket.tokens) {
      bucket.tokens -= bytes
      return { ok: true }
    }
    const tooLarge = bytes > burstSizeBytes
    return refusal(tenant, bytes, {
      reason: tooLarge ? 'batch_too_large' : 'rate_limited',
      limitBytes: Math.floor(limitBytes),
      globalLimitBytes: shared ? rateLimitBytes : 0,
      burstBytes: burstSizeBytes,
      retryAfterMs: tooLarge ? 0 : Math.ceil(((bytes - bucket.tokens) * 1000) / limitBytes),
    })
  }

  #bucketOf(tenant: string, burstBytes: number, nowMs: number): Bucket {
    const known = this.#buckets.get(tenant)
    if (known) return known
    if (this.#buckets.size >= bucketsMax) this.#forgetFull(nowMs)
    const bucket = { tokens: burstBytes, filledAtMs: nowMs }
    this.#buckets.set(tenant, bucket)
    return bucket
  }

  /** A full bucket is the same as none. If none is full, the oldest goes: it gains one burst. */
  #forgetFull(nowMs: number): void {
    const before = this.#buckets.size
    for (const [tenant, { tokens, filledAtMs }] of this.#buckets) {
      const { rateLimitBytes, burstSizeBytes } = this.#limitsFor(tenant)
      const flowedBytes = ((nowMs - filledAtMs) * rateLimitBytes) / 1000
      if (tokens + flowedBytes >= burstSizeBytes) this.#buckets.delete(tenant)
    }
    const oldest = this.#buckets.keys().next()
    if (this.#buckets.size === before && !oldest.done) this.#buckets.delete(oldest.value)
  }
}

function refusal(tenant: string, bytes: number, facts: Omit<Refusal, 'ok' | 'message'>): Refusal {
  const { limitBytes, globalLimitBytes, burstBytes } = facts
  const local = `local: ${limitBytes} bytes/s`
  const limit = `${local}, global: ${globalLimitBytes} bytes/s, burst: ${burstBytes} bytes`
  const message =
    facts.reason === 'batch_too_large'
      ? `RATE_LIMITED: batch size (${bytes} bytes) exceeds ingestion limit (${limit}) for user ` +
        `${tenant}. consider sending smaller batches or a larger burst`
      : `RATE_LIMITED: ingestion rate limit (${limit}) exceeded while adding ${bytes} bytes for ` +
        `user ${tenant}. consider increasing the limit or sending less`
  return { ok: false, message, ...facts }
}

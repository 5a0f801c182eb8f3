import type { Clock } from '../base/clock.ts'
import { asFailure, fail } from '../base/errors.ts'
import type { IngesterPush, PushResult } from '../contract/ingester.ts'
import type { SinkResult, SpanOrigin, SpanSink } from '../contract/span-sink.ts'
import type { Admission } from '../overrides/rate-limit.ts'
import { walkOtlp } from '../wire/otlp-walk.ts'
import type { DistributorMetrics } from './metrics.ts'

export interface DistributorDeps {
  readonly clock: Clock
  readonly metrics: DistributorMetrics
  /** Takes the whole batch: one ingester in this process, or those that own its traces. */
  readonly ingesters: IngesterPush
  rateLimit(tenant: string, bytes: number): Admission
  limitValues(tenant: string): { maxBytesPerTrace: number; maxTracesPerUser: number }
}

/** The way of a batch, on one page: check, limit, hand to ingesters, report what was refused. */
export class Distributor implements SpanSink {
  readonly #deps: DistributorDeps

  constructor(deps: DistributorDeps) {
    this.#deps = deps
  }

  async push(tenant: string, body: Uint8Array, origin: SpanOrigin): Promise<SinkResult> {
    const { metrics, clock } = this.#deps
    const startMs = clock.monotonicMs()
    const spans = walkOtlp(body)
    metrics.spansReceived.inc({ tenant }, spans)
    metrics.bytesReceived.inc({ tenant }, body.length)
    metrics.ingressBytes.inc({ tenant }, body.length)
    if (spans === 0) return { spans: 0, rejectedSpans: 0, message: '' }
    try {
      this.#admit(tenant, body.length, spans)
      const result = await this.#deps.ingesters.push(tenant, body)
      metrics.pushSeconds.observe((clock.monotonicMs() - startMs) / 1000)
      return this.#report(tenant, spans, result, origin)
    } catch (error) {
      metrics.refused.inc({ ...origin }, spans)
      throw asFailure(error)
    }
  }

  #admit(tenant: string, bytes: number, spans: number): void {
    const admission = this.#deps.rateLimit(tenant, bytes)
    if (admission.ok) return
    this.#deps.metrics.discarded.inc({ reason: 'rate_limited', tenant }, spans)
    const { reason, limitBytes, burstBytes, retryAfterMs, message } = admission
    // Sending the same batch again can only help when it fits into the bucket at all.
    const code = reason === 'rate_limited' ? 'RATE_LIMITED' : 'BODY_TOO_LARGE'
    throw fail(code, message, { tenant, limitBytes, burstBytes, retryAfterMs })
  }

  #report(tenant: string, spans: number, result: PushResult, origin: SpanOrigin): SinkResult {
    const { metrics } = this.#deps
    const rejectedSpans = result.traceTooLarge + result.liveTracesExceeded
    metrics.accepted.inc({ ...origin }, spans - rejectedSpans)
    if (rejectedSpans === 0) return { spans, rejectedSpans: 0, message: '' }
    const { maxBytesPerTrace, maxTracesPerUser } = this.#deps.limitValues(tenant)
    const reasons: string[] = []
    if (result.traceTooLarge > 0) {
      metrics.discarded.inc({ reason: 'trace_too_large', tenant }, result.traceTooLarge)
      reasons.push(
        `TRACE_TOO_LARGE: ${result.traceTooLarge} spans of traces above max_bytes_per_trace (${maxBytesPerTrace} bytes) for tenant ${tenant} (overrides.defaults.global.max_bytes_per_trace)`,
      )
    }
    if (result.liveTracesExceeded > 0) {
      metrics.discarded.inc({ reason: 'live_traces_exceeded', tenant }, result.liveTracesExceeded)
      reasons.push(
        `LIVE_TRACES_EXCEEDED: ${result.liveTracesExceeded} spans of new traces above max_traces_per_user (${maxTracesPerUser}) for tenant ${tenant} (overrides.defaults.ingestion.max_traces_per_user)`,
      )
    }
    metrics.refused.inc({ ...origin }, rejectedSpans)
    return { spans, rejectedSpans, message: reasons.join('; ') }
  }
}

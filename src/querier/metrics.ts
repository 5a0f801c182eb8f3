import type { Metrics } from '../base/metrics.ts'

export function scanMetrics(metrics: Metrics) {
  return {
    threadsStarted: metrics.counter(
      'vivace_querier_threads_started_total',
      'Query threads that were started.',
      [],
    ),
    threadsLost: metrics.counter(
      'vivace_querier_threads_lost_total',
      'Query threads that ended by themselves; their scans were run again.',
      [],
    ),
  }
}

export type ScanMetrics = ReturnType<typeof scanMetrics>

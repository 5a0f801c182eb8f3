import type { Metrics } from '../base/metrics.ts'
import type { BlockCatalog } from './block-catalog.ts'

/** Gauges are filled when they are read, from what the querier knows. */
export function catalogMetrics(metrics: Metrics, catalog: BlockCatalog): void {
  const lengths = metrics.gauge('tempodb_blocklist_length', 'Blocks of a tenant.', ['tenant'])
  const damaged = metrics.gauge(
    'vivace_querier_damaged_blocks',
    'Blocks in the object store that cannot be read and are left out of queries.',
    ['tenant'],
  )
  Object.assign(lengths, {
    collect() {
      for (const [tenant, length] of catalog.lengths()) lengths.set({ tenant }, length)
    },
  })
  Object.assign(damaged, {
    collect() {
      for (const [tenant, blocks] of catalog.quarantined()) damaged.set({ tenant }, blocks)
    },
  })
}

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

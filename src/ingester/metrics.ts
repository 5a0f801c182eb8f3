import type { Metrics } from '../base/metrics.ts'
import type { Ingester } from './ingester.ts'

/** Gauges are filled when they are read, from what the ingester holds. */
export function ingesterMetrics(metrics: Metrics, ingester: () => Ingester): void {
  const liveTraces = metrics.gauge('tempo_ingester_live_traces', 'Traces that got spans lately.', [
    'tenant',
  ])
  const liveBytes = metrics.gauge('tempo_ingester_live_trace_bytes', 'Memory held by live data.', [
    'tenant',
  ])
  const localBlocks = metrics.gauge('vivace_ingester_local_blocks', 'Blocks on the WAL volume.', [
    'tenant',
  ])
  const damagedBlocks = metrics.gauge(
    'vivace_ingester_damaged_blocks',
    'Blocks on the WAL volume that cannot be read and are left out of queries.',
    ['tenant'],
  )
  const replayed = metrics.gauge(
    'tempo_ingester_replay_errors_total',
    'Damaged WAL records found at start.',
    ['tenant'],
  )
  Object.assign(liveTraces, {
    collect() {
      for (const instance of ingester().tenants) {
        liveTraces.set({ tenant: instance.tenant }, instance.liveTraces)
        liveBytes.set({ tenant: instance.tenant }, instance.heldBytes)
        localBlocks.set({ tenant: instance.tenant }, instance.blocks.length)
        damagedBlocks.set({ tenant: instance.tenant }, instance.damagedBlocks)
      }
      replayed.set({ tenant: '' }, ingester().replayed?.quarantined ?? 0)
    },
  })
}

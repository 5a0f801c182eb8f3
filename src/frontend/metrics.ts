import type { Metrics } from '../base/metrics.ts'

export function frontendMetrics(metrics: Metrics) {
  return {
    queries: metrics.counter('tempo_query_frontend_queries_total', 'Queries answered.', [
      'tenant',
      'op',
      'result',
    ]),
    bytesInspected: metrics.counter(
      'tempo_query_frontend_bytes_inspected_total',
      'Bytes that queries read.',
      ['tenant', 'op'],
    ),
    storeReads: metrics.counter(
      'vivace_query_frontend_store_reads_total',
      'Reads of the store that queries caused; what is cached is not read.',
      ['tenant', 'op'],
    ),
    queueLength: metrics.gauge('tempo_query_frontend_queue_length', 'Queries that wait.', ['user']),
    queueSeconds: metrics.histogram(
      'tempo_query_frontend_queue_duration_seconds',
      'How long queries waited.',
      [],
    ),
    connectedClients: metrics.gauge(
      'tempo_query_frontend_connected_clients',
      'Queriers that take jobs.',
      [],
    ),
    plans: metrics.counter(
      'vivace_query_frontend_plans_total',
      'Plans of queries that several queriers answer.',
      ['tenant', 'op'],
    ),
    scans: metrics.counter(
      'vivace_query_frontend_scans_total',
      'Scans of parts of blocks that were handed to queriers.',
      ['tenant', 'op'],
    ),
    partial: metrics.counter(
      'vivace_query_frontend_partial_answers_total',
      'Answers that could not see all data.',
      ['tenant', 'op'],
    ),
  }
}

export type FrontendMetrics = ReturnType<typeof frontendMetrics>

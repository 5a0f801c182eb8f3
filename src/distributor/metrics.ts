import type { Metrics } from '../base/metrics.ts'

export function distributorMetrics(metrics: Metrics) {
  return {
    spansReceived: metrics.counter(
      'tempo_distributor_spans_received_total',
      'Spans received, before limits.',
      ['tenant'],
    ),
    bytesReceived: metrics.counter(
      'tempo_distributor_bytes_received_total',
      'OTLP bytes received, before limits.',
      ['tenant'],
    ),
    ingressBytes: metrics.counter(
      'tempo_distributor_ingress_bytes_total',
      'OTLP bytes received, before limits.',
      ['tenant'],
    ),
    pushSeconds: metrics.histogram(
      'tempo_distributor_push_duration_seconds',
      'Time until a batch was acknowledged.',
      [],
    ),
    appends: metrics.counter(
      'tempo_distributor_ingester_appends_total',
      'Batches sent to ingesters.',
      ['ingester'],
    ),
    appendFailures: metrics.counter(
      'tempo_distributor_ingester_append_failures_total',
      'Batches that an ingester failed to take.',
      ['ingester'],
    ),
    ingesterClients: metrics.gauge(
      'tempo_distributor_ingester_clients',
      'Ingesters that are known.',
      [],
    ),
    discarded: metrics.counter('tempo_discarded_spans_total', 'Spans that were refused.', [
      'reason',
      'tenant',
    ]),
    accepted: metrics.counter('tempo_receiver_accepted_spans', 'Spans accepted by a receiver.', [
      'receiver',
      'transport',
    ]),
    refused: metrics.counter('tempo_receiver_refused_spans', 'Spans refused by a receiver.', [
      'receiver',
      'transport',
    ]),
  }
}

export type DistributorMetrics = ReturnType<typeof distributorMetrics>

import type { Counter, Gauge, Histogram, Metrics } from '../base/metrics.ts'

export interface CompactorMetrics {
  readonly blocks: Counter<'level'>
  readonly bytesWritten: Counter<'level'>
  readonly tracesWritten: Counter<'level'>
  readonly tracesCombined: Counter<'level'>
  readonly errors: Counter<never>
  readonly outstandingBlocks: Gauge<'tenant'>
  readonly damagedBlocks: Counter<'tenant'>
  readonly retentionSeconds: Histogram<never>
  readonly retentionErrors: Counter<never>
  readonly deleted: Counter<never>
  readonly markedForDeletion: Counter<never>
}

/** `level` is that of the blocks that go in, as Tempo counts it. */
export function compactorMetrics(metrics: Metrics): CompactorMetrics {
  const level = ['level'] as const
  return {
    blocks: metrics.counter('tempodb_compaction_blocks_total', 'Blocks merged.', level),
    bytesWritten: metrics.counter(
      'tempodb_compaction_bytes_written_total',
      'Bytes of merged blocks.',
      level,
    ),
    tracesWritten: metrics.counter(
      'tempodb_compaction_objects_written_total',
      'Traces written into merged blocks.',
      level,
    ),
    tracesCombined: metrics.counter(
      'tempodb_compaction_objects_combined_total',
      'Traces that fell together with others in merges.',
      level,
    ),
    errors: metrics.counter('tempodb_compaction_errors_total', 'Merges that failed.', []),
    outstandingBlocks: metrics.gauge(
      'tempodb_compaction_outstanding_blocks',
      'Blocks that are to be merged.',
      ['tenant'],
    ),
    damagedBlocks: metrics.counter(
      'vivace_compaction_damaged_blocks_total',
      'Blocks left out of merges because they cannot be read.',
      ['tenant'],
    ),
    retentionSeconds: metrics.histogram(
      'tempodb_retention_duration_seconds',
      'Time that one pass of retention takes.',
      [],
    ),
    retentionErrors: metrics.counter(
      'tempodb_retention_errors_total',
      'Passes of retention that failed.',
      [],
    ),
    deleted: metrics.counter('tempodb_retention_deleted_total', 'Blocks deleted.', []),
    markedForDeletion: metrics.counter(
      'tempodb_retention_marked_for_deletion_total',
      'Blocks taken off the list because of their age.',
      [],
    ),
  }
}

import { bool, bytes, duration, group, ignored, int, list, oneOf, text } from '../base/settings.ts'
import type { ValuesOf } from '../base/settings-types.ts'

/**
 * The limits of a tenant as they are written: in sections (`ingestion: rate_limit_bytes:`), or
 * flat (`ingestion_rate_limit_bytes:`) by their `flatKey`. The same settings are the defaults in
 * the main file and the entries of the per-tenant file. 0 means no limit of its own.
 */

const ingestion = group({
  yaml: 'ingestion',
  help: 'What a tenant may write.',
  fields: {
    rateStrategy: oneOf({
      yaml: 'rate_strategy',
      flatKey: 'ingestion_rate_strategy',
      flag: 'distributor.rate-limit-strategy',
      values: ['local', 'global'],
      default: 'local',
      help: 'Whether the rate counts for each distributor (local) or for all together (global).',
    }),
    rateLimitBytes: bytes({
      yaml: 'rate_limit_bytes',
      flatKey: 'ingestion_rate_limit_bytes',
      flag: 'distributor.ingestion-rate-limit-bytes',
      default: 15_000_000,
      help: 'Bytes of spans per second; 0 = no limit.',
    }),
    burstSizeBytes: bytes({
      yaml: 'burst_size_bytes',
      flatKey: 'ingestion_burst_size_bytes',
      flag: 'distributor.ingestion-burst-size-bytes',
      default: 20_000_000,
      help: 'Bytes that may come at once above the rate; a single request can never be larger.',
    }),
    maxTracesPerUser: int({
      yaml: 'max_traces_per_user',
      flatKey: 'max_traces_per_user',
      flag: 'ingester.max-traces-per-user',
      default: 10_000,
      help: 'Live traces in each ingester; 0 = no limit.',
    }),
    maxGlobalTracesPerUser: int({
      yaml: 'max_global_traces_per_user',
      flatKey: 'max_global_traces_per_user',
      flag: 'ingester.max-global-traces-per-user',
      default: 0,
      help: 'Live traces in all ingesters together; 0 = no limit.',
    }),
    maxAttributeBytes: bytes({
      yaml: 'max_attribute_bytes',
      flatKey: 'ingestion_max_attribute_bytes',
      default: 0,
      help: 'Longer attribute keys and values are cut; 0 = distributor.max_attribute_bytes.',
    }),
    /** Defined under `global`; deployments are written with it here. */
    maxBytesPerTrace: bytes({
      yaml: 'max_bytes_per_trace',
      flag: false,
      default: null,
      help: 'The same as global.max_bytes_per_trace, which it overrides.',
    }),
    tenantShardSize: int({
      yaml: 'tenant_shard_size',
      flatKey: 'ingestion_tenant_shard_size',
      default: 0,
      help: 'How many ingesters a tenant is spread over; 0 = all.',
    }),
    retryInfoEnabled: bool({
      yaml: 'retry_info_enabled',
      flatKey: 'ingestion_retry_info_enabled',
      default: true,
      help: 'Tell refused clients when to try again.',
    }),
  },
})

const read = group({
  yaml: 'read',
  help: 'What a tenant may ask.',
  fields: {
    maxBytesPerTagValuesQuery: bytes({
      yaml: 'max_bytes_per_tag_values_query',
      flatKey: 'max_bytes_per_tag_values_query',
      flag: 'querier.max-bytes-per-tag-values-query',
      default: 1_000_000,
      help: 'Size of the answer to a query for tag names or values; 0 = no limit.',
    }),
    maxBlocksPerTagValuesQuery: int({
      yaml: 'max_blocks_per_tag_values_query',
      flatKey: 'max_blocks_per_tag_values_query',
      flag: 'querier.max-blocks-per-tag-values-query',
      default: 0,
      help: 'Blocks that a query for tag values reads; 0 = no limit.',
    }),
    maxSearchDurationMs: duration({
      yaml: 'max_search_duration',
      flatKey: 'max_search_duration',
      default: '0s',
      help: 'Longest time range of a search; 0 = query_frontend.search.max_duration.',
    }),
    maxMetricsDurationMs: duration({
      yaml: 'max_metrics_duration',
      flatKey: 'max_metrics_duration',
      default: '0s',
      help: 'Longest time range of a metrics query; 0 = query_frontend.metrics.max_duration.',
    }),
    unsafeQueryHints: bool({
      yaml: 'unsafe_query_hints',
      flatKey: 'unsafe_query_hints',
      default: false,
      help: 'Allow query hints that change how much work a query is.',
    }),
    unused: ignored({
      keys: ['max_condition_groups_per_tag_query', 'metrics_spanonly_fetch'],
      help: 'Queries are planned without it.',
    }),
  },
})

const compaction = group({
  yaml: 'compaction',
  help: 'How long the data of a tenant is kept.',
  fields: {
    blockRetentionMs: duration({
      yaml: 'block_retention',
      flatKey: 'block_retention',
      default: '0s',
      help: 'How long blocks are kept; 0 = compactor.compaction.block_retention.',
    }),
    compactionWindowMs: duration({
      yaml: 'compaction_window',
      flatKey: 'compaction_window',
      default: '0s',
      help: 'Blocks within one window are merged; 0 = compactor.compaction.compaction_window.',
    }),
    compactionDisabled: bool({
      yaml: 'compaction_disabled',
      flatKey: 'compaction_disabled',
      default: false,
      help: 'Leave the blocks of the tenant as they are; retention still applies.',
    }),
  },
})

const global = group({
  yaml: 'global',
  help: 'Limits that concern both ways.',
  fields: {
    maxBytesPerTrace: bytes({
      yaml: 'max_bytes_per_trace',
      flatKey: 'max_bytes_per_trace',
      flag: 'ingester.max-bytes-per-trace',
      default: 5_000_000,
      help: 'Size of a trace; spans beyond it are refused; 0 = no limit.',
    }),
  },
})

const metricsGenerator = group({
  yaml: 'metrics_generator',
  help: 'What the metrics-generator does for a tenant.',
  fields: {
    processors: list({
      yaml: 'processors',
      flatKey: 'metrics_generator_processors',
      default: [],
      help: 'Which metrics are made from spans, for example span-metrics and service-graphs.',
    }),
    unused: ignored({
      keys: [
        'ring_size',
        'tenant_shard_size',
        'collection_interval',
        'max_active_series',
        'max_active_entities',
        'disable_collection',
        'trace_id_label_name',
        'generate_native_histograms',
        'native_histogram_bucket_factor',
        'native_histogram_max_bucket_number',
        'native_histogram_min_reset_duration',
        'ingestion_time_range_slack',
        'remote_write_headers',
        'span_name_sanitization',
        'max_cardinality_per_label',
        'forwarder',
        'processor',
      ],
      help: 'The metrics-generator writes no metrics yet.',
    }),
  },
})

/** Per-tenant settings of parts that are not here, in either form. */
const unused = ignored({
  keys: [
    'forwarders',
    'storage',
    'cost_attribution',
    'parquet_dedicated_columns',
    'metrics_generator_ring_size',
    'metrics_generator_max_active_series',
    'metrics_generator_collection_interval',
    'metrics_generator_disable_collection',
    'metrics_generator_generate_native_histograms',
    'metrics_generator_trace_id_label_name',
    'metrics_generator_ingestion_time_range_slack',
    'metrics_generator_remote_write_headers',
    'metrics_generator_forwarder_queue_size',
    'metrics_generator_forwarder_workers',
    'metrics_generator_processor_service_graphs_histogram_buckets',
    'metrics_generator_processor_service_graphs_dimensions',
    'metrics_generator_processor_service_graphs_peer_attributes',
    'metrics_generator_processor_service_graphs_filter_policies',
    'metrics_generator_processor_service_graphs_enable_client_server_prefix',
    'metrics_generator_processor_service_graphs_enable_messaging_system_latency_histogram',
    'metrics_generator_processor_service_graphs_enable_virtual_node_label',
    'metrics_generator_processor_span_metrics_histogram_buckets',
    'metrics_generator_processor_span_metrics_dimensions',
    'metrics_generator_processor_span_metrics_intrinsic_dimensions',
    'metrics_generator_processor_span_metrics_filter_policies',
    'metrics_generator_processor_span_metrics_dimension_mappings',
    'metrics_generator_processor_span_metrics_enable_target_info',
    'metrics_generator_processor_span_metrics_target_info_excluded_dimensions',
    'metrics_generator_processor_local_blocks_max_live_traces',
    'metrics_generator_processor_local_blocks_max_block_duration',
    'metrics_generator_processor_local_blocks_max_block_bytes',
    'metrics_generator_processor_local_blocks_trace_idle_period',
    'metrics_generator_processor_local_blocks_flush_check_period',
    'metrics_generator_processor_local_blocks_complete_block_timeout',
    'metrics_generator_processor_host_info_host_identifiers',
    'metrics_generator_processor_host_info_metric_name',
  ],
  help: 'There are no forwarders, cost attribution or dedicated columns here.',
})

const limitFields = { ingestion, read, compaction, global, metricsGenerator, unused }

/** One tenant's entry; both forms. */
export const tenantLimits = group({
  yaml: '',
  help: 'The limits of one tenant.',
  flat: '',
  fields: limitFields,
})

/** The section of the main file. */
export const overridesSection = group({
  yaml: 'overrides',
  help: 'Limits of the tenants. Sections below `defaults`, or the flat keys directly here.',
  flat: 'defaults',
  fields: {
    defaults: group({
      yaml: 'defaults',
      help: 'The limits of every tenant without an entry in the per-tenant file.',
      fields: limitFields,
    }),
    perTenantFile: text({
      yaml: 'per_tenant_override_config',
      flag: 'config.per-user-override-config',
      default: '',
      help: 'The per-tenant file: `overrides:`, then a section for each tenant or for "*".',
    }),
    perTenantPeriodMs: duration({
      yaml: 'per_tenant_override_period',
      flag: 'config.per-user-override-period',
      default: '10s',
      min: 1,
      help: 'How often the per-tenant file is looked at.',
    }),
    unused: ignored({
      keys: ['enable_legacy_overrides', 'expand_env', ...unused.keys],
      help: 'Both forms are always read; there are no forwarders or dedicated columns here.',
    }),
    unsupported: ignored({
      keys: ['user_configurable_overrides'],
      help: 'Limits come from files only.',
      warn: true,
    }),
  },
})

/** The limits of one tenant as they are written. */
export type LimitValues = ValuesOf<typeof limitFields>

import { bool, bytes, duration, group, ignored, int, list, text } from '../../base/settings.ts'
import { grpcClient } from './schema-server.ts'

/** The way of a query: query-frontend and querier. */

export const querierSection = group({
  yaml: 'querier',
  help: 'Does the work of queries: asks ingesters and reads blocks.',
  fields: {
    maxConcurrentQueries: int({
      yaml: 'max_concurrent_queries',
      default: 20,
      min: 1,
      help: 'Jobs that one querier works on at once.',
    }),
    search: group({
      yaml: 'search',
      help: 'Searches.',
      fields: {
        queryTimeoutMs: duration({
          yaml: 'query_timeout',
          default: '30s',
          help: 'How long a search may take.',
        }),
        unused: ignored({
          keys: [
            'prefer_self',
            'external_backend',
            'external_endpoints',
            'external_hedge_requests_at',
            'external_hedge_requests_up_to',
            'google_cloud_run',
          ],
          help: 'Searches are not handed to other programs.',
        }),
      },
    }),
    traceById: group({
      yaml: 'trace_by_id',
      help: 'Look-ups of one trace.',
      fields: {
        queryTimeoutMs: duration({
          yaml: 'query_timeout',
          flag: 'querier.trace-by-id.query-timeout',
          default: '10s',
          help: 'How long a look-up may take.',
        }),
        unused: ignored({ keys: ['external'], help: 'Traces are not fetched from other servers.' }),
      },
    }),
    frontendWorker: group({
      yaml: 'frontend_worker',
      help: 'The connection to the query-frontends, from which queriers pull jobs.',
      fields: {
        frontendAddress: text({
          yaml: 'frontend_address',
          flag: 'querier.frontend-address',
          default: '',
          help: 'Host name and port; every address of the name is a query-frontend.',
        }),
        dnsLookupPeriodMs: duration({
          yaml: 'dns_lookup_duration',
          flag: 'querier.dns-lookup-period',
          default: '10s',
          min: 1,
          help: 'How often the name is looked up.',
        }),
        parallelism: int({
          yaml: 'parallelism',
          flag: 'querier.worker-parallelism',
          default: 2,
          min: 1,
          help: 'Connections to each query-frontend.',
        }),
        id: text({
          yaml: 'id',
          flag: 'querier.id',
          default: '',
          help: 'Name of this querier; empty = the host name.',
        }),
        grpcClient: grpcClient(16_777_216),
        unused: ignored({
          keys: ['match_max_concurrent'],
          help: 'The connections share max_concurrent_queries.',
        }),
      },
    }),
    unused: ignored({
      keys: [
        'metrics',
        'partition_ring',
        'shuffle_sharding_ingesters_enabled',
        'shuffle_sharding_ingesters_lookback_period',
        'query_relevant_ingesters',
        'query_live_store',
      ],
      help: 'Every ingester that may hold data is asked.',
    }),
  },
})

const frontendSearch = group({
  yaml: 'search',
  help: 'Searches.',
  fields: {
    concurrentJobs: int({
      yaml: 'concurrent_jobs',
      default: 1000,
      min: 1,
      help: 'Jobs of one query that run at once.',
    }),
    targetBytesPerJob: bytes({
      yaml: 'target_bytes_per_job',
      default: 104_857_600,
      min: 1,
      help: 'How much of a block one job reads.',
    }),
    defaultResultLimit: int({
      yaml: 'default_result_limit',
      default: 20,
      min: 1,
      help: 'Traces in an answer when the query has no limit.',
    }),
    maxResultLimit: int({
      yaml: 'max_result_limit',
      default: 262_144,
      help: 'Largest limit that a query may ask for; 0 = any.',
    }),
    maxDurationMs: duration({
      yaml: 'max_duration',
      default: '168h',
      help: 'Longest time range of a search; 0 = any.',
    }),
    queryBackendAfterMs: duration({
      yaml: 'query_backend_after',
      default: '15m',
      help: 'A hint; data is never hidden by it.',
    }),
    queryIngestersUntilMs: duration({
      yaml: 'query_ingesters_until',
      default: '30m',
      help: 'A hint; data is never hidden by it.',
    }),
    defaultSpansPerSpanSet: int({
      yaml: 'default_spans_per_span_set',
      default: 3,
      help: 'Matching spans per trace in an answer when the query does not say.',
    }),
    maxSpansPerSpanSet: int({
      yaml: 'max_spans_per_span_set',
      default: 100,
      help: 'Most matching spans per trace that a query may ask for; 0 = any.',
    }),
    unused: ignored({
      keys: [
        'ingester_shards',
        'most_recent_shards',
        'duration_slo',
        'throughput_bytes_slo',
        'query_end_cutoff',
        'max_search_bytes_per_trace',
      ],
      help: 'The newest traces are always found first.',
    }),
  },
})

const frontendMetrics = group({
  yaml: 'metrics',
  help: 'TraceQL metrics.',
  fields: {
    concurrentJobs: int({
      yaml: 'concurrent_jobs',
      default: 1000,
      min: 1,
      help: 'Jobs of one query that run at once.',
    }),
    targetBytesPerJob: bytes({
      yaml: 'target_bytes_per_job',
      default: 104_857_600,
      min: 1,
      help: 'How much of a block one job reads.',
    }),
    maxDurationMs: duration({
      yaml: 'max_duration',
      default: '24h',
      help: 'Longest time range of a metrics query; 0 = any.',
    }),
    queryBackendAfterMs: duration({
      yaml: 'query_backend_after',
      default: '30m',
      help: 'A hint; data is never hidden by it.',
    }),
    intervalMs: duration({
      yaml: 'interval',
      default: '5m',
      min: 1,
      help: 'Time range that one job covers.',
    }),
    maxExemplars: int({
      yaml: 'max_exemplars',
      default: 100,
      help: 'Most exemplars of an answer.',
    }),
    maxIntervals: int({
      yaml: 'max_intervals',
      default: 10_000,
      help: 'Most steps of a range query; 0 = any.',
    }),
    maxResponseSeries: int({
      yaml: 'max_response_series',
      default: 1000,
      help: 'Most series of an answer, which says when it has left some out; 0 = any.',
    }),
    unused: ignored({
      keys: ['streaming_shards', 'duration_slo', 'throughput_bytes_slo'],
      help: 'Answers are streamed as they come.',
    }),
  },
})

export const queryFrontendSection = group({
  yaml: 'query_frontend',
  help: 'Answers queries: splits them into jobs for queriers and puts the parts together.',
  fields: {
    search: frontendSearch,
    metrics: frontendMetrics,
    traceById: group({
      yaml: 'trace_by_id',
      help: 'Look-ups of one trace.',
      fields: {
        queryShards: int({
          yaml: 'query_shards',
          default: 50,
          min: 1,
          help: 'Most jobs that one look-up is split into.',
        }),
        unused: ignored({
          keys: [
            'concurrent_shards',
            'blocks_per_shard',
            'span_pruning_enabled',
            'span_pruning_enabled_by_default',
            'duration_slo',
            'throughput_bytes_slo',
            'hedge_requests_at',
          ],
          help: 'A look-up reads one page of each block.',
        }),
      },
    }),
    maxOutstandingPerTenant: int({
      yaml: 'max_outstanding_per_tenant',
      default: 2000,
      help: 'Jobs of a tenant that may wait; more are refused.',
    }),
    maxBatchSize: int({
      yaml: 'max_batch_size',
      default: 7,
      min: 1,
      help: 'Jobs that a querier takes at once.',
    }),
    maxRetries: int({
      yaml: 'max_retries',
      default: 2,
      help: 'How often a failed job is tried again.',
    }),
    apiTimeoutMs: duration({
      yaml: 'api_timeout',
      default: '0s',
      help: 'How long a whole query may take; 0 = no limit.',
    }),
    urlDenyList: list({
      yaml: 'url_deny_list',
      default: [],
      help: 'Queries whose URL matches one of these expressions are refused.',
    }),
    multiTenantQueriesEnabled: bool({
      yaml: 'multi_tenant_queries_enabled',
      default: true,
      help: 'Allow queries over several tenants, written a|b.',
    }),
    maxQueryExpressionBytes: bytes({
      yaml: 'max_query_expression_size_bytes',
      default: 131_072,
      help: 'Longest TraceQL text; 0 = any.',
    }),
    mcpServer: group({
      yaml: 'mcp_server',
      help: 'The Model Context Protocol server at /api/mcp.',
      fields: {
        enabled: bool({ yaml: 'enabled', default: false, help: 'Whether it is served.' }),
      },
    }),
    unused: ignored({
      keys: [
        'log_query_request_headers',
        'response_consumers',
        'weights',
        'rf1_after',
        'query_end_cutoff',
        'max_traceql_conditions',
        'slo',
        'allowed_headers',
        'tolerate_failed_blocks',
        'querier_forget_delay',
        'max_grpc_streaming_packet_size',
      ],
      help: 'Queries are weighed by what they read.',
    }),
  },
})

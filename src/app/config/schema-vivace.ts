import { bool, bytes, duration, group, int, port, text } from '../../base/settings.ts'

/** What Tempo does not have. */
export const vivaceSection = group({
  yaml: 'vivace',
  help: 'Settings of this server that Tempo does not have.',
  fields: {
    dataDirectory: text({
      yaml: 'data_dir',
      default: '',
      help: 'Holds `blocks` and `wal` unless they are set; without a file ./tempo-data.',
    }),
    workers: int({
      yaml: 'workers',
      default: -1,
      min: -1,
      max: 64,
      help: 'Threads that scan blocks; -1 = by cores and memory, 0 = none, also none for the log.',
    }),
    memoryBudgetBytes: bytes({
      yaml: 'memory_budget_bytes',
      default: 0,
      help: 'Memory for live data and caches; 0 = by the limit of the container or machine.',
    }),
    query: group({
      yaml: 'query',
      help: 'What one query may use, set where the query-frontend runs; one that needs more fails.',
      fields: {
        maxSpansScanned: int({
          yaml: 'max_spans_scanned',
          default: 0,
          min: 0,
          help: 'Spans whose columns are read; 0 = no limit.',
        }),
        maxBytesRead: bytes({
          yaml: 'max_bytes_read',
          default: 0,
          help: 'Bytes read from storage, what is cached not counted; 0 = no limit.',
        }),
        maxMetricsCells: int({
          yaml: 'max_metrics_cells',
          default: 0,
          min: 0,
          help: 'Series of a metrics query times its steps, before any cut; 0 = no limit.',
        }),
      },
    }),
    selfTracing: group({
      yaml: 'self_tracing',
      help: 'Traces of this server itself.',
      fields: {
        enabled: bool({ yaml: 'enabled', default: false, help: 'Whether they are made.' }),
      },
    }),
    roster: group({
      yaml: 'roster',
      help: 'Ingesters that hold data which is nowhere else.',
      fields: {
        required: bool({
          yaml: 'required',
          default: true,
          help: 'A query that could not see all data fails; false = its answer is marked partial.',
        }),
      },
    }),
    jaegerQuery: group({
      yaml: 'jaeger_query',
      help: 'The query API of Jaeger.',
      fields: {
        enabled: bool({
          yaml: 'enabled',
          default: true,
          help: 'Whether the query-frontend serves it.',
        }),
        httpListenAddress: text({
          yaml: 'http_listen_address',
          default: '',
          help: 'Address of its servers; empty = server.http_listen_address.',
        }),
        httpListenPort: port({
          yaml: 'http_listen_port',
          default: 16_686,
          help: 'Port of the HTTP API.',
        }),
        grpcListenPort: port({
          yaml: 'grpc_listen_port',
          default: 16_685,
          help: 'Port of the gRPC API.',
        }),
        adminHttpListenPort: port({
          yaml: 'admin_http_listen_port',
          default: 16_687,
          help: 'Port of health and metrics.',
        }),
        basePath: text({
          yaml: 'base_path',
          default: '/',
          help: 'Path under which everything is served.',
        }),
        maxClockSkewMs: duration({
          yaml: 'max_clock_skew_adjustment',
          default: '0s',
          help: 'How far spans may be moved to make up for wrong clocks; 0 = not at all.',
        }),
      },
    }),
  },
})

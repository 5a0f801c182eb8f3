import {
  bool,
  bytes,
  duration,
  group,
  ignored,
  int,
  list,
  oneOf,
  port,
  text,
} from '../../base/settings.ts'

/** The two HTTP servers, the gRPC server, and the TLS settings that everything shares. */

const tlsVersions = ['', 'VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13'] as const

const clientAuthTypes = [
  '',
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const

function serverTls(yaml: string, flag: string, what: string) {
  return group({
    yaml,
    help: `TLS of the ${what} server; off without a certificate.`,
    fields: {
      certFile: text({
        yaml: 'cert_file',
        flag: `${flag}-cert-path`,
        default: '',
        help: 'PEM file of the certificate.',
      }),
      keyFile: text({
        yaml: 'key_file',
        flag: `${flag}-key-path`,
        default: '',
        help: 'PEM file of the key.',
      }),
      clientCaFile: text({
        yaml: 'client_ca_file',
        flag: `${flag}-ca-path`,
        default: '',
        help: 'PEM file of the authorities that sign client certificates.',
      }),
      clientAuth: oneOf({
        yaml: 'client_auth_type',
        flag: `${flag}-client-auth`,
        values: clientAuthTypes,
        default: '',
        help: 'What is asked of clients; empty = NoClientCert.',
      }),
      unused: ignored({
        keys: ['cert', 'key', 'client_ca'],
        help: 'Certificates are read from files.',
        warn: true,
      }),
    },
  })
}

/** What a server is tuned with in Go and has no counterpart here. */
const serverUnused = ignored({
  keys: [
    'http_listen_network',
    'http_listen_conn_limit',
    'grpc_listen_network',
    'grpc_listen_conn_limit',
    'grpc_collect_max_streams_by_conn',
    'proxy_protocol_enabled',
    'register_instrumentation',
    'report_grpc_codes_in_instrumentation_label_enabled',
    'http_log_closed_connections_without_response_enabled',
    'grpc_server_max_connection_idle',
    'grpc_server_max_connection_age',
    'grpc_server_max_connection_age_grace',
    'grpc_server_keepalive_time',
    'grpc_server_keepalive_timeout',
    'grpc_server_min_time_between_pings',
    'grpc_server_ping_without_stream_allowed',
    'grpc_server_num_workers',
    'grpc_server_stats_tracking_enabled',
    'grpc_server_recv_buffer_pools_enabled',
    'grpc_server_read_buffer_size',
    'grpc_server_write_buffer_size',
    'log_source_ips_enabled',
    'log_source_ips_full',
    'log_source_ips_header',
    'log_source_ips_regex',
    'log_request_headers',
    'log_request_at_info_level_enabled',
    'log_request_exclude_headers_list',
    'trace_request_headers',
    'trace_request_exclude_headers_list',
    'cluster_validation',
    'create_new_traces',
    'enable_open_metrics_text_created_samples',
    'throughput',
  ],
  help: 'Tuning of a server written in Go.',
})

/** Settings that both servers have. `flags` is the beginning of their flags. */
function common(flags: string, httpPort: number) {
  return {
    httpListenAddress: text({
      yaml: 'http_listen_address',
      default: '',
      help: 'Address of the HTTP server; empty = all interfaces.',
    }),
    httpListenPort: port({
      yaml: 'http_listen_port',
      default: httpPort,
      help: 'Port of the HTTP server.',
    }),
    readTimeoutMs: duration({
      yaml: 'http_server_read_timeout',
      flag: `${flags}.http-read-timeout`,
      default: '30s',
      help: 'How long reading a request may take.',
    }),
    readHeaderTimeoutMs: duration({
      yaml: 'http_server_read_header_timeout',
      flag: `${flags}.http-read-header-timeout`,
      default: '0s',
      help: 'How long reading the headers may take; 0 = as the whole request.',
    }),
    writeTimeoutMs: duration({
      yaml: 'http_server_write_timeout',
      flag: `${flags}.http-write-timeout`,
      default: '30s',
      help: 'How long writing an answer may take.',
    }),
    idleTimeoutMs: duration({
      yaml: 'http_server_idle_timeout',
      flag: `${flags}.http-idle-timeout`,
      default: '2m',
      help: 'How long an idle connection is kept.',
    }),
    gracefulShutdownTimeoutMs: duration({
      yaml: 'graceful_shutdown_timeout',
      default: '30s',
      help: 'How long requests in flight may take when the process stops.',
    }),
    tlsCipherSuites: list({
      yaml: 'tls_cipher_suites',
      default: [],
      help: 'IANA names, separated by commas; empty = the defaults of the runtime.',
    }),
    tlsMinVersion: oneOf({
      yaml: 'tls_min_version',
      values: tlsVersions,
      default: '',
      help: 'Lowest TLS version; empty = TLS 1.2.',
    }),
    httpTls: serverTls('http_tls_config', `${flags}.http-tls`, 'HTTP'),
    unused: serverUnused,
  }
}

export const serverSection = group({
  yaml: 'server',
  help: 'The HTTP and gRPC servers of the process.',
  fields: {
    ...common('server', 3200),
    grpcListenAddress: text({
      yaml: 'grpc_listen_address',
      default: '',
      help: 'Address of the gRPC server; empty = all interfaces.',
    }),
    grpcListenPort: port({
      yaml: 'grpc_listen_port',
      default: 9095,
      help: 'Port of the gRPC server.',
    }),
    grpcMaxRecvBytes: bytes({
      yaml: 'grpc_server_max_recv_msg_size',
      flag: 'server.grpc-max-recv-msg-size-bytes',
      default: 16_777_216,
      help: 'Largest gRPC message that is read.',
    }),
    grpcMaxSendBytes: bytes({
      yaml: 'grpc_server_max_send_msg_size',
      flag: 'server.grpc-max-send-msg-size-bytes',
      default: 16_777_216,
      help: 'Largest gRPC message that is sent.',
    }),
    grpcMaxConcurrentStreams: int({
      yaml: 'grpc_server_max_concurrent_streams',
      flag: 'server.grpc-max-concurrent-streams',
      default: 100,
      help: 'Calls at once on one gRPC connection; 0 = no limit.',
    }),
    httpPathPrefix: text({
      yaml: 'http_path_prefix',
      flag: 'server.path-prefix',
      default: '',
      help: 'Path under which every HTTP route is served.',
    }),
    grpcTls: serverTls('grpc_tls_config', 'server.grpc-tls', 'gRPC'),
    logFormat: oneOf({
      yaml: 'log_format',
      flag: 'log.format',
      values: ['logfmt', 'json', 'human', 'auto'],
      default: 'logfmt',
      help: 'Form of the log lines; auto = human on a terminal, otherwise json.',
    }),
    logLevel: oneOf({
      yaml: 'log_level',
      flag: 'log.level',
      values: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      help: 'Lines below this level are left out.',
    }),
  },
})

export const internalServerSection = group({
  yaml: 'internal_server',
  help: 'A second HTTP server with /ready only, for probes that have no client certificate.',
  fields: {
    enabled: bool({
      yaml: 'enable',
      default: false,
      help: 'Whether the second server is started.',
    }),
    ...common('internal-server', 3101),
    unusedHere: ignored({
      keys: [
        'grpc_listen_address',
        'grpc_listen_port',
        'grpc_server_max_recv_msg_size',
        'grpc_server_max_send_msg_size',
        'grpc_server_max_concurrent_streams',
        'http_path_prefix',
        'grpc_tls_config',
        'log_format',
        'log_level',
      ],
      help: 'The second server has no gRPC and no log of its own.',
    }),
  },
})

/** What a client of a TLS server may set; whether TLS is used at all is said beside it. */
export const clientTlsFields = {
  tlsCertPath: text({
    yaml: 'tls_cert_path',
    default: '',
    help: 'PEM file of the client certificate.',
  }),
  tlsKeyPath: text({ yaml: 'tls_key_path', default: '', help: 'PEM file of the client key.' }),
  tlsCaPath: text({
    yaml: 'tls_ca_path',
    default: '',
    help: 'PEM file of the authorities that sign the server; empty = those of the runtime.',
  }),
  tlsServerName: text({
    yaml: 'tls_server_name',
    default: '',
    help: 'Name expected in the certificate of the server; empty = its host name.',
  }),
  tlsInsecureSkipVerify: bool({
    yaml: 'tls_insecure_skip_verify',
    default: false,
    help: 'Accept any certificate of the server.',
  }),
  tlsCipherSuites: list({
    yaml: 'tls_cipher_suites',
    default: [],
    help: 'IANA names, separated by commas; empty = the defaults of the runtime.',
  }),
}

export function clientTlsVersion(fallback: (typeof tlsVersions)[number], flag?: string) {
  return oneOf({
    yaml: 'tls_min_version',
    ...(flag === undefined ? {} : { flag }),
    values: tlsVersions,
    default: fallback,
    help: 'Lowest TLS version; empty = TLS 1.2.',
  })
}

/** How one of our processes calls another. */
export function grpcClient(maxSendBytes = 104_857_600) {
  return group({
    yaml: 'grpc_client_config',
    help: 'The gRPC client.',
    fields: {
      tlsEnabled: bool({ yaml: 'tls_enabled', default: false, help: 'Whether TLS is used.' }),
      ...clientTlsFields,
      tlsMinVersion: clientTlsVersion(''),
      maxRecvBytes: bytes({
        yaml: 'max_recv_msg_size',
        default: 104_857_600,
        help: 'Largest message that is read.',
      }),
      maxSendBytes: bytes({
        yaml: 'max_send_msg_size',
        default: maxSendBytes,
        help: 'Largest message that is sent.',
      }),
      unused: ignored({
        keys: [
          'grpc_compression',
          'rate_limit',
          'rate_limit_burst',
          'backoff_on_ratelimits',
          'backoff_config',
          'initial_stream_window_size',
          'initial_connection_window_size',
          'connect_timeout',
          'connect_backoff_base_delay',
          'connect_backoff_max_delay',
          'cluster_validation',
        ],
        help: 'Tuning of a client written in Go.',
      }),
    },
  })
}

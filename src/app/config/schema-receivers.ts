import {
  bool,
  bytes,
  duration,
  group,
  ignored,
  int,
  list,
  oneOf,
  optionalGroup,
  text,
} from '../../base/settings.ts'

/**
 * `distributor.receivers`, in the words of the OpenTelemetry Collector. A protocol is served when
 * its key is there, with or without settings below it.
 */

const tlsVersions = ['', '1.0', '1.1', '1.2', '1.3'] as const

const receiverTls = optionalGroup({
  yaml: 'tls',
  help: 'TLS of the receiver; off when absent.',
  fields: {
    certFile: text({ yaml: 'cert_file', default: '', help: 'PEM file of the certificate.' }),
    keyFile: text({ yaml: 'key_file', default: '', help: 'PEM file of the key.' }),
    clientCaFile: text({
      yaml: 'client_ca_file',
      default: '',
      help: 'PEM file of the authorities that sign client certificates; set = they are demanded.',
    }),
    minVersion: oneOf({
      yaml: 'min_version',
      values: tlsVersions,
      default: '',
      help: 'Lowest TLS version; empty = 1.2.',
    }),
    maxVersion: oneOf({
      yaml: 'max_version',
      values: tlsVersions,
      default: '',
      help: 'Highest TLS version; empty = 1.3.',
    }),
    cipherSuites: list({
      yaml: 'cipher_suites',
      default: [],
      help: 'IANA names, as a list or separated by commas; empty = the defaults of the runtime.',
    }),
    reloadIntervalMs: duration({
      yaml: 'reload_interval',
      default: '0s',
      help: 'How often the files are read again; 0 = never.',
    }),
    unused: ignored({
      keys: ['ca_file', 'client_ca_file_reload', 'include_system_ca_certs_pool', 'tpm'],
      help: 'It has no meaning for a server here.',
    }),
    unsupported: ignored({
      keys: ['ca_pem', 'cert_pem', 'key_pem', 'curve_preferences', 'insecure'],
      help: 'Certificates are read from files.',
      warn: true,
    }),
  },
})

const unsupported = ignored({
  keys: ['auth', 'middlewares'],
  help: 'Requests are not authenticated by the receiver; put a gateway in front of it.',
  warn: true,
})

function endpoint(fallback: string) {
  return text({
    yaml: 'endpoint',
    default: fallback,
    help: 'Address and port to listen on.',
    check: value => (/:\d{1,5}$/.test(value) ? undefined : 'has no port; write host:port'),
  })
}

function grpcFields(fallback: string) {
  return {
    endpoint: endpoint(fallback),
    tls: receiverTls,
    maxRecvMib: int({
      yaml: 'max_recv_msg_size_mib',
      default: 0,
      help: 'Largest message in MiB; 0 = 32.',
    }),
    maxConcurrentStreams: int({
      yaml: 'max_concurrent_streams',
      default: 0,
      help: 'Calls at once on one connection; 0 = no limit.',
    }),
    includeMetadata: bool({
      yaml: 'include_metadata',
      default: false,
      help: 'Accepted; the tenant header is always read.',
    }),
    unused: ignored({
      keys: ['transport', 'read_buffer_size', 'write_buffer_size', 'keepalive'],
      help: 'Tuning of a server written in Go.',
    }),
    unsupported,
  }
}

const cors = optionalGroup({
  yaml: 'cors',
  help: 'Which web pages may send spans; none when absent.',
  fields: {
    allowedOrigins: list({
      yaml: 'allowed_origins',
      default: [],
      help: 'Origins, each with at most one `*`; `*` alone = any.',
    }),
    allowedHeaders: list({
      yaml: 'allowed_headers',
      default: [],
      help: 'Headers beyond the safe ones and Content-Type.',
    }),
    maxAgeSeconds: int({
      yaml: 'max_age',
      default: 0,
      help: 'Seconds that a browser remembers the answer; 0 = its own default.',
    }),
    unused: ignored({ keys: ['exposed_headers'], help: 'Answers have no headers to expose.' }),
  },
})

function httpFields(fallback: string) {
  return {
    endpoint: endpoint(fallback),
    tls: receiverTls,
    cors,
    maxRequestBodyBytes: bytes({
      yaml: 'max_request_body_size',
      default: 20_971_520,
      help: 'Largest body, after decompression too; 0 = 20 MiB.',
    }),
    includeMetadata: bool({
      yaml: 'include_metadata',
      default: false,
      help: 'Accepted; the tenant header is always read.',
    }),
    unused: ignored({
      keys: [
        'transport',
        'response_headers',
        'compression_algorithms',
        'read_timeout',
        'read_header_timeout',
        'write_timeout',
        'idle_timeout',
        'keep_alives_enabled',
      ],
      help: 'Timeouts and encodings are fixed.',
    }),
    unsupported,
  }
}

function udpFields(fallback: string) {
  return {
    endpoint: endpoint(fallback),
    maxPacketBytes: bytes({
      yaml: 'max_packet_size',
      default: 65_000,
      help: 'Longer packets are dropped.',
    }),
    unused: ignored({
      keys: ['queue_size', 'workers', 'socket_buffer_size'],
      help: 'Packets are handled one after the other.',
    }),
  }
}

const otlp = optionalGroup({
  yaml: 'otlp',
  help: 'OpenTelemetry over gRPC and HTTP.',
  fields: {
    protocols: group({
      yaml: 'protocols',
      help: 'Which protocols are served.',
      fields: {
        grpc: optionalGroup({
          yaml: 'grpc',
          help: 'OTLP over gRPC.',
          fields: grpcFields('localhost:4317'),
        }),
        http: optionalGroup({
          yaml: 'http',
          help: 'OTLP over HTTP, protobuf and JSON.',
          fields: {
            ...httpFields('localhost:4318'),
            tracesUrlPath: text({
              yaml: 'traces_url_path',
              default: '/v1/traces',
              help: 'Path of the endpoint.',
            }),
            unusedPaths: ignored({
              keys: ['metrics_url_path', 'logs_url_path'],
              help: 'Only traces are received.',
            }),
          },
        }),
      },
    }),
  },
})

const jaeger = optionalGroup({
  yaml: 'jaeger',
  help: 'What Jaeger clients and agents send.',
  fields: {
    protocols: group({
      yaml: 'protocols',
      help: 'Which protocols are served.',
      fields: {
        grpc: optionalGroup({
          yaml: 'grpc',
          help: 'Jaeger protobuf over gRPC.',
          fields: grpcFields('localhost:14250'),
        }),
        thriftHttp: optionalGroup({
          yaml: 'thrift_http',
          help: 'Jaeger thrift over HTTP.',
          fields: httpFields('localhost:14268'),
        }),
        thriftCompact: optionalGroup({
          yaml: 'thrift_compact',
          help: 'Jaeger compact thrift over UDP.',
          fields: udpFields('localhost:6831'),
        }),
        thriftBinary: optionalGroup({
          yaml: 'thrift_binary',
          help: 'Jaeger binary thrift over UDP.',
          fields: udpFields('localhost:6832'),
        }),
      },
    }),
    unsupported: ignored({
      keys: ['remote_sampling'],
      help: 'Sampling strategies are not served.',
      warn: true,
    }),
  },
})

const zipkin = optionalGroup({
  yaml: 'zipkin',
  help: 'Zipkin v1 and v2 over HTTP.',
  fields: {
    ...httpFields('localhost:9411'),
    parseStringTags: bool({
      yaml: 'parse_string_tags',
      default: false,
      help: 'Turn tags that look like numbers or booleans into such values.',
    }),
  },
})

export const receiversSection = group({
  yaml: 'receivers',
  help: 'Where spans are received; a receiver without a key here is not started.',
  flags: false,
  fields: {
    otlp,
    jaeger,
    zipkin,
    unsupported: ignored({
      keys: ['kafka', 'opencensus'],
      help: 'This receiver does not exist here.',
      warn: true,
    }),
  },
})

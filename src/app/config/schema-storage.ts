import {
  bool,
  bytes,
  duration,
  group,
  ignored,
  int,
  mapOf,
  oneOf,
  secret,
  text,
} from '../../base/settings.ts'
import { clientTlsFields, clientTlsVersion } from './schema-server.ts'

/** Where blocks and the write-ahead log are kept. */

/** `''` is refused once everything is read; gcs and azure are read but cannot be opened. */
const backends = ['', 'local', 's3', 'memory', 'gcs', 'azure'] as const

const hedging = {
  hedgeRequestsAtMs: duration({
    yaml: 'hedge_requests_at',
    flag: false,
    default: '0s',
    help: 'Ask a second time when an answer takes longer; 0 = never.',
  }),
  hedgeRequestsUpTo: int({
    yaml: 'hedge_requests_up_to',
    flag: false,
    default: 2,
    help: 'Most requests at once for the same data.',
  }),
}

const s3 = group({
  yaml: 's3',
  help: 'An S3-compatible object store.',
  fields: {
    bucket: text({ yaml: 'bucket', default: '', help: 'Name of the bucket.' }),
    prefix: text({ yaml: 'prefix', default: '', help: 'Beginning of every key.' }),
    endpoint: text({
      yaml: 'endpoint',
      default: '',
      help: 'Host name and port; a scheme, when given, decides about TLS.',
    }),
    region: text({ yaml: 'region', default: '', help: 'Region; empty = found automatically.' }),
    accessKey: secret({
      yaml: 'access_key',
      flag: 'storage.trace.s3.access_key',
      help: 'Access key; empty = credentials from the environment.',
    }),
    secretKey: secret({
      yaml: 'secret_key',
      flag: 'storage.trace.s3.secret_key',
      help: 'Secret key.',
    }),
    sessionToken: secret({
      yaml: 'session_token',
      flag: 'storage.trace.s3.session_token',
      help: 'Session token that belongs to the keys.',
    }),
    insecure: bool({ yaml: 'insecure', default: false, help: 'Use HTTP instead of HTTPS.' }),
    forcePathStyle: bool({
      yaml: 'forcepathstyle',
      default: false,
      help: 'Put the bucket into the path, never into the host name.',
    }),
    bucketLookupType: int({
      yaml: 'bucket_lookup_type',
      default: 0,
      max: 2,
      help: 'Where the bucket is named: 0 = as the server needs it, 1 = host name, 2 = path.',
    }),
    partBytes: bytes({
      yaml: 'part_size',
      default: 0,
      help: 'Size of the parts of an upload; 0 = chosen by the size of the block.',
    }),
    listBlocksConcurrency: int({
      yaml: 'list_blocks_concurrency',
      flag: 'storage.trace.s3.list_blocks_concurrency',
      default: 3,
      min: 1,
      help: 'Requests at once when keys are listed.',
    }),
    storageClass: text({
      yaml: 'storage_class',
      default: '',
      help: 'Storage class of new objects; empty = that of the bucket.',
    }),
    tags: mapOf({
      yaml: 'tags',
      help: 'Tags of new objects.',
      of: text({ yaml: 'tag', default: '', help: 'Value of the tag.' }),
    }),
    metadata: mapOf({
      yaml: 'metadata',
      help: 'User metadata of new objects.',
      of: text({ yaml: 'metadata', default: '', help: 'Value of the metadata.' }),
    }),
    sse: group({
      yaml: 'sse',
      help: 'Encryption by the server.',
      fields: {
        type: oneOf({
          yaml: 'type',
          values: ['', 'SSE-S3', 'SSE-KMS', 'SSE-C'],
          default: '',
          help: 'Kind of encryption; empty = that of the bucket.',
        }),
        kmsKeyId: text({ yaml: 'kms_key_id', default: '', help: 'Key for SSE-KMS.' }),
        kmsEncryptionContext: text({
          yaml: 'kms_encryption_context',
          default: '',
          help: 'JSON text that is bound to SSE-KMS.',
        }),
        encryptionKey: secret({ yaml: 'encryption_key', help: 'Key for SSE-C.' }),
      },
    }),
    ...hedging,
    ...clientTlsFields,
    tlsMinVersion: clientTlsVersion('VersionTLS12', 'storage.trace.s3.tls_min_version'),
    unused: ignored({
      keys: [
        'signature_v2',
        'enable_dual_stack',
        'native_aws_auth_enabled',
        'retry_max_attempts',
        'retry_backoff_initial',
        'retry_backoff_max',
      ],
      help: 'Requests are signed with version 4 and tried again until their time is over.',
    }),
  },
})

const gcs = group({
  yaml: 'gcs',
  help: 'Google Cloud Storage.',
  fields: {
    bucketName: text({
      yaml: 'bucket_name',
      flag: 'storage.trace.gcs.bucket',
      default: '',
      help: 'Name of the bucket.',
    }),
    prefix: text({ yaml: 'prefix', default: '', help: 'Beginning of every key.' }),
    endpoint: text({ yaml: 'endpoint', default: '', help: 'Address of the service.' }),
    insecure: bool({ yaml: 'insecure', default: false, help: 'Use HTTP without credentials.' }),
    ...hedging,
    unused: ignored({
      keys: [
        'chunk_buffer_size',
        'object_cache_control',
        'object_metadata',
        'list_blocks_concurrency',
        'max_retries',
      ],
      help: 'Objects are written as they are.',
    }),
  },
})

const azure = group({
  yaml: 'azure',
  help: 'Azure Blob Storage.',
  fields: {
    storageAccountName: text({
      yaml: 'storage_account_name',
      flag: 'storage.trace.azure.storage_account_name',
      default: '',
      help: 'Name of the account.',
    }),
    storageAccountKey: secret({
      yaml: 'storage_account_key',
      flag: 'storage.trace.azure.storage_account_key',
      help: 'Key of the account.',
    }),
    containerName: text({ yaml: 'container_name', default: '', help: 'Name of the container.' }),
    prefix: text({ yaml: 'prefix', default: '', help: 'Beginning of every key.' }),
    endpointSuffix: text({
      yaml: 'endpoint_suffix',
      default: 'blob.core.windows.net',
      help: 'Domain of the service.',
    }),
    useManagedIdentity: bool({
      yaml: 'use_managed_identity',
      default: false,
      help: 'Use the identity of the machine.',
    }),
    useFederatedToken: bool({
      yaml: 'use_federated_token',
      default: false,
      help: 'Use the token that the environment names.',
    }),
    userAssignedId: text({
      yaml: 'user_assigned_id',
      default: '',
      help: 'Identity to use when the machine has several.',
    }),
    ...hedging,
    unused: ignored({
      keys: ['max_buffers', 'buffer_size', 'use_v2_sdk'],
      help: 'Parts are sized as needed.',
    }),
  },
})

export const storageSection = group({
  yaml: 'storage',
  help: 'Where data is kept.',
  fields: {
    trace: group({
      yaml: 'trace',
      help: 'Where spans are kept.',
      fields: {
        backend: oneOf({
          yaml: 'backend',
          values: backends,
          default: '',
          help: 'Kind of store for blocks; memory forgets everything at the end.',
        }),
        local: group({
          yaml: 'local',
          help: 'A directory.',
          fields: {
            path: text({
              yaml: 'path',
              default: '',
              help: 'The directory; empty = `blocks` in the data directory or beside the log.',
            }),
          },
        }),
        wal: group({
          yaml: 'wal',
          help: 'The write-ahead log, and blocks that are not uploaded yet.',
          fields: {
            path: text({
              yaml: 'path',
              default: '',
              help: 'The directory; empty = `wal` in the data directory, or beside local.path.',
            }),
            unused: ignored({
              keys: [
                'completedfilepath',
                'blocksfilepath',
                'v2_encoding',
                'search_encoding',
                'ingestion_time_range_slack',
                'version',
              ],
              help: 'The log has one form.',
            }),
          },
        }),
        s3,
        gcs,
        azure,
        blocklistPollMs: duration({
          yaml: 'blocklist_poll',
          flag: 'storage.trace.blocklist_poll',
          default: '5m',
          min: 1,
          help: 'How often the list of blocks is read.',
        }),
        blocklistPollConcurrency: int({
          yaml: 'blocklist_poll_concurrency',
          default: 50,
          min: 1,
          help: 'Requests at once when the list of blocks is read.',
        }),
        unused: ignored({
          keys: [
            'pool',
            'block',
            'search',
            'blocklist_poll_tenant_concurrency',
            'blocklist_poll_fallback',
            'blocklist_poll_tenant_index_builders',
            'blocklist_poll_stale_tenant_index',
            'blocklist_poll_jitter_ms',
            'blocklist_poll_tolerate_consecutive_errors',
            'blocklist_poll_tolerate_tenant_failures',
            'empty_tenant_deletion_enabled',
            'empty_tenant_deletion_age',
            'background_cache',
            'cache_min_compaction_level',
            'cache_max_block_age',
          ],
          help: 'Blocks have their own format and list, without dedicated columns or indexes.',
        }),
        unsupported: ignored({
          keys: ['cache', 'memcached', 'redis'],
          help: 'Blocks are cached in memory only.',
          warn: true,
        }),
      },
    }),
  },
})

import {
  bool,
  bytes,
  duration,
  group,
  ignored,
  int,
  list,
  port,
  text,
} from '../../base/settings.ts'
import { receiversSection } from './schema-receivers.ts'
import { grpcClient } from './schema-server.ts'

/** The way of a span: distributor, ingester, compactor, and how the processes find each other. */

const kvstoreUnused = ignored({
  keys: ['kvstore'],
  help: 'Members are found by DNS and heartbeats, whatever store is named.',
})

/** What only hash rings kept by gossip have. */
const ringUnused = ignored({
  keys: [
    'kvstore',
    'heartbeat_period',
    'instance_interface_names',
    'instance_port',
    'instance_zone',
    'wait_stability_min_duration',
    'wait_stability_max_duration',
    'wait_active_instance_timeout',
  ],
  help: 'Members are found by DNS and heartbeats, whatever store is named.',
})

export const distributorSection = group({
  yaml: 'distributor',
  help: 'Receives spans, applies limits and sends them to ingesters.',
  fields: {
    receivers: receiversSection,
    ring: group({
      yaml: 'ring',
      help: 'How distributors know of each other, for global rate limits.',
      fields: {
        instanceId: text({
          yaml: 'instance_id',
          default: '',
          help: 'Name of this instance; empty = the host name.',
        }),
        instanceAddress: text({
          yaml: 'instance_addr',
          default: '',
          help: 'Address that others reach this instance at; empty = found automatically.',
        }),
        heartbeatTimeoutMs: duration({
          yaml: 'heartbeat_timeout',
          default: '5m',
          help: 'A distributor silent for this long does not count any more.',
        }),
        unused: ringUnused,
        unusedHere: ignored({ keys: ['enable_inet6'], help: 'Both families are always used.' }),
      },
    }),
    maxAttributeBytes: bytes({
      yaml: 'max_attribute_bytes',
      default: 0,
      help: 'Longer attribute keys and values are cut when a block is written; 0 = never.',
    }),
    retryAfterMs: duration({
      yaml: 'retry_after_on_resource_exhausted',
      default: '5s',
      help: 'When clients that were refused by a limit should try again; 0 = not told.',
    }),
    logReceivedSpans: spanLog('log_received_spans', 'Log each span that is accepted.'),
    logDiscardedSpans: spanLog('log_discarded_spans', 'Log each span that is refused.'),
    unused: ignored({
      keys: [
        'extend_writes',
        'max_span_attr_byte',
        'override_ring_key',
        'usage',
        'log_received_traces',
        'ingester_write_path_enabled',
        'kafka_write_path_enabled',
        'kafka_config',
      ],
      help: 'Writes go to enough healthy ingesters or fail.',
    }),
    unsupported: ignored({
      keys: ['forwarders'],
      help: 'Spans are not forwarded to other servers.',
      warn: true,
    }),
  },
})

function spanLog(yaml: string, help: string) {
  return group({
    yaml,
    help,
    fields: {
      enabled: bool({ yaml: 'enabled', default: false, help }),
      includeAllAttributes: bool({
        yaml: 'include_all_attributes',
        default: false,
        help: 'With all attributes of the span.',
      }),
      filterByStatusError: bool({
        yaml: 'filter_by_status_error',
        default: false,
        help: 'Only spans whose status is an error.',
      }),
    },
  })
}

export const ingesterSection = group({
  yaml: 'ingester',
  help: 'Keeps new spans safe and searchable until they are in a block in the object store.',
  fields: {
    lifecycler: group({
      yaml: 'lifecycler',
      help: 'Who this ingester is, and how many of them hold each span.',
      fields: {
        ring: group({
          yaml: 'ring',
          help: 'How spans are placed on ingesters.',
          fields: {
            replicationFactor: int({
              yaml: 'replication_factor',
              flag: 'distributor.replication-factor',
              default: 1,
              min: 1,
              max: 9,
              help: 'Ingesters that hold each span.',
            }),
            zoneAwarenessEnabled: bool({
              yaml: 'zone_awareness_enabled',
              flag: 'distributor.zone-awareness-enabled',
              default: false,
              help: 'Put the copies of a span in different zones.',
            }),
            heartbeatTimeoutMs: duration({
              yaml: 'heartbeat_timeout',
              flag: 'ring.heartbeat-timeout',
              default: '5m',
              help: 'An ingester silent for this long gets no new spans.',
            }),
            unused: kvstoreUnused,
            unusedHere: ignored({ keys: ['excluded_zones'], help: 'All zones are used.' }),
          },
        }),
        id: text({
          yaml: 'id',
          default: '',
          help: 'Name of this ingester; empty = the host name.',
        }),
        address: text({
          yaml: 'address',
          default: '',
          help: 'Address that others reach this ingester at; empty = found automatically.',
        }),
        availabilityZone: text({
          yaml: 'availability_zone',
          flag: 'ingester.availability-zone',
          default: '',
          help: 'Zone of this ingester.',
        }),
        enableInet6: bool({
          yaml: 'enable_inet6',
          default: false,
          help: 'Prefer an IPv6 address when the address is found automatically.',
        }),
        unused: ignored({
          keys: [
            'num_tokens',
            'heartbeat_period',
            'heartbeat_timeout',
            'observe_period',
            'join_after',
            'min_ready_duration',
            'interface_names',
            'final_sleep',
            'tokens_file_path',
            'unregister_on_shutdown',
            'readiness_check_ring_health',
            'port',
          ],
          help: 'Placement needs no tokens.',
        }),
      },
    }),
    traceIdleMs: duration({
      yaml: 'trace_idle_period',
      default: '5s',
      help: 'A trace without a new span for this long is complete.',
    }),
    traceLiveMs: duration({
      yaml: 'trace_live_period',
      default: '30s',
      help: 'A trace is complete after this long at the latest.',
    }),
    maxBlockDurationMs: duration({
      yaml: 'max_block_duration',
      default: '30m',
      min: 1,
      help: 'A block is uploaded after this long at the latest.',
    }),
    maxBlockBytes: bytes({
      yaml: 'max_block_bytes',
      default: 524_288_000,
      min: 1,
      help: 'A block is uploaded when it has this size.',
    }),
    completeBlockTimeoutMs: duration({
      yaml: 'complete_block_timeout',
      default: '15m',
      help: 'How long the local copy of an uploaded block is kept.',
    }),
    concurrentFlushes: int({
      yaml: 'concurrent_flushes',
      default: 4,
      min: 1,
      help: 'Blocks that are uploaded at once.',
    }),
    flushCheckPeriodMs: duration({
      yaml: 'flush_check_period',
      default: '10s',
      min: 1,
      help: 'How often is looked for blocks to upload.',
    }),
    flushOpTimeoutMs: duration({
      yaml: 'flush_op_timeout',
      default: '5m',
      help: 'How long an upload may take before it is tried again.',
    }),
    flushAllOnShutdown: bool({
      yaml: 'flush_all_on_shutdown',
      default: false,
      help: 'Upload everything before the process ends.',
    }),
    flushObjectStorage: bool({
      yaml: 'flush_object_storage',
      default: true,
      help: 'Whether blocks are uploaded at all.',
    }),
    unused: ignored({
      keys: ['override_ring_key', 'partition_ring', 'autocomplete_filtering_enabled'],
      help: 'There is one ring of ingesters.',
    }),
  },
})

export const compactorSection = group({
  yaml: 'compactor',
  help: 'Merges blocks and removes old ones.',
  fields: {
    disabled: bool({ yaml: 'disabled', default: false, help: 'Neither merge nor remove blocks.' }),
    compaction: group({
      yaml: 'compaction',
      help: 'What is merged, and what is kept.',
      fields: {
        blockRetentionMs: duration({
          yaml: 'block_retention',
          default: '336h',
          help: 'How long blocks are kept; 0 = for ever.',
        }),
        compactedBlockRetentionMs: duration({
          yaml: 'compacted_block_retention',
          default: '1h',
          help: 'How long blocks are kept that were merged into others.',
        }),
        compactionWindowMs: duration({
          yaml: 'compaction_window',
          default: '1h',
          min: 1,
          help: 'Blocks whose data is within one window are merged.',
        }),
        maxCompactionObjects: int({
          yaml: 'max_compaction_objects',
          default: 6_000_000,
          min: 1,
          help: 'Most traces of a merged block.',
        }),
        maxBlockBytes: bytes({
          yaml: 'max_block_bytes',
          default: 107_374_182_400,
          min: 1,
          help: 'Largest size of a merged block.',
        }),
        retentionConcurrency: int({
          yaml: 'retention_concurrency',
          default: 10,
          min: 1,
          help: 'Tenants whose old blocks are removed at once.',
        }),
        maxTimePerTenantMs: duration({
          yaml: 'max_time_per_tenant',
          default: '5m',
          help: 'How long one tenant is worked on before the next.',
        }),
        compactionCycleMs: duration({
          yaml: 'compaction_cycle',
          default: '30s',
          min: 1,
          help: 'How often is looked for work.',
        }),
        unused: ignored({
          keys: [
            'chunk_size_bytes',
            'flush_size_bytes',
            'iterator_buffer_size',
            'v2_in_buffer_bytes',
            'v2_out_buffer_bytes',
            'v2_prefetch_traces_count',
          ],
          help: 'Blocks are merged column by column.',
        }),
      },
    }),
    ring: group({
      yaml: 'ring',
      help: 'Compactors share work through the object store.',
      fields: {
        unused: ringUnused,
        unusedHere: ignored({
          keys: ['heartbeat_timeout', 'instance_id', 'instance_addr', 'enable_inet6'],
          help: 'Compactors need not know each other.',
        }),
      },
    }),
    unused: ignored({ keys: ['override_ring_key'], help: 'There is no ring of compactors.' }),
  },
})

export const memberlistSection = group({
  yaml: 'memberlist',
  help: 'How the processes of one installation find each other.',
  fields: {
    joinMembers: list({
      yaml: 'join_members',
      flag: 'memberlist.join',
      default: [],
      help: 'Host names, with a port or without, whose addresses are the other processes.',
    }),
    bindAddresses: list({
      yaml: 'bind_addr',
      flag: 'memberlist.bind-addr',
      default: [],
      help: 'Addresses to listen on for heartbeats; empty = all interfaces.',
    }),
    bindPort: port({
      yaml: 'bind_port',
      default: 7946,
      help: 'Port for heartbeats.',
    }),
    advertiseAddress: text({
      yaml: 'advertise_addr',
      default: '',
      help: 'Address that others reach this process at; empty = found automatically.',
    }),
    advertisePort: port({
      yaml: 'advertise_port',
      default: 7946,
      help: 'Port that others reach this process at.',
    }),
    nodeName: text({
      yaml: 'node_name',
      flag: 'memberlist.nodename',
      default: '',
      help: 'Name of this process; empty = the host name.',
    }),
    clusterLabel: text({
      yaml: 'cluster_label',
      default: '',
      help: 'Processes with another label are strangers.',
    }),
    abortIfJoinFails: bool({
      yaml: 'abort_if_cluster_join_fails',
      flag: 'memberlist.abort-if-join-fails',
      default: false,
      help: 'End the process when nobody can be reached at the start.',
    }),
    tlsEnabled: bool({ yaml: 'tls_enabled', default: false, help: 'Use TLS for heartbeats.' }),
    unused: ignored({
      keys: [
        'randomize_node_name',
        'stream_timeout',
        'retransmit_factor',
        'pull_push_interval',
        'gossip_interval',
        'gossip_nodes',
        'gossip_to_dead_nodes_time',
        'dead_node_reclaim_time',
        'compression_enabled',
        'compression_algorithm',
        'received_messages_queue_size',
        'processed_messages_queue_size',
        'notify_interval',
        'cluster_label_verification_disabled',
        'min_join_backoff',
        'max_join_backoff',
        'max_join_retries',
        'abort_if_cluster_fast_join_fails',
        'abort_if_cluster_fast_join_fails_min_nodes',
        'rejoin_interval',
        'rejoin_seed_nodes',
        'propagation_delay_tracker',
        'left_ingesters_timeout',
        'obsolete_entries_timeout',
        'leave_timeout',
        'broadcast_timeout_for_local_updates_on_shutdown',
        'message_history_buffer_bytes',
        'watch_prefix_buffer_size',
        'packet_dial_timeout',
        'packet_write_timeout',
        'max_concurrent_writes',
        'acquire_writer_timeout',
        'zone_aware_routing',
        'tls_cert_path',
        'tls_key_path',
        'tls_ca_path',
        'tls_server_name',
        'tls_insecure_skip_verify',
        'tls_cipher_suites',
        'tls_min_version',
      ],
      help: 'There is no gossip.',
    }),
  },
})

/** A module that is called over gRPC by others. */
function clientSection(yaml: string, help: string) {
  return group({
    yaml,
    help,
    fields: {
      remoteTimeoutMs: duration({
        yaml: 'remote_timeout',
        default: '5s',
        help: 'How long a call may take.',
      }),
      grpcClient: grpcClient(),
      unused: ignored({ keys: ['pool_config'], help: 'Connections are checked by their use.' }),
    },
  })
}

export const ingesterClientSection = clientSection(
  'ingester_client',
  'How distributors and queriers call ingesters.',
)

export const metricsGeneratorClientSection = clientSection(
  'metrics_generator_client',
  'How distributors call metrics-generators.',
)

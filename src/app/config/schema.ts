import { bool, duration, group, ignored, list, text } from '../../base/settings.ts'
import type { ValuesOf } from '../../base/settings-types.ts'
import { overridesSection } from '../../overrides/limit-settings.ts'
import { querierSection, queryFrontendSection } from './schema-read.ts'
import { internalServerSection, serverSection } from './schema-server.ts'
import { storageSection } from './schema-storage.ts'
import { vivaceSection } from './schema-vivace.ts'
import {
  compactorSection,
  distributorSection,
  ingesterClientSection,
  ingesterSection,
  memberlistSection,
  metricsGeneratorClientSection,
} from './schema-write.ts'

/** Every setting there is, under the keys of Tempo's configuration file. */

export const targets = [
  'all',
  'distributor',
  'ingester',
  'querier',
  'query-frontend',
  'compactor',
  'metrics-generator',
] as const

export type Target = (typeof targets)[number]

/** Read as `all`, with a warning: one process hosts everything here, however many there are. */
export const scalableTarget = 'scalable-single-binary'

export const configSchema = group({
  yaml: '',
  help: 'The configuration.',
  fields: {
    targets: list({
      yaml: 'target',
      values: [...targets, scalableTarget],
      default: ['all'],
      help: 'What this process is, separated by commas.',
    }),
    httpApiPrefix: text({
      yaml: 'http_api_prefix',
      default: '',
      help: 'Path before every route of the query API.',
    }),
    multitenancyEnabled: bool({
      yaml: 'multitenancy_enabled',
      flag: 'multitenancy.enabled',
      default: false,
      help: 'Demand a tenant in the X-Scope-OrgID header of every request.',
    }),
    authEnabled: bool({
      yaml: 'auth_enabled',
      flag: 'auth.enabled',
      default: null,
      help: 'Old name of multitenancy_enabled.',
    }),
    streamOverHttpEnabled: bool({
      yaml: 'stream_over_http_enabled',
      default: false,
      help: 'Serve the gRPC query API on the HTTP port too.',
    }),
    shutdownDelayMs: duration({
      yaml: 'shutdown_delay',
      default: '0s',
      help: 'How long to go on serving, not ready, before stopping.',
    }),
    server: serverSection,
    internalServer: internalServerSection,
    distributor: distributorSection,
    ingester: ingesterSection,
    ingesterClient: ingesterClientSection,
    metricsGeneratorClient: metricsGeneratorClientSection,
    querier: querierSection,
    queryFrontend: queryFrontendSection,
    compactor: compactorSection,
    storage: storageSection,
    overrides: overridesSection,
    memberlist: memberlistSection,
    vivace: vivaceSection,
    metricsGenerator: group({
      yaml: 'metrics_generator',
      help: 'Makes metrics from spans; it writes none yet.',
      fields: {
        unused: ignored({
          keys: [
            'ring',
            'processor',
            'registry',
            'storage',
            'traces_storage',
            'traces_query_storage',
            'metrics_ingestion_time_range_slack',
            'query_timeout',
            'override_ring_key',
            'codec',
            'disable_local_blocks',
            'disable_grpc',
            'limiter_type',
            'ingest_concurrency',
            'instance_id',
            'leave_consumer_group_on_shutdown',
            'ring_mode',
            'skip_stale_backlog_on_startup',
          ],
          help: 'The metrics-generator writes no metrics yet.',
        }),
      },
    }),
    unused: ignored({
      keys: [
        'usage_report',
        'memory',
        'autocomplete_filtering_enabled',
        'enable_go_runtime_metrics',
      ],
      help: 'Nothing is reported to anybody, and memory is bounded by vivace.memory_budget_bytes.',
    }),
    unsupported: ignored({
      keys: ['cache'],
      help: 'Blocks are cached in memory only.',
      warn: true,
    }),
    otherRoles: ignored({
      keys: [
        'ingest',
        'block_builder',
        'live_store',
        'live_store_client',
        'backend_scheduler',
        'backend_scheduler_client',
        'backend_worker',
      ],
      help: 'This role of Tempo 3 does not exist here.',
      warn: true,
    }),
  },
})

/** What the file and the flags say; `Config` is what follows from it. */
export type ConfigValues = ValuesOf<typeof configSchema.fields>

/** The configuration that the modules are built with. */
export interface Config extends Omit<ConfigValues, 'targets' | 'authEnabled'> {
  readonly targets: readonly Target[]
}

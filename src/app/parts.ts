import type { Hono } from 'hono'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { IngesterPush } from '../contract/ingester.ts'
import type { TraceQueries } from '../contract/queries.ts'
import type { SpanSink } from '../contract/span-sink.ts'
import type { Ingester } from '../ingester/ingester.ts'
import type { CallHandlers } from '../net/frame-call.ts'
import type { Overrides } from '../overrides/limits.ts'
import type { Querier } from '../querier/querier.ts'
import type { PullStream } from '../remote/query-pull.ts'
import type { Members } from '../ring/members.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import type { BlockLog } from '../storage/blocklist/log.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import type { LoadedConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import type { MemoryPlan } from './memory.ts'
import type { TenantRules } from './tenants.ts'

/** What the process gives to all modules. */
export interface Surroundings {
  readonly loaded: LoadedConfig
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly disk: Disk
  readonly metrics: Metrics
  readonly memory: MemoryPlan
  /** Threads that scan blocks; 0 = the main thread does. */
  readonly queryThreads: number
  readonly tenants: TenantRules
  /** Starts worker threads. */
  readonly entry: URL
  readonly version: string
  /** Ends the process in order, as SIGTERM does. */
  stop(reason: string): void
  /** Null when ready, else what is not. */
  notReady(): string | null
  states(): readonly (readonly [string, string])[]
  /** Everything that listens, for the banner and the status pages. */
  readonly endpoints: [string, string][]
}

export interface StorePart {
  readonly store: ObjectStore
  readonly cache: BlockCache
  logFor(tenant: string): BlockLog
}

/** What each module gives to those that need it. */
export interface Parts {
  server: { mount(app: Hono): void }
  internal: {
    handle(handlers: CallHandlers): void
    /** Takes the streams of queriers that want jobs. */
    onPull(take: (stream: PullStream) => void): void
  }
  overrides: Overrides
  store: StorePart
  members: Members
  ingester: Ingester
  'ingester-clients': IngesterPush
  distributor: SpanSink
  receivers: null
  querier: Querier
  'query-frontend': TraceQueries
  'tempo-api': null
  'jaeger-api': null
  compactor: null
  'metrics-generator': null
}

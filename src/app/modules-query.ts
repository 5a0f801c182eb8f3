import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { defaultJaegerSettings } from '../api/jaeger/request.ts'
import { jaegerRoutes } from '../api/jaeger/routes.ts'
import { startPageRoutes } from '../api/start-page.ts'
import { tempoRoutes } from '../api/tempo/routes.ts'
import { type Clock, sleep } from '../base/clock.ts'
import type { TraceQueries } from '../contract/queries.ts'
import { type JobRunner, runJob } from '../contract/query-job.ts'
import { Frontend } from '../frontend/frontend.ts'
import { frontendMetrics } from '../frontend/metrics.ts'
import { listenHttp } from '../net/http-server.ts'
import { BlockCatalog } from '../querier/block-catalog.ts'
import { catalogMetrics } from '../querier/metrics.ts'
import { Querier } from '../querier/querier.ts'
import { FrontendPulls } from '../remote/frontend-pulls.ts'
import { IngesterPool } from '../remote/ingester-pool.ts'
import { type PullStream, remoteRunner } from '../remote/query-pull.ts'
import { compileMetrics } from '../traceql/compile-metrics.ts'
import { compileSearch } from '../traceql/compile-search.ts'
import { extractFilter } from '../traceql/extract-filter.ts'
import { parseTagName } from '../traceql/parse-tag-name.ts'
import { parseQuery } from '../traceql/parser.ts'
import { validateQuery } from '../traceql/validate.ts'
import { drainMs, shown } from './modules-server.ts'
import type { Parts, Surroundings } from './parts.ts'
import { openQueryThreads } from './query-threads.ts'
import type { PartsOf, Started } from './registry.ts'
import { type RecentSources, RosterSources } from './roster-sources.ts'

export async function startQuerier(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<Querier>> {
  const { config, clock, log, metrics } = around
  const { store, cache, logFor } = parts.get('store')
  const pollMs = config.storage.trace.blocklistPollMs
  const threads = openQueryThreads(around)
  const catalog = new BlockCatalog({ store, cache, clock, log, threads, pollMs, logFor })
  catalogMetrics(metrics, catalog)
  const recent = recentData(around, parts, catalog)
  const querier = new Querier({
    catalog,
    recent: tenant => recent.of(tenant),
  })
  const stopPulling = config.targets.includes('all')
    ? async () => undefined
    : pullFromFrontends(around, querier)
  return {
    part: querier,
    async stop() {
      await stopPulling()
      recent.close()
      await threads?.close()
    },
  }
}

/** The ingester of this process, or all that the cluster has; the roster says who must answer. */
function recentData(
  around: Surroundings,
  parts: PartsOf<Parts>,
  catalog: BlockCatalog,
): RecentSources {
  const own = parts.find('ingester')
  if (own) {
    return {
      async of(tenant) {
        const missing = own.missing(tenant)
        const { source, release } = own.hold(tenant)
        return { sources: [source], release, ...(missing === undefined ? {} : { missing }) }
      },
      close: () => undefined,
    }
  }
  const { server, ingester, ingesterClient, vivace } = around.config
  const { replicationFactor } = ingester.lifecycler.ring
  const members = parts.get('members')
  const pool = new IngesterPool({
    members,
    recvBytesMax: server.grpcMaxRecvBytes,
    sendBytesMax: server.grpcMaxSendBytes,
    replicationFactor,
    timeoutMs: ingesterClient.remoteTimeoutMs,
  })
  return new RosterSources({
    pool,
    members,
    store: parts.get('store').store,
    catalog,
    missingMax: Math.floor(replicationFactor / 2),
    required: vivace.roster.required,
  })
}

/** Keeps streams open to every frontend and takes jobs from them. */
function pullFromFrontends(around: Surroundings, querier: Querier): () => Promise<void> {
  const { config, clock, log } = around
  const { frontendAddress, parallelism } = config.querier.frontendWorker
  if (frontendAddress === '') return async () => undefined
  const pulls = new FrontendPulls({
    clock,
    address: frontendAddress,
    streams: Math.max(parallelism, 8),
    recvBytesMax: config.server.grpcMaxRecvBytes,
    sendBytesMax: config.server.grpcMaxSendBytes,
    run: (job, signal) => runJob(querier, job, signal),
  })
  log.debug({ frontendAddress }, 'taking queries from the frontend')
  return () => pulls.stop(drainMs)
}

export async function startFrontend(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<TraceQueries>> {
  const { config, clock, metrics } = around
  const frontend = new Frontend({
    clock,
    metrics: frontendMetrics(metrics),
    maxOutstandingPerTenant: config.queryFrontend.maxOutstandingPerTenant,
    queryTimeoutMs: config.queryFrontend.apiTimeoutMs || config.querier.search.queryTimeoutMs,
    budget: {
      spansMax: config.vivace.query.maxSpansScanned,
      bytesMax: config.vivace.query.maxBytesRead,
      cellsMax: config.vivace.query.maxMetricsCells,
    },
    searchSplit: config.queryFrontend.search,
    metricsSplit: config.queryFrontend.metrics,
  })
  const querier = parts.find('querier')
  if (querier) {
    const run = (job: Parameters<typeof runJob>[1], signal: AbortSignal) =>
      runJob(querier, job, signal)
    for (let i = 0; i < config.querier.maxConcurrentQueries; i++) frontend.addRunner(run)
  } else {
    const pulls = new FrontendRunners(frontend, clock)
    parts.get('internal').onPull(stream => pulls.add(stream))
    return { part: frontend, stop: () => pulls.stop(drainMs) }
  }
  return { part: frontend }
}

/** The streams of queriers, each a runner of the frontend. */
class FrontendRunners {
  readonly #frontend: Frontend
  readonly #clock: Clock
  readonly #streams = new Set<PullStream>()
  #jobs = 0
  #isStopped = false

  constructor(frontend: Frontend, clock: Clock) {
    this.#frontend = frontend
    this.#clock = clock
  }

  add(stream: PullStream): void {
    if (this.#isStopped) {
      stream.end()
      return
    }
    this.#streams.add(stream)
    const runner = remoteRunner(stream, () => {
      this.#streams.delete(stream)
      remove()
    })
    const counted: JobRunner = async (job, signal) => {
      this.#jobs++
      try {
        return await runner(job, signal)
      } finally {
        this.#jobs--
      }
    }
    // All streams of a querier share a connection.
    const remove = this.#frontend.addRunner(counted, stream.getPeer())
  }

  /** Lets queries finish for at most `waitMs`, then sends the queriers away. */
  async stop(waitMs: number): Promise<void> {
    const beganMs = this.#clock.monotonicMs()
    while (this.#jobs > 0 && this.#clock.monotonicMs() - beganMs < waitMs) {
      await sleep(this.#clock, 20)
    }
    this.#isStopped = true
    for (const stream of this.#streams) stream.end()
  }
}

export async function startTempoApi(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<null>> {
  const { config, clock, log, tenants } = around
  const { search, maxQueryExpressionBytes } = config.queryFrontend
  const overrides = parts.get('overrides')
  const options = { queryBytesMax: maxQueryExpressionBytes }
  const { metrics } = config.queryFrontend
  const queries = parts.get('query-frontend')
  const routes = tempoRoutes({
    queries,
    metrics: {
      queries,
      parseMetrics: query => compileMetrics(validateQuery(parseQuery(query, options))),
      settings: {
        exemplarsMax: metrics.maxExemplars,
        intervalsMax: metrics.maxIntervals,
        seriesMax: metrics.maxResponseSeries,
      },
      durationMaxMsFor: tenant =>
        overrides.limitsFor(tenant).read.maxMetricsDurationMs || metrics.maxDurationMs,
      clock,
    },
    settings: {
      defaultResultLimit: search.defaultResultLimit,
      maxResultLimit: search.maxResultLimit,
      defaultSpansPerSpanSet: search.defaultSpansPerSpanSet,
      maxSpansPerSpanSet: search.maxSpansPerSpanSet,
      maxSearchDurationMs: search.maxDurationMs,
      queryBytesMax: maxQueryExpressionBytes,
    },
    limitsFor(tenant) {
      const { read } = overrides.limitsFor(tenant)
      return {
        maxSearchDurationMs: read.maxSearchDurationMs,
        tagAnswerBytesMax: read.maxBytesPerTagValuesQuery,
      }
    },
    resolveTenant: tenants.forQuery,
    parseQuery: query => compileSearch(validateQuery(parseQuery(query, options))),
    parseTagName,
    extractFilter: query => extractFilter(query, options),
    log,
  })
  const app = new Hono()
  app.route(config.httpApiPrefix || '/', routes)
  parts.get('server').mount(app)
  return { part: null }
}

export async function startJaegerApi(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<null>> {
  const { config, clock, log, tenants } = around
  const settings = config.vivace.jaegerQuery
  if (!settings.enabled) return { part: null }
  const routes = jaegerRoutes({
    queries: parts.get('query-frontend'),
    clock,
    settings: { ...defaultJaegerSettings, clockSkewMaxMs: settings.maxClockSkewMs },
    resolveTenant: tenants.forQuery,
    log,
  })
  const app = new Hono()
  app.route(
    '/',
    startPageRoutes({
      title: 'Vivace',
      version: around.version,
      addresses: () => around.endpoints,
      links: [['Services (JSON)', '/api/services']],
    }),
  )
  const base = settings.basePath === '' ? '/' : settings.basePath
  app.route(base, routes)
  const host = settings.httpListenAddress || config.server.httpListenAddress
  const listener = getRequestListener(request => app.fetch(request), {
    overrideGlobalObjects: false,
  })
  const listening = await listenHttp({
    host,
    port: settings.httpListenPort,
    setting: 'vivace.jaeger_query.http_listen_port',
    requestTimeoutMs: config.server.readTimeoutMs,
    idleTimeoutMs: config.server.idleTimeoutMs,
    handle: (request, response) => void listener(request, response),
  })
  around.endpoints.push(['Jaeger API', `http://${shown(host)}:${listening.port}`])
  return { part: null, stop: () => listening.close(drainMs) }
}

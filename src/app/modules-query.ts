import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { defaultJaegerSettings } from '../api/jaeger/request.ts'
import { jaegerRoutes } from '../api/jaeger/routes.ts'
import { startPageRoutes } from '../api/start-page.ts'
import { tempoRoutes } from '../api/tempo/routes.ts'
import type { TraceQueries } from '../contract/queries.ts'
import { runJob } from '../contract/query-job.ts'
import { Frontend } from '../frontend/frontend.ts'
import { frontendMetrics } from '../frontend/metrics.ts'
import { CallClient } from '../net/frame-call.ts'
import { listenHttp } from '../net/http-server.ts'
import { BlockCatalog } from '../querier/block-catalog.ts'
import { Querier, type RecentData } from '../querier/querier.ts'
import { IngesterPool } from '../remote/ingester-pool.ts'
import { pullJobs, remoteRunner } from '../remote/query-pull.ts'
import { listRoster } from '../storage/blocklist/roster.ts'
import { compileSpansetFilter } from '../traceql/compile-filter.ts'
import { extractFilter } from '../traceql/extract-filter.ts'
import { parseTagName } from '../traceql/parse-tag-name.ts'
import { parseQuery } from '../traceql/parser.ts'
import { validateQuery } from '../traceql/validate.ts'
import { drainMs, shown } from './modules-server.ts'
import type { Parts, Surroundings } from './parts.ts'
import type { PartsOf, Started } from './registry.ts'

export async function startQuerier(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<TraceQueries>> {
  const { config, clock, log, metrics } = around
  const { store, cache, logFor } = parts.get('store')
  const pollMs = config.storage.trace.blocklistPollMs
  const catalog = new BlockCatalog({ store, cache, clock, log, pollMs, logFor })
  const lengths = metrics.gauge('tempodb_blocklist_length', 'Blocks of a tenant.', ['tenant'])
  Object.assign(lengths, {
    collect() {
      for (const [tenant, length] of catalog.lengths()) lengths.set({ tenant }, length)
    },
  })
  const recent = recentData(around, parts)
  const querier = new Querier({ catalog, recent: recent.of })
  const stopPulling = config.targets.includes('all')
    ? () => undefined
    : pullFromFrontend(around, querier)
  return {
    part: querier,
    async stop() {
      stopPulling()
      recent.close()
    },
  }
}

interface RecentSources {
  of(tenant: string): Promise<RecentData>
  close(): void
}

/** The ingester of this process, or all that the cluster has; the roster says who must answer. */
function recentData(around: Surroundings, parts: PartsOf<Parts>): RecentSources {
  const own = parts.find('ingester')
  if (own)
    return { of: async tenant => ({ sources: [own.source(tenant)] }), close: () => undefined }
  const { server, ingester } = around.config
  const pool = new IngesterPool({
    members: parts.get('members'),
    recvBytesMax: server.grpcMaxRecvBytes,
    sendBytesMax: server.grpcMaxSendBytes,
    replicationFactor: ingester.lifecycler.ring.replicationFactor,
  })
  const { store } = parts.get('store')
  const tolerated = Math.floor(ingester.lifecycler.ring.replicationFactor / 2)
  return {
    async of(tenant) {
      const [{ sources, answered }, roster] = await Promise.all([
        pool.sources(tenant),
        listRoster(store),
      ])
      const owing = roster.entries.filter(entry => entry.pending && !answered.has(entry.instance))
      const lost = roster.entries
        .filter(entry => entry.losses.length > 0)
        .map(entry => entry.instance)
      if (owing.length <= tolerated && lost.length === 0) return { sources }
      const names = [...owing.map(entry => entry.instance), ...lost].join(', ')
      return {
        sources,
        missing: `ingesters with data that is not uploaded do not answer: ${names}`,
      }
    },
    close: () => pool.close(),
  }
}

/** Keeps `parallelism` streams open to every frontend and takes jobs from them. */
function pullFromFrontend(around: Surroundings, querier: TraceQueries): () => void {
  const { config, clock, log } = around
  const { frontendAddress, parallelism } = config.querier.frontendWorker
  if (frontendAddress === '') return () => undefined
  const client = new CallClient(frontendAddress, {
    recvBytesMax: config.server.grpcMaxRecvBytes,
    sendBytesMax: config.server.grpcMaxSendBytes,
  })
  let stopped = false
  const open = new Set<{ stop(): void }>()
  const pull = async (): Promise<void> => {
    while (!stopped) {
      const pulling = pullJobs(client, (job, signal) => runJob(querier, job, signal))
      open.add(pulling)
      await pulling.ended
      open.delete(pulling)
      await new Promise<void>(resolve => clock.after(200, resolve))
    }
  }
  for (let i = 0; i < Math.max(parallelism, 8); i++) void pull()
  log.debug({ frontendAddress }, 'taking queries from the frontend')
  return () => {
    stopped = true
    for (const pulling of open) pulling.stop()
    client.close()
  }
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
  })
  const querier = parts.find('querier')
  if (querier) {
    const run = (job: Parameters<typeof runJob>[1], signal: AbortSignal) =>
      runJob(querier, job, signal)
    for (let i = 0; i < config.querier.maxConcurrentQueries; i++) frontend.addRunner(run)
  } else {
    parts.get('internal').onPull(stream => {
      const runner = remoteRunner(stream, () => remove())
      const remove = frontend.addRunner(runner)
    })
  }
  return { part: frontend }
}

export async function startTempoApi(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<null>> {
  const { config, log, tenants } = around
  const { search, maxQueryExpressionBytes } = config.queryFrontend
  const overrides = parts.get('overrides')
  const options = { queryBytesMax: maxQueryExpressionBytes }
  const routes = tempoRoutes({
    queries: parts.get('query-frontend'),
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
    parseQuery: query => compileSpansetFilter(validateQuery(parseQuery(query, options))),
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

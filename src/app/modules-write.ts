import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { IngesterPush } from '../contract/ingester.ts'
import type { SpanSink } from '../contract/span-sink.ts'
import { Distributor } from '../distributor/distributor.ts'
import { distributorMetrics } from '../distributor/metrics.ts'
import { createGrpcServer, listenGrpc } from '../net/grpc-server.ts'
import { type Listener, listenHttp } from '../net/http-server.ts'
import { Overrides } from '../overrides/limits.ts'
import { RateLimiter } from '../overrides/rate-limit.ts'
import { RuntimeFile } from '../overrides/runtime-file.ts'
import { addOtlpGrpc } from '../receiver/otlp-grpc.ts'
import { otlpHttpHandler } from '../receiver/otlp-http.ts'
import { Cluster } from '../remote/cluster.ts'
import { ingesterHandlers } from '../remote/ingester-calls.ts'
import { IngesterPool } from '../remote/ingester-pool.ts'
import { type Members, noMembers } from '../ring/members.ts'
import { limitFallbacksOf } from './config/derive.ts'
import { drainMs, shown } from './modules-server.ts'
import { instanceName } from './modules-storage.ts'
import type { Parts, Surroundings } from './parts.ts'
import type { PartsOf, Started } from './registry.ts'

export async function startOverrides(around: Surroundings): Promise<Started<Overrides>> {
  const { config, clock, log, metrics } = around
  const overrides = new Overrides(config.overrides.defaults, limitFallbacksOf(config))
  const path = config.overrides.perTenantFile
  if (path === '') return { part: overrides }
  const successful = metrics.gauge(
    'tempo_runtime_config_last_reload_successful',
    '1 when the file of limits could be read.',
    [],
  )
  const file = new RuntimeFile({
    path,
    periodMs: config.overrides.perTenantPeriodMs,
    clock,
    readFile: name => readFile(name, 'utf8'),
    defaults: config.overrides.defaults,
    overrides,
    onReload(error) {
      successful.set(error ? 0 : 1)
      if (error)
        log.error(
          { path, error: error.message },
          'per-tenant limits cannot be read; the old ones stay',
        )
    },
  })
  await file.start()
  return { part: overrides, stop: async () => file.stop() }
}

export async function startMembers(around: Surroundings): Promise<Started<Members>> {
  const { config, clock } = around
  const { joinMembers, bindPort, bindAddresses } = config.memberlist
  if (config.targets.includes('all') || joinMembers.length === 0) return { part: noMembers() }
  const cluster = new Cluster({
    clock,
    joinMembers,
    bindHost: bindAddresses[0] ?? '',
    port: bindPort,
    self: {
      instance: config.targets.includes('ingester')
        ? instanceName(around)
        : `${hostname()}-${config.targets.join('-')}`,
      targets: config.targets,
      version: around.version,
    },
    grpcHost: config.ingester.lifecycler.address || config.server.grpcListenAddress,
    grpcPort: config.server.grpcListenPort,
  })
  await cluster.start()
  return { part: cluster, stop: () => cluster.stop() }
}

/** Where the distributor sends spans: the ingester of this process, or those of the cluster. */
export async function startIngesterClients(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<IngesterPush>> {
  const own = parts.find('ingester')
  if (own) return { part: own }
  const { server, ingester, ingesterClient } = around.config
  const pool = new IngesterPool({
    members: parts.get('members'),
    recvBytesMax: server.grpcMaxRecvBytes,
    sendBytesMax: server.grpcMaxSendBytes,
    replicationFactor: ingester.lifecycler.ring.replicationFactor,
    timeoutMs: ingesterClient.remoteTimeoutMs,
  })
  return { part: pool, stop: async () => pool.close() }
}

export async function startDistributor(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<SpanSink>> {
  const { clock, metrics } = around
  const overrides = parts.get('overrides')
  const members = parts.get('members')
  const limiter = new RateLimiter(
    tenant => overrides.limitsFor(tenant).ingestion,
    clock,
    () => {
      return Math.max(1, members.withTarget('distributor').length)
    },
  )
  const distributor = new Distributor({
    clock,
    metrics: distributorMetrics(metrics),
    ingesters: parts.get('ingester-clients'),
    rateLimit: (tenant, bytes) => limiter.tryTake(tenant, bytes),
    limitValues: tenant => overrides.limitsFor(tenant).ingestion,
  })
  return { part: distributor }
}

/** Bodies up to 20 MB pass whatever the protocol, unless configured smaller. */
const bodyBytesMax = 32 * 1024 * 1024

export async function startReceivers(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<null>> {
  const { config, tenants, endpoints } = around
  const sink = parts.get('distributor')
  const { otlp } = config.distributor.receivers
  const listeners: Listener[] = []
  const { retryAfterMs } = config.distributor
  const http = otlp?.protocols.http
  if (http) {
    const { host, port } = hostAndPort(http.endpoint)
    const { cors } = http
    const listener = await listenHttp({
      host,
      port,
      setting: 'distributor.receivers.otlp.protocols.http.endpoint',
      requestTimeoutMs: config.server.readTimeoutMs,
      idleTimeoutMs: config.server.idleTimeoutMs,
      handle: otlpHttpHandler({
        sink,
        path: http.tracesUrlPath || '/v1/traces',
        bodyBytesMax: http.maxRequestBodyBytes || bodyBytesMax,
        retryAfterMs,
        cors:
          cors && cors.allowedOrigins.length > 0
            ? {
                allowedOrigins: cors.allowedOrigins,
                allowedHeaders: cors.allowedHeaders,
                maxAgeSeconds: cors.maxAgeSeconds,
              }
            : undefined,
        resolveTenant: tenants.forWrite,
      }),
    })
    listeners.push(listener)
    endpoints.push(['OTLP http', `http://${shown(host)}:${listener.port}`])
  }
  const grpc = otlp?.protocols.grpc
  if (grpc) {
    const { host, port } = hostAndPort(grpc.endpoint)
    const options = {
      host,
      port,
      setting: 'distributor.receivers.otlp.protocols.grpc.endpoint',
      recvBytesMax: grpc.maxRecvMib > 0 ? grpc.maxRecvMib * 1024 * 1024 : bodyBytesMax,
      sendBytesMax: bodyBytesMax,
    }
    const server = createGrpcServer(options)
    addOtlpGrpc(server, { sink, retryAfterMs, resolveTenant: tenants.forWrite })
    const listener = await listenGrpc(server, options)
    listeners.push(listener)
    endpoints.push(['OTLP grpc', `${shown(host)}:${listener.port}`])
  }
  return {
    part: null,
    async stop() {
      await Promise.all(listeners.map(listener => listener.close(drainMs)))
    },
  }
}

/** `host:port`, `:port`, `[::1]:port`, also with a scheme in front. */
function hostAndPort(endpoint: string): { host: string; port: number } {
  const bare = endpoint.replace(/^[a-z]+:\/\//, '')
  const at = bare.lastIndexOf(':')
  return { host: bare.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(bare.slice(at + 1)) }
}

/** Lets other processes push to and query the ingester of this one. */
export async function serveIngester(around: Surroundings, parts: PartsOf<Parts>): Promise<void> {
  if (around.config.targets.includes('all')) return
  parts.get('internal').handle(ingesterHandlers(parts.get('ingester'), around.clock))
}

export async function startGenerator(around: Surroundings): Promise<Started<null>> {
  around.log.warn(
    {},
    'metrics are not generated from spans by this version; queries compute them from the spans',
  )
  return { part: null }
}

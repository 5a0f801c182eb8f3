import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { type OpsDeps, opsRoutes } from '../api/ops.ts'
import { startPageRoutes } from '../api/start-page.ts'
import type { Metrics } from '../base/metrics.ts'
import { addCalls, type CallHandler } from '../net/frame-call.ts'
import { createGrpcServer, listenGrpc } from '../net/grpc-server.ts'
import { listenHttp } from '../net/http-server.ts'
import { addPulls, type PullStream } from '../remote/query-pull.ts'
import { showConfig } from './config/show.ts'
import type { Parts, Surroundings } from './parts.ts'
import type { PartsOf, Started } from './registry.ts'

/** How long answers under way get when the process stops. */
export const drainMs = 5000

type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Apps that are mounted while the server runs; the first that knows a path answers. */
class Mounts {
  readonly #apps: Hono[] = []

  mount(app: Hono): void {
    this.#apps.push(app)
  }

  async fetch(request: Request): Promise<Response> {
    for (const app of this.#apps) {
      const response = await app.fetch(request)
      if (response.headers.get(unknownPath) === null) return response
    }
    return new Response('404 page not found\n', {
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    })
  }
}

const unknownPath = 'X-Unknown-Path'

/** An app that says so when it does not know a path, so that the next one is asked. */
export function mountable(app: Hono): Hono {
  const wrapper = new Hono()
  wrapper.route('/', app)
  wrapper.notFound(() => new Response(null, { status: 404, headers: { [unknownPath]: '1' } }))
  return wrapper
}

export async function startServer(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<Parts['server']>> {
  const { config, metrics } = around
  const { server } = config
  const mounts = new Mounts()
  mounts.mount(mountable(opsRoutes(opsDeps(around, parts))))
  mounts.mount(mountable(startPageRoutes(startPage(around))))
  const listener = getRequestListener(request => mounts.fetch(request), {
    overrideGlobalObjects: false,
  })
  const handle = measured(metrics, (request, response) => void listener(request, response))
  const listening = await listenHttp({
    host: server.httpListenAddress,
    port: server.httpListenPort,
    setting: 'server.http_listen_port',
    requestTimeoutMs: server.readTimeoutMs,
    idleTimeoutMs: server.idleTimeoutMs,
    handle,
  })
  around.endpoints.push([
    'Tempo API',
    `http://${shown(server.httpListenAddress)}:${listening.port}`,
  ])
  return {
    part: { mount: app => mounts.mount(mountable(app)) },
    stop: () => listening.close(drainMs),
  }
}

export function shown(host: string): string {
  return host === '' || host === '0.0.0.0' ? '127.0.0.1' : host
}

function startPage(around: Surroundings) {
  return {
    title: 'Vivace',
    version: around.version,
    addresses: () => around.endpoints,
    links: [
      ['Search (JSON)', '/api/search?q=%7B%7D'],
      ['Status', '/status'],
      ['Metrics', '/metrics'],
      ['Ready', '/ready'],
    ] as const,
  }
}

function opsDeps(around: Surroundings, parts: PartsOf<Parts>): OpsDeps {
  const { loaded, metrics, config } = around
  const flushes = config.targets.some(target => target === 'all' || target === 'ingester')
  const modes: Record<string, 'all' | 'defaults' | 'diff'> = {
    all: 'all',
    defaults: 'defaults',
    diff: 'diff',
  }
  return {
    notReady: () => around.notReady(),
    metrics: () => metrics.registry.metrics(),
    version: {
      version: around.version,
      revision: '',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    },
    services: () => around.states(),
    endpoints: () => around.endpoints,
    config: mode => (Object.hasOwn(modes, mode) ? showConfig(loaded, modes[mode]!) : null),
    runtimeConfig: () => `overrides: {}\n`,
    members: () => membersPage(parts),
    limits: tenant => {
      const overrides = parts.find('overrides')
      return tenant === undefined ? overrides?.defaults : overrides?.limitsFor(tenant)
    },
    limitedTenants: () => parts.find('overrides')?.tenants ?? [],
    ...(flushes
      ? {
          flush: async (tenant: string | undefined) => {
            const ingester = parts.get('ingester')
            if (tenant !== undefined && !ingester.tenants.some(known => known.tenant === tenant))
              return false
            await ingester.flush(tenant)
            return true
          },
          shutdown: () => {
            void parts
              .get('ingester')
              .flush()
              .finally(() => around.stop('/shutdown was called'))
          },
        }
      : {}),
  }
}

function membersPage(parts: PartsOf<Parts>): string | null {
  const members = parts.find('members')?.all() ?? []
  if (members.length === 0) return null
  return members
    .map(m => `${m.instance}\t${m.targets.join(',')}\t${m.state}\t${m.address}\n`)
    .join('')
}

/** Counts requests by the template of their path, as Tempo's dashboards expect. */
function measured(metrics: Metrics, handle: HttpHandler): HttpHandler {
  const seconds = metrics.histogram(
    'tempo_request_duration_seconds',
    'Time until requests were answered.',
    ['method', 'route', 'status_code', 'ws'],
  )
  return (request, response) => {
    const end = seconds.startTimer()
    response.once('close', () => {
      const route = routeOf(request.url ?? '')
      end({
        method: request.method ?? '',
        route,
        status_code: String(response.statusCode),
        ws: 'false',
      })
    })
    handle(request, response)
  }
}

const templates: readonly (readonly [RegExp, string])[] = [
  [/\/api\/traces\/[^/]+$/, 'api_traces_traceid'],
  [/\/api\/v2\/traces\/[^/]+$/, 'api_v2_traces_traceid'],
  [/\/api\/search$/, 'api_search'],
  [/\/api\/search\/tags$/, 'api_search_tags'],
  [/\/api\/v2\/search\/tags$/, 'api_v2_search_tags'],
  [/\/api\/search\/tag\/.*\/values$/, 'api_search_tag_tagname_values'],
  [/\/api\/v2\/search\/tag\/.*\/values$/, 'api_v2_search_tag_tagname_values'],
  [/\/api\/echo$/, 'api_echo'],
  [/^\/ready$/, 'ready'],
  [/^\/metrics$/, 'metrics'],
  [/^\/status$/, 'status'],
  [/^\/status\//, 'status_endpoint'],
]

function routeOf(url: string): string {
  const path = url.split('?')[0]!
  return templates.find(([pattern]) => pattern.test(path))?.[1] ?? 'other'
}

/** The port for calls between processes. */
export async function startInternal(around: Surroundings): Promise<Started<Parts['internal']>> {
  const { server } = around.config
  const options = {
    host: server.grpcListenAddress,
    port: server.grpcListenPort,
    setting: 'server.grpc_listen_port',
    recvBytesMax: server.grpcMaxRecvBytes,
    sendBytesMax: server.grpcMaxSendBytes,
  }
  const grpcServer = createGrpcServer(options)
  const handlers = new Map<string, CallHandler>()
  addCalls(grpcServer, handlers)
  let connected: ((stream: PullStream) => void) | undefined
  addPulls(grpcServer, stream => {
    if (connected) connected(stream)
    else stream.end()
  })
  const listening = await listenGrpc(grpcServer, options)
  around.endpoints.push(['Internal gRPC', `${shown(server.grpcListenAddress)}:${listening.port}`])
  return {
    part: {
      handle(added) {
        for (const [method, handler] of added) handlers.set(method, handler)
      },
      onPull(take) {
        connected = take
      },
    },
    stop: () => listening.close(drainMs),
  }
}

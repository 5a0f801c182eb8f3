import { dependencies } from './dependencies.ts'
import { callsOrErrors, latencies, minimumStep } from './metrics.ts'
import type { Endpoint } from './request.ts'
import { operationNames, operations, services } from './services.ts'
import { archiveTrace, findTraces, traceById, transformTraces } from './traces.ts'
import { v3Dependencies, v3Operations, v3Services } from './v3-lists.ts'
import { v3PostSummaries, v3Summaries } from './v3-summaries.ts'
import { v3FindTraces, v3PostFindTraces, v3TraceById } from './v3-traces.ts'

/** Both generations of Jaeger's query API; `*` is one part of a path, the request's subject. */

export interface Route {
  readonly path: string
  readonly methods: Readonly<{ GET?: Endpoint; POST?: Endpoint }>
}

export const jaegerRouteTable: readonly Route[] = [
  { path: '/api/services', methods: { GET: services } },
  { path: '/api/services/*/operations', methods: { GET: operationNames } },
  { path: '/api/operations', methods: { GET: operations } },
  { path: '/api/traces', methods: { GET: findTraces } },
  { path: '/api/traces/*', methods: { GET: traceById } },
  { path: '/api/archive/*', methods: { POST: archiveTrace } },
  { path: '/api/dependencies', methods: { GET: dependencies } },
  { path: '/api/metrics/latencies', methods: { GET: latencies } },
  { path: '/api/metrics/calls', methods: { GET: callsOrErrors } },
  { path: '/api/metrics/errors', methods: { GET: callsOrErrors } },
  { path: '/api/metrics/minstep', methods: { GET: minimumStep } },
  { path: '/api/transform', methods: { POST: transformTraces } },
  { path: '/api/v3/services', methods: { GET: v3Services } },
  { path: '/api/v3/operations', methods: { GET: v3Operations } },
  { path: '/api/v3/traces', methods: { GET: v3FindTraces, POST: v3PostFindTraces } },
  { path: '/api/v3/traces/*', methods: { GET: v3TraceById } },
  { path: '/api/v3/trace-summaries', methods: { GET: v3Summaries, POST: v3PostSummaries } },
  { path: '/api/v3/dependencies', methods: { GET: v3Dependencies } },
]

export interface RouteMatch {
  readonly route: Route
  /** Decoded; empty where the path has no variable part. */
  readonly subject: string
}

const routes = jaegerRouteTable.map(route => ({ route, parts: route.path.split('/') }))

/** `path` as it was sent: an encoded slash belongs to the part that it is in. */
export function matchRoute(path: string): RouteMatch | undefined {
  const sent = path.split('/')
  for (const { route, parts } of routes) {
    if (parts.length !== sent.length) continue
    if (!parts.every((part, at) => part === sent[at] || (part === '*' && sent[at] !== ''))) continue
    const at = parts.indexOf('*')
    return { route, subject: at < 0 ? '' : decodePart(sent[at]!) }
  }
  return undefined
}

/** As in a query string, a plus sign is a blank. What is not well encoded is taken as it is. */
function decodePart(part: string): string {
  const text = part.replaceAll('+', ' ')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

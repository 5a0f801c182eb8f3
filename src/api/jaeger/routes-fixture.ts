import { ManualClock } from '../../base/clock.ts'
import { fail } from '../../base/errors.ts'
import type { ReadStats, TraceHit, TraceQueries } from '../../contract/queries.ts'
import { otlpJsonToProtobuf } from '../../wire/otlp-json-decode.ts'
import { defaultJaegerSettings, type JaegerSettings } from './request.ts'
import { jaegerRoutes } from './routes.ts'

/** The routes over queries that answer what a test says and remember what they were asked. */

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Json = any

export const nowMs = 1_700_000_000_000
export const traceId = '0102030405060708090a0b0c0d0e0f10'

export const stats: ReadStats = {
  inspectedBytes: 0,
  storeReads: 0,
  inspectedTraces: 0,
  inspectedSpans: 0,
  totalBlocks: 0,
  totalBlockBytes: 0,
}

export function trace(...spans: object[]): Uint8Array {
  const defaults = { traceId, spanId: '1111111111111111', name: 'n' }
  const all = spans.length === 0 ? [{}] : spans
  const scopeSpans = [{ spans: all.map(span => ({ ...defaults, ...span })) }]
  return otlpJsonToProtobuf(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans }] })))
}

export function hit(id: string, more: Partial<TraceHit> = {}): TraceHit {
  return {
    traceId: id,
    rootServiceName: 'shop',
    rootName: 'GET /',
    hasRoot: true,
    startNs: '1700000000000000000',
    durationNs: '5000',
    spanCount: 1,
    serviceStats: [{ service: 'shop', spans: 1, errors: 0 }],
    spanSets: [{ matched: 1, spans: [], attributes: [] }],
    ...more,
  }
}

export interface Call {
  readonly method: string
  readonly tenant: string
  readonly request: Json
}

const emptyAnswers: TraceQueries = {
  traceById: async () => ({ trace: null, stats }),
  search: async () => ({ hits: [], stats }),
  metrics: async () => ({ series: [], steps: 0, lanes: [], exemplars: [], stats }),
  tagNames: async () => ({ scopes: [], stats }),
  tagValues: async () => ({ values: [], stats }),
  operations: async () => ({ operations: [], stats }),
}

export function fixture(
  answers: Partial<TraceQueries> = {},
  settings: Partial<JaegerSettings> = {},
) {
  const calls: Call[] = []
  const warnings: string[] = []
  const queries = new Proxy(
    { ...emptyAnswers, ...answers },
    {
      get: (target, method: keyof TraceQueries) => {
        return (tenant: string, request: never, signal: AbortSignal) => {
          calls.push({ method, tenant, request })
          return target[method](tenant, request, signal)
        }
      },
    },
  )
  const app = jaegerRoutes({
    queries,
    clock: new ManualClock(nowMs),
    settings: { ...defaultJaegerSettings, ...settings },
    resolveTenant: header => {
      if (header === '') throw fail('NO_TENANT', 'no org id')
      return (header ?? 'a').split('|')
    },
    log: { warn: (_fields, message) => warnings.push(message) },
  })
  const get = async (path: string, init: RequestInit = {}) => app.request(path, init)
  const json = async (path: string, init: RequestInit = {}): Promise<Json> => {
    return (await get(path, init)).json()
  }
  return { app, calls, warnings, get, json }
}

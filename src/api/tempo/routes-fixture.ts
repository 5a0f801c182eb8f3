import * as assert from 'uvu/assert'
import { fail } from '../../base/errors.ts'
import type { ReadStats, TraceHit, TraceQueries } from '../../contract/queries.ts'
import { compile } from '../../metrics/evaluate-fixture.ts'
import type { Operand } from '../../model/predicate.ts'
import { otlpJsonToProtobuf } from '../../wire/otlp-json-decode.ts'
import type { TempoDeps } from './request.ts'
import { tempoRoutes } from './routes.ts'

/** The routes over queries that answer what a test says and remember what they were asked. */

export const stats: ReadStats = {
  inspectedBytes: 19356,
  storeReads: 3,
  inspectedTraces: 2,
  inspectedSpans: 9,
  totalBlocks: 1,
  totalBlockBytes: 0,
}

export function trace(name: string): Uint8Array {
  const spans = [{ traceId: '0af7651916cd43dd8448eb211c80319c', name, kind: 2 }]
  return otlpJsonToProtobuf(
    Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })),
  )
}

export function hit(traceId: string, startNs: string, more: Partial<TraceHit> = {}): TraceHit {
  const span = { spanId: 'b7ad6b7169203331', name: 'n', startNs, durationNs: '5' }
  const status = { key: 'status', value: { type: 'string', value: 'error' } } as const
  return {
    traceId,
    rootServiceName: 'frontend',
    rootName: 'GET /checkout',
    hasRoot: true,
    startNs,
    durationNs: '750999999',
    spanCount: 4,
    serviceStats: [{ service: 'cart', spans: 4, errors: 1 }],
    spanSets: [{ matched: 4, spans: [{ ...span, attributes: [status] }], attributes: [] }],
    ...more,
  }
}

export interface Call {
  readonly method: string
  readonly tenant: string
  readonly request: Record<string, unknown>
}

export interface Fixture {
  readonly calls: Call[]
  readonly warnings: string[]
  readonly get: (path: string, init?: RequestInit) => Promise<Response>
}

const emptyAnswers: TraceQueries = {
  traceById: async () => ({ trace: null, stats }),
  search: async () => ({ hits: [], stats }),
  metrics: async () => ({ series: [], steps: 0, lanes: [], exemplars: [], stats }),
  tagNames: async () => ({ scopes: [], stats }),
  tagValues: async () => ({ values: [], stats }),
  operations: async () => ({ operations: [], stats }),
}

function parseTagName(name: string): Operand {
  if (name === 'status' || name === 'kind') return { kind: 'intrinsic', name }
  if (name === 'span:duration') return { kind: 'intrinsic', name: 'duration' }
  const key = /^span\.(.+)$/s.exec(name)?.[1]
  if (key === undefined) throw fail('BAD_QUERY', `failed to parse identifier ${name}`)
  return { kind: 'attribute', scope: 'span', key }
}

export function fixture(
  answers: Partial<TraceQueries> = {},
  more: Partial<TempoDeps> = {},
): Fixture {
  const calls: Call[] = []
  const warnings: string[] = []
  const queries = { ...emptyAnswers, ...answers }
  const recorded = new Proxy(queries, {
    get: (target, method: keyof TraceQueries) => {
      return (tenant: string, request: never, signal: AbortSignal) => {
        calls.push({ method, tenant, request })
        return target[method](tenant, request, signal)
      }
    },
  })
  const app = tempoRoutes({
    queries: recorded,
    metrics: {
      queries: recorded,
      parseMetrics: compile,
      settings: { exemplarsMax: 100, intervalsMax: 10_000, seriesMax: 1000 },
      durationMaxMsFor: () => 86_400_000,
      clock: { nowMs: () => 1_795_430_361_000 },
    },
    parseQuery: query => {
      if (query === '{') throw fail('BAD_QUERY', 'parse error at line 1, col 2: syntax error')
      const select: Operand[] = [{ kind: 'intrinsic', name: 'status' }]
      return { spans: { kind: 'exists', operand: select[0]! }, stages: [], select }
    },
    parseTagName,
    extractFilter: query => (query === 'garbage' ? undefined : { kind: 'constant', value: true }),
    settings: {
      defaultResultLimit: 20,
      maxResultLimit: 262_144,
      defaultSpansPerSpanSet: 3,
      maxSpansPerSpanSet: 100,
      maxSearchDurationMs: 168 * 3_600_000,
      queryBytesMax: 131_072,
    },
    limitsFor: () => ({ maxSearchDurationMs: 0, tagAnswerBytesMax: 0 }),
    resolveTenant: header => {
      if (header === undefined || header === '') throw fail('NO_TENANT', 'no org id')
      if (header.includes('/')) throw fail('BAD_REQUEST', 'tenant ID contains')
      return header.split('|')
    },
    log: { warn: (_fields, message) => warnings.push(message) },
    ...more,
  })
  const get = async (path: string, init: RequestInit = {}): Promise<Response> => {
    return app.request(path, { ...init, headers: { 'X-Scope-OrgID': 'a', ...init.headers } })
  }
  return { calls, warnings, get }
}

/** The body of an answer in JSON, after a look at its headers. */
export async function json(response: Response): Promise<unknown> {
  assert.is(response.headers.get('Content-Type'), 'application/json')
  assert.is(response.headers.get('Vary'), 'Accept-Encoding')
  return response.json()
}

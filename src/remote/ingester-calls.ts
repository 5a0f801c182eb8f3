import type { IngesterPush, PushResult } from '../contract/ingester.ts'
import { emptyStats } from '../contract/merge-answers.ts'
import type {
  MetricsRequest,
  OperationsRequest,
  ReadStats,
  SearchRequest,
  TagNamesRequest,
  TagScope,
  TagValue,
  TagValuesRequest,
  TraceHit,
} from '../contract/queries.ts'
import type { MetricsPart } from '../metrics/merge.ts'
import type { TraceIndexLanes } from '../model/column-batch.ts'
import { bytesToHex, hexToBytes } from '../model/ids.ts'
import { type CallClient, type CallHandler, noBody } from '../net/frame-call.ts'
import { addStats } from '../search/composite-source.ts'
import type { HashSet, QuerySource, TraceHash } from '../search/query-source.ts'
import { addValues, type TagValueSet } from '../search/tag-value-set.ts'
import { decodeMetricsLanes, encodeMetricsLanes } from './metrics-lanes.ts'

/** An ingester behind gRPC: its push, and everything it holds of a tenant as one query source. */

export interface ServedIngester extends IngesterPush {
  source(tenant: string): QuerySource
  /** Changes when blocks are about to be found in the object store only. */
  dropsAnnounced(tenant: string): number
  /** A sentence about what it holds and cannot read. */
  missing(tenant: string): string | undefined
}

type Argument<T> = T & { readonly tenant: string }

/** The calls that an ingester answers. */
export function ingesterHandlers(ingester: ServedIngester): Map<string, CallHandler> {
  const handlers = new Map<string, CallHandler>()
  const serve: Serve = (method, answer) => {
    handlers.set(`ingester.${method}`, async (argument, body, signal) => {
      const result = await answer(argument as never, body, signal)
      return { value: result.value, body: result.body ?? noBody }
    })
  }
  serveData(ingester, serve)
  serveQueries(ingester, serve)
  return handlers
}

type Serve = <A>(
  method: string,
  answer: (
    argument: Argument<A>,
    body: Uint8Array,
    signal: AbortSignal,
  ) => Promise<{ value: unknown; body?: Uint8Array }>,
) => void

function serveData(ingester: ServedIngester, serve: Serve): void {
  serve('push', async ({ tenant }, body) => ({ value: await ingester.push(tenant, body) }))
  serve('describe', async ({ tenant }) => {
    const source = ingester.source(tenant)
    const { range, storedBytes } = source
    const shownRange = range
      ? { minNs: range.minNs.toString(), maxNs: range.maxNs.toString() }
      : null
    const dropsAnnounced = ingester.dropsAnnounced(tenant)
    const missing = ingester.missing(tenant)
    return { value: { range: shownRange, storedBytes, dropsAnnounced, missing } }
  })
  serve('index', async ({ tenant }) => {
    const index = await ingester.source(tenant).index()
    return { value: { count: index.count }, body: encodeLanes(index) }
  })
  serve<{ hashes: TraceHash[] }>('tracesByHash', async ({ tenant, hashes }, _, signal) => {
    const traces = await ingester.source(tenant).tracesByHash(hashes, signal)
    return { value: { sizes: traces.map(trace => trace.length) }, body: Buffer.concat(traces) }
  })
  serve<{ traceId: string }>('traceById', async ({ tenant, traceId }) => {
    const trace = await ingester.source(tenant).traceById(hexToBytes(traceId))
    return { value: { found: trace !== null }, body: trace ?? noBody }
  })
}

function serveQueries(ingester: ServedIngester, serve: Serve): void {
  serve<{ request: SearchRequest; excluded: string[] }>(
    'search',
    async ({ tenant, request, excluded }, _, signal) => {
      const stats = emptyStats()
      const hits = await ingester.source(tenant).search(request, new Set(excluded), stats, signal)
      return { value: { stats }, body: Buffer.from(JSON.stringify(hits)) }
    },
  )
  serve<{ request: MetricsRequest; excluded: string[] }>(
    'metrics',
    async ({ tenant, request, excluded }, _, signal) => {
      const stats = emptyStats()
      const source = ingester.source(tenant)
      const part = await source.metrics(request, new Set(excluded), stats, signal)
      const { lanes: _lanes, ...head } = part
      return { value: { stats, head }, body: encodeMetricsLanes(part.lanes) }
    },
  )
  serve<{ request: TagNamesRequest }>('tagNames', async ({ tenant, request }, _, signal) => {
    const stats = emptyStats()
    const names = await ingester.source(tenant).tagNames(request, stats, signal)
    const plain = [...names].map(([scope, found]) => [scope, [...found]])
    return { value: { stats }, body: Buffer.from(JSON.stringify(plain)) }
  })
  serve<{ request: TagValuesRequest }>('tagValues', async ({ tenant, request }, _, signal) => {
    const stats = emptyStats()
    const values: TagValueSet = new Map()
    await ingester.source(tenant).tagValues(request, values, stats, signal)
    const plain = [...values].map(([type, ofType]) => [type, [...ofType]])
    return { value: { stats }, body: Buffer.from(JSON.stringify(plain)) }
  })
  serve<{ request: OperationsRequest }>('operations', async ({ tenant, request }, _, signal) => {
    const stats = emptyStats()
    const found = new Map<string, { name: string; kind: number }>()
    await ingester.source(tenant).operations(request, found, stats, signal)
    return { value: { stats }, body: Buffer.from(JSON.stringify([...found])) }
  })
}

const lanes = ['hashHigh', 'hashLow', 'spans', 'fingerprintLow', 'fingerprintHigh'] as const

function encodeLanes(index: TraceIndexLanes): Uint8Array {
  const all = new Uint32Array(index.count * lanes.length)
  lanes.forEach((lane, i) => {
    all.set(index[lane], i * index.count)
  })
  return new Uint8Array(all.buffer)
}

function decodeLanes(count: number, body: Uint8Array): TraceIndexLanes {
  const all = new Uint32Array(new Uint8Array(body).buffer)
  const lane = (i: number) => all.subarray(i * count, (i + 1) * count)
  const none = new Uint32Array(count)
  return {
    count,
    hashHigh: lane(0),
    hashLow: lane(1),
    spans: lane(2),
    fingerprintLow: lane(3),
    fingerprintHigh: lane(4),
    group: none,
    trace: none,
  }
}

export async function remotePush(
  client: CallClient,
  tenant: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<PushResult> {
  return (await client.call('ingester.push', { tenant }, body, signal)).value as PushResult
}

/** What an ingester holds of a tenant; asks it for its time range first. */
export async function remoteSource(
  client: CallClient,
  name: string,
  tenant: string,
  signal: AbortSignal,
): Promise<{ source: QuerySource; dropsAnnounced: number; missing: string | undefined }> {
  const { value } = await client.call('ingester.describe', { tenant }, noBody, signal)
  const { range, storedBytes, dropsAnnounced, missing } = value as {
    range: { minNs: string; maxNs: string } | null
    storedBytes: number
    dropsAnnounced: number
    missing?: string
  }
  const source = new RemoteSource(
    client,
    name,
    tenant,
    storedBytes,
    range && { minNs: BigInt(range.minNs), maxNs: BigInt(range.maxNs) },
  )
  return { source, dropsAnnounced, missing }
}

class RemoteSource implements QuerySource {
  /** What an ingester holds changes with every push. */
  readonly identity = null
  readonly name: string
  readonly storedBytes: number
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint } | null
  readonly #client: CallClient
  readonly #tenant: string

  constructor(
    client: CallClient,
    name: string,
    tenant: string,
    storedBytes: number,
    range: RemoteSource['range'],
  ) {
    this.#client = client
    this.name = name
    this.#tenant = tenant
    this.storedBytes = storedBytes
    this.range = range
  }

  async index(): Promise<TraceIndexLanes> {
    const { value, body } = await this.#call('index', {})
    return decodeLanes((value as { count: number }).count, body)
  }

  async search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    return this.#json<TraceHit[]>('search', { request, excluded: [...excluded] }, stats, signal)
  }

  async metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    const argument = { request, excluded: [...excluded] }
    const { value, body } = await this.#call('metrics', argument, signal)
    const { stats: own, head } = value as {
      stats: ReadStats
      head: Omit<MetricsPart, 'lanes'>
    }
    addStats(stats, own)
    return { ...head, lanes: decodeMetricsLanes(body, head.series.length * head.steps) }
  }

  async tracesByHash(wanted: readonly TraceHash[], signal: AbortSignal): Promise<Uint8Array[]> {
    const hashes = wanted.map(({ high, low }) => ({ high, low }))
    const { value, body } = await this.#call('tracesByHash', { hashes }, signal)
    let at = 0
    return (value as { sizes: number[] }).sizes.map(size => body.subarray(at, (at += size)))
  }

  async traceById(traceId: Uint8Array): Promise<Uint8Array | null> {
    const { value, body } = await this.#call('traceById', { traceId: bytesToHex(traceId) })
    return (value as { found: boolean }).found ? body : null
  }

  async tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>> {
    const plain = await this.#json<[TagScope, string[]][]>('tagNames', { request }, stats, signal)
    return new Map(plain.map(([scope, names]) => [scope, new Set(names)]))
  }

  async tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    type Plain = [TagValue['type'], string[]][]
    addValues(into, await this.#json<Plain>('tagValues', { request }, stats, signal))
  }

  async operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    const found = await this.#json<[string, { name: string; kind: number }][]>(
      'operations',
      { request },
      stats,
      signal,
    )
    for (const [key, operation] of found) into.set(key, operation)
  }

  #call(method: string, argument: Record<string, unknown>, signal?: AbortSignal) {
    return this.#client.call(
      `ingester.${method}`,
      { tenant: this.#tenant, ...argument },
      noBody,
      signal,
    )
  }

  async #json<T>(
    method: string,
    argument: Record<string, unknown>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<T> {
    const { value, body } = await this.#call(method, argument, signal)
    addStats(stats, (value as { stats: ReadStats }).stats)
    return JSON.parse(Buffer.from(body).toString()) as T
  }
}

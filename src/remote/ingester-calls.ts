import type { Clock } from '../base/clock.ts'
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
import type { HashSet, HeldSource, QuerySource, TraceHash } from '../search/query-source.ts'
import { addValues, type TagValueSet } from '../search/tag-value-set.ts'
import { HeldSources } from './held-sources.ts'
import { decodeMetricsLanes, encodeMetricsLanes } from './metrics-lanes.ts'

/**
 * An ingester behind gRPC: its push, and everything it holds of a tenant as one query source. The
 * first call of a query, `describe`, has the ingester hold what it has; the others name that and
 * read the same, also when blocks have left meanwhile or spans come. `release` ends it.
 */

export interface ServedIngester extends IngesterPush {
  hold(tenant: string): HeldSource
  /** Changes when blocks are about to be found in the object store only. */
  dropsAnnounced(tenant: string): number
  /** A sentence about what it holds and cannot read. */
  missing(tenant: string): string | undefined
}

type Argument<T> = T & { readonly tenant: string }

/** Names what is held for a query. */
interface OfQuery {
  readonly snapshot: string
}

/** The calls that an ingester answers. */
export function ingesterHandlers(ingester: ServedIngester, clock: Clock): Map<string, CallHandler> {
  const handlers = new Map<string, CallHandler>()
  const serve: Serve = (method, answer) => {
    handlers.set(`ingester.${method}`, async (argument, body, signal) => {
      const result = await answer(argument as never, body, signal)
      return { value: result.value, body: result.body ?? noBody }
    })
  }
  const held = new HeldSources(clock, tenant => ingester.hold(tenant))
  serve('push', async ({ tenant }, body) => ({ value: await ingester.push(tenant, body) }))
  serveData(ingester, held, serve)
  serveQueries(held, serve)
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

function serveData(ingester: ServedIngester, held: HeldSources, serve: Serve): void {
  serve('describe', async ({ tenant }) => {
    const { snapshot, source } = held.take(tenant)
    const { range, storedBytes } = source
    const shownRange = range
      ? { minNs: range.minNs.toString(), maxNs: range.maxNs.toString() }
      : null
    const dropsAnnounced = ingester.dropsAnnounced(tenant)
    const missing = ingester.missing(tenant)
    return { value: { snapshot, range: shownRange, storedBytes, dropsAnnounced, missing } }
  })
  serve<OfQuery>('release', async ({ snapshot }) => {
    held.release(snapshot)
    return { value: {} }
  })
  serve<OfQuery>('index', async argument => {
    const index = await held.use(argument, source => source.index())
    return { value: { count: index.count }, body: encodeLanes(index) }
  })
  serve<OfQuery & { hashes: TraceHash[] }>('tracesByHash', async (argument, _, signal) => {
    const { hashes } = argument
    const traces = await held.use(argument, source => source.tracesByHash(hashes, signal))
    return { value: { sizes: traces.map(trace => trace.length) }, body: Buffer.concat(traces) }
  })
  serve<OfQuery & { traceId: string }>('traceById', async argument => {
    const id = hexToBytes(argument.traceId)
    const trace = await held.use(argument, source => source.traceById(id))
    return { value: { found: trace !== null }, body: trace ?? noBody }
  })
}

function serveQueries(held: HeldSources, serve: Serve): void {
  serve<OfQuery & { request: SearchRequest; excluded: string[] }>(
    'search',
    async (argument, _, signal) => {
      const stats = emptyStats()
      const excluded = new Set(argument.excluded)
      const hits = await held.use(argument, source =>
        source.search(argument.request, excluded, stats, signal),
      )
      return { value: { stats }, body: json(hits) }
    },
  )
  serve<OfQuery & { request: MetricsRequest; excluded: string[] }>(
    'metrics',
    async (argument, _, signal) => {
      const stats = emptyStats()
      const excluded = new Set(argument.excluded)
      const { lanes: found, ...head } = await held.use(argument, source =>
        source.metrics(argument.request, excluded, stats, signal),
      )
      return { value: { stats, head }, body: encodeMetricsLanes(found) }
    },
  )
  serve<OfQuery & { request: TagNamesRequest }>('tagNames', async (argument, _, signal) => {
    const stats = emptyStats()
    const names = await held.use(argument, source =>
      source.tagNames(argument.request, stats, signal),
    )
    const plain = [...names].map(([scope, found]) => [scope, [...found]])
    return { value: { stats }, body: json(plain) }
  })
  serve<OfQuery & { request: TagValuesRequest }>('tagValues', async (argument, _, signal) => {
    const stats = emptyStats()
    const values: TagValueSet = new Map()
    await held.use(argument, source => source.tagValues(argument.request, values, stats, signal))
    const plain = [...values].map(([type, ofType]) => [type, [...ofType]])
    return { value: { stats }, body: json(plain) }
  })
  serve<OfQuery & { request: OperationsRequest }>('operations', async (argument, _, signal) => {
    const stats = emptyStats()
    const found = new Map<string, { name: string; kind: number }>()
    await held.use(argument, source => source.operations(argument.request, found, stats, signal))
    return { value: { stats }, body: json([...found]) }
  })
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
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

export type Caller = Pick<CallClient, 'call'>

export async function remotePush(
  client: Caller,
  tenant: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<PushResult> {
  return (await client.call('ingester.push', { tenant }, body, signal)).value as PushResult
}

/** What an ingester has of a tenant, held there for one query until it is released. */
export async function remoteSource(
  client: Caller,
  name: string,
  tenant: string,
  signal: AbortSignal,
): Promise<HeldSource & { dropsAnnounced: number; missing: string | undefined }> {
  const { value } = await client.call('ingester.describe', { tenant }, noBody, signal)
  const { snapshot, range, storedBytes, dropsAnnounced, missing } = value as {
    snapshot: string
    range: { minNs: string; maxNs: string } | null
    storedBytes: number
    dropsAnnounced: number
    missing?: string
  }
  const source = new RemoteSource(
    { client, tenant, snapshot },
    name,
    storedBytes,
    range && { minNs: BigInt(range.minNs), maxNs: BigInt(range.maxNs) },
  )
  return { source, dropsAnnounced, missing, release: () => source.release() }
}

const releaseTimeoutMs = 5000

interface HeldThere {
  readonly client: Caller
  readonly tenant: string
  readonly snapshot: string
}

class RemoteSource implements QuerySource {
  /** Each query has an ingester hold something of its own. */
  readonly identity = null
  readonly name: string
  readonly storedBytes: number
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint } | null
  readonly #held: HeldThere

  constructor(held: HeldThere, name: string, storedBytes: number, range: RemoteSource['range']) {
    this.#held = held
    this.name = name
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

  /** An ingester that does not hear of it lets go after a while by itself. */
  release(): void {
    this.#call('release', {}, AbortSignal.timeout(releaseTimeoutMs)).catch(() => undefined)
  }

  #call(method: string, argument: Record<string, unknown>, signal?: AbortSignal) {
    const { client, tenant, snapshot } = this.#held
    return client.call(`ingester.${method}`, { tenant, snapshot, ...argument }, noBody, signal)
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

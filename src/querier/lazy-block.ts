import type {
  MetricsRequest,
  OperationsRequest,
  ReadStats,
  SearchRequest,
  TagNamesRequest,
  TagScope,
  TagValuesRequest,
  TraceHit,
} from '../contract/queries.ts'
import type { MetricsPart } from '../metrics/merge.ts'
import type { TraceIndexLanes } from '../model/column-batch.ts'
import type { HashSet, LocalSource, QuerySource } from '../search/query-source.ts'
import type { TagValueSet } from '../search/tags.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'

/** A block that is known by its description and opened when a query first needs it. */
export class LazyBlock implements QuerySource {
  readonly meta: BlockMeta
  readonly range: { readonly minNs: bigint; readonly maxNs: bigint }
  readonly #open: () => Promise<LocalSource>
  #opened: Promise<LocalSource> | undefined

  constructor(meta: BlockMeta, open: () => Promise<LocalSource>) {
    this.meta = meta
    this.range = { minNs: BigInt(meta.minStartNs), maxNs: BigInt(meta.maxEndNs) }
    this.#open = open
  }

  get name(): string {
    return this.meta.id
  }

  get storedBytes(): number {
    return this.meta.bytes
  }

  get identity(): readonly object[] {
    return [this]
  }

  async index(): Promise<TraceIndexLanes> {
    return (await this.#source()).index()
  }

  async search(
    request: SearchRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<TraceHit[]> {
    return (await this.#source()).search(request, excluded, stats, signal)
  }

  async metrics(
    request: MetricsRequest,
    excluded: HashSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<MetricsPart> {
    return (await this.#source()).metrics(request, excluded, stats, signal)
  }

  async tracesByHash(high: number, low: number): Promise<Uint8Array[]> {
    return (await this.#source()).tracesByHash(high, low)
  }

  async traceById(traceId: Uint8Array): Promise<Uint8Array | null> {
    return (await this.#source()).traceById(traceId)
  }

  async tagNames(
    request: TagNamesRequest,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<Map<TagScope, Set<string>>> {
    return (await this.#source()).tagNames(request, stats, signal)
  }

  async tagValues(
    request: TagValuesRequest,
    into: TagValueSet,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#source()).tagValues(request, into, stats, signal)
  }

  async operations(
    request: OperationsRequest,
    into: Map<string, { name: string; kind: number }>,
    stats: ReadStats,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#source()).operations(request, into, stats, signal)
  }

  /** A failed opening is tried again by the next query. */
  #source(): Promise<LocalSource> {
    this.#opened ??= this.#open().catch(error => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }
}

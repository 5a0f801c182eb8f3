import { asFailure, Corruption, type Failure } from '../base/errors.ts'
import type {
  Completeness,
  MetricsRequest,
  MetricsResult,
  OperationsRequest,
  OperationsResult,
  QueryBudget,
  SearchRequest,
  SearchResult,
  TagNamesRequest,
  TagNamesResult,
  TagValuesRequest,
  TagValuesResult,
  TraceByIdRequest,
  TraceQueries,
  TraceResult,
} from '../contract/queries.ts'
import {
  composeMetrics,
  composeOperations,
  composeSearch,
  composeTagNames,
  composeTagValues,
  composeTrace,
} from '../search/compose.ts'
import type { QuerySource } from '../search/query-source.ts'
import type { BlockCatalog } from './block-catalog.ts'

/** What ingesters hold of a tenant, and what of it cannot be seen now. */
export interface RecentData {
  readonly sources: readonly QuerySource[]
  /** A sentence that names the ingesters that owe data and did not answer. */
  readonly missing?: string
}

export interface QuerierDeps {
  readonly catalog: BlockCatalog
  /** Of each query. */
  readonly budget: QueryBudget
  recent(tenant: string): Promise<RecentData>
}

/** Answers over live data, local blocks and blocks: whole traces, each exactly once. */
export class Querier implements TraceQueries {
  readonly #deps: QuerierDeps

  constructor(deps: QuerierDeps) {
    this.#deps = deps
  }

  traceById(tenant: string, request: TraceByIdRequest): Promise<TraceResult> {
    return this.#answer(tenant, sources => composeTrace(sources, request))
  }

  search(tenant: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    return this.#answer(tenant, sources => composeSearch(sources, this.#limited(request), signal))
  }

  metrics(tenant: string, request: MetricsRequest, signal: AbortSignal): Promise<MetricsResult> {
    return this.#answer(tenant, sources => composeMetrics(sources, this.#limited(request), signal))
  }

  tagNames(tenant: string, request: TagNamesRequest, signal: AbortSignal): Promise<TagNamesResult> {
    return this.#answer(tenant, sources => composeTagNames(sources, this.#limited(request), signal))
  }

  tagValues(
    tenant: string,
    request: TagValuesRequest,
    signal: AbortSignal,
  ): Promise<TagValuesResult> {
    return this.#answer(tenant, sources =>
      composeTagValues(sources, this.#limited(request), signal),
    )
  }

  operations(
    tenant: string,
    request: OperationsRequest,
    signal: AbortSignal,
  ): Promise<OperationsResult> {
    return this.#answer(tenant, sources =>
      composeOperations(sources, this.#limited(request), signal),
    )
  }

  #limited<R extends object>(request: R): R & { readonly budget: QueryBudget } {
    return { ...request, budget: this.#deps.budget }
  }

  async #answer<T extends Completeness>(
    tenant: string,
    compose: (sources: readonly QuerySource[]) => Promise<T>,
  ): Promise<T> {
    const { catalog } = this.#deps
    const gone = new Set<string>()
    for (;;) {
      // Ingesters first: what they upload meanwhile is then in the list of blocks, never in neither.
      const recent = await this.#deps.recent(tenant)
      const blocks = await catalog.blocks(tenant)
      try {
        const answer = await compose([...recent.sources, ...blocks.map(guarded)])
        return this.#withMissing(tenant, answer, recent)
      } catch (error) {
        if (!(error instanceof BlockFailure)) throw error
        await this.#mend(tenant, error, gone)
      }
    }
  }

  #withMissing<T extends Completeness>(tenant: string, answer: T, recent: RecentData): T {
    const damaged = this.#deps.catalog.missing(tenant)
    const reasons = [
      ...(answer.partial ? [answer.partial] : []),
      ...(recent.missing ? [recent.missing] : []),
      ...(damaged > 0 ? [`${damaged} damaged blocks are left out`] : []),
    ]
    return reasons.length > 0 ? { ...answer, partial: reasons.join('; ') } : answer
  }

  /**
   * Makes the next attempt worth it: reads the list again when a block is gone, and puts a block
   * aside that is damaged, or gone and still listed. A block fails twice at most, so this ends.
   */
  async #mend(tenant: string, { blockId, reason }: BlockFailure, gone: Set<string>): Promise<void> {
    if (reason.code === 'CORRUPT' || gone.has(blockId))
      this.#deps.catalog.quarantine(blockId, reason.message)
    gone.add(blockId)
    await this.#deps.catalog.poll(tenant)
  }
}

class BlockFailure extends Error {
  readonly blockId: string
  readonly reason: Failure
  constructor(blockId: string, reason: Failure) {
    super(reason.message, { cause: reason })
    this.blockId = blockId
    this.reason = reason
  }
}

/** The source, with its failures saying which block they are of. */
function guarded(source: QuerySource): QuerySource {
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      const failure = asFailure(error)
      const ofBlock =
        error instanceof Corruption || failure.code === 'NOT_FOUND' || failure.code === 'CORRUPT'
      if (ofBlock) throw new BlockFailure(source.name, failure)
      throw error
    }
  }
  return {
    name: source.name,
    range: source.range,
    storedBytes: source.storedBytes,
    identity: source.identity,
    index: () => guard(source.index()),
    search: (...args) => guard(source.search(...args)),
    metrics: (...args) => guard(source.metrics(...args)),
    tracesByHash: (...args) => guard(source.tracesByHash(...args)),
    traceById: id => guard(source.traceById(id)),
    tagNames: (...args) => guard(source.tagNames(...args)),
    tagValues: (...args) => guard(source.tagValues(...args)),
    operations: (...args) => guard(source.operations(...args)),
  }
}

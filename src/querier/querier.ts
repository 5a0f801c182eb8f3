import { asFailure, type Failure, fail, isUnreadable } from '../base/errors.ts'
import type {
  Completeness,
  MetricsRequest,
  MetricsResult,
  OperationsRequest,
  OperationsResult,
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
import type {
  BlockPart,
  FailedBlock,
  MetricsPlan,
  PlanRequest,
  ScanRequest,
  SearchPlan,
  SplitQueries,
} from '../contract/split-queries.ts'
import {
  composeMetrics,
  composeOperations,
  composeSearch,
  composeTagNames,
  composeTagValues,
  composeTrace,
} from '../search/compose.ts'
import { type QuerySource, withGuard } from '../search/query-source.ts'
import type { BlockCatalog } from './block-catalog.ts'
import { excludedOf, readSince } from './block-scan.ts'
import type { DivisibleSource, GroupsOfBlock, LazyBlock } from './lazy-block.ts'
import { planMetrics, planSearch } from './plan-query.ts'

/** What ingesters hold of a tenant, and what of it cannot be seen now. */
export interface RecentData {
  readonly sources: readonly QuerySource[]
  /** A sentence that names the ingesters that owe data and did not answer. */
  readonly missing?: string
  /** Ends what is held for the query. */
  release?(): void
}

export interface QuerierDeps {
  readonly catalog: BlockCatalog
  recent(tenant: string): Promise<RecentData>
}

/** Answers over live data, local blocks and blocks: whole traces, each exactly once. */
export class Querier implements TraceQueries, SplitQueries {
  readonly #deps: QuerierDeps

  constructor(deps: QuerierDeps) {
    this.#deps = deps
  }

  traceById(tenant: string, request: TraceByIdRequest): Promise<TraceResult> {
    return this.#answer(tenant, sources => composeTrace(sources, request))
  }

  search(tenant: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    return this.#answer(tenant, sources => composeSearch(sources, request, signal))
  }

  metrics(tenant: string, request: MetricsRequest, signal: AbortSignal): Promise<MetricsResult> {
    return this.#answer(tenant, sources => composeMetrics(sources, request, signal))
  }

  tagNames(tenant: string, request: TagNamesRequest, signal: AbortSignal): Promise<TagNamesResult> {
    return this.#answer(tenant, sources => composeTagNames(sources, request, signal))
  }

  tagValues(
    tenant: string,
    request: TagValuesRequest,
    signal: AbortSignal,
  ): Promise<TagValuesResult> {
    return this.#answer(tenant, sources => composeTagValues(sources, request, signal))
  }

  operations(
    tenant: string,
    request: OperationsRequest,
    signal: AbortSignal,
  ): Promise<OperationsResult> {
    return this.#answer(tenant, sources => composeOperations(sources, request, signal))
  }

  async planSearch(
    tenant: string,
    request: PlanRequest<SearchRequest>,
    signal: AbortSignal,
  ): Promise<SearchPlan> {
    await this.#mendAll(tenant, request.failed)
    return this.#answer(tenant, sources => planSearch(sources, request, signal))
  }

  async planMetrics(
    tenant: string,
    request: PlanRequest<MetricsRequest>,
    signal: AbortSignal,
  ): Promise<MetricsPlan> {
    await this.#mendAll(tenant, request.failed)
    return this.#answer(tenant, sources => planMetrics(sources, request, signal))
  }

  async scanSearch(
    tenant: string,
    { query, part, used }: ScanRequest<SearchRequest>,
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const stats = { ...used }
    const hits = await this.#scan(tenant, part, (block, groups) =>
      block.searchPart(query, groups, stats, signal),
    )
    return { hits, stats: readSince(stats, used) }
  }

  async scanMetrics(
    tenant: string,
    { query, part, used }: ScanRequest<MetricsRequest>,
    signal: AbortSignal,
  ): Promise<MetricsResult> {
    const stats = { ...used }
    const found = await this.#scan(tenant, part, (block, groups) =>
      block.metricsPart(query, groups, stats, signal),
    )
    return { ...found, stats: readSince(stats, used) }
  }

  /** A block that cannot be read is left out of the plans of this querier, too. */
  async #scan<T>(
    tenant: string,
    { block, groups, excluded }: BlockPart,
    work: (block: LazyBlock, groups: GroupsOfBlock) => Promise<T>,
  ): Promise<T> {
    const { catalog } = this.#deps
    try {
      return await work(catalog.block(tenant, block), { groups, excluded: excludedOf(excluded) })
    } catch (error) {
      const failure = asFailure(error)
      if (!isUnreadable(failure)) throw error
      catalog.quarantine(block.id, failure.message)
      throw failure.code === 'CORRUPT' ? error : fail('CORRUPT', failure.message)
    }
  }

  async #answer<T extends Completeness>(
    tenant: string,
    compose: (sources: readonly QuerySource[]) => Promise<T>,
  ): Promise<T> {
    const { catalog } = this.#deps
    const gone = new Set<string>()
    let isRepeated = false
    for (;;) {
      // Ingesters first: what they upload meanwhile is then in the list of blocks, never in neither.
      const recent = await this.#deps.recent(tenant)
      try {
        const blocks = await catalog.blocks(tenant)
        const answer = await compose([...recent.sources, ...blocks.map(guarded)])
        return this.#withMissing(tenant, answer, recent)
      } catch (error) {
        if (error instanceof BlockFailure) await this.#mend(tenant, error, gone)
        else if (asFailure(error).code !== 'SNAPSHOT_GONE' || isRepeated) throw error
        else isRepeated = true
      } finally {
        recent.release?.()
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

  /** What scans of an earlier plan, wherever they ran, have found out. */
  async #mendAll(tenant: string, failed: readonly FailedBlock[]): Promise<void> {
    const gone = new Set<string>()
    for (const { id, code, reason } of failed) {
      await this.#mend(tenant, new BlockFailure(id, fail(code, reason)), gone)
    }
  }

  /**
   * Makes the next attempt worth it: reads the list again when a block is gone, and puts a block
   * aside that is damaged, or gone and still listed. A block fails twice at most, so this ends.
   */
  async #mend(tenant: string, { blockId, reason }: BlockFailure, gone: Set<string>): Promise<void> {
    if (isUnreadable(reason) || gone.has(blockId))
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
function guarded(source: DivisibleSource): DivisibleSource {
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      const failure = asFailure(error)
      if (failure.code === 'NOT_FOUND' || isUnreadable(failure))
        throw new BlockFailure(source.name, failure)
      throw error
    }
  }
  return {
    ...withGuard(source, guard),
    partsOfSearch: (...args) => guard(source.partsOfSearch(...args)),
    partsOfMetrics: (...args) => guard(source.partsOfMetrics(...args)),
  }
}

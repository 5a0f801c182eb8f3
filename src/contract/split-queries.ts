import type {
  MetricsRequest,
  MetricsResult,
  ReadStats,
  SearchRequest,
  SearchResult,
} from './queries.ts'

/**
 * How one query is answered by several queriers. One of them *plans*: it asks the ingesters, reads
 * the list of blocks, joins the indexes, and answers for all that is not scanned from blocks; what
 * is left comes back as *scans*, which any querier can run: a block, row groups of it, and the
 * traces in them that another source answers for. Everything is JSON-able but lanes of metrics.
 */

export interface BlockPart {
  readonly block: {
    readonly id: string
    /** Of the data object. */
    readonly bytes: number
    readonly footerBytes: number
    readonly minStartNs: string
    readonly maxEndNs: string
  }
  /** Row groups, the one with the newest trace first. */
  readonly groups: readonly number[]
  /** Start of the newest trace in them, ns. */
  readonly newestNs: string
  /** Traces that another source answers for: group, trace, group, trace, … */
  readonly excluded: readonly number[]
}

/** A block that could not be read by a scan of an earlier plan. */
export interface FailedBlock {
  readonly id: string
  readonly code: 'CORRUPT' | 'NOT_FOUND'
  readonly reason: string
}

export interface PlanRequest<R> {
  readonly query: R
  /** A scan is of one row group at least, and of no more than about this many bytes. */
  readonly scanBytesMax: number
  /** In the order in which they failed; a block twice when it did so twice. */
  readonly failed: readonly FailedBlock[]
}

export interface ScanRequest<R> {
  readonly query: R
  readonly part: BlockPart
  /** What the query had read before; it counts against its budget. */
  readonly used: ReadStats
}

/** The answer without the scans, complete when there are none. */
export interface SearchPlan extends SearchResult {
  readonly scans: readonly BlockPart[]
}

/** The same; with scans, series are not cut yet. */
export interface MetricsPlan extends MetricsResult {
  readonly scans: readonly BlockPart[]
}

/** What a querier does for queries that are split. */
export interface SplitQueries {
  planSearch(
    tenant: string,
    request: PlanRequest<SearchRequest>,
    signal: AbortSignal,
  ): Promise<SearchPlan>
  planMetrics(
    tenant: string,
    request: PlanRequest<MetricsRequest>,
    signal: AbortSignal,
  ): Promise<MetricsPlan>
  /** Fails with CORRUPT or NOT_FOUND when the block cannot be read. */
  scanSearch(
    tenant: string,
    request: ScanRequest<SearchRequest>,
    signal: AbortSignal,
  ): Promise<SearchResult>
  scanMetrics(
    tenant: string,
    request: ScanRequest<MetricsRequest>,
    signal: AbortSignal,
  ): Promise<MetricsResult>
}

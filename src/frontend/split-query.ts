import { asFailure } from '../base/errors.ts'
import { inParallel } from '../base/in-parallel.ts'
import { mergeCompleteness, mergeStats, newestHits } from '../contract/merge-answers.ts'
import type {
  MetricsRequest,
  MetricsResult,
  ReadStats,
  SearchRequest,
  SearchResult,
  TraceHit,
} from '../contract/queries.ts'
import type { JobRunner, QueryJob } from '../contract/query-job.ts'
import type { BlockPart, FailedBlock, MetricsPlan, SearchPlan } from '../contract/split-queries.ts'
import { finishMetricsParts } from '../metrics/finish-parts.ts'

/**
 * One query over several queriers: a plan, then its scans, then one answer. A block that cannot be
 * read by a scan leads to a new plan, which knows of it; a block fails twice at most, so this ends.
 */
export interface QuerySplit {
  /** Waits in the queue of the tenant like any job. */
  readonly run: JobRunner
  readonly queriers: number
  /** Scans of one query that are in the queue or run. */
  readonly scansAtOnce: number
  /** Bytes of a block that one scan reads, about. */
  readonly scanBytesMax: number
  scanned(): void
  planned(): void
}

/** Each round of a search is this much larger than the one before: few answers need a second. */
const roundGrowth = 4

export function splitSearch(
  split: QuerySplit,
  tenant: string,
  query: SearchRequest,
  signal: AbortSignal,
): Promise<SearchResult> {
  return replanned(split, failed => searchOnce(split, tenant, query, failed, signal))
}

export function splitMetrics(
  split: QuerySplit,
  tenant: string,
  query: MetricsRequest,
  signal: AbortSignal,
): Promise<MetricsResult> {
  return replanned(split, failed => metricsOnce(split, tenant, query, failed, signal))
}

async function searchOnce(
  split: QuerySplit,
  tenant: string,
  query: SearchRequest,
  failed: readonly FailedBlock[],
  signal: AbortSignal,
): Promise<SearchResult> {
  const { scanBytesMax } = split
  const request = { query, scanBytesMax, failed }
  const job: QueryJob = { tenant, method: 'planSearch', request }
  const { scans, ...planned } = (await split.run(job, signal)) as SearchPlan
  const answers: SearchResult[] = [planned]
  let { hits } = planned
  const newestFirst = scans.toSorted((a, b) => (BigInt(a.newestNs) < BigInt(b.newestNs) ? 1 : -1))
  let size = split.queriers
  for (let from = 0; from < newestFirst.length; ) {
    const round = newestFirst
      .slice(from, from + size)
      .filter(part => mayChange(hits, query.limit, part))
    // In order: what follows is older still.
    if (round.length === 0) break
    const used = mergeStats(answers)
    const found = await inParallel(round, split.scansAtOnce, signal, (part, either) => {
      const scan = { query, part, used }
      return runScan<SearchResult>(split, { tenant, method: 'scanSearch', request: scan }, either)
    })
    answers.push(...found)
    hits = newestHits([...hits, ...found.flatMap(answer => answer.hits)], query.limit)
    from += size
    size *= roundGrowth
  }
  return { hits, stats: mergeStats(answers), ...mergeCompleteness(answers) }
}

/** False when no trace of the part can be among the newest `limit`. */
function mayChange(hits: readonly TraceHit[], limit: number, { newestNs }: BlockPart): boolean {
  const last = hits.length >= limit ? hits[limit - 1] : undefined
  return !last || BigInt(newestNs) >= BigInt(last.startNs)
}

async function metricsOnce(
  split: QuerySplit,
  tenant: string,
  query: MetricsRequest,
  failed: readonly FailedBlock[],
  signal: AbortSignal,
): Promise<MetricsResult> {
  const { scanBytesMax } = split
  const request = { query, scanBytesMax, failed }
  const job: QueryJob = { tenant, method: 'planMetrics', request }
  const { scans, ...planned } = (await split.run(job, signal)) as MetricsPlan
  if (scans.length === 0) return planned
  const answers: MetricsResult[] = [planned]
  const found = await inParallel(scans, split.scansAtOnce, signal, async (part, either) => {
    const scan = { query, part, used: mergeStats(answers) }
    const job: QueryJob = { tenant, method: 'scanMetrics', request: scan }
    const answer = await runScan<MetricsResult>(split, job, either)
    answers.push(answer)
    return answer
  })
  // In the order of the scans: sums of fractions depend on it.
  const whole = finishMetricsParts(query, [planned, ...found], mergeStats(answers))
  return { ...whole, ...mergeCompleteness([whole, ...answers]) }
}

/** The reading of a block has failed, not the query. */
class ScanFailure extends Error {
  readonly block: FailedBlock
  constructor(block: FailedBlock, cause: unknown) {
    super(block.reason, { cause })
    this.block = block
  }
}

async function runScan<T extends { readonly stats: ReadStats }>(
  split: QuerySplit,
  job: QueryJob & { readonly method: 'scanSearch' | 'scanMetrics' },
  signal: AbortSignal,
): Promise<T> {
  split.scanned()
  try {
    return (await split.run(job, signal)) as T
  } catch (error) {
    const { code, message } = asFailure(error)
    if (code !== 'CORRUPT' && code !== 'NOT_FOUND') throw error
    throw new ScanFailure({ id: job.request.part.block.id, code, reason: message }, error)
  }
}

async function replanned<T>(
  split: QuerySplit,
  attempt: (failed: readonly FailedBlock[]) => Promise<T>,
): Promise<T> {
  const failed: FailedBlock[] = []
  for (;;) {
    split.planned()
    try {
      return await attempt(failed)
    } catch (error) {
      if (!(error instanceof ScanFailure)) throw error
      failed.push(error.block)
    }
  }
}

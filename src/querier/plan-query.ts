import { inParallel } from '../base/in-parallel.ts'
import type { MetricsRequest, SearchRequest } from '../contract/queries.ts'
import type { BlockPart, MetricsPlan, PlanRequest, SearchPlan } from '../contract/split-queries.ts'
import { finishMetricsParts } from '../metrics/finish-parts.ts'
import {
  metricsRange,
  metricsWork,
  type QueryWork,
  type SourceJob,
  searchWork,
  splitWork,
} from '../search/compose.ts'
import type { QuerySource } from '../search/query-source.ts'
import type { DivisibleSource } from './lazy-block.ts'

/**
 * The plan of a query that several queriers answer: everything but the scans of blocks is done at
 * once, and these too when they are so few that handing them out would take longer.
 */

/** Fewer row groups than this are scanned where they are planned: some tens of milliseconds. */
const splitGroupsMin = 8

/** Footers that are read at the same time. */
const blocksAtOnce = 8

interface BlockJob extends SourceJob {
  readonly source: DivisibleSource
}

export async function planSearch(
  sources: readonly QuerySource[],
  { query, scanBytesMax }: PlanRequest<SearchRequest>,
  signal: AbortSignal,
): Promise<SearchPlan> {
  const work = await splitWork(sources, query.range)
  const { stats } = work
  const { blocks, rest } = divide(work)
  const hits = await searchWork(rest, query, signal)
  const last = hits.length >= query.limit ? hits[hits.length - 1] : undefined
  const lastNs = last ? BigInt(last.startNs) : null
  const useful = blocks.filter(({ source }) => lastNs === null || source.range!.maxNs >= lastNs)
  const parts = await inParallel(useful, blocksAtOnce, signal, ({ source, left }) =>
    source.partsOfSearch(query, left, scanBytesMax),
  )
  const scans = parts.flat().filter(part => lastNs === null || BigInt(part.newestNs) >= lastNs)
  if (groupsOf(scans) >= splitGroupsMin) return { hits, stats, scans }
  const here = { split: [], jobs: useful, stats }
  return { hits: await searchWork(here, query, signal, hits), stats, scans: [] }
}

export async function planMetrics(
  sources: readonly QuerySource[],
  { query, scanBytesMax }: PlanRequest<MetricsRequest>,
  signal: AbortSignal,
): Promise<MetricsPlan> {
  const work = await splitWork(sources, metricsRange(query))
  const { stats } = work
  const { blocks, rest } = divide(work)
  const parts = await inParallel(blocks, blocksAtOnce, signal, ({ source, left }) =>
    source.partsOfMetrics(query, left, scanBytesMax),
  )
  const scans = parts.flat()
  if (groupsOf(scans) < splitGroupsMin) {
    const answered = await metricsWork(work, query, signal)
    return { ...finishMetricsParts(query, answered, stats), scans: [] }
  }
  const answered = await metricsWork(rest, query, signal)
  // Series are cut where all parts are put together.
  return { ...finishMetricsParts({ ...query, seriesMax: 0 }, answered, stats), scans }
}

/** The jobs that can be run elsewhere, and the work without them. */
function divide(work: QueryWork): { readonly blocks: BlockJob[]; readonly rest: QueryWork } {
  const blocks = work.jobs.filter(isBlockJob)
  const jobs = work.jobs.filter(job => !isBlockJob(job))
  return { blocks, rest: { ...work, jobs } }
}

function isBlockJob(job: SourceJob): job is BlockJob {
  return 'partsOfSearch' in job.source
}

function groupsOf(parts: readonly BlockPart[]): number {
  return parts.reduce((sum, part) => sum + part.groups.length, 0)
}

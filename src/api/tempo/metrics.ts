import { asFailure, fail } from '../../base/errors.ts'
import { mergeCompleteness, mergeStats } from '../../contract/merge-answers.ts'
import type { MetricsRequest, MetricsResult } from '../../contract/queries.ts'
import { evaluatePlan } from '../../metrics/evaluate-plan.ts'
import { spreadExemplars } from '../../metrics/exemplars.ts'
import { mergeMetricsResults } from '../../metrics/merge.ts'
import { pickSeries, type SeriesSet, withSamples } from '../../metrics/series.ts'
import { gridRequest, instantGrid, rangeGrid, type TimeGrid } from '../../metrics/time-range.ts'
import type { MetricsLeaf, MetricsPlan } from '../../model/metrics-plan.ts'
import {
  encodeQueryInstantResponse,
  encodeQueryRangeResponse,
} from '../../wire/tempo-metrics-proto.ts'
import { toInstantSeries, toTimeSeries } from './metrics-answer.ts'
import { parseMetricsParams } from './metrics-params.ts'
import { renderQueryInstant, renderQueryRange } from './render-metrics.ts'
import {
  encodedReply,
  type MetricsDeps,
  type Reply,
  smallestLimit,
  type TempoRequest,
} from './request.ts'
import { toSearchMetrics } from './search.ts'

/**
 * Series × steps of one answer of a source: 128 MiB for each lane. More would rather end the process
 * than be read by anybody, so the query is refused.
 */
const cellsMax = 1 << 24

/** `/api/metrics/query_range`: series of samples. */
export async function queryRange(deps: MetricsDeps, request: TempoRequest): Promise<Reply> {
  const params = parseMetricsParams(request.params, deps.clock.nowMs())
  const { plan, hints } = parsePlan(deps, params.query, '')
  const { startNs, endNs, stepNs } = params
  const grid = rangeGrid(startNs, endNs, stepNs, timeLimits(deps, request))
  const exemplars = exemplarCount(deps.settings.exemplarsMax, params.exemplars, hints.exemplars)
  const { series, metrics, partial } = await runPlan(deps, request, plan, grid, exemplars)
  const response = { ...toTimeSeries(series, grid), metrics, ...partial }
  return encodedReply(
    request,
    () => renderQueryRange(response),
    () => encodeQueryRangeResponse(response),
    partial.partial,
  )
}

/** `/api/metrics/query`: one value per series, for the whole range. */
export async function queryInstant(deps: MetricsDeps, request: TempoRequest): Promise<Reply> {
  const params = parseMetricsParams(request.params, deps.clock.nowMs())
  const { plan } = parsePlan(deps, params.query, 'compiling query: ')
  const grid = instantGrid(params.startNs, params.endNs, timeLimits(deps, request))
  const { series, metrics, partial } = await runPlan(deps, request, plan, grid, 0)
  const response = { series: toInstantSeries(withSamples(series)), metrics, ...partial }
  return encodedReply(
    request,
    () => renderQueryInstant(response),
    () => encodeQueryInstantResponse(response),
    partial.partial,
  )
}

/** Syntax errors are preceded by `parsePrefix`, all others of a metrics query say what was done. */
function parsePlan(deps: MetricsDeps, query: string, parsePrefix: string) {
  try {
    return deps.parseMetrics(query)
  } catch (error) {
    const failure = asFailure(error)
    if (failure.code !== 'BAD_QUERY') throw error
    const { stage } = failure.fields
    const prefix = stage === 'validate' ? 'compiling query: ' : stage === 'parse' ? parsePrefix : ''
    throw fail(failure.code, `${prefix}${failure.message}`, { ...failure.fields })
  }
}

function timeLimits(deps: MetricsDeps, { tenants }: TempoRequest) {
  const durationMaxMs = smallestLimit(tenants.map(deps.durationMaxMsFor))
  return { durationMaxMs, intervalsMax: deps.settings.intervalsMax }
}

/** The hint wins over the parameter. */
function exemplarCount(
  max: number,
  asked: number | undefined,
  hint: boolean | number | undefined,
): number {
  if (hint === false) return 0
  if (typeof hint === 'number') return Math.min(max, Math.max(0, hint))
  return Math.min(max, asked ?? max)
}

async function runPlan(
  deps: MetricsDeps,
  request: TempoRequest,
  plan: MetricsPlan,
  grid: TimeGrid,
  exemplars: number,
) {
  const { seriesMax } = deps.settings
  const first = seriesMax !== 0 && showsSeriesAsTheyAre(plan) ? { firstSeries: seriesMax + 1 } : {}
  const results = await Promise.all(
    plan.leaves.map(leaf => askTenants(deps, request, leaf, { grid, exemplars, first })),
  )
  const evaluated = evaluatePlan(plan, results, grid)
  const series = { ...evaluated, exemplars: spreadExemplars(evaluated.exemplars, exemplars) }
  const { partial } = mergeCompleteness(results)
  const metrics = toSearchMetrics(mergeStats(results))
  return { ...limitSeries(series, seriesMax, partial), metrics }
}

/** Each series of the answer is one that was counted, in the same order. */
function showsSeriesAsTheyAre({ root, leaves }: MetricsPlan): boolean {
  const kinds = leaves.map(leaf => leaf.samples.kind)
  return root.kind === 'leaf' && ['rate', 'count', 'extreme'].includes(kinds[0]!)
}

interface Wanted {
  readonly grid: TimeGrid
  readonly exemplars: number
  /** One series more than are shown, to know whether there are more. */
  readonly first: Pick<MetricsRequest, 'firstSeries'>
}

async function askTenants(
  deps: MetricsDeps,
  { tenants, signal }: TempoRequest,
  leaf: MetricsLeaf,
  { grid, exemplars, first }: Wanted,
): Promise<MetricsResult> {
  const { spans, stages, function: spanFunction, by } = leaf
  const asked = {
    ...{ spans, stages, function: spanFunction, by, exemplars },
    ...gridRequest(grid),
    ...first,
    seriesMax: Math.floor(cellsMax / grid.steps),
  }
  const parts = await Promise.all(
    tenants.map(tenant => deps.queries.metrics(tenant, asked, signal)),
  )
  return parts.length === 1 ? parts[0]! : mergeMetricsResults(spanFunction.kind, parts)
}

function limitSeries(
  series: SeriesSet,
  seriesMax: number,
  reason: string | undefined,
): { readonly series: SeriesSet; readonly partial: { readonly partial?: string } } {
  const reasons = reason === undefined ? [] : [reason]
  const isCut = seriesMax !== 0 && series.labels.length > seriesMax
  if (isCut) reasons.push(`the answer has more than ${seriesMax} series, the others are left out`)
  return {
    series: isCut ? pickSeries(series, [...Array(seriesMax).keys()]) : series,
    partial: reasons.length === 0 ? {} : { partial: reasons.join('; ') },
  }
}

import { throwIfTooManyCells } from '../contract/budget.ts'
import type { MetricsRequest, MetricsResult, ReadStats } from '../contract/queries.ts'
import { spreadExemplars } from './exemplars.ts'
import { type MetricsPart, mergeMetricsParts } from './merge.ts'

/**
 * What sources contribute as one answer, with at most as many exemplars and series as were asked
 * for. Fails with QUERY_TOO_EXPENSIVE when all of them together are more than the budget allows.
 */
export function finishMetricsParts(
  request: MetricsRequest,
  parts: readonly MetricsPart[],
  stats: ReadStats,
): MetricsResult {
  const merged = mergeMetricsParts(request.function.kind, [noSeries(request), ...parts])
  throwIfTooManyCells(request.budget, merged.series.length, merged.steps)
  const exemplars = spreadExemplars(merged.exemplars, request.exemplars)
  const result = { ...merged, exemplars, stats }
  return withSeriesMax(cut(result, request.firstSeries ?? merged.series.length), request.seriesMax)
}

/** What no source at all contributes. */
function noSeries({ function: { kind }, steps }: MetricsRequest): MetricsPart {
  const lanes = Array.from({ length: kind === 'sum' ? 2 : 1 }, () => new Float64Array(0))
  return { series: [], steps, lanes, exemplars: [] }
}

/** The first series in order of their labels, and a sentence when that is not all. */
function withSeriesMax(result: MetricsResult, seriesMax: number): MetricsResult {
  const { series } = result
  if (seriesMax === 0 || series.length <= seriesMax) return result
  return {
    ...cut(result, seriesMax),
    partial: `${series.length - seriesMax} of ${series.length} series are left out: the limit is ${seriesMax}`,
  }
}

function cut<T extends MetricsPart>(result: T, max: number): T {
  const { series, steps, lanes, exemplars } = result
  if (series.length <= max) return result
  return {
    ...result,
    series: series.slice(0, max),
    lanes: lanes.map(lane => lane.slice(0, max * steps)),
    exemplars: exemplars.filter(exemplar => exemplar.series < max),
  }
}

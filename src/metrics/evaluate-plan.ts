import { AssertionError, assert } from '../base/assert.ts'
import type { MetricsResult } from '../contract/queries.ts'
import type { MetricsPlan, SeriesExpression, SeriesStage } from '../model/metrics-plan.ts'
import { betweenSeries, withScalar } from './arithmetic.ts'
import { finishLeaf } from './finish.ts'
import { rankSeries } from './rank.ts'
import type { SeriesSet } from './series.ts'
import type { TimeGrid } from './time-range.ts'
import { filterValues } from './value-filter.ts'

/** The answers to the leaves of a plan, in their order -> the series of the query. */
export function evaluatePlan(
  { leaves, root }: MetricsPlan,
  results: readonly MetricsResult[],
  grid: TimeGrid,
): SeriesSet {
  assert(results.length === leaves.length, 'every leaf has its answer')
  const finished = leaves.map((leaf, i) => finishLeaf(leaf, results[i]!, grid))
  return evaluateSeries(root, finished)
}

function evaluateSeries(expression: SeriesExpression, leaves: readonly SeriesSet[]): SeriesSet {
  switch (expression.kind) {
    case 'leaf':
      return leaves[expression.leaf]!
    case 'staged':
      return expression.stages.reduce(applyStage, evaluateSeries(expression.input, leaves))
    case 'arithmetic': {
      const { op, left, right } = expression
      if (left.kind === 'scalar') {
        return withScalar(op, evaluateSeries(right, leaves), left.value, 'left')
      }
      if (right.kind === 'scalar') {
        return withScalar(op, evaluateSeries(left, leaves), right.value, 'right')
      }
      return betweenSeries(op, evaluateSeries(left, leaves), evaluateSeries(right, leaves))
    }
    case 'scalar':
      throw new AssertionError('a number alone is no metrics query')
  }
}

function applyStage(set: SeriesSet, stage: SeriesStage): SeriesSet {
  if (stage.kind === 'filter') return filterValues(stage.op, stage.value, set)
  return rankSeries(stage.kind, stage.limit, set)
}

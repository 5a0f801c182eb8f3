import { assert } from '../base/assert.ts'
import type { MetricsResult } from '../contract/queries.ts'
import type { MetricsLeaf } from '../model/metrics-plan.ts'
import { finishBuckets } from './buckets.ts'
import { finishCompare } from './compare.ts'
import { finishLanes } from './lanes.ts'
import { finishQuantiles } from './quantiles.ts'
import type { SeriesSet } from './series.ts'
import type { TimeGrid } from './time-range.ts'

/** The complete sums of a leaf -> its series. Durations become seconds. */
export function finishLeaf(leaf: MetricsLeaf, result: MetricsResult, grid: TimeGrid): SeriesSet {
  assert(result.steps === grid.steps, 'an answer has as many steps as were asked for')
  const { samples } = leaf
  switch (samples.kind) {
    case 'buckets':
      return finishBuckets(leaf, result, grid)
    case 'quantiles':
      return finishQuantiles(leaf, samples.quantiles, result, grid)
    case 'compare':
      return finishCompare(samples.top, result, grid)
    default:
      return finishLanes(leaf, samples.kind, result, grid)
  }
}

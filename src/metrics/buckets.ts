import { assert } from '../base/assert.ts'
import type { LabelValue, MetricsResult } from '../contract/queries.ts'
import type { MetricsLeaf } from '../model/metrics-plan.ts'
import { finishExemplars } from './exemplars.ts'
import { doubleLabel, type SeriesSet } from './series.ts'
import { seriesLabels } from './series-labels.ts'
import type { TimeGrid } from './time-range.ts'
import { unitOf } from './unit.ts'

/** `histogram_over_time`: a series per bucket, named by its upper edge. */

const bucketKey = '__bucket'

export function finishBuckets(leaf: MetricsLeaf, result: MetricsResult, grid: TimeGrid): SeriesSet {
  const unit = unitOf(leaf)
  const labels = result.series.map(values => {
    const edge = 2 ** exponentOf(values) / unit
    return seriesLabels(leaf, values.slice(0, -1), doubleLabel(bucketKey, edge))
  })
  return {
    labels,
    steps: grid.steps,
    values: result.lanes[0] ?? new Float64Array(0),
    exemplars: finishExemplars(result.exemplars, exemplar => exemplar.value / unit),
  }
}

/** The bucket of a series of a histogram, (2^(e-1), 2^e]: its last label is e. */
export function exponentOf(values: readonly LabelValue[]): number {
  const last = values.at(-1)
  assert(last?.type === 'int', 'the last label of a histogram is the exponent of the bucket')
  return Number(last.value)
}

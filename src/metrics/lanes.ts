import type { MetricsResult } from '../contract/queries.ts'
import type { MetricsLeaf, SampleRule } from '../model/metrics-plan.ts'
import { finishExemplars, sampleAt } from './exemplars.ts'
import { type SeriesSet, withSamples } from './series.ts'
import { seriesLabels } from './series-labels.ts'
import type { TimeGrid } from './time-range.ts'
import { unitOf } from './unit.ts'

/** One series per combination of `by`: counts, extremes, sums and averages. */

export type LaneRule = Exclude<SampleRule['kind'], 'buckets' | 'quantiles' | 'compare'>

export function finishLanes(
  leaf: MetricsLeaf,
  rule: LaneRule,
  result: MetricsResult,
  grid: TimeGrid,
): SeriesSet {
  const counts = rule === 'rate' || rule === 'count'
  // Nothing counted is a count too, if it is clear of what.
  if (counts && leaf.by.length === 0 && result.series.length === 0) {
    const values = new Float64Array(grid.steps)
    return { labels: [seriesLabels(leaf, [])], steps: grid.steps, values, exemplars: [] }
  }
  const unit = unitOf(leaf)
  const values = samplesOf(rule, result.lanes, unit, grid)
  const set = {
    labels: result.series.map(byValues => seriesLabels(leaf, byValues)),
    steps: grid.steps,
    values,
    exemplars: finishExemplars(result.exemplars, exemplar =>
      counts ? sampleAt(values, exemplar, grid) : exemplar.value / unit,
    ),
  }
  return counts ? set : withSamples(set)
}

function samplesOf(
  rule: LaneRule,
  [first = none, second = none]: readonly Float64Array[],
  unit: number,
  grid: TimeGrid,
): Float64Array {
  switch (rule) {
    case 'rate':
      return divided(first, Number(grid.stepNs) / 1e9)
    case 'count':
      return first
    case 'extreme':
      return divided(first, unit)
    case 'sum':
      return sums(first, second, unit)
    case 'average':
      return averages(first, second, unit)
  }
}

const none = new Float64Array(0)

function divided(values: Float64Array, divisor: number): Float64Array {
  const out = new Float64Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = values[i]! / divisor
  return out
}

function sums(totals: Float64Array, counts: Float64Array, unit: number): Float64Array {
  const out = new Float64Array(totals.length)
  for (let i = 0; i < out.length; i++) out[i] = counts[i] === 0 ? Number.NaN : totals[i]! / unit
  return out
}

function averages(totals: Float64Array, counts: Float64Array, unit: number): Float64Array {
  const out = new Float64Array(totals.length)
  // Nothing by nothing is NaN: no sample.
  for (let i = 0; i < out.length; i++) out[i] = totals[i]! / counts[i]! / unit
  return out
}

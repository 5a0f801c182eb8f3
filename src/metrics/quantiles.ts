import type { MetricsExemplar, MetricsResult } from '../contract/queries.ts'
import type { MetricsLeaf } from '../model/metrics-plan.ts'
import { exponentOf } from './buckets.ts'
import { finishExemplars } from './exemplars.ts'
import { labelsIdentity } from './label-order.ts'
import { doubleLabel, type SeriesSet } from './series.ts'
import { seriesLabels } from './series-labels.ts'
import { bucketOf, type TimeGrid } from './time-range.ts'
import { unitOf } from './unit.ts'

/** `quantile_over_time`: a series per quantile, estimated from the buckets of a histogram. */

const quantileKey = 'p'

/** The buckets of one combination of `by`, from the smallest. */
interface Histogram {
  readonly exponents: number[]
  /** The series of the answer that counts bucket i. */
  readonly series: number[]
}

export function finishQuantiles(
  leaf: MetricsLeaf,
  quantiles: readonly number[],
  result: MetricsResult,
  grid: TimeGrid,
): SeriesSet {
  const unit = unitOf(leaf)
  const histograms = histogramsOf(result)
  const counts = result.lanes[0] ?? new Float64Array(0)
  const values = new Float64Array(histograms.length * quantiles.length * grid.steps)
  for (const [i, histogram] of histograms.entries()) {
    for (const [j, quantile] of quantiles.entries()) {
      const at = (i * quantiles.length + j) * grid.steps
      const out = values.subarray(at, at + grid.steps)
      estimate(histogram, counts, quantile, out)
      for (let step = 0; step < out.length; step++) out[step] = out[step]! / unit
    }
  }
  const labels = histograms.flatMap(({ series: [first] }) => {
    const byValues = result.series[first!]!.slice(0, -1)
    return quantiles.map(quantile =>
      seriesLabels(leaf, byValues, doubleLabel(quantileKey, quantile)),
    )
  })
  const exemplars = nearestSeries(
    result.exemplars,
    histograms,
    quantiles.length,
    values,
    unit,
    grid,
  )
  return {
    labels,
    steps: grid.steps,
    values,
    exemplars: finishExemplars(exemplars, exemplar => exemplar.value / unit),
  }
}

function histogramsOf(result: MetricsResult): Histogram[] {
  const byLabels = new Map<string, { exponent: number; series: number }[]>()
  for (const [series, values] of result.series.entries()) {
    const identity = labelsIdentity(values.slice(0, -1))
    const buckets = byLabels.get(identity) ?? []
    buckets.push({ exponent: exponentOf(values), series })
    byLabels.set(identity, buckets)
  }
  return [...byLabels.values()].map(buckets => {
    buckets.sort((a, b) => a.exponent - b.exponent)
    return {
      exponents: buckets.map(({ exponent }) => exponent),
      series: buckets.map(({ series }) => series),
    }
  })
}

/** Writes one value per step; 0 where nothing was counted. */
function estimate(
  { exponents, series }: Histogram,
  counts: Float64Array,
  quantile: number,
  out: Float64Array,
): void {
  const steps = out.length
  for (let step = 0; step < steps; step++) {
    let total = 0
    for (let i = 0; i < series.length; i++) total += counts[series[i]! * steps + step]!
    if (total === 0) continue
    const needed = Math.max(1, Math.ceil(quantile * total))
    let counted = 0
    let lower = Number.NaN
    for (let i = 0; i < series.length && counted < needed; i++) {
      const count = counts[series[i]! * steps + step]!
      if (count === 0) continue
      const upper = exponents[i]!
      if (counted + count >= needed) {
        out[step] = 2 ** within(lower, upper, (needed - counted) / count)
      }
      counted += count
      lower = upper
    }
  }
}

/** The exponent at this part of a bucket; without a smaller one below, a bucket is as wide as 2. */
function within(lower: number, upper: number, part: number): number {
  if (part === 1) return upper
  const from = Number.isNaN(lower) ? upper - 1 : lower
  return from + (upper - from) * part
}

/** An exemplar of a bucket belongs to the quantile that is nearest to it at its time. */
function nearestSeries(
  exemplars: readonly MetricsExemplar[],
  histograms: readonly Histogram[],
  quantileCount: number,
  values: Float64Array,
  unit: number,
  grid: TimeGrid,
): MetricsExemplar[] {
  const histogramOf = new Map<number, number>()
  for (const [i, { series }] of histograms.entries()) {
    for (const bucket of series) histogramOf.set(bucket, i)
  }
  return exemplars.flatMap(exemplar => {
    const step = bucketOf(grid, BigInt(exemplar.timeNs))
    const histogram = histogramOf.get(exemplar.series)
    if (step < 0 || histogram === undefined) return []
    let nearest = histogram * quantileCount
    let least = Number.POSITIVE_INFINITY
    for (let j = 0; j < quantileCount; j++) {
      const series = histogram * quantileCount + j
      const distance = Math.abs(values[series * grid.steps + step]! - exemplar.value / unit)
      if (distance >= least) continue
      least = distance
      nearest = series
    }
    return [{ ...exemplar, series: nearest }]
  })
}

import type { MetricsExemplar } from '../contract/queries.ts'
import type { SeriesExemplar } from './series.ts'
import { bucketOf, type TimeGrid } from './time-range.ts'

/** Exemplars with the values that `valueFor` gives; those without a value (NaN) are left out. */
export function finishExemplars(
  exemplars: readonly MetricsExemplar[],
  valueFor: (exemplar: MetricsExemplar) => number,
): SeriesExemplar[] {
  return exemplars
    .map(exemplar => ({ ...exemplar, value: valueFor(exemplar) }))
    .filter(({ value }) => !Number.isNaN(value))
}

/** The sample of the exemplar's series at its time: a count has no value of a single span. */
export function sampleAt(
  values: Float64Array,
  { series, timeNs }: Pick<MetricsExemplar, 'series' | 'timeNs'>,
  grid: TimeGrid,
): number {
  const step = bucketOf(grid, BigInt(timeNs))
  return step < 0 ? Number.NaN : values[series * grid.steps + step]!
}

/** At most `max` of them, evenly chosen in the order of their times. */
export function spreadExemplars(
  exemplars: readonly SeriesExemplar[],
  max: number,
): readonly SeriesExemplar[] {
  if (exemplars.length <= max) return exemplars
  const byTime = exemplars.toSorted((a, b) => compareTimes(a.timeNs, b.timeNs))
  return Array.from({ length: max }, (_, i) => byTime[Math.floor((i * byTime.length) / max)]!)
}

function compareTimes(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

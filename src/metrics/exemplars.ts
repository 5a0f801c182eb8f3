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

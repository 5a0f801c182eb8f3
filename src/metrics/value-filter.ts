import type { SeriesStage } from '../model/metrics-plan.ts'
import { type SeriesSet, withSamples } from './series.ts'

export type FilterOp = Extract<SeriesStage, { kind: 'filter' }>['op']

/** Keeps the samples that compare to `limit` as asked, and the series that are left with some. */
export function filterValues(op: FilterOp, limit: number, set: SeriesSet): SeriesSet {
  const values = new Float64Array(set.values.length)
  const keeps = tests[op]
  for (let i = 0; i < values.length; i++) {
    const value = set.values[i]!
    values[i] = keeps(value, limit) ? value : Number.NaN
  }
  return withSamples({ ...set, values })
}

const tests: Readonly<Record<FilterOp, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  // No sample stays no sample: NaN is different from everything.
  '!=': (value, limit) => value !== limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
}

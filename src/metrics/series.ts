import type { AttributeValue } from '../contract/queries.ts'

/**
 * Series while an answer is made: their samples lie in one array, and become objects only when they
 * are rendered.
 */
export interface SeriesSet {
  /** Of each series, at least one label. */
  readonly labels: readonly (readonly Label[])[]
  readonly steps: number
  /** Sample i of series s is `values[s * steps + i]`; NaN: there is none. */
  readonly values: Float64Array
  readonly exemplars: readonly SeriesExemplar[]
}

export interface Label {
  readonly key: string
  readonly value: AttributeValue
}

export interface SeriesExemplar {
  readonly series: number
  /** Start of the span. */
  readonly timeNs: string
  readonly traceId: string
  /** Seconds where the series has seconds. */
  readonly value: number
}

/** The label of series that have no other; its value is the name of the function. */
export const nameKey = '__name__'

export function textLabel(key: string, value: string): Label {
  return { key, value: { type: 'string', value } }
}

export function doubleLabel(key: string, value: number): Label {
  return { key, value: { type: 'double', value } }
}

/** Keeps the series at these indexes, in this order. */
export function pickSeries(set: SeriesSet, picked: readonly number[]): SeriesSet {
  if (picked.length === set.labels.length) return set
  const { steps } = set
  const values = new Float64Array(picked.length * steps)
  for (const [to, from] of picked.entries()) {
    values.set(set.values.subarray(from * steps, (from + 1) * steps), to * steps)
  }
  const newIndex = new Map(picked.map((from, to) => [from, to]))
  const exemplars = set.exemplars.flatMap(exemplar => {
    const series = newIndex.get(exemplar.series)
    return series === undefined ? [] : [{ ...exemplar, series }]
  })
  return { labels: picked.map(series => set.labels[series]!), steps, values, exemplars }
}

/** Without the series that have no sample. */
export function withSamples(set: SeriesSet): SeriesSet {
  const picked: number[] = []
  for (let series = 0; series < set.labels.length; series++) {
    if (hasSample(set.values, series * set.steps, (series + 1) * set.steps)) picked.push(series)
  }
  return pickSeries(set, picked)
}

function hasSample(values: Float64Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (!Number.isNaN(values[i]!)) return true
  return false
}

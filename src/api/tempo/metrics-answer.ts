import { type Label, nameKey, type SeriesSet, textLabel } from '../../metrics/series.ts'
import { sampleTimesMs, type TimeGrid } from '../../metrics/time-range.ts'
import type { Exemplar, InstantSeries, QueryRangeResponse } from '../../wire/tempo-metrics-proto.ts'

/** Evaluated series in the form of Tempo's answers. */

export function toTimeSeries(
  set: SeriesSet,
  grid: TimeGrid,
): Pick<QueryRangeResponse, 'timesMs' | 'series'> {
  const exemplars = new Map<number, Exemplar[]>()
  for (const { series, timeNs, traceId, value } of set.exemplars) {
    const labels = exemplarLabels(traceId, set.labels[series]!)
    const own = exemplars.get(series) ?? []
    own.push({ labels, value, timestampMs: Number(BigInt(timeNs) / 1_000_000n) })
    exemplars.set(series, own)
  }
  const series = set.labels.map((labels, i) => ({
    labels,
    values: set.values.subarray(i * set.steps, (i + 1) * set.steps),
    exemplars: exemplars.get(i) ?? [],
  }))
  return { timesMs: sampleTimesMs(grid), series }
}

/** Labels that are not attributes of the span. */
const ownLabels: ReadonlySet<string> = new Set([nameKey, '__bucket', '__meta_type', 'p'])

/** The trace, with an id without leading zeros, and the attributes that the series is grouped by. */
function exemplarLabels(traceId: string, labels: readonly Label[]): Label[] {
  const trace = textLabel('trace:id', traceId.replace(/^0+(?=.)/, ''))
  return [trace, ...labels.filter(({ key }) => !ownLabels.has(key))]
}

/** The only sample of each series. */
export function toInstantSeries(set: SeriesSet): InstantSeries[] {
  return set.labels.map((labels, i) => ({ labels, value: set.values[i * set.steps]! }))
}

import { compareLabels } from './label-order.ts'
import { type SeriesSet, withSamples } from './series.ts'

/**
 * `topk` and `bottomk`: at each time the samples of `limit` series stay. Of equal values `topk`
 * prefers the series that is first in the order of labels, `bottomk` the last.
 */
export function rankSeries(kind: 'topk' | 'bottomk', limit: number, set: SeriesSet): SeriesSet {
  const count = set.labels.length
  if (count <= limit) return set
  const { steps } = set
  // The smaller its place, the sooner a series of equal value is kept.
  const place = placesOf(set, kind === 'bottomk')
  const sign = kind === 'topk' ? -1 : 1
  const values = new Float64Array(set.values.length).fill(Number.NaN)
  const candidates: number[] = []
  for (let step = 0; step < steps; step++) {
    candidates.length = 0
    for (let series = 0; series < count; series++) {
      if (!Number.isNaN(set.values[series * steps + step]!)) candidates.push(series)
    }
    candidates.sort((a, b) => {
      const difference = set.values[a * steps + step]! - set.values[b * steps + step]!
      return difference === 0 ? place[a]! - place[b]! : sign * difference
    })
    for (const series of candidates.slice(0, limit)) {
      values[series * steps + step] = set.values[series * steps + step]!
    }
  }
  return withSamples({ ...set, values })
}

function placesOf(set: SeriesSet, reversed: boolean): Uint32Array {
  const order = [...set.labels.keys()].sort((a, b) => {
    return compareLabels(set.labels[a]!, set.labels[b]!)
  })
  if (reversed) order.reverse()
  const places = new Uint32Array(order.length)
  for (const [place, series] of order.entries()) places[series] = place
  return places
}

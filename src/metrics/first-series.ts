import type { LabelValue } from '../contract/queries.ts'
import { compareLabelValues } from './label-order.ts'

/**
 * The `max` series that come first in order of their labels, in the order in which they are given.
 * Labels are made when they are compared: of very many series few are ever held.
 */
export function firstSeries(
  all: readonly number[],
  max: number,
  labelsOf: (series: number) => readonly LabelValue[],
): readonly number[] {
  if (all.length <= max) return all
  let first: Labelled[] = []
  let last: Labelled | undefined
  for (const series of all) {
    const candidate = { series, labels: labelsOf(series) }
    if (last !== undefined && compareLabelValues(candidate.labels, last.labels) > 0) continue
    first.push(candidate)
    if (first.length < max * 2) continue
    first = sorted(first).slice(0, max)
    last = first[max - 1]
  }
  const kept = new Set(
    sorted(first)
      .slice(0, max)
      .map(({ series }) => series),
  )
  return all.filter(series => kept.has(series))
}

interface Labelled {
  readonly series: number
  readonly labels: readonly LabelValue[]
}

function sorted(list: Labelled[]): Labelled[] {
  return list.sort((a, b) => compareLabelValues(a.labels, b.labels))
}

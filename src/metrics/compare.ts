import { assert } from '../base/assert.ts'
import type { AttributeValue, LabelValue, MetricsResult } from '../contract/queries.ts'
import { finishExemplars, sampleAt } from './exemplars.ts'
import { compareLabelValues } from './label-order.ts'
import { type Label, pickSeries, type SeriesSet, textLabel } from './series.ts'
import { nilLabel } from './series-labels.ts'
import type { TimeGrid } from './time-range.ts'

/**
 * `compare()`: how often each value of each attribute occurs in the selection and in the baseline,
 * and how many spans of either have the attribute at all.
 */

const typeKey = '__meta_type'
const errorLabel = textLabel('__meta_error', '__too_many_values__')

/** The series of one attribute on one side. */
interface Side {
  readonly attribute: string
  /** Series of the answer, with the spans that they count in all. */
  readonly values: { readonly series: number; readonly spans: number }[]
  /** Spans that have the attribute. */
  spans: number
}

/**
 * Of each attribute the `top` values with most spans on either side. An attribute with more of them
 * also has a series without samples that says so.
 */
export function finishCompare(top: number, result: MetricsResult, grid: TimeGrid): SeriesSet {
  const { steps } = grid
  const counts = result.lanes[0] ?? new Float64Array(0)
  const sides = sidesOf(result, counts, steps)
  const cut = new Set<string>()
  const dropped = new Set<number>()
  for (const { attribute, values, spans } of sides) {
    values.sort((a, b) => b.spans - a.spans || byLabels(result, a.series, b.series))
    const shown = values.slice(0, top)
    for (const { series } of values.slice(top)) dropped.add(series)
    const shownSpans = shown.reduce((sum, value) => sum + value.spans, 0)
    // A source keeps no more values than can matter, but it counts all their spans.
    if (values.length > top || (values.length === top && shownSpans < spans)) cut.add(attribute)
  }
  const all: SeriesSet = {
    labels: result.series.map(labelsOf),
    steps,
    values: counts,
    exemplars: finishExemplars(result.exemplars, exemplar => sampleAt(counts, exemplar, grid)),
  }
  const kept = [...all.labels.keys()].filter(series => !dropped.has(series))
  return withErrors(pickSeries(all, kept), [...cut].sort())
}

function sidesOf(result: MetricsResult, counts: Float64Array, steps: number): Side[] {
  const sides = new Map<string, Side>()
  for (const [series, labels] of result.series.entries()) {
    const { type, attribute, value } = partsOf(labels)
    const key = `${type} ${attribute}`
    const side = sides.get(key) ?? { attribute, values: [], spans: 0 }
    sides.set(key, side)
    let spans = 0
    for (let i = series * steps; i < (series + 1) * steps; i++) spans += counts[i]!
    if (value === null) side.spans = spans
    else side.values.push({ series, spans })
  }
  return [...sides.values()]
}

function byLabels(result: MetricsResult, a: number, b: number): number {
  return compareLabelValues(result.series[a]!, result.series[b]!)
}

function partsOf([type, attribute, value]: readonly LabelValue[]): {
  readonly type: string
  readonly attribute: string
  readonly value: AttributeValue | null
} {
  const isKnown = type?.type === 'string' && attribute?.type === 'string' && value !== undefined
  assert(isKnown, 'labels of a comparison are its side, the attribute and the value')
  return { type: type.value, attribute: attribute.value, value }
}

function labelsOf(labels: readonly LabelValue[]): Label[] {
  const { type, attribute, value } = partsOf(labels)
  if (value === null) return [textLabel(typeKey, `${type}_total`), nilLabel(attribute)]
  return [textLabel(typeKey, type), { key: attribute, value }]
}

function withErrors(set: SeriesSet, attributes: readonly string[]): SeriesSet {
  if (attributes.length === 0) return set
  const values = new Float64Array(set.values.length + attributes.length * set.steps)
  values.set(set.values)
  values.fill(Number.NaN, set.values.length)
  const labels = attributes.map(attribute => [errorLabel, nilLabel(attribute)])
  return { ...set, labels: [...set.labels, ...labels], values }
}

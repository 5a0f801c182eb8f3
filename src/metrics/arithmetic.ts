import type { SeriesOp } from '../model/metrics-plan.ts'
import { seriesIdentity } from './label-order.ts'
import { type Label, nameKey, type SeriesSet, textLabel, withSamples } from './series.ts'

/**
 * Arithmetic between series and with numbers. Without a sample on both sides, and on a division by
 * zero, there is no sample; a series that is left with none vanishes.
 */

/** Null has no value, and neither has anything that it is part of. */
export function withScalar(
  op: SeriesOp,
  set: SeriesSet,
  scalar: number | null,
  scalarSide: 'left' | 'right',
): SeriesSet {
  const constant = new Float64Array(set.steps).fill(scalar ?? Number.NaN)
  const values = new Float64Array(set.values.length)
  for (let series = 0; series < set.labels.length; series++) {
    const own = samplesOf(set, series)
    const out = values.subarray(series * set.steps, (series + 1) * set.steps)
    if (scalarSide === 'left') apply(op, constant, own, out)
    else apply(op, own, constant, out)
  }
  return withSamples({ ...set, values })
}

/**
 * Series with the same labels, apart from the name, go together; those without a partner are
 * dropped. The only series of a side goes with every other one if it has no labels but its name.
 */
export function betweenSeries(op: SeriesOp, left: SeriesSet, right: SeriesSet): SeriesSet {
  const pairs = matchSeries(left, right)
  const { steps } = left
  const values = new Float64Array(pairs.length * steps)
  for (const [i, pair] of pairs.entries()) {
    const out = values.subarray(i * steps, (i + 1) * steps)
    apply(op, samplesOf(left, pair.left), samplesOf(right, pair.right), out)
  }
  const labels = pairs.map(pair => {
    return joinLabels(op, left.labels[pair.left]!, right.labels[pair.right]!)
  })
  const exemplars = [
    ...moveExemplars(left, new Map(pairs.map((pair, i) => [pair.left, i]))),
    ...moveExemplars(right, new Map(pairs.map((pair, i) => [pair.right, i]))),
  ]
  return withSamples({ labels, steps, values, exemplars })
}

interface Pair {
  readonly left: number
  readonly right: number
}

function matchSeries(left: SeriesSet, right: SeriesSet): Pair[] {
  if (isUnlabelled(right))
    return [...left.labels.keys()].map(series => ({ left: series, right: 0 }))
  if (isUnlabelled(left))
    return [...right.labels.keys()].map(series => ({ left: 0, right: series }))
  const partners = new Map(right.labels.map((labels, i) => [seriesIdentity(nameless(labels)), i]))
  return [...left.labels.entries()].flatMap(([series, labels]) => {
    const partner = partners.get(seriesIdentity(nameless(labels)))
    return partner === undefined ? [] : [{ left: series, right: partner }]
  })
}

function isUnlabelled({ labels: [first, second] }: SeriesSet): boolean {
  return first !== undefined && second === undefined && nameless(first).length === 0
}

function nameless(labels: readonly Label[]): readonly Label[] {
  return labels.filter(({ key }) => key !== nameKey)
}

/** The labels of the side that has some; of two names one that says how they were joined. */
function joinLabels(
  op: SeriesOp,
  left: readonly Label[],
  right: readonly Label[],
): readonly Label[] {
  const own = nameless(left)
  const labels = own.length > 0 ? own : nameless(right)
  if (labels.length > 0) return labels
  return [textLabel(nameKey, `(${nameOf(left)} ${op} ${nameOf(right)})`)]
}

function nameOf(labels: readonly Label[]): string {
  return String(labels.find(({ key }) => key === nameKey)?.value.value ?? '')
}

function moveExemplars(set: SeriesSet, newIndex: ReadonlyMap<number, number>) {
  return set.exemplars.flatMap(exemplar => {
    const series = newIndex.get(exemplar.series)
    return series === undefined ? [] : [{ ...exemplar, series }]
  })
}

function samplesOf({ values, steps }: SeriesSet, series: number): Float64Array {
  return values.subarray(series * steps, (series + 1) * steps)
}

function apply(op: SeriesOp, left: Float64Array, right: Float64Array, out: Float64Array): void {
  switch (op) {
    case '+':
      for (let i = 0; i < out.length; i++) out[i] = left[i]! + right[i]!
      break
    case '-':
      for (let i = 0; i < out.length; i++) out[i] = left[i]! - right[i]!
      break
    case '*':
      for (let i = 0; i < out.length; i++) out[i] = left[i]! * right[i]!
      break
    case '/':
      for (let i = 0; i < out.length; i++) {
        out[i] = right[i] === 0 ? Number.NaN : left[i]! / right[i]!
      }
  }
}

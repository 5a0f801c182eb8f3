import { assert } from '../base/assert.ts'
import { mergeCompleteness, mergeStats } from '../contract/merge-answers.ts'
import type { LabelValue, MetricsExemplar, MetricsResult } from '../contract/queries.ts'
import type { MetricsFunction } from '../model/spanset.ts'
import { compareLabelValues, labelsIdentity } from './label-order.ts'

/** What a source contributes to an answer. */
export type MetricsPart = Pick<MetricsResult, 'series' | 'steps' | 'lanes' | 'exemplars'>

/** The answers of several tenants to one request as one. */
export function mergeMetricsResults(
  kind: MetricsFunction['kind'],
  parts: readonly MetricsResult[],
): MetricsResult {
  const merged = mergeMetricsParts(kind, parts)
  return { ...merged, stats: mergeStats(parts), ...mergeCompleteness(parts) }
}

/**
 * Series with the same labels become one, extremes the smaller or greater of both, all else added.
 * Series are in the order of their labels. Exemplars are those of all parts, so there may be more
 * than were asked for.
 */
export function mergeMetricsParts(
  kind: MetricsFunction['kind'],
  parts: readonly MetricsPart[],
): MetricsPart {
  const steps = parts[0]?.steps ?? 0
  const identities = parts.map(part => part.series.map(labelsIdentity))
  const { series, indexOf } = unionOf(parts, identities)
  const laneCount = kind === 'sum' ? 2 : 1
  const combine = combiners[kind]
  const empty = kind === 'min' || kind === 'max' ? Number.NaN : 0
  const lanes = Array.from({ length: laneCount }, () => {
    return new Float64Array(series.length * steps).fill(empty)
  })
  const exemplars: MetricsExemplar[] = []
  for (const [i, part] of parts.entries()) {
    assert(part.steps === steps, 'parts of an answer have the same steps')
    const targets = identities[i]!.map(identity => indexOf.get(identity)!)
    for (const [lane, out] of lanes.entries()) {
      for (const [from, to] of targets.entries()) {
        combine(part.lanes[lane]!, from * steps, out, to * steps, steps)
      }
    }
    for (const exemplar of part.exemplars) {
      exemplars.push({ ...exemplar, series: targets[exemplar.series]! })
    }
  }
  return { series, steps, lanes, exemplars }
}

function unionOf(
  parts: readonly MetricsPart[],
  identities: readonly (readonly string[])[],
): {
  readonly series: readonly (readonly LabelValue[])[]
  readonly indexOf: ReadonlyMap<string, number>
} {
  const byIdentity = new Map<string, readonly LabelValue[]>()
  for (const [i, { series }] of parts.entries()) {
    for (const [j, labels] of series.entries()) byIdentity.set(identities[i]![j]!, labels)
  }
  const sorted = [...byIdentity].sort(([, a], [, b]) => compareLabelValues(a, b))
  return {
    series: sorted.map(([, labels]) => labels),
    indexOf: new Map(sorted.map(([identity], index) => [identity, index])),
  }
}

/** Takes `count` values of `from` into those of `to`. */
type Combine = (
  from: Float64Array,
  fromAt: number,
  to: Float64Array,
  toAt: number,
  count: number,
) => void

function add(from: Float64Array, fromAt: number, to: Float64Array, toAt: number, count: number) {
  for (let i = 0; i < count; i++) to[toAt + i] = to[toAt + i]! + from[fromAt + i]!
}

function least(from: Float64Array, fromAt: number, to: Float64Array, toAt: number, count: number) {
  for (let i = 0; i < count; i++) {
    const value = from[fromAt + i]!
    // A comparison with NaN is false, so NaN is replaced and never replaces.
    if (!Number.isNaN(value) && !(to[toAt + i]! <= value)) to[toAt + i] = value
  }
}

function most(from: Float64Array, fromAt: number, to: Float64Array, toAt: number, count: number) {
  for (let i = 0; i < count; i++) {
    const value = from[fromAt + i]!
    if (!Number.isNaN(value) && !(to[toAt + i]! >= value)) to[toAt + i] = value
  }
}

const combiners: Readonly<Record<MetricsFunction['kind'], Combine>> = {
  ...{ count: add, sum: add, histogram: add, compare: add },
  ...{ min: least, max: most },
}

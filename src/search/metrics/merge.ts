import type { LabelValue, MetricsExemplar, MetricsRequest } from '../../contract/queries.ts'
import type { MetricsFunction } from '../../model/spanset.ts'
import type { MetricsPart } from './metrics-source.ts'

export interface MergedMetrics extends MetricsPart {
  /** Series that were left out because there are more than `seriesMax`. */
  readonly seriesDropped: number
}

/** Parts of one query put together: series with equal labels become one. In order of labels. */
export function mergeMetrics(
  parts: readonly MetricsPart[],
  request: Pick<MetricsRequest, 'function' | 'steps' | 'seriesMax' | 'exemplars'>,
): MergedMetrics {
  const { steps, seriesMax } = request
  const kind = request.function.kind
  const byLabels = new Map<string, LabelValue[]>()
  for (const { series } of parts) {
    for (const labels of series) byLabels.set(JSON.stringify(labels), [...labels])
  }
  const sorted = [...byLabels].sort(([a], [b]) => (a < b ? -1 : 1))
  const kept = seriesMax > 0 ? sorted.slice(0, seriesMax) : sorted
  const place = new Map(kept.map(([key], i) => [key, i]))
  const lanes = emptyLanes(kind, kept.length * steps)
  const exemplars: MetricsExemplar[] = []
  for (const part of parts) {
    const to = part.series.map(labels => place.get(JSON.stringify(labels)) ?? -1)
    for (const [l, lane] of part.lanes.entries()) addLane(kind, lane, lanes[l]!, to, steps)
    for (const exemplar of part.exemplars) {
      const series = to[exemplar.series]!
      if (series >= 0) exemplars.push({ ...exemplar, series })
    }
  }
  return {
    series: kept.map(([, labels]) => labels),
    steps,
    lanes,
    exemplars: someExemplars(exemplars, request.exemplars),
    seriesDropped: sorted.length - kept.length,
  }
}

function emptyLanes(kind: MetricsFunction['kind'], cells: number): Float64Array[] {
  if (kind === 'min' || kind === 'max') return [new Float64Array(cells).fill(Number.NaN)]
  return kind === 'sum'
    ? [new Float64Array(cells), new Float64Array(cells)]
    : [new Float64Array(cells)]
}

function addLane(
  kind: MetricsFunction['kind'],
  from: Float64Array,
  into: Float64Array,
  to: readonly number[],
  steps: number,
): void {
  for (const [series, place] of to.entries()) {
    if (place < 0) continue
    const source = from.subarray(series * steps, (series + 1) * steps)
    const target = into.subarray(place * steps, (place + 1) * steps)
    if (kind === 'min' || kind === 'max') keepExtremes(kind, source, target)
    else for (let i = 0; i < steps; i++) target[i] = target[i]! + source[i]!
  }
}

function keepExtremes(kind: 'min' | 'max', from: Float64Array, into: Float64Array): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i]!
    const known = into[i]!
    if (Number.isNaN(known) || (kind === 'min' ? value < known : value > known)) into[i] = value
  }
}

/** Spread over time: every n-th in order of time. */
function someExemplars(exemplars: MetricsExemplar[], max: number): MetricsExemplar[] {
  const byTime = (a: MetricsExemplar, b: MetricsExemplar) => {
    const difference = BigInt(a.timeNs) - BigInt(b.timeNs)
    if (difference !== 0n) return difference < 0n ? -1 : 1
    return a.traceId < b.traceId ? -1 : 1
  }
  exemplars.sort(byTime)
  if (exemplars.length <= max) return exemplars
  const every = exemplars.length / max
  return Array.from({ length: max }, (_, i) => exemplars[Math.floor(i * every)]!)
}

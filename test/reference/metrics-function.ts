import type { Field, MetricsFunction } from '../../src/traceql/ast.ts'
import { printField } from '../../src/traceql/print-field.ts'
import { typeOf } from '../../src/traceql/value-type.ts'
import { compareSeries } from './compare-series.ts'
import { groupValueOf, valuesOfField } from './field.ts'
import { type Label, named, type Series, withSamples } from './series.ts'
import { bucketOf, type Timing } from './timing.ts'
import type { TreeSpan } from './trace.ts'
import { isNumber, keyOf } from './value.ts'

/** The series of a metrics function over the spans that a pipeline has left. */
export function seriesOf(
  call: MetricsFunction,
  spans: readonly TreeSpan[],
  timing: Timing,
): Series[] {
  const buckets = Array.from({ length: timing.steps }, (): TreeSpan[] => [])
  for (const span of spans) {
    const bucket = bucketOf(span.startNs, timing)
    if (bucket !== undefined) buckets[bucket]!.push(span)
  }
  if (call.function === 'compare') return compareSeries(call, buckets)
  return groupsOf(call, buckets).flatMap(group => seriesOfGroup(call, group, timing))
}

interface Group {
  readonly labels: readonly Label[]
  readonly buckets: readonly (readonly TreeSpan[])[]
}

/** Without `by` there is one group, even of no spans. */
function groupsOf({ by }: MetricsFunction, buckets: Group['buckets']): Group[] {
  if (by.length === 0) return [{ labels: [], buckets }]
  const labelsOf = (span: TreeSpan): Label[] =>
    by.map(field => ({ key: printField(field), value: groupValueOf(field, span) }))
  const identity = (span: TreeSpan) =>
    JSON.stringify(labelsOf(span).map(({ value }) => keyOf(value)))
  const first = new Map(buckets.flat().map(span => [identity(span), span]))
  return [...first.entries()].map(([wanted, span]) => ({
    labels: labelsOf(span),
    buckets: buckets.map(spans => spans.filter(one => identity(one) === wanted)),
  }))
}

function seriesOfGroup(
  call: Exclude<MetricsFunction, { function: 'compare' }>,
  { labels, buckets }: Group,
  timing: Timing,
): Series[] {
  const own = labels.length === 0 ? named(call.function) : labels
  switch (call.function) {
    case 'count_over_time':
      return [{ labels: own, samples: buckets.map(spans => spans.length) }]
    case 'rate': {
      const seconds = Number(timing.stepNs) / 1e9
      return [{ labels: own, samples: buckets.map(spans => spans.length / seconds) }]
    }
    case 'histogram_over_time':
      return histogram(call.field, labels, buckets)
    case 'quantile_over_time':
      return call.quantiles.flatMap(quantile => quantiles(call.field, quantile, labels, buckets))
    default: {
      const combine = combinations[call.function]
      const samples = buckets.map(spans => {
        const numbers = numbersOf(call.field, spans)
        return numbers.length === 0 ? undefined : combine(numbers)
      })
      return withSamples({ labels: own, samples }, samples)
    }
  }
}

const combinations = {
  min_over_time: (numbers: readonly number[]) => Math.min(...numbers),
  max_over_time: (numbers: readonly number[]) => Math.max(...numbers),
  sum_over_time: sum,
  avg_over_time: (numbers: readonly number[]) => sum(numbers) / numbers.length,
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Those of the spans that have a number (not NaN); durations in seconds. */
function numbersOf(field: Field, spans: readonly TreeSpan[]): number[] {
  return spans
    .flatMap(span => valuesOfField(field, span).slice(0, 1))
    .filter(value => isNumber(value))
    .map(({ type, value }) => (type === 'duration' ? Number(value) / 1e9 : Number(value)))
    .filter(number => !Number.isNaN(number))
}

/**
 * The upper edge of the bucket of each whole number from 2 on: the next power of two; durations in
 * nanoseconds, and their edges then in seconds. Floats above 0 are in such a bucket too.
 */
function edgesOf(field: Field, spans: readonly TreeSpan[]): number[] {
  const isDuration = typeOf(field) === 'duration'
  return spans
    .flatMap(span => valuesOfField(field, span).slice(0, 1))
    .flatMap(value => {
      if (value.type === 'float') return floatEdges(value.value)
      const isWhole = value.type === 'int' || value.type === 'duration'
      return isWhole && value.value >= 2n ? [2 ** (value.value - 1n).toString(2).length] : []
    })
    .map(edge => (isDuration ? edge / 1e9 : edge))
}

function floatEdges(value: number): number[] {
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return []
  let exponent = -1074
  while (2 ** exponent < value) exponent++
  return [2 ** exponent]
}

function histogram(field: Field, labels: readonly Label[], buckets: Group['buckets']): Series[] {
  const edges = buckets.map(spans => edgesOf(field, spans))
  const distinct = [...new Set(edges.flat())]
  return distinct.map(edge => ({
    labels: [...labels, { key: '__bucket', value: { type: 'float', value: edge } }],
    samples: edges.map(list => list.filter(one => one === edge).length),
  }))
}

function quantiles(
  field: Field,
  quantile: number,
  labels: readonly Label[],
  buckets: Group['buckets'],
): Series[] {
  const edges = buckets.map(spans => edgesOf(field, spans).sort((a, b) => a - b))
  if (edges.flat().length === 0) return []
  const label: Label = { key: 'p', value: { type: 'float', value: quantile } }
  return [{ labels: [...labels, label], samples: edges.map(list => quantileOf(quantile, list)) }]
}

/** Between the edges of the bucket in which it lies, on a logarithmic scale. */
function quantileOf(quantile: number, sortedEdges: readonly number[]): number {
  if (sortedEdges.length === 0) return 0
  const need = Math.max(1, Math.ceil(quantile * sortedEdges.length))
  const edge = sortedEdges[need - 1]!
  const before = sortedEdges.filter(one => one < edge)
  const count = sortedEdges.filter(one => one === edge).length
  if (before.length + count === need) return edge
  const high = Math.log2(edge)
  const low = before.length === 0 ? high - 1 : Math.log2(before.at(-1)!)
  return 2 ** (low + ((high - low) * (need - before.length)) / count)
}

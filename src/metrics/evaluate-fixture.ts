import type { LabelValue, MetricsResult } from '../contract/queries.ts'
import { compileMetrics } from '../traceql/compile-metrics.ts'
import { parseQuery } from '../traceql/parser.ts'
import { validateQuery } from '../traceql/validate.ts'
import { evaluatePlan } from './evaluate-plan.ts'
import type { Label, SeriesSet } from './series.ts'
import type { TimeGrid } from './time-range.ts'

/** Queries over answers that a test writes down, and their series as lines of text. */

export function compile(query: string) {
  return compileMetrics(validateQuery(parseQuery(query)))
}

/** Text is a string label, a whole number an int, any other number a double. */
type PlainLabel = string | number | boolean | null

/** Labels, then the values of each lane. */
export type PlainSeries = readonly [labels: readonly PlainLabel[], ...lanes: number[][]]

export const noStats: MetricsResult['stats'] = {
  ...{ inspectedBytes: 0, storeReads: 0, inspectedTraces: 0, inspectedSpans: 0 },
  ...{ totalBlocks: 0, totalBlockBytes: 0 },
}

export function answer(steps: number, series: readonly PlainSeries[]): MetricsResult {
  const laneCount = Math.max(1, ...series.map(([, ...lanes]) => lanes.length))
  const lanes = Array.from({ length: laneCount }, (_, lane) => {
    return Float64Array.from(series.flatMap(([, ...values]) => values[lane]!))
  })
  const labels = series.map(([values]) => values.map(labelValue))
  return { series: labels, steps, lanes, exemplars: [], stats: noStats }
}

function labelValue(value: PlainLabel): LabelValue {
  if (value === null) return null
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'bool', value }
  return Number.isInteger(value) ? { type: 'int', value: `${value}` } : { type: 'double', value }
}

/** A step of one minute. */
export function minutes(steps: number): TimeGrid {
  return { startNs: 0n, stepNs: 60_000_000_000n, steps, includesStart: false }
}

/** The series of a query whose functions are answered so, one line each, in sorted order. */
export function evaluate(
  query: string,
  ...answers: readonly (readonly PlainSeries[])[]
): readonly string[] {
  const steps = Math.max(1, ...answers.flat().map(([, lane]) => lane!.length))
  const results = answers.map(series => answer(steps, series))
  return show(evaluatePlan(compile(query).plan, results, minutes(steps)))
}

/** `{.a="x", p=0.5} 1 - 3`: a dash where there is no sample. */
export function show({ labels, steps, values }: SeriesSet): readonly string[] {
  const lines = labels.map((own, series) => {
    const samples = [...values.subarray(series * steps, (series + 1) * steps)]
    return `{${own.map(showLabel).join(', ')}} ${samples.map(showSample).join(' ')}`
  })
  return lines.sort()
}

function showLabel({ key, value }: Label): string {
  return `${key}=${value.type === 'string' ? `"${value.value}"` : value.value}`
}

function showSample(value: number): string {
  return Number.isNaN(value) ? '-' : String(Number(value.toPrecision(12)))
}

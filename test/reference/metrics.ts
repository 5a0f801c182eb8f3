import type {
  MetricsArithmetic,
  MetricsExpression,
  MetricsStage,
  ScalarExpression,
} from '../../src/traceql/ast.ts'
import { foldScalar } from '../../src/traceql/fold.ts'
import { numberOfStatic } from './aggregate.ts'
import { compare } from './comparison.ts'
import { seriesOf } from './metrics-function.ts'
import { spansetsOf } from './pipeline.ts'
import {
  byLabels,
  identityOf,
  named,
  nameLabel,
  nameOf,
  type Series,
  withSamples,
} from './series.ts'
import type { Timing } from './timing.ts'
import type { Trace } from './trace.ts'

/** The series of a metrics query, without regard to hints: nothing is sampled. */
export function metrics(
  expression: MetricsExpression,
  traces: readonly Trace[],
  timing: Timing,
): Series[] {
  switch (expression.kind) {
    case 'metricsAggregate': {
      const spans = traces.flatMap(trace =>
        spansetsOf(expression.pipeline, trace.spans).flatMap(spanset => spanset.spans),
      )
      return seriesOf(expression.function, spans, timing)
    }
    case 'metricsArithmetic':
      return calculate(expression, traces, timing)
    case 'metricsStaged': {
      const input = metrics(expression.input, traces, timing)
      return expression.stages.reduce((series, stage) => runStage(stage, series), input)
    }
  }
}

function runStage(stage: MetricsStage, series: readonly Series[]): Series[] {
  if (stage.kind !== 'valueFilter') return rank(stage.kind, Number(stage.limit), series)
  const limit = { type: 'float', value: scalarOf(stage.value)! } as const
  const passes = (sample: number | undefined) =>
    sample !== undefined && compare(stage.op, [{ type: 'float', value: sample }], [limit])
  return series.flatMap(one =>
    withSamples(
      one,
      one.samples.map(sample => (passes(sample) ? sample : undefined)),
    ),
  )
}

/**
 * The greatest or least samples at each time. Of equal ones topk takes the first in the order of
 * labels, bottomk the last.
 */
function rank(kind: 'topk' | 'bottomk', limit: number, unordered: readonly Series[]): Series[] {
  const series = unordered.toSorted(byLabels)
  if (series.length <= limit) return series
  if (kind === 'bottomk') series.reverse()
  const kept = series.map(one => one.samples.map((): number | undefined => undefined))
  for (const bucket of series[0]!.samples.keys()) {
    const ranked = series
      .map((one, at) => ({ at, sample: one.samples[bucket] }))
      .filter(({ sample }) => sample !== undefined)
      .sort((a, b) => (kind === 'topk' ? b.sample! - a.sample! : a.sample! - b.sample!))
    for (const { at, sample } of ranked.slice(0, limit)) kept[at]![bucket] = sample
  }
  return series.flatMap((one, at) => withSamples(one, kept[at]!))
}

type Side = MetricsExpression | ScalarExpression

function isMetrics(side: Side): side is MetricsExpression {
  return ['metricsAggregate', 'metricsStaged', 'metricsArithmetic'].includes(side.kind)
}

function calculate(
  { op, left, right }: MetricsArithmetic,
  traces: readonly Trace[],
  timing: Timing,
): Series[] {
  const calculateSample = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : resultOf(op, a, b)
  if (!isMetrics(left) || !isMetrics(right)) {
    const scalar = scalarOf((isMetrics(left) ? right : left) as ScalarExpression)
    const series = metrics((isMetrics(left) ? left : right) as MetricsExpression, traces, timing)
    return series.flatMap(one =>
      withSamples(
        one,
        one.samples.map(sample =>
          isMetrics(left) ? calculateSample(sample, scalar) : calculateSample(scalar, sample),
        ),
      ),
    )
  }
  const lefts = metrics(left, traces, timing)
  const rights = metrics(right, traces, timing)
  return pairsOf(lefts, rights).flatMap(([a, b]) =>
    withSamples(
      { labels: labelsOfResult(op, a, b), samples: [] },
      a.samples.map((sample, bucket) => calculateSample(sample, b.samples[bucket])),
    ),
  )
}

/** Undefined where the division has no result. */
function resultOf(op: MetricsArithmetic['op'], a: number, b: number): number | undefined {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? undefined : a / b
  }
}

/** Series with equal labels; one alone that has none goes with each of the other side. */
function pairsOf(
  lefts: readonly Series[],
  rights: readonly Series[],
): (readonly [Series, Series])[] {
  if (lefts.length === 1 && isUngrouped(lefts[0]!)) return rights.map(right => [lefts[0]!, right])
  if (rights.length === 1 && isUngrouped(rights[0]!)) return lefts.map(left => [left, rights[0]!])
  return lefts.flatMap(left =>
    rights
      .filter(right => identityOf(right) === identityOf(left))
      .map(right => [left, right] as const),
  )
}

function isUngrouped({ labels }: Series): boolean {
  return labels.every(({ key }) => key === nameLabel)
}

function labelsOfResult(op: MetricsArithmetic['op'], a: Series, b: Series): Series['labels'] {
  const grouped = [a, b].find(series => !isUngrouped(series))
  return grouped?.labels ?? named(`(${nameOf(a)} ${op} ${nameOf(b)})`)
}

/** Durations are seconds here; undefined for what is divided by zero. */
function scalarOf(expression: ScalarExpression): number | undefined {
  const folded = foldScalar(expression)
  if (typeof folded !== 'object') return undefined
  const { type, value } = numberOfStatic(folded)
  return type === 'duration' ? Number(value) / 1e9 : Number(value)
}

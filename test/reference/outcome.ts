import { Failure } from '../../src/base/errors.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import type { MetricsExpression, ParsedQuery } from '../../src/traceql/ast.ts'
import { metrics } from './metrics.ts'
import { search } from './search.ts'
import { shownLabels } from './series.ts'
import { goodQuery } from './tempo-answer.ts'
import { instantTiming } from './timing.ts'
import { type Trace, tracesOf } from './trace.ts'
import { type Scalar, textOf } from './value.ts'

/**
 * The answer to a query in a line, as docs/traceql.md has it: the names of spans, the earliest
 * trace first; values of metrics over the whole time; or why it is refused.
 */
export function outcomeOf(
  text: string,
  spans: readonly PlainSpan[],
  startNs: bigint,
  endNs: bigint,
): string {
  const traces = tracesOf(spans)
  try {
    const query = goodQuery(text)
    const parts =
      query.body.kind === 'spans'
        ? spansetsOf(query, traces)
        : seriesOf(query.body.expression, traces, startNs, endNs)
    return parts.length === 0 ? 'nothing' : parts.join('; ')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return `refused: ${error.message.split('\n')[0]}`
  }
}

function spansetsOf(query: ParsedQuery, traces: readonly Trace[]): string[] {
  return search(query, traces)
    .reverse()
    .flatMap(({ spansets }) => spansets)
    .map(({ spans, attributes }) => {
      const names = spans.map(({ span }) => span.name).join(', ')
      const pairs = [...attributes].map(([key, value]) => `${key} = ${valueText(value)}`)
      return pairs.length === 0 ? names : `${pairs.join(', ')}: ${names}`
    })
}

function seriesOf(
  expression: MetricsExpression,
  traces: readonly Trace[],
  startNs: bigint,
  endNs: bigint,
): string[] {
  const series = metrics(expression, traces, instantTiming(startNs, endNs))
  return series.map(one => {
    const labels = shownLabels(one).map(({ key, value }) => `${key} = ${valueText(value)}`)
    return `${labels.join(', ')}: ${Number(one.samples[0]!.toPrecision(6))}`
  })
}

function valueText(value: Scalar | null): string {
  return value === null ? 'nil' : textOf(value)
}

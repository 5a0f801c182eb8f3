import type {
  FieldExpression,
  LogicalOp,
  Pipeline,
  ScalarFilter,
  SpansetExpression,
  Stage,
} from '../../src/traceql/ast.ts'
import { foldScalar } from '../../src/traceql/fold.ts'
import { printScalar } from '../../src/traceql/print.ts'
import { printFieldExpression } from '../../src/traceql/print-field.ts'
import { aggregateOf, numberOfStatic } from './aggregate.ts'
import { compare } from './comparison.ts'
import { isMatch, valuesOf } from './condition.ts'
import { groupValueOf } from './field.ts'
import { joinByStructure } from './structural.ts'
import { byStart, type TreeSpan } from './trace.ts'
import { isScalar, keyOf, type Scalar } from './value.ts'

/** Spans of one trace, at least one, by start and id. */
export interface Spanset {
  readonly spans: readonly TreeSpan[]
  /** Of groups (null: the spans have no value) and aggregates, by their text in the query. */
  readonly attributes: ReadonlyMap<string, Scalar | null>
}

/** What a pipeline makes of the spans of a trace. */
export function spansetsOf(pipeline: Pipeline, spans: readonly TreeSpan[]): Spanset[] {
  const start: Spanset[] = [{ spans, attributes: new Map() }]
  return pipeline.stages.reduce((spansets, stage) => runStage(stage, spansets), start)
}

function runStage(stage: Stage, spansets: readonly Spanset[]): Spanset[] {
  switch (stage.kind) {
    case 'spansets':
      return spansets.flatMap(({ spans, attributes }) => {
        const found = select(stage.expression, spans)
        return found.length === 0 ? [] : [{ spans: found, attributes }]
      })
    case 'scalarFilter':
      return spansets.flatMap(spanset => filterByAggregate(stage, spanset))
    case 'by':
      return spansets.flatMap(spanset => group(stage.expression, spanset))
    case 'coalesce': {
      const spans = distinct(spansets.flatMap(spanset => spanset.spans))
      return spans.length === 0 ? [] : [{ spans, attributes: new Map() }]
    }
    case 'select':
      return [...spansets]
  }
}

/** The spans that an expression finds among those of one spanset. */
function select(expression: SpansetExpression, spans: readonly TreeSpan[]): TreeSpan[] {
  switch (expression.kind) {
    case 'filter':
      return spans.filter(span => isMatch(expression.condition, span))
    case 'spansetLogical':
      return unite(
        expression.op,
        expression.operands.map(operand => select(operand, spans)),
      )
    case 'structural': {
      const left = select(expression.left, spans)
      return distinct(joinByStructure(expression.op, left, select(expression.right, spans)))
    }
    case 'wrapped': {
      const [spanset, ...more] = spansetsOf(expression.pipeline, spans)
      if (more.length > 0) throw new Error('an operand has several spansets; use coalesce()')
      return [...(spanset?.spans ?? [])]
    }
  }
}

/** The spans of all sides; with `&&` only where none of them is empty. */
function unite(op: LogicalOp, sides: readonly (readonly TreeSpan[])[]): TreeSpan[] {
  return op === '&&' && sides.some(side => side.length === 0) ? [] : distinct(sides.flat())
}

function distinct(spans: readonly TreeSpan[]): TreeSpan[] {
  return [...new Set(spans)].sort(byStart)
}

/** The spanset, with its aggregate, or nothing. */
function filterByAggregate(filter: ScalarFilter, { spans, attributes }: Spanset): Spanset[] {
  const wanted = foldScalar(filter.right)
  if (filter.left.kind !== 'aggregate' || typeof wanted !== 'object') {
    throw new Error('not a validated query')
  }
  const value = aggregateOf(filter.left, spans)
  if (value === null || !compare(filter.op, [value], [numberOfStatic(wanted)])) return []
  return [{ spans, attributes: new Map(attributes).set(printScalar(filter.left), value) }]
}

/** One spanset for each value, which keeps its type; the spans without one are together. */
function group(expression: FieldExpression, { spans, attributes }: Spanset): Spanset[] {
  const groups = new Map<string, { value: Scalar | null; spans: TreeSpan[] }>()
  for (const span of spans) {
    const value = groupValue(expression, span)
    const found = groups.get(keyOf(value)) ?? { value, spans: [] }
    groups.set(keyOf(value), found)
    found.spans.push(span)
  }
  const name = `by(${printFieldExpression(expression)})`
  return [...groups.values()].map(found => ({
    spans: found.spans,
    attributes: new Map(attributes).set(name, found.value),
  }))
}

function groupValue(expression: FieldExpression, span: TreeSpan): Scalar | null {
  if (expression.kind === 'attribute' || expression.kind === 'intrinsic') {
    return groupValueOf(expression, span)
  }
  return valuesOf(expression, span).find(isScalar) ?? null
}

import type { Predicate } from '../model/predicate.ts'
import type * as model from '../model/spanset.ts'
import type { AggregateFunction, SpansetStage } from '../model/spanset.ts'
import type {
  AggregateName,
  Pipeline,
  ScalarFilter,
  SpansetExpression,
  Stage,
  StructuralOp,
} from './ast.ts'
import { apart, constant, literalOf } from './compile-comparison.ts'
import { compileArgument, compileCondition, join } from './compile-condition.ts'
import { type FoldContext, foldScalar } from './fold.ts'
import { printScalar } from './print.ts'
import { printFieldExpression } from './print-field.ts'
import { typeOf } from './value-type.ts'

export interface CompiledPipeline {
  /** Which spans of a trace the stages begin with. */
  readonly spans: Predicate
  readonly stages: readonly SpansetStage[]
}

/** The pipeline of a validated query; `select` is for answers and left out here. */
export function compilePipeline(pipeline: Pipeline, context: FoldContext): CompiledPipeline {
  const filters: Predicate[] = []
  const stages: SpansetStage[] = []
  for (const stage of pipeline.stages) {
    const filter = stages.length === 0 ? filterOf(stage, context) : undefined
    if (filter !== undefined) filters.push(filter)
    else stages.push(...compileStage(stage, context))
  }
  // Only within a filter do conditions on events belong to the same event.
  const spans = join('&&', filters.length === 1 ? filters : filters.map(apart))
  return { spans, stages }
}

/** The condition of a stage that looks at each span by itself. */
function filterOf(stage: Stage, context: FoldContext): Predicate | undefined {
  if (stage.kind === 'select' || stage.kind === 'coalesce') return constant(true)
  if (stage.kind !== 'spansets') return undefined
  const expression = compileSpansets(stage.expression, context)
  return expression.kind === 'filter' ? expression.spans : undefined
}

function compileStage(stage: Stage, context: FoldContext): SpansetStage[] {
  switch (stage.kind) {
    case 'spansets':
      return [{ kind: 'spansets', expression: compileSpansets(stage.expression, context) }]
    case 'scalarFilter':
      return [compileAggregate(stage, context)]
    case 'by':
      return [
        {
          kind: 'by',
          expression: compileArgument(stage.expression, context),
          shownAs: `by(${printFieldExpression(stage.expression)})`,
        },
      ]
    case 'coalesce':
      return [{ kind: 'coalesce' }]
    case 'select':
      return []
  }
}

/** Recursion is bounded by the parser. */
function compileSpansets(
  expression: SpansetExpression,
  context: FoldContext,
): model.SpansetExpression {
  switch (expression.kind) {
    case 'filter':
      return { kind: 'filter', spans: compileCondition(expression.condition, context) }
    case 'wrapped': {
      const { spans, stages } = compilePipeline(expression.pipeline, context)
      const filter = { kind: 'spansets', expression: { kind: 'filter', spans } } as const
      return stages.length === 0
        ? filter.expression
        : { kind: 'pipeline', stages: [filter, ...stages] }
    }
    case 'spansetLogical': {
      const parts = expression.operands.map(operand => compileSpansets(operand, context))
      return expression.op === '&&' ? { kind: 'and', parts } : eitherOf(parts)
    }
    case 'structural':
      return {
        kind: 'structural',
        ...relationOf(expression.op),
        left: compileSpansets(expression.left, context),
        right: compileSpansets(expression.right, context),
      }
  }
}

/** `{ a } || { b }` is `{ a || b }`. */
function eitherOf(parts: readonly model.SpansetExpression[]): model.SpansetExpression {
  const filters = parts.flatMap(part => (part.kind === 'filter' ? [apart(part.spans)] : []))
  if (filters.length < 2) return { kind: 'or', parts }
  const filter: model.SpansetExpression = { kind: 'filter', spans: join('||', filters) }
  if (filters.length === parts.length) return filter
  return { kind: 'or', parts: [filter, ...parts.filter(part => part.kind !== 'filter')] }
}

function relationOf(op: StructuralOp): { relation: model.Relation; form: model.StructuralForm } {
  if (op.startsWith('!')) return { relation: op.slice(1) as model.Relation, form: 'not' }
  if (op.startsWith('&')) return { relation: op.slice(1) as model.Relation, form: 'both' }
  return { relation: op as model.Relation, form: 'right' }
}

const aggregates: Readonly<Record<AggregateName, AggregateFunction>> = {
  count: 'count',
  avg: 'average',
  min: 'min',
  max: 'max',
  sum: 'sum',
}

/** Validated: one aggregate on the left, a constant number on the right. */
function compileAggregate({ left, op, right }: ScalarFilter, context: FoldContext): SpansetStage {
  const value = foldScalar(right)
  if (left.kind !== 'aggregate' || typeof value !== 'object') {
    throw new TypeError('a scalar filter was not validated')
  }
  const literal = literalOf({ kind: 'static', at: 0, ...value })
  if (literal.type !== 'int' && literal.type !== 'float') {
    throw new TypeError('a scalar filter was not validated')
  }
  const { argument } = left
  return {
    kind: 'aggregate',
    function: aggregates[left.function],
    argument: argument === null ? null : compileArgument(argument, context),
    op,
    literal,
    shownAs: printScalar(left),
    isDuration: argument !== null && typeOf(argument) === 'duration',
  }
}

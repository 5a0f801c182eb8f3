import type { Operand, Predicate } from '../model/predicate.ts'
import type { SpansetStage } from '../model/spanset.ts'
import type { MetricsExpression, ParsedQuery, Pipeline, SpansetExpression } from './ast.ts'
import { compilePipeline } from './compile-pipeline.ts'
import { type QueryHints, readHints } from './hints.ts'
import { queryError } from './query-error.ts'
import { QueryRegexes } from './regex.ts'
import { SelectList } from './select-operands.ts'

export interface CompiledSearch {
  readonly spans: Predicate
  readonly stages: readonly SpansetStage[]
  /** What a search response lists for each of them, in this order. */
  readonly select: readonly Operand[]
  readonly hints: QueryHints
}

/**
 * A validated query as a search: a metrics function at its end is ignored. Fails with BAD_QUERY on
 * arithmetic between metrics, which has no spans of its own.
 */
export function compileSearch(query: ParsedQuery): CompiledSearch {
  const context = { text: query.text, regexes: new QueryRegexes() }
  const { body } = query
  const pipeline = body.kind === 'spans' ? body.pipeline : pipelineOf(body.expression, query.text)
  const select = new SelectList()
  selectOf(pipeline, select)
  const { spans, stages } = compilePipeline(pipeline, context)
  return { spans, stages, select: select.operands(), hints: readHints(query) }
}

/** The spans that a metrics query counts. */
function pipelineOf(expression: MetricsExpression, text: string): Pipeline {
  switch (expression.kind) {
    case 'metricsAggregate':
      return expression.pipeline
    case 'metricsStaged':
      return pipelineOf(expression.input, text)
    case 'metricsArithmetic': {
      const what = 'arithmetic between metrics has no spans to search for'
      throw queryError('validate', text, expression.at, what)
    }
  }
}

/** Everything that conditions, aggregates, groups and `select` read. */
function selectOf(pipeline: Pipeline, select: SelectList): void {
  for (const stage of pipeline.stages) {
    switch (stage.kind) {
      case 'spansets':
        selectOfSpansets(stage.expression, select)
        break
      case 'scalarFilter':
        if (stage.left.kind === 'aggregate' && stage.left.argument !== null)
          select.addExpression(stage.left.argument)
        break
      case 'by':
        select.addExpression(stage.expression)
        break
      case 'select':
        for (const field of stage.fields) select.addField(field)
        break
      case 'coalesce':
        break
    }
  }
}

/** Recursion is bounded by the parser. */
function selectOfSpansets(expression: SpansetExpression, select: SelectList): void {
  switch (expression.kind) {
    case 'filter':
      select.addExpression(expression.condition)
      break
    case 'wrapped':
      selectOf(expression.pipeline, select)
      break
    case 'structural':
      selectOfSpansets(expression.left, select)
      selectOfSpansets(expression.right, select)
      break
    case 'spansetLogical':
      for (const operand of expression.operands) selectOfSpansets(operand, select)
  }
}

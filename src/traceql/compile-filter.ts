import type { Failure } from '../base/errors.ts'
import type { Operand, Predicate } from '../model/predicate.ts'
import type { MetricsExpression, ParsedQuery, Pipeline, Stage } from './ast.ts'
import { apart } from './compile-comparison.ts'
import { compileCondition, join } from './compile-condition.ts'
import type { FoldContext } from './fold.ts'
import { type QueryHints, readHints } from './hints.ts'
import { queryError } from './query-error.ts'
import { QueryRegexes } from './regex.ts'
import { SelectList } from './select-operands.ts'

export interface CompiledFilter {
  /** Which spans match. */
  readonly spans: Predicate
  /** What a search response lists for each of them, in this order. */
  readonly select: readonly Operand[]
  readonly hints: QueryHints
}

/**
 * A validated query that looks at each span by itself: filters one after the other, `select`, and
 * a metrics function, which a search ignores. Fails with BAD_QUERY on whatever needs more.
 */
export function compileSpansetFilter(query: ParsedQuery): CompiledFilter {
  const context = { text: query.text, regexes: new QueryRegexes() }
  const { body } = query
  const pipeline = body.kind === 'spans' ? body.pipeline : pipelineOf(body.expression, context)
  const filters: Predicate[] = []
  const select = new SelectList()
  for (const stage of pipeline.stages) {
    const filter = compileStage(stage, select, context)
    if (filter !== undefined) filters.push(filter)
  }
  // Only within a filter do conditions on events belong to the same event.
  const spans = join('&&', filters.length === 1 ? filters : filters.map(apart))
  return { spans, select: select.operands(), hints: readHints(query) }
}

/** The spans that a metrics query counts. */
function pipelineOf(expression: MetricsExpression, context: FoldContext): Pipeline {
  switch (expression.kind) {
    case 'metricsAggregate':
      return expression.pipeline
    case 'metricsStaged':
      return pipelineOf(expression.input, context)
    case 'metricsArithmetic':
      throw notSupported(context, 'metrics arithmetic in a search', expression.at)
  }
}

function compileStage(
  stage: Stage,
  select: SelectList,
  context: FoldContext,
): Predicate | undefined {
  switch (stage.kind) {
    case 'spansets': {
      const { expression } = stage
      if (expression.kind === 'wrapped') {
        throw notSupported(context, 'bracketed pipelines', expression.at)
      }
      if (expression.kind !== 'filter') {
        throw notSupported(context, `operator ${expression.op} between spansets`, expression.at)
      }
      select.addExpression(expression.condition)
      const compiled = compileCondition(expression.condition, context)
      if (compiled.kind !== 'notSupported') return compiled
      throw notSupported(context, compiled.what, compiled.at)
    }
    case 'select':
      for (const field of stage.fields) select.addField(field)
      return undefined
    case 'coalesce':
      // Without groups there is nothing to merge.
      return undefined
    case 'scalarFilter':
      throw notSupported(context, 'aggregates', stage.at)
    case 'by':
      throw notSupported(context, 'by()', stage.at)
  }
}

function notSupported(context: FoldContext, what: string, at: number): Failure {
  return queryError('validate', context.text, at, `not supported yet: ${what}`)
}

import type {
  Aggregate,
  ParsedQuery,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetExpression,
  Stage,
} from './ast.ts'
import { foldScalar } from './fold.ts'
import { printScalar } from './print.ts'
import { printFieldExpression } from './print-field.ts'
import { refuseTooLarge } from './query-size.ts'
import { QueryRegexes } from './regex.ts'
import {
  invalid,
  placeOf,
  refuseParent,
  type ValidateContext,
  validateCondition,
  validateField,
} from './validate-field.ts'
import { validateMetrics } from './validate-metrics.ts'
import { isNumeric, readsSpan, typeOf } from './value-type.ts'

/**
 * Checks what the grammar lets through: types, regular expressions, limits, and what can be said
 * but is not supported. Gives the query back. Fails with BAD_QUERY.
 */
export function validateQuery(query: ParsedQuery): ParsedQuery {
  const context = { text: query.text, regexes: new QueryRegexes() }
  const { body } = query
  refuseTooLarge(query)
  if (body.kind === 'spans') validatePipeline(body.pipeline, context)
  else validateMetrics(body.expression, context, validatePipeline)
  return query
}

function validatePipeline(pipeline: Pipeline, context: ValidateContext): void {
  for (const stage of pipeline.stages) validateStage(stage, context)
}

function validateStage(stage: Stage, context: ValidateContext): void {
  switch (stage.kind) {
    case 'spansets':
      validateSpansets(stage.expression, context)
      break
    case 'scalarFilter':
      validateScalarFilter(stage, context)
      break
    case 'by': {
      validateField(stage.expression, context)
      if (readsSpan(stage.expression)) return
      const message = 'grouping field expressions must reference the span'
      const text = printFieldExpression(stage.expression)
      throw invalid(context, placeOf(stage.expression), `${message}: ${text}`)
    }
    case 'select':
      for (const field of stage.fields) refuseParent(field, context)
      break
    case 'coalesce':
      break
  }
}

function validateSpansets(expression: SpansetExpression, context: ValidateContext): void {
  switch (expression.kind) {
    case 'filter':
      validateCondition(expression.condition, context)
      break
    case 'wrapped':
      validatePipeline(expression.pipeline, context)
      break
    case 'structural':
      validateSpansets(expression.left, context)
      validateSpansets(expression.right, context)
      break
    case 'spansetLogical':
      for (const operand of expression.operands) validateSpansets(operand, context)
  }
}

/** One aggregate on the left, a constant on the right: everything else is for later. */
function validateScalarFilter(filter: ScalarFilter, context: ValidateContext): void {
  validateScalar(filter.left, context)
  validateScalar(filter.right, context)
  if (filter.left.kind !== 'aggregate') {
    const text = `scalar filter lhs of type (${printScalar(filter.left)}) not yet supported`
    throw invalid(context, filter.at, text)
  }
  const value = foldScalar(filter.right)
  if (value === undefined) {
    const text = `scalar filter rhs of type (${printScalar(filter.right)}) not yet supported`
    throw invalid(context, filter.at, text)
  }
  if (typeof value === 'string') throw invalid(context, filter.at, value)
}

function validateScalar(expression: ScalarExpression, context: ValidateContext): void {
  switch (expression.kind) {
    case 'static':
      break
    case 'aggregate':
      validateAggregate(expression, context)
      break
    case 'scalarPipeline':
      validatePipeline(expression.pipeline, context)
      validateAggregate(expression.aggregate, context)
      break
    case 'scalarBinary':
      validateScalar(expression.left, context)
      validateScalar(expression.right, context)
      break
  }
}

function validateAggregate(aggregate: Aggregate, context: ValidateContext): void {
  const { argument, at } = aggregate
  if (argument === null) return
  validateField(argument, context)
  const type = typeOf(argument)
  const message = 'aggregate field expressions must'
  if (type !== 'attribute' && !isNumeric(type)) {
    throw invalid(context, at, `${message} resolve to a number type: ${printScalar(aggregate)}`)
  }
  if (!readsSpan(argument)) {
    throw invalid(context, at, `${message} reference the span: ${printScalar(aggregate)}`)
  }
}

import type {
  CompareFunction,
  MetricsArithmetic,
  MetricsExpression,
  MetricsFunction,
  MetricsStage,
  Pipeline,
  ScalarExpression,
} from './ast.ts'
import { foldScalar } from './fold.ts'
import { compareTopMax, metricsGroupMax } from './limits.ts'
import { invalid, refuseParent, type ValidateContext, validateCondition } from './validate-field.ts'

type ValidatePipeline = (pipeline: Pipeline, context: ValidateContext) => void

/** A metrics expression and the pipelines in it. Fails with BAD_QUERY. */
export function validateMetrics(
  expression: MetricsExpression,
  context: ValidateContext,
  validatePipeline: ValidatePipeline,
): void {
  switch (expression.kind) {
    case 'metricsAggregate':
      validatePipeline(expression.pipeline, context)
      validateFunction(expression.function, context)
      break
    case 'metricsStaged': {
      validateMetrics(expression.input, context, validatePipeline)
      refuseCompare(expression.input, context, expression.at)
      for (const stage of expression.stages) validateMetricsStage(stage, context)
      break
    }
    case 'metricsArithmetic':
      for (const side of sidesOf(expression)) {
        if (isMetrics(side)) {
          validateMetrics(side, context, validatePipeline)
          refuseCompare(side, context, expression.at)
        } else refuseDuration(side, context)
      }
  }
}

function sidesOf({ left, right }: MetricsArithmetic) {
  return [left, right]
}

function isMetrics(side: MetricsExpression | ScalarExpression): side is MetricsExpression {
  return ['metricsAggregate', 'metricsStaged', 'metricsArithmetic'].includes(side.kind)
}

function refuseCompare(input: MetricsExpression, context: ValidateContext, at: number): void {
  if (input.kind !== 'metricsAggregate' || input.function.function !== 'compare') return
  throw invalid(context, at, '`compare()` cannot be used with second stage functions')
}

/** Series hold seconds, so it would not be clear what a duration is to be added to. */
function refuseDuration(scalar: ScalarExpression, context: ValidateContext): void {
  if (scalar.kind === 'scalarBinary') {
    refuseDuration(scalar.left, context)
    refuseDuration(scalar.right, context)
  }
  if (scalar.kind !== 'static' || scalar.type !== 'duration') return
  const message = 'duration cannot be used as a scalar operand in metric arithmetic'
  throw invalid(context, scalar.at, message)
}

function validateMetricsStage(stage: MetricsStage, context: ValidateContext): void {
  if (stage.kind === 'valueFilter') {
    const value = foldScalar(stage.value)
    if (typeof value === 'string') throw invalid(context, stage.at, value)
  } else if (BigInt(stage.limit) <= 0n) {
    throw invalid(context, stage.at, 'limit must be greater than 0')
  }
}

function validateFunction(call: MetricsFunction, context: ValidateContext): void {
  if ('field' in call) refuseParent(call.field, context)
  for (const field of call.by) refuseParent(field, context)
  // Quantiles and buckets are labels too.
  const ownLabel = ['quantile_over_time', 'histogram_over_time'].includes(call.function)
  if (call.by.length > metricsGroupMax - (ownLabel ? 1 : 0)) {
    const message = `metrics group by ${call.by.length} values not yet supported`
    throw invalid(context, call.by[0]!.at, message)
  }
  if (call.function === 'compare') validateCompare(call, context)
  if (call.function !== 'quantile_over_time') return
  for (const quantile of call.quantiles) {
    if (quantile >= 0 && quantile <= 1) continue
    throw invalid(context, call.at, `quantile must be between 0 and 1: ${quantile}`)
  }
}

function validateCompare({ selection, top, range, at }: CompareFunction, context: ValidateContext) {
  validateCondition(selection.condition, context)
  if (top !== null && (BigInt(top) <= 0n || BigInt(top) > BigInt(compareTopMax))) {
    const message = `compare() number of values must be between 1 and ${compareTopMax}: ${top}`
    throw invalid(context, at, message)
  }
  if (range !== null && BigInt(range.startNs) >= BigInt(range.endNs)) {
    throw invalid(context, at, 'compare() end must be greater than start')
  }
}

import type {
  Hint,
  MetricsExpression,
  MetricsFunction,
  MetricsStage,
  ParsedQuery,
  Pipeline,
  ScalarExpression,
  SpansetExpression,
  Stage,
} from './ast.ts'
import { printField, printFieldExpression } from './print-field.ts'
import { printFloat, printLiteral } from './print-literal.ts'

/** Canonical text of a query: parsing it gives the same tree, apart from positions. */
export function printQuery(query: Pick<ParsedQuery, 'body' | 'hints'>): string {
  const { body, hints } = query
  const text = body.kind === 'spans' ? printPipeline(body.pipeline) : printMetrics(body.expression)
  return `${text}${printHints(hints)}`
}

function printHints(hints: readonly Hint[]): string {
  if (hints.length === 0) return ''
  return ` with (${hints.map(({ name, value }) => `${name}=${printLiteral(value)}`).join(', ')})`
}

export function printPipeline(pipeline: Pipeline): string {
  return pipeline.stages.map(printStage).join(' | ')
}

function printStage(stage: Stage): string {
  switch (stage.kind) {
    case 'spansets':
      return printSpansets(stage.expression)
    case 'scalarFilter':
      return `${printScalar(stage.left)} ${stage.op} ${printScalar(stage.right)}`
    case 'by':
      return `by(${printFieldExpression(stage.expression)})`
    case 'coalesce':
      return 'coalesce()'
    case 'select':
      return `select(${stage.fields.map(printField).join(', ')})`
  }
}

export function printSpansets(expression: SpansetExpression): string {
  switch (expression.kind) {
    case 'filter':
      return `{ ${printFieldExpression(expression.condition)} }`
    case 'wrapped':
      return `(${printPipeline(expression.pipeline)})`
    case 'structural':
      return printOperands([expression.left, expression.right], expression.op)
    case 'spansetLogical':
      return printOperands(expression.operands, expression.op)
  }
}

function printOperands(operands: readonly SpansetExpression[], op: string): string {
  // Beside a bracketed pipeline everything is bracketed.
  const bracketAll = operands.some(hasPipeline)
  const texts = operands.map(operand => {
    const text = printSpansets(operand)
    if (operand.kind === 'wrapped') return text
    return bracketAll || operand.kind !== 'filter' ? `(${text})` : text
  })
  return texts.join(` ${op} `)
}

function hasPipeline(expression: SpansetExpression): boolean {
  switch (expression.kind) {
    case 'filter':
      return false
    case 'wrapped':
      return true
    case 'structural':
      return hasPipeline(expression.left) || hasPipeline(expression.right)
    case 'spansetLogical':
      return expression.operands.some(hasPipeline)
  }
}

/** `count()`, `avg(duration)`, `2 * 48`: also the key of an aggregate in results. */
export function printScalar(expression: ScalarExpression): string {
  switch (expression.kind) {
    case 'static':
      return printLiteral(expression)
    case 'aggregate': {
      const { argument } = expression
      return `${expression.function}(${argument === null ? '' : printFieldExpression(argument)})`
    }
    case 'scalarPipeline':
      return `(${printPipeline(expression.pipeline)} | ${printScalar(expression.aggregate)})`
    case 'scalarBinary': {
      const { left, op, right } = expression
      return `${printScalarOperand(left)} ${op} ${printScalarOperand(right)}`
    }
  }
}

function printScalarOperand(expression: ScalarExpression): string {
  const text = printScalar(expression)
  return expression.kind === 'scalarBinary' ? `(${text})` : text
}

export function printMetrics(expression: MetricsExpression): string {
  switch (expression.kind) {
    case 'metricsAggregate':
      return `${printPipeline(expression.pipeline)} | ${printFunction(expression.function)}`
    case 'metricsStaged':
      return printMetrics(expression.input) + expression.stages.map(printMetricsStage).join('')
    case 'metricsArithmetic': {
      const { left, op, right } = expression
      return `${printMetricsOperand(left)} ${op} ${printMetricsOperand(right)}`
    }
  }
}

function printMetricsOperand(operand: MetricsExpression | ScalarExpression): string {
  switch (operand.kind) {
    case 'metricsAggregate':
    case 'metricsStaged':
    case 'metricsArithmetic':
      return `(${printMetrics(operand)})`
    default:
      return printScalarOperand(operand)
  }
}

function printMetricsStage(stage: MetricsStage): string {
  if (stage.kind !== 'valueFilter') return ` | ${stage.kind}(${stage.limit})`
  return ` ${stage.op} ${printScalar(stage.value)}`
}

export function printFunction(call: MetricsFunction): string {
  const by = call.by.length === 0 ? '' : ` by (${call.by.map(printField).join(', ')})`
  return `${call.function}(${printArguments(call)})${by}`
}

function printArguments(call: MetricsFunction): string {
  switch (call.function) {
    case 'rate':
    case 'count_over_time':
      return ''
    case 'quantile_over_time':
      return [printField(call.field), ...call.quantiles.map(printFloat)].join(', ')
    case 'compare': {
      const { selection, top, range } = call
      const numbers = [top, range?.startNs, range?.endNs]
      return [printSpansets(selection), ...numbers.filter(text => text != null)].join(', ')
    }
    default:
      return printField(call.field)
  }
}

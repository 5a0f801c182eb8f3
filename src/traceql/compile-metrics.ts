import { assert } from '../base/assert.ts'
import { type Failure, fail } from '../base/errors.ts'
import type {
  MetricsLeaf,
  MetricsPlan,
  SampleRule,
  SeriesExpression,
  SeriesStage,
} from '../model/metrics-plan.ts'
import type { Intrinsic, Operand } from '../model/predicate.ts'
import type { MetricsFunction as SpanFunction } from '../model/spanset.ts'
import type {
  CompareFunction,
  MetricsAggregate,
  MetricsExpression,
  MetricsFunction,
  MetricsStage,
  ParsedQuery,
  ScalarExpression,
} from './ast.ts'
import { compileCondition } from './compile-condition.ts'
import { compilePipeline } from './compile-pipeline.ts'
import { type FoldContext, foldScalar } from './fold.ts'
import { type QueryHints, readHints } from './hints.ts'
import { operandOf } from './operand.ts'
import { printField } from './print-field.ts'
import { queryError } from './query-error.ts'
import { QueryRegexes } from './regex.ts'

export interface CompiledMetrics {
  readonly plan: MetricsPlan
  readonly hints: QueryHints
}

/** Values per attribute that `compare()` shows when the query does not say. */
const compareTopDefault = 10

/** A validated metrics query. Fails with BAD_QUERY, also when it is a search. */
export function compileMetrics(query: ParsedQuery): CompiledMetrics {
  const { body } = query
  if (body.kind !== 'metrics') throw fail('BAD_QUERY', 'not a metrics query')
  const compiler = new MetricsCompiler(query.text)
  const root = compiler.compile(body.expression)
  return { plan: { leaves: compiler.leaves, root }, hints: readHints(query) }
}

/** Collects the leaves of an expression while it is compiled. */
class MetricsCompiler {
  readonly leaves: MetricsLeaf[] = []
  readonly #context: FoldContext

  constructor(text: string) {
    this.#context = { text, regexes: new QueryRegexes() }
  }

  compile(expression: MetricsExpression | ScalarExpression): SeriesExpression {
    switch (expression.kind) {
      case 'metricsAggregate':
        this.leaves.push(this.#leaf(expression))
        return { kind: 'leaf', leaf: this.leaves.length - 1 }
      case 'metricsArithmetic': {
        const left = this.compile(expression.left)
        const right = this.compile(expression.right)
        return { kind: 'arithmetic', op: expression.op, left, right }
      }
      case 'metricsStaged': {
        const stages = expression.stages.map(stage => this.#stage(stage))
        return { kind: 'staged', input: this.compile(expression.input), stages }
      }
      default:
        return { kind: 'scalar', value: this.#scalar(expression) }
    }
  }

  #leaf({ pipeline, function: call }: MetricsAggregate): MetricsLeaf {
    const operand = 'field' in call ? operandOf(call.field) : undefined
    return {
      ...compilePipeline(pipeline, this.#context),
      function: this.#spanFunction(call, operand),
      by: call.by.map(operandOf),
      labelKeys: call.by.map(printField),
      name: call.function,
      samples: sampleRule(call),
      isDuration: operand?.kind === 'intrinsic' && durations.has(operand.name),
    }
  }

  #spanFunction(call: MetricsFunction, operand: Operand | undefined): SpanFunction {
    if (call.function === 'compare') return this.#compare(call)
    if (operand === undefined) return { kind: 'count' }
    switch (call.function) {
      case 'min_over_time':
        return { kind: 'min', operand }
      case 'max_over_time':
        return { kind: 'max', operand }
      case 'quantile_over_time':
      case 'histogram_over_time':
        return { kind: 'histogram', operand }
      default:
        return { kind: 'sum', operand }
    }
  }

  #compare({ selection, top, range }: CompareFunction): SpanFunction {
    const bounds = range === null ? {} : { range }
    return {
      kind: 'compare',
      selection: compileCondition(selection.condition, this.#context),
      top: topOf(top),
      ...bounds,
    }
  }

  #stage(stage: MetricsStage): SeriesStage {
    if (stage.kind !== 'valueFilter') return { kind: stage.kind, limit: Number(stage.limit) }
    const value = this.#scalar(inSeconds(stage.value))
    if (value === null) throw this.#error(stage.at, 'division by zero')
    return { kind: 'filter', op: stage.op, value }
  }

  /** Null for a division by zero. */
  #scalar(expression: ScalarExpression): number | null {
    const value = foldScalar(expression)
    if (value === 'division by zero') return null
    if (value === 'number out of range') throw this.#error(expression.at, value)
    assert(value?.type === 'int' || value?.type === 'float', 'the grammar lets only numbers in')
    return Number(value.value)
  }

  #error(at: number, message: string): Failure {
    return queryError('validate', this.#context.text, at, message)
  }
}

const durations: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  ...(['duration', 'traceDuration', 'eventTimeSinceStart'] as const),
])

function topOf(top: string | null): number {
  return top === null ? compareTopDefault : Number(top)
}

function sampleRule(call: MetricsFunction): SampleRule {
  switch (call.function) {
    case 'rate':
      return { kind: 'rate' }
    case 'count_over_time':
      return { kind: 'count' }
    case 'min_over_time':
    case 'max_over_time':
      return { kind: 'extreme' }
    case 'avg_over_time':
      return { kind: 'average' }
    case 'sum_over_time':
      return { kind: 'sum' }
    case 'histogram_over_time':
      return { kind: 'buckets' }
    case 'quantile_over_time':
      return { kind: 'quantiles', quantiles: call.quantiles }
    case 'compare':
      return { kind: 'compare', top: topOf(call.top) }
  }
}

/** Series hold seconds, so a duration is compared as seconds. */
function inSeconds(expression: ScalarExpression): ScalarExpression {
  if (expression.kind === 'scalarBinary') {
    const { left, right } = expression
    return { ...expression, left: inSeconds(left), right: inSeconds(right) }
  }
  if (expression.kind !== 'static' || expression.type !== 'duration') return expression
  const { kind, at } = expression
  return { kind, type: 'float', value: Number(expression.value) / 1e9, at }
}

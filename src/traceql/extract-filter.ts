import { Failure } from '../base/errors.ts'
import type { Predicate } from '../model/predicate.ts'
import type { FieldExpression, MetricsExpression, ParsedQuery, Pipeline } from './ast.ts'
import { apart } from './compile-comparison.ts'
import { compileCondition, hasOr, join } from './compile-condition.ts'
import type { FoldContext } from './fold.ts'
import { type ParseOptions, parseQuery } from './parser.ts'
import { refuseTooLarge } from './query-size.ts'
import { QueryRegexes } from './regex.ts'
import { validateCondition } from './validate-field.ts'

/**
 * What can be used of the `q` of a tag request: conditions of its filters joined by `&&` and `||`.
 * The rest is left out so that more spans match, never fewer; undefined when nothing remains.
 * Never fails.
 */
export function extractFilter(text: string, options: ParseOptions = {}): Predicate | undefined {
  const query = unlessRefused(() => refuseTooLarge(parseQuery(text, options)))
  const pipeline = query === undefined ? undefined : pipelineOf(query.body)
  if (pipeline === undefined) return undefined
  const context = { text, regexes: new QueryRegexes() }
  const filters: Predicate[] = []
  for (const stage of pipeline.stages) {
    if (stage.kind !== 'spansets' || stage.expression.kind !== 'filter') continue
    const { condition } = stage.expression
    const filter = usable(condition, context, hasOr(condition))
    if (filter !== undefined) filters.push(filter)
  }
  const joined = join('&&', filters.length === 1 ? filters : filters.map(apart))
  return joined.kind === 'constant' && joined.value ? undefined : joined
}

function pipelineOf(body: ParsedQuery['body']): Pipeline | undefined {
  if (body.kind === 'spans') return body.pipeline
  let expression: MetricsExpression = body.expression
  if (expression.kind === 'metricsStaged') expression = expression.input
  return expression.kind === 'metricsAggregate' ? expression.pipeline : undefined
}

function usable(
  condition: FieldExpression,
  context: FoldContext,
  keepApart: boolean,
): Predicate | undefined {
  if (condition.kind !== 'logical') {
    return unlessRefused(() => {
      validateCondition(condition, context)
      return compileCondition(condition, context)
    })
  }
  const parts = condition.operands.map(operand => usable(operand, context, keepApart))
  const known = parts.filter(part => part !== undefined)
  // A branch of `||` that is not understood may hold for any span.
  if (condition.op === '||' && known.length < parts.length) return undefined
  if (known.length === 0) return undefined
  return join(condition.op, keepApart && condition.op === '&&' ? known.map(apart) : known)
}

function unlessRefused<Result>(step: () => Result): Result | undefined {
  try {
    return step()
  } catch (error) {
    if (error instanceof Failure && error.code === 'BAD_QUERY') return undefined
    throw error
  }
}

import type {
  Field,
  MetricsExpression,
  ParsedQuery,
  Pipeline,
  SpansetExpression,
  Stage,
} from '../../src/traceql/ast.ts'
import type { IntrinsicName } from '../../src/traceql/intrinsics.ts'
import { printField } from '../../src/traceql/print-field.ts'
import { fieldsOf } from './condition.ts'
import { groupValueOf, resourceField, valuesOfField } from './field.ts'
import type { TreeSpan } from './trace.ts'
import type { Value } from './value.ts'

/** An attribute in an answer. Of the values of events and links any one may be shown. */
export interface ShownAttribute {
  readonly key: string
  readonly oneOf: readonly Value[]
}

/** An answer has members of its own for these. */
const neverShown: readonly IntrinsicName[] = [
  ...(['name', 'duration', 'spanId'] as const),
  ...(['traceId', 'traceDuration', 'rootName', 'rootServiceName'] as const),
]

/** What an answer shows of a span: whatever the query reads, each once. */
export function shownAttributes(fields: readonly Field[], span: TreeSpan): ShownAttribute[] {
  return fields
    .map(field => ({ key: keyOf(field), oneOf: shownValues(field, span) }))
    .filter(({ oneOf }) => oneOf.length > 0)
}

function keyOf(field: Field): string {
  return field.kind === 'attribute' ? field.key : printField(field)
}

function shownValues(field: Field, span: TreeSpan): Value[] {
  if (field.kind === 'intrinsic' && field.name === 'parentId') {
    return [groupValueOf(field, span)!]
  }
  const isService = field.kind === 'attribute' && isServiceName(field)
  if (isService && !span.resource.some(({ key }) => key === field.key)) return []
  return valuesOfField(field, span)
}

function isServiceName(field: Extract<Field, { kind: 'attribute' }>): boolean {
  return field.scope === 'resource' && field.key === 'service.name'
}

/** The fields of a query in the order in which it names them. Without scope stands for two. */
export function shownFields(query: ParsedQuery): Field[] {
  const fields = pipelinesOf(query).flatMap(fieldsOfPipeline)
  const scoped = fields.flatMap(field => {
    if (field.kind !== 'attribute' || field.scope !== 'any') return [field]
    return [{ ...field, scope: 'span' as const }, resourceField(field.key)]
  })
  const distinct = new Map(scoped.map(field => [printField(field), field]))
  return [...distinct.values()].filter(
    field => field.kind === 'attribute' || !neverShown.includes(field.name),
  )
}

/** That of a search, or those of a metrics query. */
export function pipelinesOf({ body }: ParsedQuery): Pipeline[] {
  return body.kind === 'spans' ? [body.pipeline] : pipelinesOfMetrics(body.expression)
}

function pipelinesOfMetrics(expression: MetricsExpression): Pipeline[] {
  switch (expression.kind) {
    case 'metricsAggregate':
      return [expression.pipeline]
    case 'metricsStaged':
      return pipelinesOfMetrics(expression.input)
    case 'metricsArithmetic':
      return [expression.left, expression.right].flatMap(side =>
        'pipeline' in side || 'input' in side || side.kind === 'metricsArithmetic'
          ? pipelinesOfMetrics(side as MetricsExpression)
          : [],
      )
  }
}

function fieldsOfPipeline(pipeline: Pipeline): Field[] {
  return pipeline.stages.flatMap(fieldsOfStage)
}

function fieldsOfStage(stage: Stage): Field[] {
  switch (stage.kind) {
    case 'spansets':
      return fieldsOfSpansets(stage.expression)
    case 'scalarFilter':
      return stage.left.kind === 'aggregate' && stage.left.argument !== null
        ? fieldsOf(stage.left.argument)
        : []
    case 'by':
      return fieldsOf(stage.expression)
    case 'select':
      return [...stage.fields]
    case 'coalesce':
      return []
  }
}

function fieldsOfSpansets(expression: SpansetExpression): Field[] {
  switch (expression.kind) {
    case 'filter':
      return fieldsOf(expression.condition)
    case 'wrapped':
      return fieldsOfPipeline(expression.pipeline)
    case 'structural':
      return [expression.left, expression.right].flatMap(fieldsOfSpansets)
    case 'spansetLogical':
      return expression.operands.flatMap(fieldsOfSpansets)
  }
}

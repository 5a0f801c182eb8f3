import fc, { type Arbitrary } from 'fast-check'
import type {
  Aggregate,
  Field,
  FieldExpression,
  Hint,
  MetricsAggregate,
  MetricsArithmetic,
  MetricsExpression,
  MetricsFunction,
  MetricsStage,
  ParsedQuery,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetExpression,
  SpansetFilter,
  Stage,
  Static,
  StructuralOp,
} from '../../src/traceql/ast.ts'
import { type IntrinsicName, intrinsics } from '../../src/traceql/intrinsics.ts'

/** Random trees in the normal form in which the parser makes them; positions are all 0. */

const at = 0

function oneOf<const Value>(...values: Value[]): Arbitrary<Value> {
  return fc.constantFrom(...values)
}

const key = fc.oneof(
  oneOf(
    'service.name',
    'http.status_code',
    'a b',
    '1st',
    'span.x',
    'parent.x',
    'q"u\\o',
    'k:v/w-1',
  ),
  fc.string({ unit: 'binary', minLength: 1 }).filter(text => !text.includes('\0')),
)

const attribute: Arbitrary<Field> = fc.record({
  kind: oneOf('attribute'),
  parent: fc.constant(false),
  scope: oneOf('any', 'span', 'resource', 'event', 'link', 'instrumentation'),
  key,
  at: fc.constant(at),
})

const parentAttribute: Arbitrary<Field> = fc.record({
  kind: oneOf('attribute'),
  parent: fc.constant(true),
  scope: oneOf('any', 'span', 'resource'),
  key,
  at: fc.constant(at),
})

const intrinsic: Arbitrary<Field> = fc
  .constantFrom(...(Object.keys(intrinsics) as IntrinsicName[]))
  .map(name => ({ kind: 'intrinsic', name, at }))

const field: Arbitrary<Field> = fc.oneof(
  { weight: 4, arbitrary: attribute },
  { weight: 1, arbitrary: parentAttribute },
  { weight: 2, arbitrary: intrinsic },
)

const unsigned = fc.bigInt(0n, 2n ** 63n - 1n).map(String)
const positiveFloat = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs)

const literal: Arbitrary<Static> = fc
  .oneof(
    fc.record({ type: oneOf('int'), value: fc.oneof(unsigned, oneOf('-9223372036854775808')) }),
    fc.record({ type: oneOf('float'), value: positiveFloat }),
    fc.record({ type: oneOf('duration'), value: unsigned }),
    fc.record({ type: oneOf('string'), value: fc.string({ unit: 'binary' }) }),
    fc.record({ type: oneOf('bool'), value: fc.boolean() }),
    fc.record({ type: oneOf('status'), value: oneOf('error', 'ok', 'unset') }),
    fc.record({ type: oneOf('kind'), value: oneOf('server', 'client', 'internal', 'unspecified') }),
    fc.constant({ type: 'nil' as const }),
  )
  .map(value => ({ kind: 'static', ...value, at }))

const fieldTree = fc.letrec<{ expression: FieldExpression }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literal,
    field,
    fc.record({
      kind: oneOf('unary'),
      op: oneOf('-', '!'),
      operand: tie('expression'),
      at: fc.constant(at),
    }),
    fc.record({
      kind: oneOf('binary'),
      op: oneOf('=', '!=', '<', '<=', '>', '>=', '=~', '!~', '+', '-', '*', '/', '%', '^'),
      left: tie('expression'),
      right: tie('expression'),
      at: fc.constant(at),
    }),
    fc
      .record({
        kind: oneOf('logical'),
        op: oneOf('&&', '||'),
        operands: fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
        at: fc.constant(at),
      })
      .filter(({ op, operands: [first] }) => first?.kind !== 'logical' || first.op !== op),
  ),
}))

export const fieldExpression: Arbitrary<FieldExpression> = fieldTree.expression

const filter: Arbitrary<SpansetFilter> = fieldExpression.map(condition => ({
  kind: 'filter',
  condition,
  at,
}))

const structuralOp: Arbitrary<StructuralOp> = oneOf(
  ...(['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~'] as const),
  ...(['&>', '&>>', '&<', '&<<', '&~'] as const),
)

function spansetTree(leaf: Arbitrary<SpansetExpression>): Arbitrary<SpansetExpression> {
  return fc.letrec<{ tree: SpansetExpression }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.record({
        kind: oneOf('structural'),
        op: structuralOp,
        left: tie('tree'),
        right: tie('tree'),
        at: fc.constant(at),
      }),
      fc
        .record({
          kind: oneOf('spansetLogical'),
          op: oneOf('&&', '||'),
          operands: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
          at: fc.constant(at),
        })
        .filter(({ op, operands: [first] }) => first?.kind !== 'spansetLogical' || first.op !== op),
    ),
  })).tree
}

const aggregate: Arbitrary<Aggregate> = fc.oneof(
  fc.constant<Aggregate>({ kind: 'aggregate', function: 'count', argument: null, at }),
  fc.record({
    kind: oneOf('aggregate'),
    function: oneOf('avg', 'max', 'min', 'sum'),
    argument: fieldExpression,
    at: fc.constant(at),
  }),
)

const signed = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)
const finite = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter(value => !Object.is(value, -0))

const scalarNumber: Arbitrary<Static> = fc
  .oneof(
    fc.record({ type: oneOf('int', 'duration'), value: signed }),
    fc.record({ type: oneOf('float'), value: finite }),
  )
  // A duration has no name for its lowest value.
  .filter(({ type, value }) => type !== 'duration' || value !== '-9223372036854775808')
  .map(value => ({ kind: 'static', ...value, at }) as Static)

function scalarTree(leaf: Arbitrary<ScalarExpression>): Arbitrary<ScalarExpression> {
  return fc.letrec<{ tree: ScalarExpression }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'xsmall', withCrossShrink: true },
      leaf,
      fc.record({
        kind: oneOf('scalarBinary'),
        op: oneOf('+', '-', '*', '/', '%', '^'),
        left: tie('tree'),
        right: tie('tree'),
        at: fc.constant(at),
      }),
    ),
  })).tree
}

const constantScalar = scalarTree(scalarNumber)
const scalarOp = oneOf('=', '!=', '<', '<=', '>', '>=')

function scalarFilter(leaf: Arbitrary<ScalarExpression>): Arbitrary<ScalarFilter> {
  return fc.record({
    kind: oneOf('scalarFilter'),
    op: scalarOp,
    left: scalarTree(leaf),
    right: scalarTree(leaf),
    at: fc.constant(at),
  })
}

const byStage: Arbitrary<Stage> = fieldExpression.map(expression => ({
  kind: 'by',
  expression,
  at,
}))
const selectStage: Arbitrary<Stage> = fc
  .array(field, { minLength: 1, maxLength: 3 })
  .map(fields => ({ kind: 'select', fields, at }))
const spansetStage: Arbitrary<Stage> = spansetTree(filter).map(expression => ({
  kind: 'spansets',
  expression,
  at,
}))

const simpleStage: Arbitrary<Stage> = fc.oneof(
  spansetStage,
  scalarFilter(fc.oneof(aggregate, scalarNumber)),
  byStage,
  selectStage,
)

function pipelineOf(stage: Arbitrary<Stage>): Arbitrary<Pipeline> {
  const later = fc.oneof(stage, fc.constant<Stage>({ kind: 'coalesce', at }))
  return fc
    .tuple(stage, fc.array(later, { maxLength: 2 }))
    .map(([first, rest]) => ({ kind: 'pipeline', stages: [first, ...rest], at }))
}

const simplePipeline = pipelineOf(simpleStage)

/** With pipelines as operands of scalars; it ends before any bracketed operand of spansets. */
const openPipeline: Arbitrary<Pipeline> = pipelineOf(
  fc.oneof(
    { weight: 4, arbitrary: simpleStage },
    {
      weight: 1,
      arbitrary: scalarFilter(
        fc.record({
          kind: oneOf('scalarPipeline'),
          pipeline: simplePipeline,
          aggregate,
          at: fc.constant(at),
        }),
      ),
    },
  ),
)

/** A bracketed spanset expression alone is no pipeline, so those stay out. */
const wrapped: Arbitrary<SpansetExpression> = openPipeline
  .filter(({ stages }) => stages.length > 1 || stages[0]?.kind !== 'spansets')
  .map(pipeline => ({ kind: 'wrapped', pipeline, at }))

const wrappedPipeline: Arbitrary<Pipeline> = spansetTree(fc.oneof(filter, wrapped))
  .filter(expression => expression.kind !== 'wrapped')
  .map(expression => ({
    kind: 'pipeline',
    stages: [{ kind: 'spansets', expression, at }],
    at,
  }))

const by = fc.array(field, { maxLength: 3 })

const metricsFunction: Arbitrary<MetricsFunction> = fc.oneof(
  fc.record({ function: oneOf('rate', 'count_over_time'), by, at: fc.constant(at) }),
  fc.record({
    function: oneOf('min_over_time', 'max_over_time', 'avg_over_time', 'histogram_over_time'),
    field,
    by,
    at: fc.constant(at),
  }),
  fc.record({
    function: oneOf('quantile_over_time'),
    field,
    quantiles: fc.array(positiveFloat, { minLength: 1, maxLength: 3 }),
    by,
    at: fc.constant(at),
  }),
  fc
    .tuple(filter, fc.option(unsigned), fc.option(fc.tuple(unsigned, unsigned)))
    .map(([selection, top, bounds]) => ({
      function: 'compare' as const,
      selection,
      top,
      range: top === null || bounds === null ? null : { startNs: bounds[0], endNs: bounds[1] },
      by: [],
      at,
    })),
)

const metricsAggregate: Arbitrary<MetricsAggregate> = fc.record({
  kind: oneOf('metricsAggregate'),
  pipeline: openPipeline,
  function: metricsFunction,
  at: fc.constant(at),
})

const metricsStage: Arbitrary<MetricsStage> = fc.oneof(
  fc.record({ kind: oneOf('topk', 'bottomk'), limit: unsigned, at: fc.constant(at) }),
  fc.record({
    kind: oneOf('valueFilter'),
    op: scalarOp,
    value: constantScalar,
    at: fc.constant(at),
  }),
)

type Unstaged = MetricsAggregate | MetricsArithmetic

const metrics = fc.letrec<{ unstaged: Unstaged; any: MetricsExpression }>(tie => ({
  unstaged: fc.oneof(
    { depthSize: 'xsmall', withCrossShrink: true },
    metricsAggregate,
    fc
      .tuple(
        oneOf('+', '-', '*', '/'),
        tie('any'),
        fc.oneof(tie('any'), constantScalar),
        fc.boolean(),
      )
      .map(([op, one, other, turn]): MetricsArithmetic => {
        const [left, right] = turn ? [other, one] : [one, other]
        return { kind: 'metricsArithmetic', op, left, right, at }
      }),
  ),
  any: fc
    .tuple(tie('unstaged'), fc.array(metricsStage, { maxLength: 2 }))
    .map(([input, stages]): MetricsExpression => {
      return stages.length === 0 ? input : { kind: 'metricsStaged', input, stages, at }
    }),
}))

const hints: Arbitrary<Hint[]> = fc.array(
  fc.record({ name: oneOf('most_recent', 'exemplars', 'name', 'с_буквами'), value: literal }),
  { maxLength: 2 },
)

export const query: Arbitrary<Pick<ParsedQuery, 'body' | 'hints'>> = fc.record({
  body: fc.oneof(
    fc.oneof(openPipeline, wrappedPipeline).map(pipeline => ({ kind: 'spans' as const, pipeline })),
    metrics.any.map(expression => ({ kind: 'metrics' as const, expression })),
  ),
  hints,
})

/** Without positions and the text of the query. */
export function shapeOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, member) =>
      name === 'at' || name === 'text' ? undefined : member,
    ),
  )
}

import fc, { type Arbitrary } from 'fast-check'
import { Failure } from '../../src/base/errors.ts'
import type { StructuralOp } from '../../src/traceql/ast.ts'
import { type IntrinsicName, intrinsics } from '../../src/traceql/intrinsics.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { printField } from '../../src/traceql/print-field.ts'
import { printLiteral } from '../../src/traceql/print-literal.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import {
  durations,
  eventNames,
  floats,
  ints,
  keys,
  services,
  spanNames,
  texts,
  wideInts,
  wideKey,
} from './pools.ts'

/** Texts of good queries over the pools of random traces, by what they need of an engine. */

/** `parts`, in their order, with single spaces between them. */
function words(...parts: readonly (string | Arbitrary<string>)[]): Arbitrary<string> {
  const arbitraries = parts.map(part => (typeof part === 'string' ? fc.constant(part) : part))
  return fc.tuple(...arbitraries).map(made => made.join(' '))
}

function bracketed(inner: Arbitrary<string>): Arbitrary<string> {
  return inner.map(text => `(${text})`)
}

function good(query: Arbitrary<string>): Arbitrary<string> {
  return query.filter(text => {
    try {
      validateQuery(parseQuery(text))
      return true
    } catch (error) {
      if (error instanceof Failure && error.code === 'BAD_QUERY') return false
      throw error
    }
  })
}

// Fields

function attributeOf(
  ...scopes: readonly ('any' | 'span' | 'resource' | 'event' | 'link' | 'instrumentation')[]
) {
  return fc
    .record({
      scope: fc.constantFrom(...scopes),
      key: fc.constantFrom(...keys, wideKey, 'missing'),
    })
    .map(({ scope, key }) => printField({ kind: 'attribute', parent: false, scope, key, at: 0 }))
}

function intrinsicsOf(test: (name: IntrinsicName) => boolean): Arbitrary<string> {
  const names = (Object.keys(intrinsics) as IntrinsicName[]).filter(name => name !== 'parent')
  return fc.constantFrom(...names.filter(test).map(name => intrinsics[name].printed))
}

const isItem = (name: IntrinsicName) => /^(event|link)/.test(name)

/** One value per span at most. */
const singleAttribute = attributeOf('any', 'span', 'resource', 'instrumentation')
const itemAttribute = attributeOf('event', 'link')
const singleField = fc.oneof(
  singleAttribute,
  intrinsicsOf(name => !isItem(name)),
)
const numericIntrinsic = intrinsicsOf(
  name => !isItem(name) && ['int', 'duration'].includes(intrinsics[name].type),
)
const numericField = fc.oneof(singleAttribute, numericIntrinsic)
const summableField = numericField.filter(field => !field.endsWith(`.${wideKey}`))

/**
 * Fields whose values are listed: nobody picks ids and durations from a list, and statuses and
 * kinds are known without looking. Blocks in which no span has a message do not list the empty one.
 */
export const tagField = fc
  .oneof(singleField, itemAttribute, intrinsicsOf(isItem))
  .filter(field => !/^(status|kind|statusMessage)$|(id|duration|timeSinceStart)$/i.test(field))

// Conditions

const numberText = fc.oneof(
  fc.constantFrom(
    ...[...ints, ...wideInts].map(value => (value < -(2n ** 62n) ? 'minInt' : String(value))),
  ),
  fc
    .constantFrom(...floats.filter(Number.isFinite))
    .map(
      value => `${value < 0 ? '-' : ''}${printLiteral({ type: 'float', value: Math.abs(value) })}`,
    ),
  fc
    .constantFrom(...durations)
    .map(value => printLiteral({ type: 'duration', value: String(value) })),
)
const stringText = fc
  .constantFrom(...texts, ...spanNames, ...services, ...eventNames, 'library', 'bad', '1')
  .map(value => JSON.stringify(value))
const regexText = fc.constantFrom('".*"', '"a|B"', '".+"', '"(?i)AB"', '"5(\\\\.0)?"', '"é"', '""')
const order = fc.constantFrom('=', '!=', '<', '<=', '>', '>=')
const equality = fc.constantFrom('=', '!=')

interface ComparisonOps {
  readonly order: Arbitrary<string>
  readonly regex: Arbitrary<string>
}

const everyOp: ComparisonOps = { order, regex: fc.constantFrom('=~', '!~') }
const positiveOps: ComparisonOps = {
  order: fc.constantFrom('=', '<', '<=', '>', '>='),
  regex: fc.constant('=~'),
}

/** Comparisons of a field with literals that its type allows. */
function comparison(field: Arbitrary<string>, { order, regex }: ComparisonOps) {
  return fc.oneof(
    { weight: 4, arbitrary: words(field, order, numberText) },
    { weight: 4, arbitrary: words(field, order, stringText) },
    { weight: 2, arbitrary: words(field, regex, regexText) },
    { weight: 1, arbitrary: words(field, '=', fc.constantFrom('true', 'false')) },
    { weight: 2, arbitrary: words(field, equality, 'nil') },
    { weight: 1, arbitrary: words(numberText, order, field) },
    { weight: 1, arbitrary: words(stringText, order, field) },
  )
}

/** Ids at full length, and shortened as some clients do. */
function idComparison(ids: readonly string[], op: Arbitrary<string>): Arbitrary<string> {
  const text = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(1, 16, 32))
    .map(([id, length]) => JSON.stringify(String(id).padStart(length, '0')))
  return words(fc.constantFrom(...ids), op, text)
}

const spanComparison = fc.oneof(
  { weight: 8, arbitrary: comparison(singleField, everyOp) },
  { weight: 1, arbitrary: idComparison(['span:id', 'span:parentID', 'trace:id'], equality) },
  { weight: 1, arbitrary: words('status', equality, fc.constantFrom('error', 'ok', 'unset')) },
  {
    weight: 1,
    arbitrary: words('kind', equality, fc.constantFrom('server', 'client', 'internal')),
  },
  { weight: 1, arbitrary: fc.oneof(singleAttribute, words('!', singleAttribute)) },
)

function itemComparison(ops: ComparisonOps): Arbitrary<string> {
  return fc.oneof(
    { weight: 2, arbitrary: comparison(itemAttribute, ops) },
    { weight: 1, arbitrary: comparison(intrinsicsOf(isItem), ops) },
    { weight: 1, arbitrary: idComparison(['link:spanID', 'link:traceID'], fc.constant('=')) },
  )
}

const literalComparison = fc.oneof(
  { weight: 2, arbitrary: spanComparison },
  { weight: 1, arbitrary: itemComparison(everyOp) },
)

/** Arithmetic, and fields compared with each other. */
const computedComparison = fc.letrec<{ number: string; comparison: string }>(tie => ({
  number: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    numericField,
    numberText,
    bracketed(words(tie('number'), fc.constantFrom('+', '-', '*', '/', '%', '^'), tie('number'))),
    bracketed(words('-', tie('number'))),
  ),
  comparison: fc.oneof(
    words(tie('number'), order, tie('number')),
    words(singleField, order, singleField),
  ),
})).comparison

function conditionOf(leaf: Arbitrary<string>): Arbitrary<string> {
  return fc.letrec<{ tree: string }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: leaf },
      { weight: 2, arbitrary: bracketed(words(tie('tree'), '&&', tie('tree'))) },
      { weight: 1, arbitrary: bracketed(words(tie('tree'), '||', tie('tree'))) },
      { weight: 1, arbitrary: bracketed(tie('tree')).map(text => `!${text}`) },
    ),
  })).tree
}

function filterOf(condition: Arbitrary<string>): Arbitrary<string> {
  return good(condition.map(text => `{ ${text} }`))
}

/** Conditions that look at nothing but the span and its resource. */
export const spanFilter = filterOf(conditionOf(spanComparison))

/** Conditions on one field and a literal each, on events and links without `!=` and `!~`. */
export const positiveFilter = filterOf(
  conditionOf(
    fc.oneof(
      { weight: 2, arbitrary: spanComparison },
      { weight: 1, arbitrary: itemComparison(positiveOps) },
    ),
  ),
)

/** Conditions on one field and a literal each. */
export const literalFilter = filterOf(conditionOf(literalComparison))

/** With arithmetic and fields compared with each other. */
export const computedFilter = filterOf(conditionOf(computedComparison))

const anyFilter = fc.oneof(
  { weight: 3, arbitrary: literalFilter },
  { weight: 1, arbitrary: fc.constant('{ }') },
  { weight: 1, arbitrary: computedFilter },
)

// Spansets and pipelines

const relations = ['>', '>>', '<', '<<', '~'] as const
const structuralOp = fc.constantFrom<StructuralOp>(
  ...relations,
  ...relations.map(relation => `!${relation}` as const),
  ...relations.map(relation => `&${relation}` as const),
)

function spansetsOf(operator: Arbitrary<string>): Arbitrary<string> {
  return fc.letrec<{ side: string; tree: string }>(tie => ({
    side: fc.oneof({ maxDepth: 2, withCrossShrink: true }, anyFilter, bracketed(tie('tree'))),
    tree: words(tie('side'), operator, tie('side')),
  })).tree
}

export const logicalSpansets = spansetsOf(fc.constantFrom('&&', '||'))
export const structuralSpansets = spansetsOf(fc.oneof(structuralOp, fc.constantFrom('&&', '||')))

const selectStage = fc
  .array(singleField, { minLength: 1, maxLength: 3 })
  .map(fields => `select(${fields.join(', ')})`)

function pipelineOf(stage: Arbitrary<string>): Arbitrary<string> {
  const first = fc.oneof(anyFilter, structuralSpansets)
  return good(
    fc
      .tuple(first, fc.array(stage, { minLength: 1, maxLength: 3 }))
      .map(stages => stages.flat().join(' | ')),
  )
}

/** One filter after the other, and attributes to be shown. */
export const filterPipeline = good(
  fc
    .tuple(positiveFilter, fc.array(fc.oneof(positiveFilter, selectStage), { maxLength: 2 }))
    .map(stages => stages.flat().join(' | ')),
)

const aggregateStage = fc.oneof(
  words('count()', order, fc.integer({ min: 0, max: 4 }).map(String)),
  words(
    fc.oneof(
      fc
        .tuple(fc.constantFrom('min', 'max'), numericField)
        .map(([name, field]) => `${name}(${field})`),
      fc
        .tuple(fc.constantFrom('sum', 'avg'), summableField)
        .map(([name, field]) => `${name}(${field})`),
    ),
    order,
    numberText,
  ),
)

const spansetStage = fc.oneof(anyFilter, structuralSpansets)
export const aggregatePipeline = pipelineOf(fc.oneof(aggregateStage, spansetStage))

const groupStage = fc
  .oneof(
    { weight: 4, arbitrary: singleField },
    { weight: 1, arbitrary: literalComparison },
    { weight: 1, arbitrary: words(numericField, fc.constantFrom('+', '*', '%'), '2') },
  )
  .map(text => `by(${text})`)

export const groupPipeline = pipelineOf(
  fc.oneof(
    { weight: 3, arbitrary: groupStage },
    { weight: 2, arbitrary: aggregateStage },
    { weight: 1, arbitrary: spansetStage },
    { weight: 1, arbitrary: fc.constant('coalesce()') },
    { weight: 1, arbitrary: selectStage },
  ),
)

/** Pipelines as operands; each leaves one spanset. */
export const wrappedPipelines = good(
  words(
    bracketed(aggregatePipeline),
    fc.oneof(structuralOp, fc.constantFrom('&&', '||')),
    bracketed(
      fc.oneof(
        aggregatePipeline,
        groupPipeline.map(text => `${text} | coalesce()`),
      ),
    ),
  ),
)

// Metrics

function byOf(maxLength: number): Arbitrary<string> {
  return fc
    .uniqueArray(singleField, { minLength: 0, maxLength })
    .map(fields => (fields.length === 0 ? '' : ` by (${fields.join(', ')})`))
}

function metricsOf(call: Arbitrary<string>): Arbitrary<string> {
  const spans = fc.oneof(anyFilter, structuralSpansets, aggregatePipeline)
  return good(fc.tuple(spans, call).map(parts => parts.join(' | ')))
}

function callOf(names: readonly string[], more: Arbitrary<string>): Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...names), summableField, more, byOf(2))
    .map(([name, field, rest, by]) => `${name}(${field}${rest})${by}`)
}

const nothing = fc.constant('')

export const countMetrics = metricsOf(
  fc.tuple(fc.constantFrom('rate()', 'count_over_time()'), byOf(3)).map(parts => parts.join('')),
)
export const overTimeMetrics = metricsOf(
  callOf(['min_over_time', 'max_over_time', 'sum_over_time', 'avg_over_time'], nothing),
)
export const distributionMetrics = metricsOf(
  fc.oneof(
    callOf(['histogram_over_time'], nothing),
    callOf(['quantile_over_time'], fc.constantFrom(', 0.5', ', 0, 0.9, 1')),
  ),
)

/** More values than any attribute of random traces has, so that no tie decides what is kept. */
const compareTop = 100
export const compareMetrics = metricsOf(
  literalFilter.map(selection => `compare(${selection}, ${compareTop})`),
)

const unstaged = fc.oneof(countMetrics, overTimeMetrics, distributionMetrics)
const valueFilter = words(order, fc.constantFrom('0', '1', '2.5', '1s', '-1'))
const secondStage = fc.oneof(
  valueFilter,
  fc
    .tuple(fc.constantFrom('topk', 'bottomk'), fc.integer({ min: 1, max: 3 }))
    .map(([name, limit]) => `| ${name}(${limit})`),
)

export const stagedMetrics = good(words(unstaged, secondStage))
export const metricsArithmetic = good(
  fc.oneof(
    words(
      bracketed(unstaged),
      fc.constantFrom('+', '-', '*', '/'),
      fc.oneof(bracketed(unstaged), fc.constantFrom('2', '0', '0.5')),
    ),
    words('2', fc.constantFrom('+', '-', '*', '/'), bracketed(unstaged)),
  ),
)

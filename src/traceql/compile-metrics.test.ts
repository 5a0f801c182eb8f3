import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../base/errors.ts'
import type { MetricsLeaf, SeriesExpression, SeriesStage } from '../model/metrics-plan.ts'
import { compileMetrics } from './compile-metrics.ts'
import { printOperand } from './operand.ts'
import { parseQuery } from './parser.ts'
import { validateQuery } from './validate.ts'

const test = suite('compile metrics')

function compile(query: string) {
  return compileMetrics(validateQuery(parseQuery(query)))
}

/** The only function of a query. */
function leafOf(query: string): MetricsLeaf {
  const { plan } = compile(query)
  assert.equal([plan.leaves.length, plan.root.kind], [1, 'leaf'])
  return plan.leaves[0]!
}

/** `0 + (1 * 2.5)`, `0 | topk(3) > 5`: numbers before a stage or operator are leaves. */
function show(expression: SeriesExpression): string {
  switch (expression.kind) {
    case 'leaf':
      return `#${expression.leaf}`
    case 'scalar':
      return String(expression.value)
    case 'arithmetic':
      return `(${show(expression.left)} ${expression.op} ${show(expression.right)})`
    case 'staged':
      return show(expression.input) + expression.stages.map(showStage).join('')
  }
}

function showStage(stage: SeriesStage): string {
  if (stage.kind === 'filter') return ` ${stage.op} ${stage.value}`
  return ` | ${stage.kind}(${stage.limit})`
}

const functions: readonly [call: string, asked: string, made: string, duration: boolean][] = [
  ['rate()', 'count', 'rate', false],
  ['count_over_time()', 'count', 'count', false],
  ['min_over_time(.v)', 'min .v', 'extreme', false],
  ['max_over_time(traceDuration)', 'max traceDuration', 'extreme', true],
  ['avg_over_time(duration)', 'sum duration', 'average', true],
  ['sum_over_time(event:timeSinceStart)', 'sum event:timeSinceStart', 'sum', true],
  ['sum_over_time(span.duration)', 'sum span.duration', 'sum', false],
  ['histogram_over_time(resource.x)', 'histogram resource.x', 'buckets', false],
  ['quantile_over_time(duration, .5, 1)', 'histogram duration', 'quantiles', true],
]
for (const [call, asked, made, isDuration] of functions) {
  test(call, () => {
    const leaf = leafOf(`{} | ${call}`)
    const { function: fn } = leaf
    const operand = 'operand' in fn ? ` ${printOperand(fn.operand)}` : ''
    assert.is(`${fn.kind}${operand}`, asked)
    assert.is(leaf.samples.kind, made)
    assert.is(leaf.isDuration, isDuration)
    assert.is(leaf.name, call.slice(0, call.indexOf('(')))
  })
}

test('labels are what the query writes, in its order', () => {
  const leaf = leafOf('{} | rate() by (.grp, resource.service.name, span:status, span."user name")')
  assert.equal(leaf.labelKeys, ['.grp', 'resource.service.name', 'status', 'span."user name"'])
  assert.equal(leaf.by.map(printOperand), leaf.labelKeys)
})

test('quantiles stay as they are asked', () => {
  const { samples } = leafOf('{} | quantile_over_time(duration, .99, 0.5)')
  assert.equal(samples, { kind: 'quantiles', quantiles: [0.99, 0.5] })
})

test('compare: selection, number of values, range', () => {
  const plain = leafOf('{} | compare({ status = error })')
  const selection = {
    kind: 'compare',
    operand: { kind: 'intrinsic', name: 'status' },
    op: '=',
    literal: { type: 'int', value: '2' },
  }
  assert.equal(plain.function, { kind: 'compare', selection, top: 10 })
  assert.equal(plain.samples, { kind: 'compare', top: 10 })
  const bounded = leafOf('{} | compare({ status = error }, 5, 100, 200)')
  const range = { startNs: '100', endNs: '200' }
  assert.equal(bounded.function, { kind: 'compare', selection, top: 5, range })
})

const expressions: readonly [query: string, shown: string][] = [
  ['{} | rate() | topk(3) > 5 | bottomk(1)', '#0 | topk(3) > 5 | bottomk(1)'],
  ['{} | max_over_time(duration) >= 1m30s', '#0 >= 90'],
  ['{} | max_over_time(duration) < 3s / 2', '#0 < 1.5'],
  ['{} | rate() != -1.5', '#0 != -1.5'],
  ['({} | rate()) + ({} | rate()) * 2', '(#0 + (#1 * 2))'],
  ['(({} | rate()) + ({} | rate())) / (7 / 2)', '((#0 + #1) / 3)'],
  ['1 / 0 - ({} | rate())', '(null - #0)'],
  ['({} | rate() | topk(2)) - ({} | rate()) > 0', '(#0 | topk(2) - #1) > 0'],
]
for (const [query, shown] of expressions) {
  test(query, () => assert.is(show(compile(query).plan.root), shown))
}

test('each function has the pipeline before it', () => {
  const { plan } = compile('({ .a = 1 } | rate()) / ({ .b = 2 } | count() > 3 | rate())')
  const [first, second] = plan.leaves
  const operandOf = ({ spans }: MetricsLeaf) =>
    spans.kind === 'compare' && printOperand(spans.operand)
  assert.equal([operandOf(first!), operandOf(second!)], ['.a', '.b'])
  assert.equal(
    [first, second].map(leaf => leaf!.stages.map(stage => stage.kind)),
    [[], ['aggregate']],
  )
})

test('plans survive JSON', () => {
  const { plan } = compile('({} | quantile_over_time(duration, .5)) * 2 + 1 / 0 | topk(1) > 5ms')
  assert.equal(JSON.parse(JSON.stringify(plan)), plan)
})

test('hints', () => {
  assert.equal(compile('{} | rate() with (exemplars=5)').hints, { exemplars: 5 })
})

const refused: readonly [query: string, message: RegExp][] = [
  ['{ .a = 1 }', /^not a metrics query$/],
  ['({} | rate()) + 1e308 * 10', /number out of range/],
  ['{} | rate() > 5 / 0', /division by zero/],
  ['{} | rate() > 1 / (9e18 - 9e18)', /division by zero/],
]
for (const [query, message] of refused) {
  test(`refused: ${query}`, () => {
    try {
      compile(query)
    } catch (error) {
      const failure = asFailure(error)
      assert.is(failure.code, 'BAD_QUERY')
      assert.match(failure.message, message)
      return
    }
    assert.unreachable()
  })
}

test.run()

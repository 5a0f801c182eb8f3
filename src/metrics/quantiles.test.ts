import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answer, compile, evaluate, minutes, type PlainSeries } from './evaluate-fixture.ts'
import { evaluatePlan } from './evaluate-plan.ts'

const test = suite('metrics: quantiles')

/** One bucket per exponent, with how many values of each step fall into it. */
function bucketsOf(steps: readonly (readonly number[])[]): PlainSeries[] {
  const counts = new Map<number, number[]>()
  for (const [step, values] of steps.entries()) {
    for (const value of values.filter(value => value >= 2)) {
      const exponent = Math.ceil(Math.log2(value))
      const lane = counts.get(exponent) ?? steps.map(() => 0)
      lane[step]!++
      counts.set(exponent, lane)
    }
  }
  return [...counts].map(([exponent, lane]) => [[exponent], lane])
}

/** Spans of ten steps: in step k one with the greater number, and k with growing smaller ones. */
function growing(greater: (k: number) => number, smaller: (i: number) => number): number[][] {
  return Array.from({ length: 10 }, (_, k) => [
    greater(k + 1),
    ...Array.from({ length: k + 1 }, (_unused, i) => smaller(i)),
  ])
}

const durations = bucketsOf(
  growing(
    k => k * 100e6,
    i => 2 ** i * 1e6,
  ),
)
const numbers = bucketsOf(
  growing(
    k => (k - 1) * 10,
    i => i,
  ),
)

test('of durations, at the edges of buckets', () => {
  assert.equal(evaluate('{} | quantile_over_time(duration, .9, .99)', durations), [
    '{p=0.99} 0.134217728 0.268435456 0.536870912 0.536870912 0.536870912 1.073741824 ' +
      '1.073741824 1.073741824 1.073741824 1.073741824',
    '{p=0.9} 0.134217728 0.268435456 0.536870912 0.536870912 0.536870912 1.073741824 ' +
      '1.073741824 1.073741824 0.268435456 0.536870912',
  ])
})

test('of numbers, within buckets; 0 where there are none', () => {
  assert.equal(evaluate('{} | quantile_over_time(.val, .5)', numbers), [
    '{p=0.5} 0 16 2 4 2.82842712475 4 4 5.03968419958 4.75682846001 5.65685424949',
  ])
})

test('the first bucket is as wide as a factor of two, the next begin at the last with values', () => {
  const buckets: PlainSeries[] = [
    [['x', 3], [4]],
    [['x', 5], [0]],
    [['x', 6], [4]],
  ]
  assert.equal(evaluate('{} | quantile_over_time(.v, 0, .25, .5, .75, 1) by (.a)', buckets), [
    '{.a="x", p=0.25} 5.65685424949',
    '{.a="x", p=0.5} 8',
    '{.a="x", p=0.75} 22.627416998',
    '{.a="x", p=0} 4.75682846001',
    '{.a="x", p=1} 64',
  ])
})

test('each combination of labels has a histogram of its own', () => {
  const buckets: PlainSeries[] = [
    [['a', 10], [1]],
    [['b', 2], [1]],
    [['b', 12], [1]],
    [[null, 4], [1]],
  ]
  assert.equal(evaluate('{} | quantile_over_time(.v, 1) by (.k)', buckets), [
    '{.k="a", p=1} 1024',
    '{.k="b", p=1} 4096',
    '{p=1} 16',
  ])
})

test('an exemplar goes to the quantile that is nearest to it', () => {
  const result = {
    ...answer(1, [[[3], [4]]]),
    exemplars: [
      { series: 0, timeNs: '30000000000', traceId: 'a', value: 7 },
      { series: 0, timeNs: '30000000000', traceId: 'b', value: 5 },
      { series: 0, timeNs: '90000000000', traceId: 'of another time', value: 5 },
    ],
  }
  const { plan } = compile('{} | quantile_over_time(.v, .5, 1)')
  const { exemplars } = evaluatePlan(plan, [result], minutes(1))
  assert.equal(
    exemplars.map(({ series, traceId, value }) => [series, traceId, value]),
    [
      [1, 'a', 7],
      [0, 'b', 5],
    ],
  )
})

test('nothing counted: no series', () => {
  assert.equal(evaluate('{} | quantile_over_time(.missing, .5)', []), [])
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MetricsResult } from '../contract/queries.ts'
import { answer, noStats } from './evaluate-fixture.ts'
import { compareLabelValues } from './label-order.ts'
import { mergeMetricsResults } from './merge.ts'

const test = suite('metrics: merge')

const gap = Number.NaN

/** Labels and lanes of each series. */
function plain({ series, steps, lanes }: MetricsResult): unknown[] {
  return series.map((labels, s) => [
    labels.map(label => label?.value ?? null),
    ...lanes.map(lane => [...lane.subarray(s * steps, (s + 1) * steps)]),
  ])
}

test('counts of the same series are added; series are in the order of their labels', () => {
  const merged = mergeMetricsResults('count', [
    answer(2, [
      [['b'], [1, 2]],
      [[10], [3, 4]],
    ]),
    answer(2, [
      [[null], [7, 7]],
      [['b'], [10, 20]],
      [[9], [5, 6]],
      [['10'], [8, 8]],
    ]),
  ])
  assert.equal(plain(merged), [
    [[null], [7, 7]],
    [['9'], [5, 6]],
    [['10'], [3, 4]],
    [['10'], [8, 8]],
    [['b'], [11, 22]],
  ])
})

test('sums keep both lanes', () => {
  const merged = mergeMetricsResults('sum', [
    answer(2, [[[], [1.5, 0], [1, 0]]]),
    answer(2, [[[], [2, 8], [3, 1]]]),
  ])
  assert.equal(plain(merged), [[[], [3.5, 8], [4, 1]]])
})

test('extremes: one with a value wins over one without', () => {
  const parts = [answer(4, [[[], [1, gap, 5, gap]]]), answer(4, [[[], [2, 3, gap, gap]]])]
  assert.equal(plain(mergeMetricsResults('min', parts)), [[[], [1, 3, 5, gap]]])
  assert.equal(plain(mergeMetricsResults('max', parts)), [[[], [2, 3, 5, gap]]])
  const alone = mergeMetricsResults('min', [answer(1, []), answer(1, [[[], [4]]])])
  assert.equal(plain(alone), [[[], [4]]])
})

test('the order of the parts does not matter', () => {
  const parts = [answer(1, [[['a', 1], [1]]]), answer(1, [[['a', null], [2]]]), answer(1, [])]
  const forwards = plain(mergeMetricsResults('histogram', parts))
  assert.equal(forwards, plain(mergeMetricsResults('histogram', parts.toReversed())))
  assert.equal(forwards.length, 2)
})

test('exemplars follow their series; statistics are added; reasons are kept', () => {
  const exemplar = { series: 0, timeNs: '5', traceId: 'ab', value: 1 }
  const stats = { ...noStats, inspectedBytes: 3 }
  const merged = mergeMetricsResults('count', [
    { ...answer(1, [[['z'], [1]]]), exemplars: [exemplar], stats, partial: 'no ingester' },
    { ...answer(1, [[['a'], [1]]]), exemplars: [exemplar], stats, partial: 'no ingester' },
  ])
  assert.equal(
    merged.exemplars.map(({ series }) => series),
    [1, 0],
  )
  assert.is(merged.stats.inspectedBytes, 6)
  assert.is(merged.partial, 'no ingester')
})

test('labels that are no numbers are in order as well', () => {
  const labelled = (value: number, text: string) => [
    { type: 'double', value } as const,
    { type: 'string', value: text } as const,
  ]
  const [nan, one] = [labelled(Number.NaN, 'a'), labelled(1, 'a')]
  assert.ok(compareLabelValues(nan, labelled(Number.NaN, 'b')) < 0)
  assert.is(compareLabelValues(nan, nan), 0)
  assert.ok(compareLabelValues(nan, one) < 0)
  assert.ok(compareLabelValues(one, nan) > 0)
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { evaluate, type PlainSeries } from './evaluate-fixture.ts'

const test = suite('metrics: compare')

const spans: PlainSeries[] = [
  [
    ['baseline', '.color', null],
    [4, 5],
  ],
  [
    ['baseline', '.color', 'red'],
    [3, 1],
  ],
  [
    ['baseline', '.color', 'blue'],
    [1, 3],
  ],
  [
    ['baseline', '.color', 'green'],
    [0, 1],
  ],
  [
    ['selection', '.color', null],
    [1, 0],
  ],
  [
    ['selection', '.color', 'red'],
    [1, 0],
  ],
  [
    ['selection', 'kind', null],
    [2, 0],
  ],
  [
    ['selection', 'kind', 'server'],
    [2, 0],
  ],
]

test('values and totals of both sides', () => {
  assert.equal(evaluate('{} | compare({ status = error })', spans), [
    '{__meta_type="baseline", .color="blue"} 1 3',
    '{__meta_type="baseline", .color="green"} 0 1',
    '{__meta_type="baseline", .color="red"} 3 1',
    '{__meta_type="baseline_total", .color="nil"} 4 5',
    '{__meta_type="selection", .color="red"} 1 0',
    '{__meta_type="selection", kind="server"} 2 0',
    '{__meta_type="selection_total", .color="nil"} 1 0',
    '{__meta_type="selection_total", kind="nil"} 2 0',
  ])
})

test('the values with most spans, and a note on those left out', () => {
  assert.equal(evaluate('{} | compare({ status = error }, 2)', spans), [
    '{__meta_error="__too_many_values__", .color="nil"} - -',
    '{__meta_type="baseline", .color="blue"} 1 3',
    '{__meta_type="baseline", .color="red"} 3 1',
    '{__meta_type="baseline_total", .color="nil"} 4 5',
    '{__meta_type="selection", .color="red"} 1 0',
    '{__meta_type="selection", kind="server"} 2 0',
    '{__meta_type="selection_total", .color="nil"} 1 0',
    '{__meta_type="selection_total", kind="nil"} 2 0',
  ])
})

test('values that the source left out are noticed by the total', () => {
  const cut = spans.filter(([labels]) => labels[2] !== 'green' && labels[0] === 'baseline')
  assert.equal(evaluate('{} | compare({ status = error }, 2)', cut), [
    '{__meta_error="__too_many_values__", .color="nil"} - -',
    '{__meta_type="baseline", .color="blue"} 1 3',
    '{__meta_type="baseline", .color="red"} 3 1',
    '{__meta_type="baseline_total", .color="nil"} 4 5',
  ])
})

test('no spans: no series', () => {
  assert.equal(evaluate('{} | compare({ status = error })', []), [])
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { evaluate, type PlainSeries } from './evaluate-fixture.ts'

const test = suite('metrics: series of a query')

const evaluates = (
  query: string,
  answers: readonly (readonly PlainSeries[])[],
  expected: readonly string[],
): void => {
  test(query, () => assert.equal(evaluate(query, ...answers), expected))
}

const gap = Number.NaN

// Functions
evaluates('{} | rate()', [[[[], [0, 432, 556]]]], ['{__name__="rate"} 0 7.2 9.26666666667'])
evaluates('{} | count_over_time()', [[]], ['{__name__="count_over_time"} 0'])
evaluates('{} | count_over_time() by (.a)', [[]], [])
evaluates('{} | max_over_time(.v)', [[]], [])
evaluates(
  '{} | min_over_time(duration)',
  [[[[], [gap, 1e6]]]],
  ['{__name__="min_over_time"} - 0.001'],
)
evaluates('{} | max_over_time(.v)', [[[[], [0, gap, -3]]]], ['{__name__="max_over_time"} 0 - -3'])
evaluates(
  '{} | avg_over_time(duration)',
  [[[[], [0, 101e6, 203e6], [0, 2, 3]]]],
  ['{__name__="avg_over_time"} - 0.0505 0.0676666666667'],
)
evaluates('{} | sum_over_time(.v)', [[[[], [0, 0], [0, 2]]]], ['{__name__="sum_over_time"} - 0'])
evaluates('{} | sum_over_time(.v)', [[[[], [0, 0], [0, 0]]]], [])

// Labels
evaluates(
  '{} | count_over_time() by (.poly)',
  [
    [
      [[null], [1]],
      [[5], [2]],
      [['5'], [3]],
      [[true], [4]],
      [[''], [5]],
    ],
  ],
  ['{.poly=""} 5', '{.poly="5"} 3', '{.poly="nil"} 1', '{.poly=5} 2', '{.poly=true} 4'],
)
evaluates(
  '{} | rate() by (.dest, kind)',
  [
    [
      [[null, 'client'], [60]],
      [['orders', 'producer'], [120]],
    ],
  ],
  ['{.dest="orders", kind="producer"} 2', '{kind="client"} 1'],
)
evaluates('{} | rate() by (.a, .b)', [[[[null, null], [60]]]], ['{.a="nil"} 1'])
evaluates(
  '{} | histogram_over_time(duration) by (resource.service.name)',
  [
    [
      [
        [null, 20],
        [3, 0],
      ],
    ],
  ],
  ['{__bucket=0.001048576} 3 0'],
)
evaluates(
  '{} | histogram_over_time(.v) by (.a)',
  [
    [
      [
        ['x', 1],
        [1, 0],
      ],
      [
        ['x', 4],
        [0, 2],
      ],
    ],
  ],
  ['{.a="x", __bucket=16} 0 2', '{.a="x", __bucket=2} 1 0'],
)

// Second stages
const letters: readonly PlainSeries[] = [
  [['a'], [1, 5, 2]],
  [['b'], [3, 5, 2]],
  [['c'], [2, 1, 2]],
]
evaluates(
  '{} | count_over_time() by (.l) | topk(2)',
  [letters],
  ['{.l="a"} - 5 2', '{.l="b"} 3 5 2', '{.l="c"} 2 - -'],
)
evaluates(
  '{} | count_over_time() by (.l) | bottomk(1)',
  [letters],
  ['{.l="a"} 1 - -', '{.l="c"} - 1 2'],
)
evaluates(
  '{} | count_over_time() by (.l) | topk(3)',
  [letters],
  ['{.l="a"} 1 5 2', '{.l="b"} 3 5 2', '{.l="c"} 2 1 2'],
)
evaluates(
  '{} | sum_over_time(.sq) by (.num) | topk(1)',
  [
    [
      [[9], [7], [1]],
      [[10], [7], [1]],
      [[11], [0], [0]],
    ],
  ],
  ['{.num=9} 7'],
)
evaluates('{} | count_over_time() by (.l) > 2', [letters], ['{.l="a"} - 5 -', '{.l="b"} 3 5 -'])
evaluates(
  '{} | count_over_time() by (.l) > 1 < 3',
  [letters],
  ['{.l="a"} - - 2', '{.l="b"} - - 2', '{.l="c"} 2 - 2'],
)
evaluates(
  '{} | count_over_time() by (.l) | topk(1) != 5',
  [letters],
  ['{.l="a"} - - 2', '{.l="b"} 3 - -'],
)
evaluates(
  '{} | count_over_time() by (.l) = 2 * 2 + 1',
  [letters],
  ['{.l="a"} - 5 -', '{.l="b"} - 5 -'],
)
evaluates(
  '{} | max_over_time(duration) >= 2s',
  [[[[], [1e9, 2e9]]]],
  ['{__name__="max_over_time"} - 2'],
)
evaluates(
  '{} | max_over_time(duration) > 3s / 2',
  [[[[], [1e9, 2e9]]]],
  ['{__name__="max_over_time"} - 2'],
)
evaluates('{} | rate() > -1', [[[[], [0, 60]]]], ['{__name__="rate"} 0 1'])

// Arithmetic
const counts: readonly PlainSeries[] = [[[], [0, 2, 3]]]
evaluates('({} | count_over_time()) - 3', [counts], ['{__name__="count_over_time"} -3 -1 0'])
evaluates('100 * ({} | count_over_time())', [counts], ['{__name__="count_over_time"} 0 200 300'])
evaluates('6 / ({} | count_over_time())', [counts], ['{__name__="count_over_time"} - 3 2'])
evaluates('({} | count_over_time()) / 0', [counts], [])
evaluates('({} | count_over_time()) + 1 / 0', [counts], [])
evaluates('({} | count_over_time()) * (7 / 2)', [counts], ['{__name__="count_over_time"} 0 6 9'])
evaluates(
  '({} | count_over_time()) * (7 / 2.0)',
  [counts],
  ['{__name__="count_over_time"} 0 7 10.5'],
)
evaluates('(({} | count_over_time()) + 1) * 2', [counts], ['{__name__="count_over_time"} 2 6 8'])
evaluates(
  '({} | count_over_time()) / ({} | rate())',
  [counts, counts],
  ['{__name__="(count_over_time / rate)"} - 60 60'],
)
evaluates(
  '(({} | rate()) + ({} | rate())) * ({} | count_over_time())',
  [[[[], [60]]], [[[], [120]]], [[[], [5]]]],
  ['{__name__="((rate + rate) * count_over_time)"} 15'],
)
evaluates(
  '({} | count_over_time() by (.l)) / ({} | sum_over_time(.v) by (.l))',
  [
    letters,
    [
      [['b'], [1, 0, 4], [1, 1, 1]],
      [['c'], [9, 9, 9], [0, 1, 0]],
      [['d'], [1, 1, 1], [1, 1, 1]],
    ],
  ],
  ['{.l="b"} 3 - 0.5', '{.l="c"} - 0.111111111111 -'],
)
evaluates(
  '({} | count_over_time() by (.l)) / ({} | count_over_time())',
  [letters, [[[], [4, 10, 0]]]],
  ['{.l="a"} 0.25 0.5 -', '{.l="b"} 0.75 0.5 -', '{.l="c"} 0.5 0.1 -'],
)
evaluates(
  '({} | count_over_time()) - ({} | count_over_time() by (.l)) | topk(1)',
  [[[[], [4, 10, 0]]], letters],
  ['{.l="a"} 3 - -2', '{.l="c"} - 9 -'],
)
evaluates(
  '({} | count_over_time() by (.l)) + ({} | count_over_time() by (.m))',
  [letters, letters],
  [],
)
evaluates('({} | rate() by (.n)) + ({} | rate() by (.n))', [[[[5], [60]]], [[['5'], [60]]]], [])

test.run()

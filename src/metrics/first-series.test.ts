import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LabelValue } from '../contract/queries.ts'
import { firstSeries } from './first-series.ts'
import { compareLabelValues } from './label-order.ts'

const test = suite('the first series')

const label = fc.oneof(
  fc.constant<LabelValue>(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toInt),
  fc.integer({ min: -20, max: 20 }).map(toInt),
  fc.string({ maxLength: 2 }).map(value => ({ type: 'string' as const, value })),
)

function toInt(value: bigint | number): LabelValue {
  return { type: 'int', value: String(value) }
}

test('are those that come first when all are sorted', () => {
  const labels = fc.uniqueArray(fc.tuple(label, label), {
    comparator: (a, b) => compareLabelValues(a, b) === 0,
    maxLength: 60,
  })
  fc.assert(
    fc.property(labels, fc.integer({ min: 1, max: 20 }), (all, max) => {
      const found = firstSeries([...all.keys()], max, series => all[series]!)
      const expected = [...all.keys()].sort((a, b) => compareLabelValues(all[a]!, all[b]!))
      assert.equal(
        found,
        expected.slice(0, max).sort((a, b) => a - b),
      )
    }),
    { numRuns: 500 },
  )
})

test.run()

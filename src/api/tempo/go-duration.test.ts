import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../../base/errors.ts'
import { durationText } from '../../search/duration-text.ts'
import { parseGoDuration } from './go-duration.ts'

const test = suite('go-duration')

test('durations as people write them', () => {
  const cases: [string, bigint][] = [
    ['0', 0n],
    ['100ms', 100_000_000n],
    ['1.5s', 1_500_000_000n],
    ['1h2m', 3_720_000_000_000n],
    ['-1m', -60_000_000_000n],
    ['+5us', 5_000n],
    ['5µs', 5_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['9223372036854775807ns', 9223372036854775807n],
  ]
  for (const [text, ns] of cases) assert.is(parseGoDuration(text, 'x'), ns, text)
})

test('texts that are none', () => {
  const cases: [string, string][] = [
    ['10', 'missing unit in duration "10"'],
    ['abc', 'invalid duration "abc"'],
    ['', 'invalid duration ""'],
    ['-', 'invalid duration "-"'],
    ['1x', 'unknown unit "x" in duration "1x"'],
    ['1.2.3s', 'missing unit in duration "1.2.3s"'],
    ['9223372036854775808ns', 'invalid duration "9223372036854775808ns"'],
    [`${'9'.repeat(1000)}s`, `invalid duration "${'9'.repeat(1000)}s"`],
    ['1"s', 'unknown unit "\\"s" in duration "1\\"s"'],
  ]
  for (const [text, message] of cases) {
    try {
      parseGoDuration(text, 'invalid minDuration')
      assert.unreachable(text)
    } catch (error) {
      assert.is(asFailure(error).message, `invalid minDuration: time: ${message}`)
    }
  }
})

test('printing, and back', () => {
  const cases: [bigint, string][] = [
    [0n, '0s'],
    [604_800_000_000_000n, '168h0m0s'],
    [1_500_000_000n, '1.5s'],
    [12_000_000n, '12ms'],
    [1_050n, '1.05µs'],
    [-90_000_000_000n, '-1m30s'],
    [7n, '7ns'],
  ]
  for (const [ns, text] of cases) assert.is(durationText(ns), text)
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), ns => {
      assert.is(parseGoDuration(durationText(ns), 'x'), ns)
    }),
  )
})

test.run()

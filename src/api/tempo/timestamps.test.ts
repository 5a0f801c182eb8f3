import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../../base/errors.ts'
import { parseTimestampNs } from './timestamps.ts'

const test = suite('timestamps')

test('seconds, fractions, nanoseconds and dates', () => {
  const cases: [string, bigint][] = [
    ['1795430361', 1_795_430_361_000_000_000n],
    ['1795430361.5', 1_795_430_361_500_000_000n],
    ['1795430361000000001', 1_795_430_361_000_000_001n],
    ['2026-11-23T10:39:21Z', 1_795_430_361_000_000_000n],
    ['2026-11-23T11:39:21.000000007+01:00', 1_795_430_361_000_000_007n],
    ['-5', -5_000_000_000n],
  ]
  for (const [text, ns] of cases) assert.is(parseTimestampNs(text, 'x'), ns, text)
})

test('anything else', () => {
  for (const text of ['x', 'now-1h', '2026-02-30T00:00:00Z', '2026-11-23T25:00:00Z', '1.2.3']) {
    try {
      parseTimestampNs(text, "could not parse 'start' parameter")
      assert.unreachable(text)
    } catch (error) {
      const start = "could not parse 'start' parameter: strconv.ParseInt: parsing "
      assert.is(asFailure(error).message, `${start}"${text}": invalid syntax`)
    }
  }
})

test.run()

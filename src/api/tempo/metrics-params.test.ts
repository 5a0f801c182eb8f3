import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../../base/errors.ts'
import { parseMetricsParams } from './metrics-params.ts'

const test = suite('metrics params')

const nowMs = 1_795_430_361_000
const nowNs = 1_795_430_361_000_000_000n
const hourNs = 3_600_000_000_000n
const parse = (query: string) => parseMetricsParams(new URLSearchParams(query), nowMs)

test('nothing said: the last hour', () => {
  assert.equal(parse(''), { query: '', startNs: nowNs - hourNs, endNs: nowNs })
  assert.equal(parse('start=&end=&step=&since=&q=&exemplars='), parse(''))
})

test('q wins over query', () => {
  assert.is(parse('q={}&query={a}').query, '{}')
  assert.is(parse('query={a}').query, '{a}')
})

test('times', () => {
  const cases: [string, bigint, bigint][] = [
    ['start=100&end=200', 100_000_000_000n, 200_000_000_000n],
    ['start=100.5&end=1795430361000000001', 100_500_000_000n, 1_795_430_361_000_000_001n],
    ['start=2026-11-23T10:39:21Z', nowNs, nowNs],
    ['since=1d12h', nowNs - 36n * hourNs, nowNs],
    ['since=15m&end=3600', 2_700_000_000_000n, hourNs],
    ['since=15m&start=5', 5_000_000_000n, nowNs],
  ]
  for (const [query, startNs, endNs] of cases) {
    const found = parse(query)
    assert.equal([found.startNs, found.endNs], [startNs, endNs], query)
  }
})

test('steps', () => {
  const cases: [string, bigint][] = [
    ['60s', 60_000_000_000n],
    ['1m30s', 90_000_000_000n],
    ['1.5h', 5_400_000_000_000n],
    ['1d', 24n * hourNs],
    ['100ms', 100_000_000n],
    ['60', 60_000_000_000n],
    ['30.5', 30_500_000_000n],
    ['1e-3', 1_000_000n],
    ['0s', 0n],
    ['0', 0n],
  ]
  for (const [text, stepNs] of cases) assert.is(parse(`step=${text}`).stepNs, stepNs, text)
})

test('exemplars: what is no number is as good as nothing', () => {
  assert.is(parse('exemplars=7').exemplars, 7)
  for (const text of ['0', '-1', 'x', '1.5', '99999999999']) {
    assert.is(parse(`exemplars=${text}`).exemplars, undefined, text)
  }
})

test('what is refused', () => {
  const syntax = 'strconv.ParseInt: parsing "x": invalid syntax'
  const cases: [string, string][] = [
    ['start=x', `could not parse 'start' parameter: ${syntax}`],
    ['end=x', `could not parse 'end' parameter: ${syntax}`],
    ['since=x', `could not parse 'since' parameter: not a valid duration string: "x"`],
    ['since=-5m', `could not parse 'since' parameter: not a valid duration string: "-5m"`],
    ['step=-5s', 'cannot parse "-5s": step must be positive'],
    ['step=-1', 'cannot parse "-1": step must be positive'],
    ['step=abc', 'cannot parse "abc" to a valid duration'],
    ['step=-abc', 'cannot parse "-abc" to a valid duration'],
    ['step=5s5', 'cannot parse "5s5" to a valid duration'],
    ['step=1e300', 'cannot parse "1e300" to a valid duration'],
    ['step=9999999h', 'cannot parse "9999999h" to a valid duration'],
  ]
  for (const [query, message] of cases) {
    try {
      parse(query)
      assert.unreachable(query)
    } catch (error) {
      assert.is(asFailure(error).message, message)
      assert.is(asFailure(error).code, 'BAD_REQUEST')
    }
  }
})

test.run()

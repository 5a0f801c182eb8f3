import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../base/errors.ts'
import { bucketOf, instantGrid, rangeGrid, sampleTimesMs } from './time-range.ts'

const test = suite('metrics: time range')

const limits = { durationMaxMs: 86_400_000, intervalsMax: 10_000 }
const seconds = (value: number) => BigInt(Math.round(value * 1e9))

/** Times of the samples, seconds. */
function times(start: number, end: number, step?: number): number[] {
  const stepNs = step === undefined ? undefined : seconds(step)
  const grid = rangeGrid(seconds(start), seconds(end), stepNs, limits)
  return [...sampleTimesMs(grid)].map(ms => ms / 1000)
}

function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    const failure = asFailure(error)
    assert.is(failure.code, 'BAD_REQUEST')
    return failure.message
  }
  throw new Error('not refused')
}

test('ranges are widened to multiples of the step, and one step to the left', () => {
  const whole = times(0, 1200, 60)
  assert.equal([whole.length, whole[0], whole[20]], [21, 0, 1200])
  assert.equal(times(100, 101, 60), [60, 120])
  assert.equal(times(290, 310, 60), [240, 300, 360])
  assert.equal(times(0, 1200, 3600), [0, 3600])
  assert.equal(times(0, 1200, 600), [0, 600, 1200])
  assert.equal(times(1795430301, 1795430421, 60), [1795430280, 1795430340, 1795430400, 1795430460])
})

test('default steps', () => {
  const step = (range: number) =>
    Number(rangeGrid(0n, seconds(range), undefined, limits).stepNs) / 1e9
  const table = [
    ...([
      [1, 0.05],
      [59, 0.2],
      [60, 1],
      [240, 1],
      [1200, 5],
      [1439, 5],
      [1440, 5],
    ] as const),
    ...([
      [3600, 15],
      [3840, 15],
      [7200, 30],
      [14_400, 60],
      [21_600, 60],
      [86_400, 300],
    ] as const),
  ]
  for (const [range, wanted] of table) assert.is(step(range), wanted, `${range} s`)
})

test('what is refused', () => {
  const range = (start: number, end: number, step?: number) =>
    refusal(() => times(start, end, step))
  assert.is(range(600, 0, 60), 'end must be greater than start')
  assert.is(range(5, 5, 60), 'end must be greater than start')
  assert.is(
    range(0, 86_401, 60),
    'metrics query time range exceeds the maximum allowed duration of 24h0m0s',
  )
  assert.is(range(-60, 1500, 0), 'step of 0s is too small, minimum step for given range is 156ms')
  assert.is(range(0, 120, 0.001), 'step of 1ms is too small, minimum step for given range is 12ms')
  assert.match(range(0, 1, -5), /^step of -5s is too small/)
  const instant = refusal(() => instantGrid(seconds(600), 0n, limits))
  assert.is(instant, 'end must be greater than start')
})

test('the smallest step is allowed', () => {
  assert.is(times(0, 120, 0.012).length, 10_001)
})

test('without configured limits a series still fits into memory', () => {
  const none = { durationMaxMs: 0, intervalsMax: 0 }
  const tiny = refusal(() => rangeGrid(0n, seconds(1e9), 1n, none))
  assert.is(tiny, 'step of 1ns is too small, minimum step for given range is 16m40s')
  assert.is(rangeGrid(0n, seconds(1e9), seconds(1000), none).steps, 1_000_001)
})

test('buckets are closed on the right', () => {
  const grid = rangeGrid(0n, 120n, 60n, { durationMaxMs: 0, intervalsMax: 0 })
  const buckets = [-60n, -59n, 0n, 1n, 60n, 61n, 120n, 121n].map(time => bucketOf(grid, time))
  assert.equal(buckets, [-1, 0, 0, 1, 1, 2, 2, -1])
})

test('the only bucket of an instant query has both its edges', () => {
  const grid = instantGrid(seconds(10), seconds(70), limits)
  assert.is(grid.stepNs, seconds(60))
  const at = [9, 10, 70, 71].map(time => bucketOf(grid, seconds(time)))
  assert.equal(at, [-1, 0, 0, -1])
})

test.run()

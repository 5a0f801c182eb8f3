import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseBoolean,
  parseBytes,
  parseDecimal,
  parseDuration,
  parseInteger,
  printDuration,
} from './settings-values.ts'

const test = suite('setting values')

test('durations are read as Go reads them, plus days and weeks', () => {
  const cases: [string, number][] = [
    ['0s', 0],
    ['0', 0],
    ['48h0m0s', 172_800_000],
    ['1h30m', 5_400_000],
    ['100ms', 100],
    ['1.5s', 1500],
    ['.5s', 500],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['-5s', -5000],
    ['+5s', 5000],
    ['1000000000', 1000],
    ['14d', 1_209_600_000],
    ['2w', 1_209_600_000],
  ]
  for (const [text, ms] of cases) assert.is(parseDuration(text), ms, text)
})

test('what is no duration says how one is written', () => {
  for (const text of ['', 'abc', '5x', '1h 30m', 's', '1..5s', '-', '1h30', '9'.repeat(100)]) {
    assert.throws(
      () => parseDuration(text),
      (error: Error) =>
        error.message.endsWith('is not a duration; write for example 30s, 5m or 1h30m'),
      text,
    )
  }
})

test('durations are printed as Go prints them', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [172_800_000, '48h0m0s'],
    [120_000, '2m0s'],
    [30_000, '30s'],
    [1500, '1.5s'],
    [100, '100ms'],
    [0.25, '250µs'],
    [1e-6, '1ns'],
    [90_061_500, '25h1m1.5s'],
    [-5000, '-5s'],
  ]
  for (const [ms, text] of cases) {
    assert.is(printDuration(ms), text)
    assert.ok(Math.abs(parseDuration(text) - ms) < 1e-9, text)
  }
})

test('sizes are bytes or have a unit', () => {
  assert.is(parseBytes('0'), 0)
  assert.is(parseBytes('524288000'), 524_288_000)
  assert.is(parseBytes('64MiB'), 67_108_864)
  assert.is(parseBytes('5 MB'), 5_000_000)
  assert.is(parseBytes('1.5kb'), 1500)
  assert.is(parseBytes('1_000'), 1000)
  for (const text of ['-1', 'x', '5 parsecs', '']) {
    assert.throws(() => parseBytes(text), /is not a size; write bytes, or for example 64MiB$/)
  }
  assert.throws(() => parseBytes('0.3'), /is not a whole number of bytes$/)
  assert.throws(() => parseBytes('99999999TiB'), /is not a whole number of bytes$/)
})

test('whole numbers, decimals and booleans', () => {
  assert.is(parseInteger('1_000'), 1000)
  assert.is(parseInteger('-1'), -1)
  assert.is(parseInteger('0x10'), 16)
  for (const text of ['1.5', 'x', '', '1e3', '9007199254740993']) {
    assert.throws(() => parseInteger(text), /is not a whole number$/)
  }
  assert.is(parseDecimal('1e-3'), 0.001)
  assert.throws(() => parseDecimal('nan'), /"nan" is not a number$/)
  for (const text of ['true', 'Yes', 'ON', 'y', '1']) assert.is(parseBoolean(text), true)
  for (const text of ['false', 'no', 'OFF', 'n', '0']) assert.is(parseBoolean(text), false)
  assert.throws(() => parseBoolean('maybe'), /^"maybe" is neither true nor false$|neither true/)
})

test.run()

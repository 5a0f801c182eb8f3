import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { ConfigError } from '../base/settings-problems.ts'
import { defaultsOf } from '../base/settings-tree.ts'
import { tenantLimits } from './limit-settings.ts'
import { Overrides } from './limits.ts'
import { RuntimeFile } from './runtime-file.ts'

const defaults = defaultsOf(tenantLimits)
const fallbacks = {
  maxAttributeBytes: 0,
  maxSearchDurationMs: 0,
  maxMetricsDurationMs: 0,
  blockRetentionMs: 0,
  compactionWindowMs: 0,
}
const rate = (bytes: number) => `overrides: {a: {ingestion: {rate_limit_bytes: ${bytes}}}}`

function setUp(first: string | Error) {
  const disk = { text: first, reads: 0 }
  const clock = new ManualClock()
  const overrides = new Overrides(defaults, fallbacks)
  const reports: (Error | undefined)[] = []
  const file = new RuntimeFile({
    path: 'o.yaml',
    periodMs: 10_000,
    clock,
    defaults,
    overrides,
    onReload: error => reports.push(error),
    readFile: async () => {
      disk.reads++
      if (disk.text instanceof Error) throw disk.text
      return disk.text
    },
  })
  const rateNow = () => overrides.limitsFor('a').ingestion.rateLimitBytes
  const tick = async (ms = 10_000) => {
    clock.advance(ms)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return { disk, file, reports, rateNow, tick }
}

const test = suite('runtime file')

test('changes of the file are taken over within one period', async () => {
  const { disk, file, rateNow, tick } = setUp(rate(1))
  await file.start()
  assert.is(rateNow(), 1)
  disk.text = rate(2)
  await tick(9_999)
  assert.is(rateNow(), 1)
  await tick(1)
  assert.is(rateNow(), 2)
  assert.ok(file.lastReloadSuccessful)
  assert.is(file.reloads, 2)
  assert.is(file.failures, 0)
})

test('a bad or missing file keeps the old limits and is counted', async () => {
  const { disk, file, reports, rateNow, tick } = setUp(rate(1))
  await file.start()
  disk.text = 'overrides: {a: {bogus: 1}}'
  await tick()
  assert.is(rateNow(), 1)
  assert.not(file.lastReloadSuccessful)
  assert.match(reports.at(-1)!.message, /^o\.yaml:1:17: field bogus not found in section/)
  disk.text = new Error('ENOENT')
  await tick()
  assert.is(rateNow(), 1)
  assert.is(file.failures, 2)
  disk.text = rate(3)
  await tick()
  assert.is(rateNow(), 3)
  assert.ok(file.lastReloadSuccessful)
})

test('a file that is bad from the start stops the start', async () => {
  const { file, tick, disk } = setUp('overrides: {a: 5}')
  let thrown: unknown
  await file.start().catch(error => {
    thrown = error
  })
  assert.instance(thrown, ConfigError)
  assert.is((thrown as ConfigError).exitCode, 2)
  await tick()
  assert.is(disk.reads, 1)
})

test('after a stop nothing is read or changed any more', async () => {
  const { disk, file, rateNow, tick } = setUp(rate(1))
  await file.start()
  disk.text = rate(2)
  const pending = file.reload()
  file.stop()
  await pending
  await tick()
  assert.is(rateNow(), 1)
  assert.is(disk.reads, 2)
})

test.run()

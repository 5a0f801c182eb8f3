import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printProblem } from '../base/settings-problems.ts'
import { defaultsOf } from '../base/settings-tree.ts'
import { type LimitValues, tenantLimits } from './limit-settings.ts'
import { type LimitFallbacks, Overrides, readTenantLimits, resolveLimits } from './limits.ts'

const fallbacks: LimitFallbacks = {
  maxAttributeBytes: 2048,
  maxSearchDurationMs: 604_800_000,
  maxMetricsDurationMs: 86_400_000,
  blockRetentionMs: 1_209_600_000,
  compactionWindowMs: 3_600_000,
}
const defaults: LimitValues = defaultsOf(tenantLimits)

function overridesOf(text: string, from: LimitValues = defaults): Overrides {
  const { tenants, problems } = readTenantLimits(text, 'o.yaml', from)
  assert.equal(problems.map(printProblem), [])
  const overrides = new Overrides(from, fallbacks)
  overrides.replaceTenants(tenants)
  return overrides
}

const problemsOf = (text: string) =>
  readTenantLimits(text, 'o.yaml', defaults).problems.map(printProblem)

const test = suite('limits')

test('defaults are those of the settings, with the modules behind them', () => {
  const { ingestion, read, compaction } = resolveLimits(defaults, fallbacks)
  assert.is(ingestion.rateLimitBytes, 15_000_000)
  assert.is(ingestion.burstSizeBytes, 20_000_000)
  assert.is(ingestion.rateStrategy, 'local')
  assert.is(ingestion.maxTracesPerUser, 10_000)
  assert.is(ingestion.maxBytesPerTrace, 5_000_000)
  assert.is(ingestion.maxAttributeBytes, 2048)
  assert.is(read.maxBytesPerTagValuesQuery, 1_000_000)
  assert.is(read.maxSearchDurationMs, 604_800_000)
  assert.is(compaction.blockRetentionMs, 1_209_600_000)
})

test('a tenant file in sections, with empty sections and a wildcard', () => {
  const text = readFileSync(new URL('../../test/config/data/tenants.yaml', import.meta.url), 'utf8')
  const overrides = overridesOf(text)
  const { ingestion, read, compaction } = overrides.limitsFor(
    '1610b0c3-c509-4592-a256-a1871353dbfa',
  )
  assert.is(ingestion.burstSizeBytes, 1000)
  assert.is(ingestion.rateLimitBytes, 2000)
  assert.is(ingestion.maxTracesPerUser, 3000)
  assert.is(ingestion.maxBytesPerTrace, 4000)
  assert.is(read.maxBytesPerTagValuesQuery, 5000)
  assert.is(read.maxSearchDurationMs, 3_600_000)
  assert.is(compaction.blockRetentionMs, 259_200_000)
  assert.is(compaction.compactionWindowMs, 3_600_000)
  // Sections without a value change nothing, and an entry is not mixed with the wildcard's.
  assert.equal(overrides.limitsFor('quiet'), overrides.defaults)
  assert.is(overrides.limitsFor('anybody').ingestion.rateLimitBytes, 7)
  assert.is(overrides.limitsFor('anybody').ingestion.burstSizeBytes, 20_000_000)
})

test('the flat form says the same', () => {
  const flat = overridesOf(
    'overrides: {a: {ingestion_rate_limit_bytes: 1, max_bytes_per_trace: 2, block_retention: 1d, ' +
      'metrics_generator_processors: [x], metrics_generator_ring_size: 3}}',
  )
  const scoped = overridesOf(
    'overrides: {a: {ingestion: {rate_limit_bytes: 1}, global: {max_bytes_per_trace: 2}, ' +
      'compaction: {block_retention: 1d}, metrics_generator: {processors: [x], ring_size: 3}}}',
  )
  assert.equal(flat.limitsFor('a'), scoped.limitsFor('a'))
  assert.is(flat.limitsFor('a').compaction.blockRetentionMs, 86_400_000)
})

test('a tenant takes over the defaults of the main file, also under the lenient key', () => {
  const base = defaultsOf(tenantLimits)
  const from = { ...base, ingestion: { ...base.ingestion, maxBytesPerTrace: 77 } }
  const overrides = overridesOf(
    'overrides: {a: {global: {max_bytes_per_trace: 5}}, b: {read: }}',
    from,
  )
  assert.is(overrides.limitsFor('a').ingestion.maxBytesPerTrace, 5)
  assert.is(overrides.limitsFor('b').ingestion.maxBytesPerTrace, 77)
  assert.is(overrides.limitsFor('c').ingestion.maxBytesPerTrace, 77)
})

test('an empty file has no tenants', () => {
  for (const text of ['', 'overrides:\n', 'overrides: {}\n']) {
    assert.equal(overridesOf(text).tenants, [])
  }
})

test('unknown keys, wrong values and mixed forms are refused with their place', () => {
  assert.equal(problemsOf('overrides:\n  a:\n    ingestion:\n      rate_limit_byte: 1\n'), [
    'o.yaml:4:7: field rate_limit_byte not found in section "overrides.a.ingestion" ' +
      '(did you mean "rate_limit_bytes"?)',
  ])
  assert.equal(problemsOf('override: {}'), [
    'o.yaml:1:1: field override not found at the top level (did you mean "overrides"?)',
  ])
  assert.equal(problemsOf('overrides: {a: {ingestion: {rate_limit_bytes: lots}}}'), [
    'o.yaml:1:47: overrides.a.ingestion.rate_limit_bytes: "lots" is not a size; ' +
      'write bytes, or for example 64MiB',
  ])
  assert.equal(
    problemsOf('overrides: {a: {max_bytes_per_trace: 1, read: {max_search_duration: 1h}}}'),
    [
      'o.yaml:1:17: max_bytes_per_trace is the flat form and read the scoped form: ' +
        'use one of them in "overrides.a"',
    ],
  )
})

test.run()

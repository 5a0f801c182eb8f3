import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../../base/errors.ts'
import {
  parseSearchParams,
  parseTagNamesParams,
  parseTagValuesParams,
  parseTraceParams,
} from './params.ts'

const test = suite('params')

const settings = {
  defaultResultLimit: 20,
  maxResultLimit: 262_144,
  defaultSpansPerSpanSet: 3,
  maxSpansPerSpanSet: 100,
  maxSearchDurationMs: 168 * 3_600_000,
  queryBytesMax: 128 * 1024,
}

const { maxSearchDurationMs } = settings
const search = (query: string) => {
  return parseSearchParams(new URLSearchParams(query), settings, maxSearchDurationMs)
}
const trace = (query: string) => parseTraceParams(new URLSearchParams(query))
const names = (query: string) => {
  return parseTagNamesParams(new URLSearchParams(query), maxSearchDurationMs)
}
const values = (query: string) => {
  return parseTagValuesParams(new URLSearchParams(query), maxSearchDurationMs)
}

function refusals(parse: (query: string) => unknown, cases: readonly [string, string][]): void {
  for (const [query, message] of cases) {
    try {
      parse(query)
    } catch (error) {
      assert.is(asFailure(error).message, message, query)
      assert.is(asFailure(error).code, 'BAD_REQUEST')
      continue
    }
    assert.unreachable(`accepted ${query}`)
  }
}

test('search: defaults and everything set', () => {
  const defaults = { tags: '', limit: 20, spansPerSpanSet: 3 }
  assert.equal(search(''), defaults)
  assert.equal(search('q=&tags=&limit=&spss=&start=&end=&minDuration='), defaults)
  assert.equal(search('start=0&end=0&unknown=1'), defaults)
  assert.equal(search('q={}&limit=5&spss=7&start=1000&end=2000&minDuration=bogus'), {
    query: '{}',
    tags: '',
    limit: 5,
    spansPerSpanSet: 7,
    range: { startNs: '1000000000000', endNs: '2000000000000' },
  })
  assert.equal(search('tags=a%3Db&minDuration=100ms&maxDuration=1.5s&spss=0'), {
    ...defaults,
    tags: 'a=b',
    traceDurationMinNs: '100000000',
    traceDurationMaxNs: '1500000000',
  })
})

test('search: a maximum of 0 is none', () => {
  const open = { ...settings, maxSpansPerSpanSet: 0, maxResultLimit: 0 }
  const params = new URLSearchParams('spss=5000&limit=1000000&start=1&end=4000000000')
  const parsed = parseSearchParams(params, open, 0)
  assert.equal([parsed.spansPerSpanSet, parsed.limit], [5000, 1_000_000])
})

test('search: refusals', () => {
  const parsing = 'strconv.ParseUint: parsing'
  refusals(search, [
    ['q={}&tags=a%3Db', "invalid request: can't specify tags and q in the same query"],
    [`q=${'x'.repeat(131_073)}`, 'TraceQL query is longer than 131072 bytes'],
    ['minDuration=10', 'invalid minDuration: time: missing unit in duration "10"'],
    ['maxDuration=abc', 'invalid maxDuration: time: invalid duration "abc"'],
    ['minDuration=-1s', 'invalid minDuration: must not be negative'],
    ['minDuration=1s&maxDuration=1ms', 'invalid maxDuration: must be greater than minDuration'],
    ['limit=0', 'invalid limit: must be a positive number'],
    ['limit=-1', `invalid limit: ${parsing} "-1": invalid syntax`],
    ['limit=99999999999', `invalid limit: ${parsing} "99999999999": value out of range`],
    ['limit=1000000', 'limit 1000000 exceeds max limit 262144'],
    ['spss=101', 'spans per span set exceeds 100. received 101'],
    ['spss=x', `invalid spss: ${parsing} "x": invalid syntax`],
    ['start=1795430301.5&end=2', `invalid start: ${parsing} "1795430301.5": invalid syntax`],
    [
      'start=1795430301000000000&end=1795430361000000000',
      `invalid start: ${parsing} "1795430301000000000": value out of range`,
    ],
    ['start=5', 'http parameter start must be before end. received start=5 end=0'],
    [
      'end=5',
      'error parsing date range: only one of start and end provided: must provide both or neither',
    ],
    ['start=7&end=7', 'http parameter start must be before end. received start=7 end=7'],
    [
      'start=1792838361&end=1795430961',
      'range specified by start and end exceeds 168h0m0s. received start=1792838361 end=1795430961',
    ],
  ])
})

test('trace by ID', () => {
  assert.equal(trace(''), {})
  assert.equal(trace('mode=blocks&blockStart=00000000-0000-0000-0000-000000000000'), {})
  assert.equal(trace('start=1'), {
    range: { startNs: '1000000000', endNs: '9223372036854775807' },
  })
  assert.equal(trace('start=-1&end=99999999999999'), {
    range: { startNs: '0', endNs: '9223372036854775807' },
  })
  refusals(trace, [
    ['start=abc', 'invalid start: strconv.ParseInt: parsing "abc": invalid syntax'],
    ['end=1.5', 'invalid end: strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['start=9&end=9', 'http parameter start must be before end. received start=9 end=9'],
    ['mode=bogus', 'invalid value for mode bogus'],
    ['blockStart=ab', 'invalid value for blockstart: invalid UUID length: 2'],
    [`blockEnd=${'z'.repeat(32)}`, 'invalid value for blockend: invalid UUID format'],
  ])
})

const oneBound =
  'error parsing date range: only one of start and end provided: must provide both or neither'

test('tag names', () => {
  assert.equal(names(''), { scope: 'none', limit: 0 })
  assert.equal(names('scope=span&limit=x&q={}&start=1795430361&end=2026-11-23T10:39:22Z').limit, 0)
  assert.equal(names('start=1000&end=1001.5&limit=7'), {
    scope: 'none',
    limit: 7,
    range: { startNs: '1000000000000', endNs: '1001500000000' },
  })
  refusals(names, [
    ['scope=all', 'invalid scope: all'],
    ['scope=bogus', 'invalid scope: bogus'],
    ['start=1', oneBound],
    ['end=1', oneBound],
    [
      'start=x&end=1',
      `error parsing date range: could not parse 'start' parameter: strconv.ParseInt: parsing "x": invalid syntax`,
    ],
    [
      'start=1&end=y',
      `error parsing date range: could not parse 'end' parameter: strconv.ParseInt: parsing "y": invalid syntax`,
    ],
    [
      'start=20&end=10',
      'range specified by start and end exceeds 168h0m0s. received start=20 end=10',
    ],
  ])
})

test('tag values', () => {
  assert.equal(values('q={}&limit=5&maxStaleValues=1'), { limit: 5, query: '{}' })
  refusals(values, [
    ['limit=-1', 'invalid limit: strconv.ParseUint: parsing "-1": invalid syntax'],
    ['maxStaleValues=x', 'invalid maxStaleValues: strconv.ParseUint: parsing "x": invalid syntax'],
    ['start=1', oneBound],
  ])
})

test.run()

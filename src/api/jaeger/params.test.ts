import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../base/errors.ts'
import { parseDependencyParams, parseFindParams, parseTraceParams, wantsPretty } from './params.ts'
import type { TraceSearch } from './trace-search.ts'
import { paramsOfBody, parseV3Search } from './v3-params.ts'

const test = suite('jaeger parameters')

const settings = { defaultLimit: 100, limitMax: 1500 }
const nowMs = 1_700_000_000_000

function find(query: string) {
  return parseFindParams(new URLSearchParams(query), settings, nowMs)
}

function search(query: string): TraceSearch {
  const found = find(query)
  assert.is(found.kind, 'search')
  return (found as Extract<typeof found, { kind: 'search' }>).search
}

function refused(parse: () => unknown, message: string | RegExp): void {
  try {
    parse()
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'BAD_REQUEST')
    assert.match((error as Failure).message, message)
    return
  }
  assert.unreachable(String(message))
}

test('defaults', () => {
  assert.equal(search('service=s&start=&end=&limit=&minDuration=&raw='), {
    service: 's',
    operation: '',
    tags: new Map(),
    startNs: BigInt(nowMs - 48 * 3_600_000) * 1_000_000n,
    endNs: BigInt(nowMs) * 1_000_000n,
    durationMinNs: 0n,
    durationMaxNs: 0n,
    limit: 100,
    raw: false,
  })
})

test('everything', () => {
  const tags = encodeURIComponent('{"b":"2","c":""}')
  const times = 'start=5&end=6&minDuration=1.5ms&maxDuration=2%C2%B5s5ms'
  const query = `service=a+b&operation=GET&limit=7&${times}`
  const found = search(`${query}&raw=T&tag=a:1:2&tag=b:1&tags=${tags}&tags=null&lookback=1h`)
  assert.equal(found, {
    service: 'a b',
    operation: 'GET',
    tags: new Map([
      ['a', '1:2'],
      ['b', '2'],
      ['c', ''],
    ]),
    startNs: 5000n,
    endNs: 6000n,
    durationMinNs: 1_500_000n,
    durationMaxNs: 5_002_000n,
    limit: 7,
    raw: true,
  })
})

test('limits', () => {
  assert.is(search('service=s&limit=0').limit, 100)
  assert.is(search('service=s&limit=-4').limit, 100)
  assert.is(search('service=s&limit=99999').limit, 1500)
})

test('ids win over everything else', () => {
  const found = find('traceID=ABC&traceID=abc&traceID=0000000000000000000000000000000d')
  assert.equal(found, {
    kind: 'ids',
    traceIds: [`${'0'.repeat(29)}abc`, `${'0'.repeat(31)}d`],
    raw: false,
  })
  const base64 = find('traceID=AQIDBAUGBwgJCgsMDQ4PEA%3D%3D')
  assert.equal(base64, { ...found, traceIds: ['0102030405060708090a0b0c0d0e0f10'] })
})

test('refusals', () => {
  const cases: [string, string | RegExp][] = [
    ['', "parameter 'service' is required"],
    ['service=', "parameter 'service' is required"],
    ['service=s&start=abc', `unable to parse param 'start': strconv.ParseInt: parsing "abc"`],
    ['service=s&end=1.5', "unable to parse param 'end': "],
    ['service=s&limit=99999999999', 'value out of range'],
    ['service=s&limit=x', 'invalid syntax'],
    ['service=s&minDuration=10', "unable to parse param 'minDuration': time: missing unit"],
    ['service=s&maxDuration=1d', "unable to parse param 'maxDuration': time: unknown unit"],
    [
      'service=s&minDuration=2s&maxDuration=1s',
      "'maxDuration' should be greater than 'minDuration'",
    ],
    ['service=s&raw=maybe', "unable to parse param 'raw': strconv.ParseBool"],
    ['service=s&tag=x', "malformed 'tag' parameter, expecting key:value, received: x"],
    ['service=s&tags=', "malformed 'tags' parameter, cannot unmarshal JSON: "],
    ['service=s&tags={"a":1}', "malformed 'tags' parameter, cannot unmarshal JSON: "],
    ['service=s&tags=["a"]', "malformed 'tags' parameter, cannot unmarshal JSON: "],
    ['traceID=xyz', 'cannot parse traceID param: '],
    ['traceID=0x12', 'cannot parse traceID param: '],
    [`traceID=${'1'.repeat(33)}`, 'TraceID cannot be longer than 32 hex characters: 1'],
  ]
  for (const [query, message] of cases) refused(() => find(query), message)
})

test('one trace, dependencies, the wide form', () => {
  const trace = parseTraceParams(new URLSearchParams('start=1&raw=1'))
  assert.equal(trace, { startNs: 1000n, raw: true })
  const dependencies = parseDependencyParams(new URLSearchParams('endTs=100&lookback=30'), nowMs)
  assert.equal(dependencies, { startMs: 70n, endMs: 100n, service: '' })
  const day = parseDependencyParams(new URLSearchParams(), nowMs)
  assert.is(day.endMs - day.startMs, 86_400_000n)
  const pretty = (query: string) => wantsPretty(new URLSearchParams(query))
  assert.equal(
    ['prettyPrint=true', 'prettyPrint=0', 'prettyPrint=false', 'prettyPrint='].map(pretty),
    [true, true, false, false],
  )
})

const times =
  'query.startTimeMin=2026-01-02T03:04:05.000000007Z&query.startTimeMax=2026-01-02T04:04:05%2B01:00'

test('v3: both spellings', () => {
  refused(() => parseV3Search(new URLSearchParams(times), settings), 'must be before')
  const later = times.replace('T04:04:05%2B01:00', 'T03:04:06Z')
  const camel = 'query.serviceName=s&query.searchDepth=3&query.durationMin=1ms&query.rawTraces=true'
  const found = parseV3Search(new URLSearchParams(`${camel}&${later}`), settings)
  const snake = 'query.service_name=s&query.num_traces=3&query.duration_min=1ms&query.raw_traces=t'
  const older = later.replace('TimeMin', '_time_min').replace('TimeMax', '_time_max')
  assert.equal(parseV3Search(new URLSearchParams(`${snake}&${older}`), settings), found)
  assert.is(found.endNs - found.startNs, 999_999_993n)
  assert.is(found.limit, 3)
  const query = {
    service_name: 's',
    search_depth: 3,
    duration_min: '0.001s',
    raw_traces: true,
    start_time_min: '2026-01-02T03:04:05.000000007Z',
    start_time_max: '2026-01-02T03:04:06Z',
    attributes: { a: 'b' },
  }
  const body = paramsOfBody(Buffer.from(JSON.stringify({ query })))
  assert.equal(parseV3Search(body, settings), { ...found, tags: new Map([['a', 'b']]) })
})

test('v3: refusals', () => {
  const required = 'query.startTimeMin and query.startTimeMax are required'
  const cases: [string, string][] = [
    ['query.serviceName=s', required],
    ['query.startTimeMin=5', 'malformed parameter query.startTimeMin: '],
    ['query.searchDepth=x', 'malformed parameter query.searchDepth: '],
    ['query.duration_min=5', 'malformed parameter query.duration_min: time: missing unit'],
    ['query.attributes={"a":1}', 'malformed parameter query.attributes: '],
    ['query.filter={}', 'malformed parameter query.filter: '],
    ['query.raw_traces=maybe', 'malformed parameter query.raw_traces: '],
  ]
  const later = times.replace('T04:04:05%2B01:00', 'T03:04:06Z')
  for (const [query, message] of cases) {
    const all = message === required ? query : `${query}&${later}`
    // The first value of a parameter counts, so that the good times do not hide a bad one.
    refused(() => parseV3Search(new URLSearchParams(all), settings), message)
  }
  const month = times.replace(/query.startTimeMax=.*/, 'query.start_time_max=2026-13-01T00:00:00Z')
  const named = 'malformed parameter query.start_time_max: "2026-13-01T00:00:00Z" is not a time'
  refused(() => parseV3Search(new URLSearchParams(month), settings), named)
  refused(() => paramsOfBody(Buffer.from('{')), 'malformed body: ')
  refused(() => paramsOfBody(Buffer.from('[]')), 'malformed body: ')
})

test.run()

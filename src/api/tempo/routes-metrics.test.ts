import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fail } from '../../base/errors.ts'
import type { MetricsRequest, MetricsResult } from '../../contract/queries.ts'
import { answer, compile, noStats, type PlainSeries } from '../../metrics/evaluate-fixture.ts'
import {
  encodeQueryInstantResponse,
  encodeQueryRangeResponse,
} from '../../wire/tempo-metrics-proto.ts'
import type { MetricsSettings } from './request.ts'
import { fixture, json } from './routes-fixture.ts'

const test = suite('tempo routes: metrics')

interface Asked {
  readonly tenant: string
  readonly request: MetricsRequest
}

/** Each question is answered by `reply`; the settings are those of a server without configuration. */
function metricsFixture(
  reply: (asked: Asked) => MetricsResult | readonly PlainSeries[],
  settings: Partial<MetricsSettings> = {},
) {
  const asked: Asked[] = []
  const { get, warnings } = fixture(
    {},
    {
      metrics: {
        queries: {
          async metrics(tenant, request) {
            asked.push({ tenant, request })
            const found = reply({ tenant, request })
            return 'lanes' in found ? found : answer(request.steps, found)
          },
        },
        parseMetrics: compile,
        settings: { exemplarsMax: 100, intervalsMax: 10_000, seriesMax: 1000, ...settings },
        durationMaxMsFor: tenant => (tenant === 'short' ? 60_000 : 86_400_000),
        clock: { nowMs: () => 1_795_430_361_000 },
      },
    },
  )
  const ask = (path: string, params: Record<string, string>, init: RequestInit = {}) => {
    return get(`/api/metrics/${path}?${new URLSearchParams(params)}`, init)
  }
  return { asked, warnings, ask, get }
}

/** As many spans in every step. */
const always = (labels: PlainSeries[0], spans: number) => {
  return ({ request }: Asked): PlainSeries[] => [[labels, Array(request.steps).fill(spans)]]
}

const range = { start: '1795430301', end: '1795430421', step: '60s' }

test('a range', async () => {
  const { ask, asked } = metricsFixture(() => ({
    ...answer(4, [[[], [0, 0, 71, 0]]]),
    stats: { ...noStats, inspectedBytes: 14_548 },
  }))
  const response = await ask('query_range', { q: '{ .a = 1 } | rate()', ...range })
  assert.is(response.status, 200)
  assert.equal(await json(response), {
    series: [
      {
        labels: [{ key: '__name__', value: { stringValue: 'rate' } }],
        samples: [
          { timestampMs: '1795430280000' },
          { timestampMs: '1795430340000' },
          { timestampMs: '1795430400000', value: 71 / 60 },
          { timestampMs: '1795430460000' },
        ],
      },
    ],
    metrics: { inspectedBytes: '14548' },
  })
  const operand = { kind: 'attribute', scope: 'any', key: 'a' }
  const literal = { type: 'int', value: '1' }
  assert.equal(asked[0]!.request, {
    spans: { kind: 'compare', operand, op: '=', literal },
    stages: [],
    function: { kind: 'count' },
    by: [],
    startNs: '1795430220000000000',
    stepNs: '60000000000',
    steps: 4,
    exemplars: 100,
    seriesMax: 4_194_304,
    firstSeries: 1001,
  })
})

test('an instant', async () => {
  const { ask, asked } = metricsFixture(() => [
    [['cart'], [192]],
    [[null], [0]],
  ])
  const q = '{} | count_over_time() by (resource.service.name)'
  const response = await ask('query', { q, start: '100', end: '160' })
  const label = (text: string) => [{ key: 'resource.service.name', value: { stringValue: text } }]
  assert.equal(await json(response), {
    series: [{ labels: label('cart'), value: 192 }, { labels: label('nil') }],
    metrics: {},
  })
  const { startNs, stepNs, steps, includesStart, exemplars } = asked[0]!.request
  assert.equal([startNs, stepNs, steps], ['100000000000', '60000000000', 1])
  assert.equal([includesStart, exemplars], [true, 0])
})

test('no series: the list is there for a range, and not for an instant', async () => {
  const { ask } = metricsFixture(() => [])
  const q = '{} | max_over_time(.v)'
  assert.equal(await json(await ask('query_range', { q, ...range })), { series: [], metrics: {} })
  assert.equal(await json(await ask('query', { q })), { metrics: {} })
})

test('an instant has no series without a value', async () => {
  const { ask } = metricsFixture(() => [])
  const response = await ask('query', { q: '({} | count_over_time()) / 0' })
  assert.equal(await json(response), { metrics: {} })
})

test('protobuf', async () => {
  const { ask } = metricsFixture(always([], 3))
  const headers = { Accept: 'application/protobuf' }
  const q = '{} | count_over_time()'
  const labels = [{ key: '__name__', value: { type: 'string', value: 'count_over_time' } }] as const
  const instant = await ask('query', { q }, { headers })
  assert.is(instant.headers.get('Content-Type'), 'application/protobuf')
  assert.equal(
    Buffer.from(await instant.arrayBuffer()),
    Buffer.from(encodeQueryInstantResponse({ series: [{ labels, value: 3 }], metrics: {} })),
  )
  const ranged = await ask('query_range', { q, ...range }, { headers })
  assert.is(ranged.headers.get('Content-Type'), 'application/protobuf')
  assert.equal(
    Buffer.from(await ranged.arrayBuffer()),
    Buffer.from(
      encodeQueryRangeResponse({
        timesMs: Float64Array.of(1795430280e3, 1795430340e3, 1795430400e3, 1795430460e3),
        series: [{ labels, values: Float64Array.of(3, 3, 3, 3), exemplars: [] }],
        metrics: {},
      }),
    ),
  )
})

test('each function of a query is asked for, and their answers are combined', async () => {
  const { ask, asked } = metricsFixture(({ request }) => {
    return request.function.kind === 'count' ? [[[], [10]]] : [[[], [4e9], [4]]]
  })
  const q = '({} | count_over_time()) * ({} | avg_over_time(duration)) + 1 > 5s'
  assert.equal(await json(await ask('query', { q })), {
    series: [
      {
        labels: [{ key: '__name__', value: { stringValue: '(count_over_time * avg_over_time)' } }],
        value: 11,
      },
    ],
    metrics: {},
  })
  assert.equal(
    asked.map(({ request }) => request.function.kind),
    ['count', 'sum'],
  )
})

test('several tenants: their sums are added before anything is divided', async () => {
  const { ask, asked } = metricsFixture(({ tenant }) => {
    return tenant === 'a' ? [[['x'], [10e9], [10]]] : [[['x'], [12e9], [1]]]
  })
  const q = '{} | avg_over_time(duration) by (.l)'
  const response = await ask('query', { q }, { headers: { 'X-Scope-OrgID': 'a|b' } })
  const labels = [{ key: '.l', value: { stringValue: 'x' } }]
  assert.equal(await json(response), { series: [{ labels, value: 2 }], metrics: {} })
  assert.equal(
    asked.map(({ tenant }) => tenant),
    ['a', 'b'],
  )
})

test('exemplars', async () => {
  const exemplar = { series: 0, timeNs: '1795430381500000000', traceId: '00ab', value: 1 }
  const { ask, asked } = metricsFixture(({ request }) => ({
    ...answer(request.steps, [[['cart'], [0, 0, 120, 0]]]),
    exemplars: [exemplar],
  }))
  const q = '{} | rate() by (.svc)'
  const { series } = (await json(await ask('query_range', { q, ...range, exemplars: '5' }))) as {
    series: { exemplars: unknown }[]
  }
  assert.equal(series[0]!.exemplars, [
    {
      labels: [
        { key: 'trace:id', value: { stringValue: 'ab' } },
        { key: '.svc', value: { stringValue: 'cart' } },
      ],
      value: 2,
      timestampMs: '1795430381500',
    },
  ])
  const counts: [query: string, exemplars: string, asked: number][] = [
    [q, '500', 100],
    [`${q} with (exemplars=false)`, '5', 0],
    [`${q} with (exemplars=true)`, '5', 5],
    [`${q} with (exemplars=7)`, '5', 7],
    [`${q} with (exemplars=700)`, '5', 100],
  ]
  for (const [query, exemplars, wanted] of counts) {
    await ask('query_range', { q: query, ...range, exemplars })
    assert.is(asked.at(-1)!.request.exemplars, wanted, query)
  }
})

test('durations of exemplars are seconds, and two answers have no more than one', async () => {
  const at = (second: number) => ({
    ...{ series: 0, timeNs: `${1_795_430_341 + second}000000000`, traceId: 'ab', value: 5e8 },
  })
  const { ask } = metricsFixture(({ request }) => ({
    ...answer(request.steps, [[[], [1e9, 1e9, 1e9, 1e9]]]),
    exemplars: [at(2), at(0), at(1)],
  }))
  const q = '{} | max_over_time(duration)'
  const { series } = (await json(await ask('query_range', { q, ...range, exemplars: '2' }))) as {
    series: { exemplars: { value: number; timestampMs: string }[] }[]
  }
  assert.equal(
    series[0]!.exemplars.map(({ value, timestampMs }) => [value, timestampMs]),
    [
      [0.5, '1795430341000'],
      [0.5, '1795430342000'],
    ],
  )
})

test('a partial answer says so in its body and in its headers', async () => {
  const { ask, warnings } = metricsFixture(({ request }) => ({
    ...answer(request.steps, [[[], Array(request.steps).fill(1)]]),
    partial: 'ingester 3 does not answer',
  }))
  for (const path of ['query_range', 'query']) {
    const response = await ask(path, { q: '{} | rate()', ...range })
    assert.is(response.headers.get('X-Vivace-Partial'), 'ingester 3 does not answer')
    const body = (await json(response)) as { status: string; message: string }
    assert.equal([body.status, body.message], ['PARTIAL', 'ingester 3 does not answer'])
  }
  assert.is(warnings.length, 2)
})

test('more series than are allowed: the first ones, and a sentence', async () => {
  const letters = ['a', 'b', 'c'].map((text): PlainSeries => [[text], [1]])
  const { ask } = metricsFixture(() => letters, { seriesMax: 2 })
  const body = (await json(await ask('query', { q: '{} | rate() by (.l)' }))) as {
    series: { labels: { value: { stringValue: string } }[] }[]
    status: string
    message: string
  }
  assert.equal(
    body.series.map(({ labels }) => labels[0]!.value.stringValue),
    ['a', 'b'],
  )
  assert.is(body.status, 'PARTIAL')
  assert.match(body.message, /more than 2 series/)
})

test('a failure of the query is passed on', async () => {
  const { ask } = metricsFixture(() => {
    throw fail('BAD_QUERY', 'the query has more than 5 series')
  })
  const response = await ask('query', { q: '{} | rate()' })
  assert.equal([response.status, await response.text()], [400, 'the query has more than 5 series'])
})

const refused: readonly [path: string, params: Record<string, string>, starts: string][] = [
  ['query_range', { q: '' }, 'parse error at line 1, col 1: syntax error: unexpected'],
  ['query', { q: '{ .a = 1 }' }, 'not a metrics query'],
  ['query_range', { q: '{ .a = 1 }' }, 'not a metrics query'],
  [
    'query_range',
    { start: '-60', end: '1500', step: '0s' },
    'step of 0s is too small, minimum step for given range is 156ms',
  ],
  ['query_range', { step: '-5s' }, 'cannot parse "-5s": step must be positive'],
  ['query', { start: '600', end: '0' }, 'end must be greater than start'],
  ['query_range', { start: '600', end: '0' }, 'end must be greater than start'],
  ['query', { start: 'x' }, "could not parse 'start' parameter: strconv.ParseInt"],
  ['query_range', { since: '25h' }, 'metrics query time range exceeds the maximum allowed'],
  ['query_range', { q: '{} | compare()' }, 'parse error at line 1, col 14: syntax error'],
  ['query', { q: '{} | compare()' }, 'compiling query: parse error at line 1, col 14'],
  ['query_range', { q: '{} | count_over_time() by (1)' }, 'parse error at line 1, col 28'],
  ['query_range', { q: '{} | rate() | topk(0)' }, 'compiling query: limit must be greater than 0'],
  ['query_range', { q: '{} | rate() | topk(-1)' }, 'parse error at line 1, col 20'],
  ['query_range', { q: '5 < {} | rate()' }, 'parse error at line 1, col 5'],
  ['query_range', { q: '({}) - ({})' }, 'parse error at line 1, col 6'],
  ['query_range', { q: '({} | rate()) % 4' }, 'parse error at line 1, col 15'],
  ['query_range', { q: '{} | rate() + {} | rate()' }, 'parse error at line 1, col 13'],
  ['query', { q: '{} | rate() | topk(0)' }, 'compiling query: limit must be greater than 0'],
  [
    'query',
    { q: '{} | quantile_over_time(.a, 1.5)' },
    'compiling query: quantile must be between 0 and 1: 1.5',
  ],
]
for (const [path, params, starts] of refused) {
  test(`${path} ${JSON.stringify(params)}`, async () => {
    const { ask, asked } = metricsFixture(() => [])
    const response = await ask(path, { q: '{} | rate()', ...params })
    assert.is(response.status, 400)
    assert.is(response.headers.get('Content-Type'), 'text/plain; charset=utf-8')
    assert.is((await response.text()).slice(0, starts.length), starts)
    assert.equal(asked, [])
  })
}

test('the strictest range of the tenants counts', async () => {
  const { ask } = metricsFixture(() => [])
  const params = { q: '{} | rate()', start: '0', end: '61' }
  const both = await ask('query', params, { headers: { 'X-Scope-OrgID': 'a|short' } })
  assert.is(both.status, 400)
  assert.match(await both.text(), /maximum allowed duration of 1m0s/)
  assert.is((await ask('query', params)).status, 200)
})

test.run()

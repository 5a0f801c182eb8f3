import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SearchRequest, SpanHit, TraceHit } from '../../contract/queries.ts'
import { fixture, hit, type Json, stats, trace, traceId } from './routes-fixture.ts'

const test = suite('jaeger routes, v3 and dependencies')

const times =
  'query.startTimeMin=2023-11-14T22:00:00Z&query.startTimeMax=2023-11-14T23:00:00.000000001Z'

test('traces: one list of all, 404 for none', async () => {
  const hits = [hit('a'.repeat(32)), hit('b'.repeat(32))]
  const { json, calls } = fixture({
    search: async () => ({ hits, stats }),
    traceById: async (_tenant, { traceId: id }) => ({ trace: trace({ traceId: id }), stats }),
  })
  const { result } = await json(`/api/v3/traces?query.serviceName=shop&${times}`)
  assert.equal(
    result.resourceSpans.map((each: Json) => each.scopeSpans[0].spans[0].traceId),
    hits.map(each => each.traceId),
  )
  assert.is(calls[0]!.request.range.endNs, '1700002800000000001')
  const none = fixture()
  const response = await none.get(`/api/v3/traces/${traceId}`)
  assert.is(response.status, 404)
  assert.equal(await response.json(), { error: { httpCode: 404, message: 'No traces found' } })
})

test('a search by POST is the same search', async () => {
  const { json, calls } = fixture()
  await json(`/api/v3/trace-summaries?query.serviceName=shop&query.searchDepth=3&${times}`)
  const query = {
    serviceName: 'shop',
    searchDepth: 3,
    startTimeMin: '2023-11-14T22:00:00Z',
    startTimeMax: '2023-11-14T23:00:00.000000001Z',
  }
  const init = { method: 'POST', body: JSON.stringify({ query }) }
  assert.equal(await json('/api/v3/trace-summaries', init), { summaries: [] })
  assert.equal(calls[1], calls[0])
})

test('summaries leave out what is zero, and count orphans where there may be any', async () => {
  const withOrphan = hit(traceId, {
    hasRoot: false,
    serviceStats: [
      { service: 'shop', spans: 2, errors: 1 },
      { service: '', spans: 1, errors: 0 },
    ],
    spanCount: 3,
  })
  const whole = hit('a'.repeat(32), { rootServiceName: '', rootName: '' })
  const spans = [
    { parentSpanId: '9999999999999999' },
    { spanId: '2222222222222222', parentSpanId: '1111111111111111' },
    { spanId: '3333333333333333', parentSpanId: '8888888888888888' },
  ]
  const elsewhere = hit('b'.repeat(32))
  const { json, calls } = fixture({
    search: async (_tenant, { range }) => {
      return { hits: range?.of === 'span' ? [whole, withOrphan] : [withOrphan, elsewhere], stats }
    },
    traceById: async () => ({ trace: trace(...spans), stats }),
  })
  const { summaries } = await json(`/api/v3/trace-summaries?query.serviceName=shop&${times}`)
  const shared = {
    minStartTimeUnixNano: '1700000000000000000',
    maxEndTimeUnixNano: '1700000000000005000',
  }
  assert.equal(summaries, [
    {
      traceId: whole.traceId,
      rootServiceName: 'missing-service-name',
      ...shared,
      spanCount: 1,
      services: [{ name: 'shop', spanCount: 1 }],
    },
    {
      traceId,
      ...shared,
      spanCount: 3,
      errorSpanCount: 1,
      orphanSpanCount: 2,
      services: [
        { name: 'missing-service-name', spanCount: 1 },
        { name: 'shop', spanCount: 2, errorSpanCount: 1 },
      ],
    },
  ])
  assert.equal(
    calls.map(({ method }) => method),
    ['search', 'search', 'traceById'],
  )
})

test('operations without a kind are internal', async () => {
  const operations = [0, 1, 2].map(kind => ({ name: 'n', kind }))
  const { json } = fixture({ operations: async () => ({ operations, stats }) })
  const all = await json('/api/v3/operations?service=s')
  assert.equal(all.operations, [
    { name: 'n', spanKind: 'internal' },
    { name: 'n', spanKind: 'server' },
  ])
  const servers = await json('/api/v3/operations?service=s&spanKind=server')
  assert.is(servers.operations.length, 1)
  assert.equal(await json('/api/v3/operations'), { operations: [] })
})

function call(id: string, parent: string, service: string, startMs = 500): SpanHit {
  const text = (key: string, value: string) => ({ key, value: { type: 'string' as const, value } })
  return {
    spanId: id,
    name: 'n',
    startNs: `${startMs}000000`,
    durationNs: '1',
    attributes: [
      ...(parent === '' ? [] : [text('span:parentID', parent)]),
      text('service.name', service),
    ],
  }
}

test('dependencies: calls between services', async () => {
  const spans = [
    call('1', '', 'web'),
    call('2', '1', 'web'),
    call('3', '2', 'cart'),
    call('4', '2', 'cart'),
    call('5', '3', ''),
    call('6', 'lost', 'cart'),
  ]
  const edge = [call('1', '', 'x', 1000), call('2', '1', 'y', 1000)]
  const hits = [
    hit('a', { spanSets: [{ spans, matched: 6, attributes: [] }] }),
    hit('b', { spanSets: [{ spans: edge, matched: 2, attributes: [] }] }),
  ]
  const { json } = fixture({ search: async () => ({ hits, stats }) })
  const range = 'endTs=1000&lookback=1000'
  const body = await json(`/api/dependencies?${range}`)
  assert.equal(body.data, [
    { parent: 'cart', child: 'missing-service-name', callCount: 1 },
    { parent: 'web', child: 'cart', callCount: 2 },
  ])
  assert.is(body.total, 0)
  assert.is((await json(`/api/dependencies?${range}&service=web`)).data.length, 1)
  assert.equal((await json(`/api/dependencies?${range}&service=x`)).data, [])
  const v3Times = 'startTime=1970-01-01T00:00:00Z&endTime=1970-01-01T00:00:01Z'
  const { dependencies } = await json(`/api/v3/dependencies?${v3Times}`)
  assert.equal(dependencies[1], { parent: 'web', child: 'cart', callCount: '2' })
})

/** `count` traces, a millisecond apart, each with one call. */
function store(count: number) {
  const hits: TraceHit[] = Array.from({ length: count }, (_, n) => {
    const spans = [call('1', '', 'web', n + 1), call('2', '1', 'cart', n + 1)]
    const spanSets = [{ spans, matched: 2, attributes: [] }]
    return hit(String(n), { spanSets, startNs: `${n + 1}000000` })
  }).reverse()
  return async (_tenant: string, { range, limit }: SearchRequest) => {
    const inRange = hits.filter(({ startNs }) => BigInt(startNs) <= BigInt(range!.endNs))
    return { hits: inRange.slice(0, limit), stats }
  }
}

test('dependencies: page by page, and no further than allowed', async () => {
  const path = '/api/dependencies?endTs=100000&lookback=100000'
  const all = fixture({ search: store(1200) })
  assert.equal((await all.json(path)).data, [{ parent: 'web', child: 'cart', callCount: 1200 }])
  assert.is(all.calls.length, 3)
  const bounded = fixture({ search: store(1200) }, { dependencyTracesMax: 700 })
  const response = await bounded.get(path)
  assert.is(response.headers.get('X-Vivace-Partial'), 'only the newest 700 traces were counted')
  const body = (await response.json()) as { data: { callCount: number }[] }
  assert.is(body.data[0]!.callCount, 700)
})

test('dependencies: an empty range asks nothing', async () => {
  const { json, calls } = fixture()
  assert.equal((await json('/api/dependencies?lookback=0')).data, [])
  assert.equal(calls, [])
})

test.run()

import { Hono } from 'hono'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fail } from '../../base/errors.ts'
import { fixture, hit, stats, trace, traceId } from './routes-fixture.ts'

const test = suite('jaeger routes')

const search = '/api/traces?service=shop&start=1&end=2'
const found = { traceById: async () => ({ trace: trace(), stats }) }

test('the envelope, narrow and wide', async () => {
  const { get } = fixture(found)
  const response = await get(`/api/traces/${traceId}`)
  assert.is(response.status, 200)
  assert.is(response.headers.get('Content-Type'), 'application/json')
  const text = await response.text()
  assert.match(text, /^\{"data":\[\{"traceID":.*\],"total":0,"limit":0,"offset":0,"errors":null\}$/)
  const wide = await (await get(`/api/traces/${traceId}?prettyPrint=1`)).text()
  assert.ok(wide.startsWith('{\n    "data": [\n        {\n            "traceID"'))
  assert.equal(JSON.parse(wide), JSON.parse(text))
})

test('unknown paths, wrong methods, failures: always JSON', async () => {
  const broken = async (): Promise<never> => {
    throw fail('UNAVAILABLE', 'no ingester')
  }
  const { get, warnings } = fixture({ search: broken })
  const cases: [string, string, number, string][] = [
    ['GET', '/api/nope', 404, 'no such endpoint'],
    ['GET', '/api/traces/', 404, 'no such endpoint'],
    ['POST', '/api/services', 405, 'method POST is not allowed here, only GET'],
    ['GET', `/api/archive/${traceId}`, 405, 'method GET is not allowed here, only POST'],
    ['POST', `/api/archive/${traceId}`, 500, 'archive span storage was not configured'],
    ['GET', `/api/traces/${traceId}`, 404, 'trace not found'],
    ['GET', '/api/operations', 400, "parameter 'service' is required"],
    ['GET', search, 503, 'no ingester'],
    ['GET', '/api/metrics/calls?service=s', 501, 'metrics querying is currently disabled'],
    ['GET', '/api/metrics/minstep', 501, 'metrics querying is currently disabled'],
    ['POST', '/api/transform', 400, 'ReadObject'],
  ]
  for (const [method, path, status, message] of cases) {
    const response = await get(path, { method })
    assert.is(response.status, status, path)
    assert.is(response.headers.get('Content-Type'), 'application/json')
    const { errors, ...rest } = (await response.json()) as { errors: { msg: string }[] }
    assert.equal(rest, { data: null, total: 0, limit: 0, offset: 0 })
    assert.equal({ ...errors[0], msg: '' }, { code: status, msg: '' })
    assert.match(errors[0]!.msg, message)
  }
  assert.equal(warnings, [])
  const v3 = await get('/api/v3/nope')
  assert.is(v3.status, 404)
  assert.equal(await v3.json(), { error: { httpCode: 404, message: 'no such endpoint' } })
})

test('parameters of metrics are looked at first', async () => {
  const { json } = fixture()
  const message = async (query: string): Promise<string> => {
    return (await json(`/api/metrics/latencies?${query}`)).errors[0].msg
  }
  assert.match(await message('service=s'), "unable to parse param 'quantile'")
  assert.match(await message('quantile=0.5'), "unable to parse param 'service'")
  const both = 'quantile=0.5&service=s'
  assert.match(await message(`${both}&spanKind=server&spanKind=x`), "param 'spanKind'")
  assert.match(await message(`${both}&step=x`), "unable to parse param 'step'")
  assert.match(await message(`${both}&spanKind=unspecified`), 'metrics querying is')
})

test('under a base path', async () => {
  const { app } = fixture(found)
  const outer = new Hono().route('/jaeger', app)
  assert.is((await outer.request(`/jaeger/api/traces/${traceId}`)).status, 200)
  assert.is((await outer.request(`/api/traces/${traceId}`)).status, 404)
  assert.is((await outer.request(`/jaeger/api/traces/${traceId}`, { method: 'HEAD' })).status, 200)
})

test('a search asks for the newest traces and reads each of them', async () => {
  const ids = ['c', 'a', 'b'].map(digit => digit.repeat(32))
  const { json, calls } = fixture({
    search: async () => ({ hits: ids.map(id => hit(id)), stats }),
    traceById: async (_tenant, { traceId: id }) => ({ trace: trace({ traceId: id }), stats }),
  })
  const { data } = await json(`${search}&operation=GET&limit=3&tag=error:true`)
  assert.equal(
    data.map((each: { traceID: string }) => each.traceID),
    ids,
  )
  const [asked, ...loads] = calls
  assert.is(asked!.request.limit, 3)
  assert.is(asked!.request.spansPerSpanSet, 0)
  assert.equal(asked!.request.range, { startNs: '1000', endNs: '2000', of: 'span' })
  assert.is(loads.length, 3)
  const hourNs = 3_600_000_000_000n
  assert.equal(loads[0]!.request.range, {
    startNs: String(1_700_000_000_000_000_000n - 6n * hourNs),
    endNs: String(1_700_000_000_000_005_000n + 6n * hourNs),
  })
})

test('an empty range asks nothing', async () => {
  const { json, calls } = fixture()
  assert.equal((await json('/api/traces?service=s&start=2&end=1')).data, [])
  assert.equal(calls, [])
})

test('no trace is left out silently', async () => {
  const hits = [hit(traceId)]
  const gone = fixture({ search: async () => ({ hits, stats }) })
  const response = await gone.get(search)
  assert.is(response.status, 503)
  const searched = { search: async () => ({ hits, stats, partial: 'block b1 is damaged' }) }
  const partial = fixture({ ...found, ...searched })
  const answer = await partial.get(search)
  assert.is(answer.status, 200)
  assert.is(answer.headers.get('X-Vivace-Partial'), 'block b1 is damaged')
  assert.equal(partial.warnings, ['partial answer'])
  const large = fixture({ ...found, search: async () => ({ hits, stats }) }, { answerBytesMax: 5 })
  assert.is((await large.get(search)).status, 422)
})

test('by ids: each once, the unknown ones as errors', async () => {
  const { json } = fixture({
    traceById: async (_tenant, { traceId: id }) => ({
      trace: id === traceId ? trace() : null,
      stats,
    }),
  })
  const body = await json(`/api/traces?traceID=7&traceID=${traceId}&traceID=${traceId}`)
  assert.is(body.data.length, 1)
  assert.equal(body.errors, [{ msg: 'trace not found', traceID: '0000000000000007' }])
})

test('times do not hide a trace that is there', async () => {
  const { get, calls } = fixture({
    traceById: async (_tenant, { range }) => ({ trace: range ? null : trace(), stats }),
  })
  assert.is((await get(`/api/traces/${traceId}?start=1&end=2`)).status, 200)
  assert.is((await get(`/api/traces/${traceId}?start=1`)).status, 200)
  assert.is(calls.length, 3)
})

test('tenants: several at once, and none', async () => {
  const { get, json, calls } = fixture({
    operations: async tenant => ({ operations: [{ name: tenant, kind: 2 }], stats }),
  })
  const headers = { 'X-Scope-OrgID': 'x|y' }
  const { data } = await json('/api/operations?service=s', { headers })
  assert.equal(data, [
    { name: 'x', spanKind: 'server' },
    { name: 'y', spanKind: 'server' },
  ])
  assert.ok(calls.every(({ tenant }) => ['x', 'y'].includes(tenant)))
  assert.is((await get('/api/services', { headers: { 'X-Scope-OrgID': '' } })).status, 401)
})

test('services: without a name, and how far back', async () => {
  const values = ['shop', 'cart'].map(value => ({ type: 'string' as const, value }))
  const { json, calls } = fixture(
    {
      tagValues: async () => ({ values, stats }),
      search: async () => ({ hits: [hit(traceId)], stats }),
    },
    { listLookbackMs: 1000 },
  )
  const body = await json('/api/services')
  assert.equal(body.data, ['cart', 'missing-service-name', 'shop'])
  assert.is(body.total, 3)
  const range = { startNs: '1699999999000000000', endNs: '1700000000000000000' }
  assert.equal(calls[0]!.request.range, range)
  assert.equal(calls[1]!.request.range, { ...range, of: 'span' })
  assert.equal((await json('/api/v3/services')).services, body.data)
})

test('operations of spans without a service name', async () => {
  const { json, calls } = fixture()
  const path = '/api/services/missing-service-name/operations'
  assert.is((await json(path)).data, null)
  const asked = calls.filter(({ method }) => method === 'operations')
  assert.equal(
    asked.map(({ request }) => request.service),
    ['', 'missing-service-name'],
  )
})

test('a service in a path: blanks, slashes, plus signs', async () => {
  const { get, calls } = fixture()
  for (const part of ['a+b', 'a%20b', 'a%2Fb', 'a%2Bb', '%zz']) {
    await get(`/api/services/${part}/operations`)
  }
  const asked = calls.filter(({ method }) => method === 'operations')
  assert.equal(
    asked.map(({ request }) => request.service),
    ['a b', 'a b', 'a/b', 'a+b', '%zz'],
  )
})

test('transform refuses a body that is too large', async () => {
  const { get } = fixture({}, { transformBytesMax: 10 })
  const init = { method: 'POST', body: '{"resourceSpans":[]}' }
  assert.is((await get('/api/transform', init)).status, 413)
  const { json } = fixture()
  assert.equal((await json('/api/transform', { method: 'POST', body: '{}' })).data, [])
})

test.run()

import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fail } from '../../base/errors.ts'
import { fixture, hit, json, stats, trace } from './routes-fixture.ts'

const test = suite('tempo routes')

const protobufAccepted = { headers: { Accept: 'text/html, application/protobuf;q=1' } }
const idPath = '/api/traces/0AF7651916CD43DD8448EB211C80319C'
const hexId = '0af7651916cd43dd8448eb211c80319c'

test('trace by ID, v1', async () => {
  const found = trace('n')
  const { get, calls } = fixture({ traceById: async () => ({ trace: found, stats }) })
  const response = await get(`${idPath}?start=1&end=2&unknown=x`)
  assert.is(response.status, 200)
  const span = { traceId: 'CvdlGRbNQ92ESOshHIAxnA==', name: 'n', kind: 'SPAN_KIND_SERVER' }
  assert.equal(await json(response), {
    batches: [{ resource: {}, scopeSpans: [{ scope: {}, spans: [{ ...span, status: {} }] }] }],
  })
  const range = { startNs: '1000000000', endNs: '2000000000' }
  assert.equal(calls, [{ method: 'traceById', tenant: 'a', request: { traceId: hexId, range } }])
  const binary = await get(idPath, protobufAccepted)
  assert.is(binary.headers.get('Content-Type'), 'application/protobuf')
  assert.equal(Buffer.from(await binary.arrayBuffer()), Buffer.from(found))
})

test('any method is GET, HEAD has no body', async () => {
  const { get } = fixture({ traceById: async () => ({ trace: trace('n'), stats }) })
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    assert.is((await get(idPath, { method })).status, 200, method)
  }
  const head = await get(idPath, { method: 'HEAD' })
  assert.is(head.status, 200)
  assert.is(head.headers.get('Content-Type'), 'application/json')
  assert.is(await head.text(), '')
})

test('an unknown trace', async () => {
  const { get } = fixture()
  const v1 = await get(idPath)
  assert.is(v1.status, 404)
  assert.is(v1.headers.get('Content-Type'), null)
  assert.is(await v1.text(), '')
  const v2 = await get(idPath.replace('/api/', '/api/v2/'))
  assert.is(v2.status, 200)
  assert.is(await v2.text(), '{"trace":{},"metrics":{}}')
  assert.is((await get('/api/traces/')).status, 404)
})

test('trace by ID, v2, whole and partial', async () => {
  const { get } = fixture({ traceById: async () => ({ trace: trace('n'), stats }) })
  const whole = (await json(await get(`/api/v2/traces/${hexId}`))) as Record<string, unknown>
  assert.equal(Object.keys(whole), ['trace', 'metrics'])
  assert.equal(whole['metrics'], { inspectedBytes: '19356' })
  const partial = fixture({
    traceById: async () => ({ trace: trace('n'), stats, partial: 'block <b1> is damaged' }),
  })
  const response = await partial.get(`/api/v2/traces/${hexId}`)
  assert.is(response.headers.get('X-Vivace-Partial'), 'block <b1> is damaged')
  const body = (await json(response)) as Record<string, unknown>
  assert.is(body['status'], 'PARTIAL')
  assert.is(body['message'], 'block <b1> is damaged')
  assert.equal(partial.warnings, ['partial answer'])
})

test('bad trace requests', async () => {
  const { get, calls } = fixture()
  const cases = [
    ['/api/traces/xyz', 'invalid character'],
    [`/api/traces/${'0'.repeat(33)}`, "trace IDs can't be larger than 128 bits"],
    [`/api/v2/traces/${'1'.repeat(33)}`, "trace IDs can't be larger than 128 bits"],
    [`${idPath}?start=abc`, 'invalid start: strconv.ParseInt: parsing "abc": invalid syntax'],
    [`${idPath}?mode=bogus`, 'invalid value for mode bogus'],
  ]
  for (const [path, message] of cases) {
    const response = await get(path!)
    assert.is(response.status, 400, path)
    assert.is(response.headers.get('Content-Type'), 'text/plain; charset=utf-8')
    const text = await response.text()
    assert.ok(text.includes(message!), text)
    assert.is(text.endsWith('\n'), false)
  }
  assert.is(calls.length, 0)
})

test('search with TraceQL', async () => {
  const hits = [
    hit(hexId, '1795430361000000000'),
    hit('00000000000000000000000000000001', '5', {
      hasRoot: false,
      rootServiceName: '',
      rootName: '',
      durationNs: '999999',
      spanSets: [{ matched: 4, spans: [], attributes: [] }],
    }),
  ]
  const { get, calls } = fixture({ search: async () => ({ hits, stats }) })
  const response = await get('/api/search?q=%7B%20status%20%3D%20error%20%7D&start=100&end=200')
  const text = await response.text()
  const spans = `"spans":[{"spanID":"b7ad6b7169203331","name":"n","startTimeUnixNano":"1795430361000000000","durationNanos":"5","attributes":[{"key":"status","value":{"stringValue":"error"}}]}]`
  const stats1 = '"serviceStats":{"cart":{"spanCount":4,"errorCount":1}}'
  assert.is(
    text,
    '{"traces":[{"traceID":"af7651916cd43dd8448eb211c80319c","rootServiceName":"frontend",' +
      '"rootTraceName":"GET /checkout","startTimeUnixNano":"1795430361000000000","durationMs":750,' +
      `"spanSet":{${spans},"matched":4},"spanSets":[{${spans},"matched":4}],${stats1}},` +
      '{"traceID":"1","rootServiceName":"\\u003croot span not yet received\\u003e",' +
      '"startTimeUnixNano":"5","spanSet":{"matched":4},"spanSets":[{"matched":4}],' +
      `${stats1}}],"metrics":{"inspectedTraces":2,"inspectedBytes":"19356","totalBlocks":1,` +
      '"inspectedSpans":"9"}}',
  )
  const status = { kind: 'intrinsic', name: 'status' }
  assert.equal(calls[0]!.request, {
    spans: { kind: 'exists', operand: status },
    stages: [],
    traceAll: [],
    select: [status],
    limit: 20,
    spansPerSpanSet: 3,
    range: { startNs: '100000000000', endNs: '200000000000', of: 'trace' },
  })
})

test('legacy search', async () => {
  const { get, calls } = fixture({ search: async () => ({ hits: [hit(hexId, '7')], stats }) })
  const response = await get('/api/search?tags=name%3Da&minDuration=1ms&limit=5')
  const { traces } = (await json(response)) as { traces: object[] }
  assert.equal(traces, [
    {
      traceID: 'af7651916cd43dd8448eb211c80319c',
      rootServiceName: 'frontend',
      rootTraceName: 'GET /checkout',
      startTimeUnixNano: '7',
      durationMs: 750,
    },
  ])
  const { request } = calls[0]!
  assert.equal(request['spans'], { kind: 'constant', value: true })
  assert.is((request['traceAll'] as unknown[]).length, 1)
  assert.equal([request['limit'], request['spansPerSpanSet']], [5, 0])
  assert.is(request['traceDurationMinNs'], '1000000')
  const all = fixture()
  const empty = (await json(await all.get('/api/search'))) as { traces: object[] }
  assert.equal(empty.traces, [])
  assert.equal(all.calls[0]!.request['traceAll'], [])
})

test('bad searches', async () => {
  const { get, calls } = fixture()
  const cases = [
    ['q=%7B', 'invalid TraceQL query: parse error at line 1, col 2: syntax error'],
    ['tags=%3D', "invalid tags: unexpected '=' at pos 1"],
    ['q=%7B%7D&limit=0', 'invalid limit: must be a positive number'],
    ['q=%7B%7D&spss=101', 'spans per span set exceeds 100. received 101'],
  ]
  for (const [query, message] of cases) {
    const response = await get(`/api/search?${query}`)
    assert.is(response.status, 400)
    assert.is(await response.text(), message)
  }
  assert.is(calls.length, 0)
})

test('partial searches say so', async () => {
  const partial = 'ingester-1 did not answer:\n"timeout" für b'
  const { get, warnings } = fixture({ search: async () => ({ hits: [], stats, partial }) })
  const response = await get('/api/search?q=%7B%7D')
  assert.is(response.status, 200)
  assert.is(response.headers.get('X-Vivace-Partial'), 'ingester-1 did not answer: "timeout" f r b')
  assert.match(response.headers.get('Warning')!, /^199 - "ingester-1/)
  assert.equal(warnings, ['partial answer'])
})

test('tenants', async () => {
  const { get } = fixture()
  const none = await get('/api/search', { headers: { 'X-Scope-OrgID': '' } })
  assert.is(none.status, 401)
  assert.is(await none.text(), 'no org id\n')
  assert.is(none.headers.get('X-Content-Type-Options'), 'nosniff')
  assert.is((await get('/api/search', { headers: { 'X-Scope-OrgID': 'a/b' } })).status, 400)
  const echo = await get('/api/echo', { headers: { 'X-Scope-OrgID': '' } })
  assert.equal([echo.status, await echo.text()], [200, 'echo\n'])
})

test('several tenants are merged', async () => {
  const of =
    <T>(a: T, b: T) =>
    (tenant: string) =>
      tenant === 'a' ? a : b
  const hits = of([hit(hexId, '100'), hit('b'.repeat(32), '50')], [hit(hexId, '90')])
  const { get } = fixture({
    traceById: async tenant => ({ trace: of(trace('a'), trace('b'))(tenant), stats }),
    search: async tenant => ({ hits: hits(tenant), stats, ...of({ partial: 'p' }, {})(tenant) }),
    tagNames: async tenant => {
      return { scopes: [{ scope: 'span', names: of(['x', 'z'], ['x', 'y'])(tenant) }], stats }
    },
    tagValues: async tenant => ({ values: [{ type: 'string', value: tenant }], stats }),
  })
  const both = { headers: { 'X-Scope-OrgID': 'a|b' } }
  const { batches } = (await json(await get(idPath, both))) as { batches: object[] }
  assert.is(batches.length, 2)
  const response = await get('/api/search?q=%7B%7D&spss=1', both)
  assert.is(response.headers.get('X-Vivace-Partial'), 'p')
  const found = (await json(response)) as {
    traces: { startTimeUnixNano: string; spanSet: { matched: number; spans: object[] } }[]
  }
  assert.equal(
    found.traces.map(one => [one.startTimeUnixNano, one.spanSet.matched, one.spanSet.spans.length]),
    [
      ['90', 8, 1],
      ['50', 4, 1],
    ],
  )
  const tags = (await json(await get('/api/search/tags', both))) as { tagNames: string[] }
  assert.equal(tags.tagNames, ['x', 'y', 'z'])
  const values = (await json(await get('/api/search/tag/t/values', both))) as {
    tagValues: string[]
  }
  assert.equal(values.tagValues, ['a', 'b'])
})

test('protobuf on every endpoint', async () => {
  const { get } = fixture()
  const paths = ['/api/search', '/api/search/tags', '/api/v2/search/tags']
  paths.push(
    '/api/search/tag/x/values',
    '/api/v2/search/tag/span.x/values',
    `/api/v2/traces/${hexId}`,
  )
  for (const path of paths) {
    const response = await get(path, protobufAccepted)
    assert.is(response.headers.get('Content-Type'), 'application/protobuf', path)
    assert.ok((await response.arrayBuffer()).byteLength > 0, path)
  }
})

test('gzip for those who take it, from a kibibyte on', async () => {
  const values = [{ type: 'string' as const, value: 'x'.repeat(2000) }]
  const { get } = fixture({ tagValues: async () => ({ values, stats }) })
  const path = '/api/search/tag/x/values'
  for (const accepted of ['gzip', 'deflate, gzip;q=0.5', '*']) {
    const packed = await get(path, { headers: { 'Accept-Encoding': accepted } })
    assert.is(packed.headers.get('Content-Encoding'), 'gzip', accepted)
    const text = gunzipSync(Buffer.from(await packed.arrayBuffer())).toString()
    assert.is(JSON.parse(text).tagValues[0].length, 2000)
  }
  for (const refused of ['', 'gzip;q=0', 'br', 'identity']) {
    const plain = await get(path, { headers: { 'Accept-Encoding': refused } })
    assert.is(plain.headers.get('Content-Encoding'), null, refused)
    assert.is(plain.headers.get('Vary'), 'Accept-Encoding')
  }
  const small = await get('/api/echo', { headers: { 'Accept-Encoding': 'gzip' } })
  assert.is(small.headers.get('Content-Encoding'), null)
})

test('failures of the queries keep their status', async () => {
  const cases = [
    ['TRACE_TOO_LARGE', 422],
    ['OVERLOADED', 429],
    ['UNAVAILABLE', 503],
    ['TIMEOUT', 504],
    ['CORRUPT', 500],
  ] as const
  for (const [code, status] of cases) {
    const { get } = fixture({ traceById: () => Promise.reject(fail(code, `it is ${code}`)) })
    const response = await get(idPath)
    assert.equal([response.status, await response.text()], [status, `it is ${code}`])
  }
  const { get, warnings } = fixture({ search: () => Promise.reject(new TypeError('x of null')) })
  assert.is((await get('/api/search')).status, 500)
  assert.equal(warnings, ['query failed'])
})

test('a client that has gone aborts its query', async () => {
  const abort = new AbortController()
  const { get } = fixture({
    search: (_tenant, _request, signal) => {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        abort.abort()
      })
    },
  })
  const response = await get('/api/search', { signal: abort.signal })
  assert.is(response.status, 499)
})

test.run()

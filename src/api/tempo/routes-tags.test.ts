import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TagScope } from '../../contract/queries.ts'
import { fixture, json, stats } from './routes-fixture.ts'

const test = suite('tempo routes for tags')

test('tag names', async () => {
  const scopes = [
    { scope: 'resource' as TagScope, names: ['cluster', 'service.name'] },
    { scope: 'span' as TagScope, names: ['cluster', 'http.method'] },
  ]
  const { get, calls } = fixture({ tagNames: async () => ({ scopes, stats }) })
  const metrics = { inspectedBytes: '19356', totalBlocks: 1 }
  const v1 = await json(await get('/api/search/tags?q=%7B%7D'))
  assert.equal(v1, { tagNames: ['cluster', 'http.method', 'service.name'], metrics })
  assert.equal(calls[0]!.request, { scopes: [] })
  const v2 = (await json(await get('/api/v2/search/tags?q=%7B%7D&limit=1'))) as {
    scopes: { name: string; tags: string[] }[]
  }
  assert.equal(
    v2.scopes.map(({ name, tags }) => [name, tags.length]),
    [
      ['resource', 1],
      ['span', 1],
      ['intrinsic', 25],
    ],
  )
  assert.equal(calls[1]!.request, { scopes: [], filter: { kind: 'constant', value: true } })
  await get('/api/v2/search/tags?scope=span&q=garbage&start=1&end=2')
  const range = { startNs: '1000000000', endNs: '2000000000' }
  assert.equal(calls[2]!.request, { scopes: ['span'], range })
})

test('intrinsics are known without asking', async () => {
  const { get, calls } = fixture()
  const v1 = (await json(await get('/api/search/tags?scope=intrinsic'))) as { tagNames: string[] }
  assert.is(v1.tagNames.length, 25)
  const v2 = (await json(await get('/api/v2/search/tags?scope=intrinsic'))) as { scopes: object[] }
  assert.is(v2.scopes.length, 1)
  assert.equal(await json(await get('/api/v2/search/tags?scope=trace')), {
    scopes: [],
    metrics: {},
  })
  assert.is(calls.length, 0)
  const bad = await get('/api/search/tags?scope=all')
  assert.equal([bad.status, await bad.text()], [400, 'invalid scope: all'])
})

test('tag values, v1', async () => {
  const values = [
    { type: 'int', value: '8' },
    { type: 'string', value: '8' },
    { type: 'string', value: 'GET' },
  ] as const
  const { get, calls } = fixture({ tagValues: async () => ({ values, stats }) })
  const answer = (await json(await get('/api/search/tag/http.method/values?limit=9&q=x'))) as {
    tagValues: string[]
  }
  assert.equal(answer.tagValues, ['8', 'GET'])
  const operand = { kind: 'attribute', scope: 'any', key: 'http.method' }
  assert.equal(calls[0]!.request, { operand, limit: 9 })
  await get('/api/search/tag/root.service.name/values')
  assert.equal(calls[1]!.request['operand'], { kind: 'intrinsic', name: 'rootServiceName' })
  assert.equal(await json(await get('/api/search/tag/status.code/values')), {
    tagValues: ['0', '1', '2', 'error', 'ok', 'unset'],
    metrics: {},
  })
  assert.is(calls.length, 2)
})

test('tag values, v2', async () => {
  const values = [
    { type: 'float', value: '3.14' },
    { type: 'string', value: '' },
  ] as const
  const { get, calls } = fixture({ tagValues: async () => ({ values, stats }) })
  const answer = (await json(await get('/api/v2/search/tag/span.x/values?q=%7B%7D'))) as {
    tagValues: object[]
  }
  assert.equal(answer.tagValues, [{ type: 'float', value: '3.14' }, { type: 'string' }])
  assert.equal(calls[0]!.request['filter'], { kind: 'constant', value: true })
  const status = (await json(await get('/api/v2/search/tag/status/values'))) as {
    tagValues: object[]
  }
  assert.equal(
    status.tagValues,
    ['error', 'ok', 'unset'].map(value => ({ type: 'keyword', value })),
  )
  const none = await json(await get('/api/v2/search/tag/span:duration/values'))
  assert.equal(none, { tagValues: [], metrics: {} })
  assert.is(calls.length, 1)
  const bad = await get('/api/v2/search/tag/service.name/values')
  assert.is(bad.status, 400)
  assert.is(
    await bad.text(),
    'please provide a valid tagName: failed to parse identifier service.name',
  )
  assert.is((await get('/api/v2/search/tag/%7Bfoo/values')).status, 400)
  assert.is((await get('/api/v2/search/tag//values')).status, 400)
})

test('a tag may hold slashes and be encoded twice', async () => {
  const { get, calls } = fixture()
  const paths = ['span.a%2Fb', 'span.a/b', 'span.a%252Fb', 'span.%2522a/b%2522', 'span.50%25']
  for (const path of paths) await get(`/api/v2/search/tag/${path}/values`)
  assert.equal(
    calls.map(call => (call.request['operand'] as { key: string }).key),
    ['a/b', 'a/b', 'a/b', '"a/b"', '50%'],
  )
})

test('an answer of tags that is cut by the limit of the tenant is partial', async () => {
  const names = ['aaaa', 'bbbb', 'cccc']
  const values = names.map(value => ({ type: 'string' as const, value }))
  const { get } = fixture(
    {
      tagNames: async () => ({ scopes: [{ scope: 'span', names }], stats }),
      tagValues: async () => ({ values, stats }),
    },
    { limitsFor: () => ({ maxSearchDurationMs: 60_000, tagAnswerBytesMax: 9 }) },
  )
  const tags = await get('/api/search/tags')
  assert.is(tags.headers.get('X-Vivace-Partial'), 'the answer is cut at 9 bytes')
  assert.equal(((await tags.json()) as { tagNames: string[] }).tagNames, ['aaaa', 'bbbb'])
  const response = await get('/api/v2/search/tag/span.x/values')
  assert.is(((await response.json()) as { tagValues: object[] }).tagValues.length, 2)
  const long = await get('/api/search?start=1&end=62')
  assert.is(
    await long.text(),
    'range specified by start and end exceeds 1m0s. received start=1 end=62',
  )
})

test.run()

// time limit: 120 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { encodeSpans, hexId, spansIn } from '../tools/spans.ts'
import {
  call,
  completeJson,
  jaegerTraces,
  pushSpans,
  searchTraces,
  traceBytes,
} from '../tools/tempo-api.ts'
import { localTrace, oneProcess } from './one-process.ts'

/** Tenants do not see each other, whatever they are called. */

const names = [
  'a',
  'A',
  'b',
  '0',
  '-',
  '--',
  '...',
  '.a',
  'a.',
  '*',
  '!',
  "it's",
  '(x)',
  '_roster',
  '_vivace',
  '_log',
  '_t.YQ',
  '_t.',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'single-tenant',
  'null',
  'tenant.with.dots',
  'CON',
  'block.json',
  'x'.repeat(150),
] as const

const refusedNames = [
  '.',
  '..',
  'a/b',
  '../a',
  'a b',
  'a\\b',
  'a%2fb',
  'caf\u00e9',
  'a:b',
  '|',
  'a|',
  'y'.repeat(151),
]

const directory = await temporaryDirectory()
const host = loopback(1)
const options = await oneProcess({
  host,
  directory: directory.path,
  trace: localTrace(directory.path),
  sections: { multitenancy_enabled: true },
})
let server: Server | undefined
const test = suite('e2e of tenants')

/** All tenants send a trace with the same id. */
const traceId = hexId(77, 32)

test('each tenant finds its own trace only', async () => {
  server = await startServer(options)
  for (const [i, tenant] of names.entries()) {
    const answer = await pushSpans(host, encodeSpans(serviceOf(i), [spanOf(i)]), tenant)
    assert.is(answer.status, 200, `${tenant}: ${answer.body}`)
  }
  await allFindTheirOwn()
})

test('and so in blocks, and after a new start', async () => {
  assert.is((await call(`${server!.url}/flush`)).status, 204)
  await allFindTheirOwn()
  await server!.end('SIGKILL')
  server = await startServer(options)
  await allFindTheirOwn()
})

test('a query may ask several tenants', async () => {
  const bytes = await traceBytes(server!, traceId, 'b|a|A|a')
  const spans = spansIn(bytes!).map(span => span.name)
  assert.equal(spans.sort(), ['span-0', 'span-1', 'span-2'])
  const found = await searchTraces(server!, { q: '{}' }, 'a|A|b')
  assert.is(found.length, 1, 'their parts of one trace are one trace')
})

test('a query without a tenant is refused', async () => {
  const paths = [
    '/api/search?q=%7B%7D',
    `/api/traces/${traceId}`,
    `/api/v2/traces/${traceId}`,
    '/api/search/tags',
    '/api/v2/search/tags',
    '/api/search/tag/service.name/values',
    '/api/v2/search/tag/.service.name/values',
  ]
  for (const path of paths) {
    const { status, body } = await call(`${server!.url}${path}`)
    assert.is(status, 401, path)
    assert.is(body.toString(), 'no org id\n', path)
  }
  for (const path of ['/api/services', '/api/traces?service=x', `/api/traces/${traceId}`]) {
    assert.is((await call(`http://${host}:16686${path}`)).status, 401, path)
  }
})

test('spans without exactly one good tenant are refused', async () => {
  const body = encodeSpans('x', [spanOf(0)])
  // Without any, an exporter should try again: a gateway in front may only just be starting.
  assert.is((await pushSpans(host, body)).status, 503)
  assert.is((await pushSpans(host, body, '')).status, 400)
  assert.is((await pushSpans(host, body, 'a|b')).status, 400)
  for (const tenant of refusedNames) {
    assert.is((await pushSpans(host, body, tenant)).status, 400, tenant)
    const query = await call(`${server!.url}/api/search?q=%7B%7D`, { tenant })
    // An empty one among several is none.
    assert.ok([400, 401].includes(query.status), `${tenant}: ${query.status}`)
  }
  await allFindTheirOwn()
})

async function allFindTheirOwn(): Promise<void> {
  for (const [i, tenant] of names.entries()) await findsItsOwn(i, tenant)
}

/** On seven ways. */
async function findsItsOwn(i: number, tenant: string): Promise<void> {
  const found = await searchTraces(server!, { q: '{}' }, tenant)
  assert.equal(
    found.map(trace => trace.rootServiceName),
    [serviceOf(i)],
    tenant,
  )
  const byTags = await searchTraces(server!, { tags: 'tenant-attribute=yes' }, tenant)
  assert.is(byTags.length, 1, tenant)
  const bytes = await traceBytes(server!, traceId, tenant)
  assert.equal(bytes && spansIn(bytes), [{ traceId, spanId: hexId(i, 16), name: `span-${i}` }])
  const ask = async (path: string) => completeJson(await call(`${server!.url}${path}`, { tenant }))
  const values = await ask('/api/search/tag/service.name/values')
  assert.equal(values['tagValues'], [serviceOf(i)], tenant)
  const tags = await ask('/api/v2/search/tags?scope=span')
  assert.equal(tags['scopes'], [{ name: 'span', tags: [`only-${i}`, 'tenant-attribute'] }], tenant)
  const services = completeJson(await call(`http://${host}:16686/api/services`, { tenant }))
  assert.equal(services['data'], [serviceOf(i)], tenant)
  const jaeger = await jaegerTraces(host, { service: serviceOf(i) }, tenant)
  assert.equal(
    jaeger.map(trace => trace.spans.map(span => span.operationName)),
    [[`span-${i}`]],
  )
}

function serviceOf(i: number): string {
  return `service-${i}`
}

function spanOf(i: number) {
  return {
    traceId,
    spanId: hexId(i, 16),
    name: `span-${i}`,
    startNs: BigInt(Date.now()) * 1_000_000n,
    durationNs: 1_000_000n,
    attributes: { 'tenant-attribute': 'yes', [`only-${i}`]: 'x' },
  }
}

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

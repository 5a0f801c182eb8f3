import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultJaegerSettings } from '../../src/api/jaeger/request.ts'
import { jaegerRoutes } from '../../src/api/jaeger/routes.ts'
import { ManualClock } from '../../src/base/clock.ts'
import { complaints } from './compare.ts'
import { corpusAnswers, corpusRequests, datasetRequests } from './corpus.ts'
import { memoryQueries } from './memory-queries.ts'
import { MemorySpans } from './memory-spans.ts'

/** What two generations of Jaeger answered to the same questions about the same spans. */

const test = suite('jaeger corpus')

const baseSeconds = 1_700_000_000
const nowMs = (baseSeconds + 5400) * 1000

const store = new MemorySpans()
for (const request of datasetRequests(baseSeconds)) store.add(request)

const app = jaegerRoutes({
  queries: memoryQueries(store),
  clock: new ManualClock(nowMs),
  settings: defaultJaegerSettings,
  resolveTenant: () => ['single-tenant'],
  log: { warn: fields => assert.unreachable(JSON.stringify(fields)) },
})

const answers = corpusAnswers()
const requests = corpusRequests()

test('the corpus is there', () => {
  assert.is(requests.length, 170)
  assert.is(store.all().length, 469)
})

test('a wrong answer is noticed', async () => {
  const request = requests.find(({ id }) => id === 'trace-28-raw')!
  const wrong = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await app.request(path, init)
    return new Response((await response.text()).replace('"a.int"', '"a.other"'), response)
  }
  const found = await complaints(request, answers.get(request.id)!, baseSeconds, wrong)
  assert.is(found.length, 1)
  assert.match(found[0]!, /^\/data\/0\/spans\/0\//)
})

for (const request of requests.filter(({ check }) => check !== 'none')) {
  test(`${request.id}: ${request.method} ${request.url}`, async () => {
    const send = async (path: string, init: RequestInit) => app.request(path, init)
    const found = await complaints(request, answers.get(request.id)!, baseSeconds, send)
    assert.equal(found, [])
  })
}

test.run()

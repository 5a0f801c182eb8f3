import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultJaegerSettings } from '../../src/api/jaeger/request.ts'
import { jaegerRoutes } from '../../src/api/jaeger/routes.ts'
import { ManualClock } from '../../src/base/clock.ts'
import type { TraceQueries } from '../../src/contract/queries.ts'
import { complaints } from './compare.ts'
import { corpusAnswers, corpusRequests } from './corpus.ts'

/** What two generations of Jaeger answered to the same questions about the same spans. */

export const baseSeconds = 1_700_000_000
const nowMs = (baseSeconds + 5400) * 1000

/** The whole corpus against the API over `queries`, which hold the corpus's spans. */
export function corpusSuite(name: string, queries: TraceQueries): void {
  const test = suite(name)
  const app = jaegerRoutes({
    queries,
    clock: new ManualClock(nowMs),
    settings: defaultJaegerSettings,
    resolveTenant: () => ['single-tenant'],
    log: { warn: fields => assert.unreachable(JSON.stringify(fields)) },
  })
  const answers = corpusAnswers()
  const requests = corpusRequests()

  test('the corpus is there', () => {
    assert.is(requests.length, 170)
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
}

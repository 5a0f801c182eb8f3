import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { QuerySource } from '../../src/search/query-source.ts'
import { hasEndpoint, tempoApi } from './api.ts'
import { corpusAnswers, corpusQueries, datasetRequests, pathOf, urlOf } from './corpus.ts'
import { comparable, normalise } from './normalise.ts'
import {
  blockSource,
  dealSpans,
  keepTraces,
  liveSource,
  mergedSource,
  segmentOf,
} from './stores.ts'

/** Every query of the corpus through the API, over the same spans kept in four ways. */

const baseSeconds = 1_764_000_000
const requests = datasetRequests(baseSeconds)
const queries = corpusQueries()
const answers = corpusAnswers()

/** Endpoints that are not there yet. */
const missing = new Map<string, string>()
for (const query of queries) {
  const isThere = await hasEndpoint(pathOf(query))
  missing.set(query.id, isThere ? '' : `not there yet: ${pathOf(query)}`)
}

function corpusSuite(name: string, open: () => Promise<readonly QuerySource[]>): void {
  const test = suite(`traceql corpus, ${name}`)
  let routes: ReturnType<typeof tempoApi>
  test.before(async () => {
    routes = tempoApi(await open())
  })
  for (const query of queries) {
    const run = missing.get(query.id) === '' ? test : test.skip
    run(`${query.id} ${query.q ?? query.tag ?? ''}`, async () => {
      const response = await routes.request(urlOf(query, baseSeconds))
      const found = normalise(query, response.status, await response.text(), baseSeconds)
      const [want, got] = comparable(answers.get(query.id), found)
      assert.equal(got, want)
    })
  }
  test.run()
}

const whole = segmentOf(requests)
corpusSuite('live', async () => [liveSource(whole, 'live')])
corpusSuite('block', async () => [await blockSource(whole, 'block')])
corpusSuite('three blocks merged into one', async () => {
  const parts = dealSpans(requests, 3, 4919).map(segmentOf)
  const blocks = await Promise.all(parts.map((part, i) => blockSource(part, `part ${i}`)))
  return [await mergedSource(blocks, 'merged')]
})
corpusSuite('every trace dealt over three blocks and live data', async () => {
  const [live, ...blocks] = dealSpans(requests, 4, 8133).map(segmentOf)
  const sources = blocks.map((segment, i) => blockSource(segment, `block ${i}`))
  return [liveSource(live!, 'live'), ...(await Promise.all(sources))].map(keepTraces)
})

const reasons = new Map<string, number>()
for (const reason of missing.values()) {
  if (reason !== '') reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
}
for (const [reason, count] of reasons) process.stdout.write(`skipped ${count}: ${reason}\n`)

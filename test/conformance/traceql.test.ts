import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tempoRoutes } from '../../src/api/tempo/routes.ts'
import type { QuerySource } from '../../src/search/query-source.ts'
import { compileSearch } from '../../src/traceql/compile-search.ts'
import { extractFilter } from '../../src/traceql/extract-filter.ts'
import { parseTagName } from '../../src/traceql/parse-tag-name.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { corpusAnswers, corpusQueries, datasetRequests, urlOf } from './corpus.ts'
import { comparable, normalise } from './normalise.ts'
import { blockSource, dealSpans, keepTraces, liveSource, queriesOf, segmentOf } from './stores.ts'

/** Every query of the corpus through the API, over the same spans kept in three ways. */

const baseSeconds = 1_764_000_000
const requests = datasetRequests(baseSeconds)
const queries = corpusQueries()
const answers = corpusAnswers()

function compile(query: string) {
  return compileSearch(validateQuery(parseQuery(query)))
}

function routesOver(sources: readonly QuerySource[]) {
  return tempoRoutes({
    queries: queriesOf(sources),
    parseQuery: compile,
    parseTagName,
    extractFilter,
    settings: {
      defaultResultLimit: 20,
      maxResultLimit: 262_144,
      defaultSpansPerSpanSet: 3,
      maxSpansPerSpanSet: 100,
      maxSearchDurationMs: 168 * 3_600_000,
      queryBytesMax: 131_072,
    },
    limitsFor: () => ({ maxSearchDurationMs: 0, tagAnswerBytesMax: 0 }),
    resolveTenant: () => ['tenant'],
    log: { warn: () => undefined },
  })
}

function corpusSuite(name: string, open: () => Promise<readonly QuerySource[]>): void {
  const test = suite(`traceql corpus, ${name}`)
  let routes: ReturnType<typeof routesOver>
  test.before(async () => {
    routes = routesOver(await open())
  })
  for (const query of queries) {
    test(`${query.id} ${query.q ?? query.tag ?? ''}`, async () => {
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
corpusSuite('every trace dealt over three blocks and live data', async () => {
  const [live, ...blocks] = dealSpans(requests, 4, 8133).map(segmentOf)
  const sources = blocks.map((segment, i) => blockSource(segment, `block ${i}`))
  return [liveSource(live!, 'live'), ...(await Promise.all(sources))].map(keepTraces)
})

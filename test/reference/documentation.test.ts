import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { traceqlPage } from '../../scripts/traceql-page.ts'
import { differences } from '../../src/traceql/differences.ts'
import { featureTable } from '../../src/traceql/feature-table.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { tempoApi } from '../conformance/api.ts'
import { type CorpusQuery, urlOf } from '../conformance/corpus.ts'
import { plainCheck, searchCheck } from './engine-check.ts'
import { exampleEndNs, exampleSpans, exampleStartNs } from './example-spans.ts'
import { outcomeOf } from './outcome.ts'
import { openPlaces } from './places.ts'
import { baseSeconds } from './pools.ts'
import { tracesOf } from './trace.ts'

/** What docs/traceql.md says is so, of the reference and of the engine. */

const test = suite('traceql documentation')

const features = featureTable.flatMap(section => section.features)

const examples = [
  ...features.map(({ example, gives }) => ({ query: example, gives })),
  ...differences.flatMap(({ example }) => (example === null ? [] : [example])),
]

for (const { query, gives } of examples) {
  test(`${query} gives ${gives}`, () => {
    const outcome = outcomeOf(query, exampleSpans, exampleStartNs, exampleEndNs)
    const shown = gives.replace(/…$/, '')
    assert.is(gives === shown ? outcome : outcome.slice(0, shown.length), shown)
  })
}

const traces = tracesOf(exampleSpans)
const places = await openPlaces(exampleSpans, [1, 2, 4, 8, 3])

for (const { query, gives } of examples) {
  for (const { name, sources } of places) {
    const api = tempoApi(sources)
    test(`the engine, ${name}: ${query}`, async () => {
      const request = requestOf(query)
      if (gives.startsWith('refused: ')) {
        const { status } = await api.request(urlOf(request, baseSeconds))
        assert.is(status, 400)
      } else if (request.kind === 'search') await searchCheck(request, traces)(api)
      else await plainCheck(request, traces)(api)
    })
  }
}

test('what is refused is said to be, and nothing else', () => {
  for (const { state, gives } of features) {
    assert.is(gives.startsWith('refused: '), state === 'refused', gives)
  }
})

test('the page is up to date', () => {
  const page = readFileSync(new URL('../../docs/traceql.md', import.meta.url), 'utf8')
  assert.ok(page === traceqlPage(), 'run node scripts/generate-traceql-docs.ts')
})

test('all examples are in the range that is asked for', () => {
  assert.is(exampleStartNs, BigInt(baseSeconds) * 1_000_000_000n)
  assert.is(exampleEndNs, BigInt(baseSeconds + 100) * 1_000_000_000n)
})

function requestOf(q: string): CorpusQuery {
  const request = { id: 'example', q, from: 0, to: 100 }
  return isMetrics(q) ? { ...request, kind: 'instant' } : { ...request, kind: 'search' }
}

function isMetrics(q: string): boolean {
  try {
    return parseQuery(q).body.kind !== 'spans'
  } catch {
    // What cannot be read is refused by both.
    return false
  }
}

test.run()

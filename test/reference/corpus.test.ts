// time limit: 300 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CorpusQuery,
  corpusAnswers,
  corpusQueries,
  datasetRequests,
  paramsOf,
} from '../conformance/corpus.ts'
import { comparable, normalise } from '../conformance/normalise.ts'
import { spansOfRequests } from './otlp-json.ts'
import { tempoAnswer } from './tempo-answer.ts'
import { tracesOf } from './trace.ts'

/** The reference says of every good query of the corpus what Tempo said. */

const test = suite('reference evaluator, traceql corpus')

const baseSeconds = 1_764_000_000
const traces = tracesOf(spansOfRequests(datasetRequests(baseSeconds)))
const answers = corpusAnswers()

/** The legacy search has no query to evaluate. */
function isGood({ id, kind, q }: CorpusQuery): boolean {
  return answers.get(id).status === 200 && (kind !== 'search' || q !== undefined)
}

const queries = corpusQueries().filter(isGood)

test('it is all there', () => {
  assert.is(traces.length, 306)
  assert.is(queries.length, 420)
})

for (const query of queries) {
  const { id, kind, tag = '', q } = query
  test(`${id} ${q ?? tag}`, () => {
    const answer = tempoAnswer(kind, tag, paramsOf(query, baseSeconds), traces)
    const found = normalise(query, 200, JSON.stringify(answer), baseSeconds)
    const [want, got] = comparable(answers.get(id), found)
    assert.equal(got, want)
  })
}

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { corpusAnswers, corpusQueries, urlOf } from './corpus.ts'
import { comparable, normalise } from './normalise.ts'

/** Asks for a path with its parameters. */
export type Ask = (url: string) => Promise<Response>

const queries = corpusQueries()
const answers = corpusAnswers()

/**
 * Runs the whole corpus as one suite: `open` puts the spans, moved to the base time, where they are
 * to be queried. No answer may say that something is missing.
 */
export function replay(name: string, baseSeconds: number, open: () => Promise<Ask>): void {
  const test = suite(name)
  let ask: Ask = async () => {
    throw new Error('the spans are not there')
  }
  test('the spans are there', async () => {
    ask = await open()
  })
  for (const query of queries) {
    test(`${query.id} ${query.q ?? query.tag ?? ''}`, async () => {
      const response = await ask(urlOf(query, baseSeconds))
      const found = normalise(query, response.status, await response.text(), baseSeconds)
      const [want, got] = comparable(answers.get(query.id), found)
      assert.equal(got, want)
      assert.is(response.headers.get('x-vivace-partial'), null)
    })
  }
  test.run()
}

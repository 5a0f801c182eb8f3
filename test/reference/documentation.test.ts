import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { traceqlPage } from '../../scripts/traceql-page.ts'
import { differences } from '../../src/traceql/differences.ts'
import { featureTable } from '../../src/traceql/feature-table.ts'
import { exampleEndNs, exampleSpans, exampleStartNs } from './example-spans.ts'
import { outcomeOf } from './outcome.ts'

/** What docs/traceql.md says is so. */

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

test('what is refused is said to be, and nothing else', () => {
  for (const { state, gives } of features) {
    assert.is(gives.startsWith('refused: '), state === 'refused', gives)
  }
})

test('the page is up to date', () => {
  const page = readFileSync(new URL('../../docs/traceql.md', import.meta.url), 'utf8')
  assert.ok(page === traceqlPage(), 'run node scripts/generate-traceql-docs.ts')
})

test.run()

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../src/base/errors.ts'
import { compileMetrics } from '../../src/traceql/compile-metrics.ts'
import { compileSearch } from '../../src/traceql/compile-search.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { printQuery } from '../../src/traceql/print.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { randomTest } from '../tools/random-runs.ts'

/**
 * Text that is nearly a query: whatever it is, there is an answer or BAD_QUERY, in time, and what is
 * accepted prints as a query that means the same.
 */

const test = suite('fuzz: traceql parser')

/** What one query may cost, generously: tests share their machine. */
const queryMsMax = 1000

const queries = readFileSync(new URL('../traceql/data/corpus.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line).q as string | undefined)
  .filter(query => query !== undefined)

/** Whether it is a query. */
function use(text: string): boolean {
  const startMs = performance.now()
  try {
    const query = validateQuery(parseQuery(text))
    const printed = printQuery(query)
    assert.is(printQuery(validateQuery(parseQuery(printed))), printed)
    if (query.body.kind === 'metrics') compileMetrics(query)
    else compileSearch(query)
    return true
  } catch (error) {
    assert.instance(error, Failure, String((error as Error).stack))
    assert.is((error as Failure).code, 'BAD_QUERY', (error as Failure).message)
    return false
  } finally {
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < queryMsMax, `${Math.round(tookMs)} ms for ${text.slice(0, 80)}`)
  }
}

/** Words, numbers, texts, operators and blanks, as the corpus has them. */
const tokens = [
  ...new Set(queries.flatMap(query => query.match(/[\w.:]+|"[^"]*"|`[^`]*`|\s+|[^\w\s]/g) ?? [])),
]

const token = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...tokens) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
)
const query = fc.constantFrom(...queries)

test('the corpus itself has queries of both kinds', () => {
  const good = queries.filter(use).length
  assert.ok(good > queries.length / 2 && good < queries.length, `${good} of ${queries.length}`)
  assert.ok(tokens.length > 300, `${tokens.length} tokens`)
})

const anyTokens = fc.property(fc.array(token, { maxLength: 60 }), list => {
  use(list.join(''))
})

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(8),
  inserted: fc.array(token, { maxLength: 3 }),
})

const edits = fc.property(query, fc.array(edit, { minLength: 1, maxLength: 4 }), (text, list) => {
  let edited = text
  for (const { at, removed, inserted } of list) {
    const place = Math.floor(at * edited.length)
    edited = edited.slice(0, place) + inserted.join('') + edited.slice(place + removed)
  }
  use(edited)
})

const share = fc.double({ min: 0, max: 1, noNaN: true })
const halves = fc.property(query, query, share, share, (first, second, keep, skip) => {
  const beginning = first.slice(0, Math.floor(keep * first.length))
  use(beginning + second.slice(Math.floor(skip * second.length)))
})

randomTest(test, 'tokens in any order', anyTokens)
randomTest(test, 'queries with parts left out, repeated, or replaced', edits)
randomTest(test, 'the beginning of one query and the end of another', halves)

test.run()

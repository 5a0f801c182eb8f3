import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../src/base/errors.ts'
import { compileSearch } from '../../src/traceql/compile-search.ts'
import { extractFilter } from '../../src/traceql/extract-filter.ts'
import { parseTagName } from '../../src/traceql/parse-tag-name.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { printQuery } from '../../src/traceql/print.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { shapeOf } from './random-query.ts'

interface Case {
  readonly id: string
  readonly kind: string
  readonly q?: string
  readonly tag?: string
  readonly status: number
  readonly error?: string
}

const cases: readonly Case[] = readFileSync(new URL('data/corpus.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

/** Refused, or accepted, for a reason that is not in the text of the query. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ['res-limit-12', 'parameter limit'],
  ['res-limit-14', 'parameter spss'],
  ['res-window-14', 'parameters start and end'],
  ['res-window-17', 'parameter end'],
  ['err-params-05', 'a search query where a metrics query is wanted'],
  ['err-params-09', 'parameter step'],
  ['err-params-11', 'parameter step'],
  ['err-params-16', 'parameters start and end'],
  ['tag-names-19', 'a filter of tag names that does not parse is ignored'],
])

const test = suite('traceql corpus')

/** Undefined when the query is good. */
function refusal(text: string): Failure | undefined {
  try {
    validateQuery(parseQuery(text))
    return undefined
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'BAD_QUERY')
    return error as Failure
  }
}

test('it is all there', () => {
  assert.is(cases.length, 506)
  assert.is(cases.filter(({ q }) => q !== undefined).length, 470)
})

for (const { id, q, status } of cases) {
  if (q === undefined || exceptions.has(id)) continue
  test(`${id} is ${status === 200 ? 'accepted' : 'refused'}: ${q}`, () => {
    const failure = refusal(q)
    assert.is(failure === undefined ? 200 : 400, status, failure?.message)
  })
}

test('the exceptions are needed', () => {
  for (const id of exceptions.keys()) {
    const found = cases.find(one => one.id === id)
    assert.ok(found?.q !== undefined, id)
    assert.is.not(refusal(found!.q!) === undefined ? 200 : 400, found!.status, id)
  }
})

test('every good query is the same after printing', () => {
  for (const { q } of cases) {
    if (q === undefined || refusal(q) !== undefined) continue
    const query = parseQuery(q)
    const printed = parseQuery(printQuery(query))
    assert.equal(shapeOf(printed), shapeOf(query), q)
    assert.is(refusal(printed.text), undefined)
  }
})

test('validation says what the reference server says', () => {
  const told = cases.filter(({ error = '' }) => /^(invalid TraceQL|compiling) query: /.test(error))
  const validation = told.filter(({ error = '' }) => !/parse error|%v/.test(error))
  assert.ok(validation.length > 30)
  for (const { q = '', error = '' } of validation) {
    const [first] = (refusal(q)?.message ?? '').split('\n')
    assert.is(first, error.replace(/^.*? query: /, ''), q)
  }
})

test('syntax errors are found where the reference server finds them', () => {
  // Lexical errors are placed at the character itself, not at the token.
  const elsewhere = new Set(['lex-string-17', 'err-parse-03', 'err-parse-10', 'err-parse-20'])
  for (const { id, q, error = '' } of cases) {
    const place = /parse error at (line \d+, col \d+)/.exec(error)?.[1]
    if (place === undefined || q === undefined || elsewhere.has(id)) continue
    assert.ok(refusal(q)?.message.startsWith(`parse error at ${place}: `), `${q} ${place}`)
  }
})

test('a good search query compiles to plain data', () => {
  let compiled = 0
  for (const { q, kind } of cases) {
    if (kind !== 'search' || q === undefined || refusal(q) !== undefined) continue
    const search = compileSearch(parseQuery(q))
    assert.equal(JSON.parse(JSON.stringify(search)), search)
    compiled++
  }
  assert.is(compiled, 317)
})

test('tag names of version 2 are read', () => {
  for (const { tag, kind, q } of cases) {
    if (kind === 'values2') assert.type(parseTagName(tag!), 'object')
    if (q !== undefined) assert.not.throws(() => extractFilter(q))
  }
})

test.run()

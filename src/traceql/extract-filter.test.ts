import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compileSearch } from './compile-search.ts'
import { extractFilter } from './extract-filter.ts'
import { parseQuery } from './parser.ts'

const test = suite('extract filter')

/** Query -> a query that asks for the same; empty when nothing is usable. */
const extracted: readonly (readonly [string, string])[] = [
  ['{ .a = 1 }', '{ .a = 1 }'],
  ['{ .a = 1 && .b = 2 || .c }', '{ .a = 1 && .b = 2 || .c }'],
  ['{ .a = 1 } | { .b = 2 }', '{ .a = 1 } | { .b = 2 }'],
  ['{ .a = 1 } | by(.x) | count() > 2', '{ .a = 1 }'],
  ['{ .a = 1 } | rate() by (.b)', '{ .a = 1 }'],
  ['{ .a = 1 && .b = .c }', '{ .a = 1 && .b = .c }'],
  ['{ .a = 1 && status = "error" && .b =~ "(" }', '{ .a = 1 }'],
  ['{ .a = 1 && (.b = 2 || status = "x") }', '{ .a = 1 }'],
  ['{ .a = 1 || .b + 1 = 2 }', '{ .a = 1 || .b + 1 = 2 }'],
  ['{ .a = 1 || status = "x" }', ''],
  ['{ !(.a = 1 && status = "x") && .d }', '{ .d }'],
  ['{ .a = 1 || (.b = 2 && status = "x") }', '{ .a = 1 || .b = 2 }'],
  ['{ false }', '{ false }'],
  ['{}', ''],
  ['{ true }', ''],
  ['{ .a } >> { .b }', ''],
  ['({ .a } | rate()) + 1', ''],
  ['{ broken', ''],
  ['{ .a = }', ''],
  ['', ''],
  ['"', ''],
]

for (const [text, expected] of extracted) {
  test(`of ${text} remains ${expected || 'nothing'}`, () => {
    const wanted = expected === '' ? undefined : compileSearch(parseQuery(expected)).spans
    assert.equal(extractFilter(text), wanted)
  })
}

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { parseQuery } from './parser.ts'
import { printQuery } from './print.ts'

const test = suite('parser')

function failureOf(text: string): Failure {
  try {
    parseQuery(text)
  } catch (error) {
    assert.instance(error, Failure)
    return error as Failure
  }
  throw new Error(`accepted: ${text}`)
}

/** Text of a condition -> the same with brackets around everything that is compound. */
const conditions: readonly (readonly [string, string])[] = [
  ['.a || .b && .c', '(.a || .b) && .c'],
  ['.a && .b && .c', '.a && .b && .c'],
  ['(.a && .b) && .c', '.a && .b && .c'],
  ['.a && (.b && .c)', '.a && (.b && .c)'],
  ['.a = 1 && .b = 2', '(.a = 1) && (.b = 2)'],
  ['.a > 1 = true', '(.a > 1) = true'],
  ['.a + 1 = 2 - 3', '(.a + 1) = (2 - 3)'],
  ['.a - .b - .c = 0', '((.a - .b) - .c) = 0'],
  ['.a + .b * .c = 0', '(.a + (.b * .c)) = 0'],
  ['2 ^ 3 ^ 2 = 512', '(2 ^ (3 ^ 2)) = 512'],
  ['.a * 2 ^ 2 = 1', '(.a * (2 ^ 2)) = 1'],
  ['-2 ^ 2 = 4', '(-(2 ^ 2)) = 4'],
  ['-.a + 10 = 5', '((-.a) + 10) = 5'],
  ['-.a * 10 = 5', '(-(.a * 10)) = 5'],
  ['2 * -.a + 1 = 5', '((2 * (-.a)) + 1) = 5'],
  ['!.f = true', '(!.f) = true'],
  ['!.f && .g', '(!.f) && .g'],
  ['!.a + 1 = 2', '((!.a) + 1) = 2'],
  ['!.a * 2 = 2', '(!(.a * 2)) = 2'],
  ['!!.a', '!(!.a)'],
  ['(.a)', '.a'],
]

for (const [text, expected] of conditions) {
  test(`precedence of ${text}`, () => {
    assert.is(printQuery(parseQuery(`{ ${text} }`)), `{ ${expected} }`)
  })
}

/** Letters stand for filters. */
const spansets: readonly (readonly [string, string])[] = [
  ['A > B > C', '(A > B) > C'],
  ['A >> B && C', '(A >> B) && C'],
  ['A && B >> C', 'A && (B >> C)'],
  ['A || B && C', '(A || B) && C'],
  ['A !>> B &~ C !~ D', '((A !>> B) &~ C) !~ D'],
  ['(A || B) > C', '(A || B) > C'],
  ['A > (B < C)', 'A > (B < C)'],
  ['((A))', 'A'],
]

function withFilters(text: string): string {
  return text.replaceAll(/[A-D]/g, letter => `{ .${letter} }`)
}

for (const [text, expected] of spansets) {
  test(`precedence of ${text}`, () => {
    assert.is(printQuery(parseQuery(withFilters(text))), withFilters(expected))
  })
}

const accepted = [
  '{}',
  '({ .a } | count() > 1) && ({ .b }) || ({ .c } | by(.x))',
  '({ .a }) && ({ .b } | count() > 1)',
  '(({ .a } | count() > 1))',
  '(count() > 1) && ({})',
  'by(.a) | count() > 1',
  'select(.a)',
  '90 < count()',
  '({} | count()) > ({} | avg(.a)) + 1',
  'count() > 2 * (3 + -4)',
  '{} | select(.a) | { .b } | coalesce() | by(.c)',
  '{} | rate() by (.a, name) | topk(3) > 2 < 8 | bottomk(1)',
  '({} | rate()) + 2 * ({} | rate()) > 5 | topk(2)',
  '2 + 3 * ({} | rate())',
  '({} | rate() | topk(3)) / 2',
  '(({} | rate()) > 5) > 6',
  '{} | compare({ .a }, 5, 1, 2)',
  '{} | quantile_over_time(duration, .5, 1)',
  '{} with (a=1, b="x") with (c=nil)',
  '{ duration = .duration && status = .status && .nil = nil }',
]

for (const text of accepted) {
  test(`accepts ${text}`, () => {
    const query = parseQuery(text)
    assert.equal(JSON.parse(JSON.stringify(query)), query)
  })
}

/** Query -> first line of the refusal after `parse error at line 1, `. */
const refused: readonly (readonly [string, string])[] = [
  ['', 'col 1: syntax error: unexpected end of query'],
  ['{} {}', 'col 4: syntax error: unexpected {'],
  ['{} && ({} | count() > 1)', 'col 7: syntax error: unexpected ('],
  ['({} | count() > 1) && {}', 'col 23: syntax error: unexpected {'],
  ['({} | count() > 1) | {}', 'col 20: syntax error: unexpected |'],
  ['{} | ({} | count() > 1)', 'col 6: syntax error: unexpected ('],
  ['{} = {}', 'col 4: syntax error: unexpected ='],
  ['{} + {}', 'col 4: syntax error: unexpected +'],
  ['count()', 'col 8: syntax error: unexpected end of query, expecting a comparison'],
  ['count() > 1 && {}', 'col 13: syntax error: unexpected &&'],
  ['count() > {}', 'col 11: syntax error: unexpected {'],
  ['{} | -count() > 1', 'col 7: syntax error: unexpected count'],
  ['{} | count(.a) > 1', 'col 12: syntax error: unexpected ATTRIBUTE, expecting )'],
  ['rate()', 'col 1: syntax error: unexpected rate'],
  ['{} | rate() | count() > 1', 'col 15: syntax error: unexpected count'],
  ['{} | rate(.a)', 'col 11: syntax error: unexpected ATTRIBUTE, expecting )'],
  ['{} | min_over_time(.a + 1)', 'col 23: syntax error: unexpected +, expecting )'],
  ['{} | min_over_time(1)', 'col 20: syntax error: unexpected INTEGER'],
  ['{} | quantile_over_time(.a)', 'col 27: syntax error: unexpected ), expecting ,'],
  ['{} | rate() > count()', 'col 15: syntax error: unexpected count'],
  ['({} | rate()) ^ 2', 'col 15: syntax error: unexpected ^'],
  ['2 % ({} | rate())', 'col 3: syntax error: unexpected %'],
  ['count() * ({} | rate())', 'col 9: syntax error: unexpected *'],
  ['({} | rate()) * count()', 'col 17: syntax error: unexpected count'],
  ['5 < ({} | rate())', 'col 5: syntax error: unexpected ('],
  ['({} | rate()) && ({} | rate())', 'col 15: syntax error: unexpected &&'],
  ['{} | compare({}, 5, 1)', 'col 22: syntax error: unexpected ), expecting ,'],
  ['{} | select(.a + 1)', 'col 16: syntax error: unexpected +, expecting )'],
  ['{} with ()', 'col 10: syntax error: unexpected ), expecting IDENTIFIER'],
  ['{ .a = }', 'col 8: syntax error: unexpected }'],
  ['{ (.a }', 'col 7: syntax error: unexpected }, expecting )'],
  ['{ foo }', 'col 3: unknown identifier: foo'],
  ['{ span:rootName = "" }', 'col 8: syntax error: unexpected rootName, expecting'],
  ['{ .a = -9223372036854775808 }', 'col 9: integer out of range'],
]

for (const [text, expected] of refused) {
  test(`refuses ${text}`, () => {
    const failure = failureOf(text)
    assert.is(failure.code, 'BAD_QUERY')
    assert.is(failure.fields['stage'], 'parse')
    const [first = ''] = failure.message.split('\n')
    assert.ok(first.startsWith(`parse error at line 1, ${expected}`), first)
  })
}

/** Query -> last line of the refusal. */
const suggestions: readonly (readonly [string, string])[] = [
  ['{ http.status_code = 1 }', 'did you mean `.http.status_code` or `span.http.status_code`?'],
  ['{ service.name = "x" }', 'did you mean `.service.name` or `resource.service.name`?'],
  ['{ duraton > 1s }', 'did you mean `duration` or the attribute `.duraton`?'],
  ['{ childCount > 2 }', 'did you mean `span:childCount`?'],
  ['{ trace.id = "x" }', 'did you mean `trace:id` or `.trace.id`?'],
  ['{ span:statuss = ok }', 'did you mean `span:status`?'],
  ['{ .a = null }', 'did you mean `nil`?'],
  ['{ .a == 1 }', 'did you mean `=`?'],
  ['{ .a <> 1 }', 'did you mean `!=`?'],
  ['{ .a ~= "x" }', 'did you mean `=~`?'],
  ['{ .a = 1 and .b = 2 }', 'did you mean `&&`?'],
  ['{ .a = 1, .b = 2 }', 'conditions are joined with `&&` or `||`'],
  ['{ .1st = 1 }', 'did you mean `."1st"`?'],
  ["{ .a = 'x' }", 'strings stand in double quotes'],
  ['status = ok', 'conditions stand in braces: `{ … }`'],
  ['{} | cuont() > 1', 'did you mean `count`?'],
  ['{} wit (a=1)', 'did you mean `with`?'],
]

for (const [text, expected] of suggestions) {
  test(`helps with ${text}`, () => {
    assert.is(failureOf(text).message.split('\n').at(-1), expected)
  })
}

test('the place is drawn, in characters, on its own line', () => {
  const failure = failureOf('{ .a = "😀" &&\n\t\tfoo }')
  assert.equal(failure.message.split('\n').slice(0, 3), [
    'parse error at line 2, col 3: unknown identifier: foo',
    'line 2, col 3 |   foo }',
    '              |   ^',
  ])
  assert.equal(failure.fields, { stage: 'parse', line: 2, column: 3 })
})

test('only the neighbourhood of the place is drawn', () => {
  const failure = failureOf(`{ .a = "${'x'.repeat(500)}" foo ${'y'.repeat(500)} }`)
  const [, source = '', caret = ''] = failure.message.split('\n')
  assert.ok(source.length < 150)
  assert.is(source[caret.indexOf('^')], 'f')
})

test('the size limit can be set and counts bytes', () => {
  assert.throws(() => parseQuery('{ .a = "é" }', { queryBytesMax: 12 }), /longer than 12 bytes/)
  parseQuery('{ .a = "é" }', { queryBytesMax: 13 })
})

test.run()

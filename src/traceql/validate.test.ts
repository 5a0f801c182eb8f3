import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { parseQuery } from './parser.ts'
import { validateQuery } from './validate.ts'

const test = suite('validate')

const accepted = [
  '{ .a + .b }',
  '{ ok = error }',
  '{ 1s = 1000000000 }',
  '{ 1 < 2.5 && 1.5 < 2s }',
  '{ nil = nil && nil != nil }',
  '{ nil != .x && nil = .x }',
  '{ name != nil && resource.service.name != nil }',
  '{ .service.name = nil && span.service.name = nil }',
  '{ .a = status && .b = kind }',
  '{ name > "a" && "a" <= name }',
  '{ "a" =~ "b" }',
  '{ !(.a = 1) && !.b }',
  '{ -.a = 5 && -duration < 1 }',
  '{ .a / 0 = 1 }',
  '{ duration > .a * 2 }',
  '{ (.a > 1) = true }',
  '{ .s =~ `(?i)(?P<x>\\pL+)[[:digit:]]{1,1000}\\z` }',
  '{} | max(duration + .a) > 2 * 48 + 2',
  '{} | by(.a = 1) | by(name)',
  '({} | rate()) / 0',
  '{} | rate() by (.a, .b, .c, .d, .e)',
  '{} | quantile_over_time(.a, 0, 1.0, .5) by (.a, .b, .c, .d)',
  '{} | compare({ .a }, 1000, 1, 2)',
]

for (const text of accepted) {
  test(`accepts ${text}`, () => {
    const query = parseQuery(text)
    assert.is(validateQuery(query), query)
  })
}

/** Query -> first line of the refusal. */
const refused: readonly (readonly [string, string])[] = [
  ['{ .a + 1 }', 'span filter field expressions must resolve to a boolean: { .a + 1 }'],
  ['{ nil }', 'span filter field expressions must resolve to a boolean: { nil }'],
  ['{ name }', 'span filter field expressions must resolve to a boolean: { name }'],
  ['{ .a && 1 }', 'illegal operation for the given types: .a && 1'],
  [
    '{ .a && .b && 1 = 1 && "x" }',
    'binary operations must operate on the same type: .a && .b && (1 = 1) && `x`',
  ],
  ['{ .t > false }', 'illegal operation for the given types: .t > false'],
  ['{ .a > nil }', 'illegal operation for the given types: .a > nil'],
  ['{ name + .a = "x" }', 'illegal operation for the given types: name + .a'],
  ['{ "1" = 1 }', 'binary operations must operate on the same type: `1` = 1'],
  ['{ (.a = 1) = 1 }', 'binary operations must operate on the same type: (.a = 1) = 1'],
  ['{ !nil }', 'illegal operation for the given type: !nil'],
  ['{ -"x" = 1 }', 'illegal operation for the given type: -`x`'],
  ['{ .a =~ 5 }', 'invalid type for =~ or !~: 5'],
  ['{ duration =~ "x" }', 'binary operations must operate on the same type: duration =~ `x`'],
  ['{ .a =~ "(?<=x)" }', 'invalid regex: `(?<=x)`'],
  ['{ .a =~ "(a)\\\\1" }', 'invalid regex: `(a)\\1`'],
  ['{ .a =~ "a{1001}" }', 'invalid regex: `a{1001}`'],
  ['{ nil = duration }', 'duration=nil is not valid because intrinsics cannot be nil'],
  [
    '{ resource.service.name = nil }',
    'resource.service.name=nil is not valid because resource.service.name cannot be nil',
  ],
  ['{ parent.span.a = 1 }', 'parent not yet supported'],
  ['{} | select(parent.a)', 'parent not yet supported'],
  ['{} | by(parent)', 'intrinsic (parent) not yet supported'],
  ['{} | rate() by (parent.a)', 'parent not yet supported'],
  ['{} | max_over_time(parent)', 'intrinsic (parent) not yet supported'],
  ['{ .a = 1 / 0 }', 'division by zero'],
  ['{ .a + (1 % (2 - 2)) = 1 }', 'division by zero'],
  ['{ .a = 1.5 / 0 }', 'division by zero'],
  ['{ .a < 1e308 * 10 }', 'number out of range'],
  ['{} | by(1)', 'grouping field expressions must reference the span: 1'],
  ['{} | max(name) > 1', 'aggregate field expressions must resolve to a number type: max(name)'],
  [
    '{} | max(.a = 1) > 1',
    'aggregate field expressions must resolve to a number type: max(.a = 1)',
  ],
  ['90 < count()', 'scalar filter lhs of type (90) not yet supported'],
  ['{} | min(.a) + 1 > 2', 'scalar filter lhs of type (min(.a) + 1) not yet supported'],
  ['{} | max(.a) > min(.a)', 'scalar filter rhs of type (min(.a)) not yet supported'],
  ['({} | count()) > 1', 'scalar filter lhs of type (({ true } | count())) not yet supported'],
  ['{} | count() > 1 / 0', 'division by zero'],
  ['{ "x" } > {}', 'span filter field expressions must resolve to a boolean: { `x` }'],
  ['({} | by(1) | count() > 1) && ({})', 'grouping field expressions must reference the span: 1'],
  ['{} | rate() | topk(0)', 'limit must be greater than 0'],
  ['{} | rate() by (.a, .b, .c, .d, .e, .f)', 'metrics group by 6 values not yet supported'],
  [
    '{} | histogram_over_time(.a) by (.a, .b, .c, .d, .e)',
    'metrics group by 5 values not yet supported',
  ],
  ['{} | quantile_over_time(.a, .5, 1.5)', 'quantile must be between 0 and 1: 1.5'],
  ['{} | compare({}) | topk(1)', '`compare()` cannot be used with second stage functions'],
  ['({} | compare({})) * 2', '`compare()` cannot be used with second stage functions'],
  ['{} | compare({ 1 })', 'span filter field expressions must resolve to a boolean: { 1 }'],
  ['{} | compare({}, 0)', 'compare() number of values must be between 1 and 1000: 0'],
  ['{} | compare({}, 5, 2, 2)', 'compare() end must be greater than start'],
  ['({} | rate()) + (2 * 1s)', 'duration cannot be used as a scalar operand in metric arithmetic'],
]

for (const [text, expected] of refused) {
  test(`refuses ${text}`, () => {
    try {
      validateQuery(parseQuery(text))
    } catch (error) {
      assert.instance(error, Failure)
      const failure = error as Failure
      assert.is(failure.message.split('\n')[0], expected)
      assert.is(failure.code, 'BAD_QUERY')
      assert.is(failure.fields['stage'], 'validate')
      return
    }
    assert.unreachable('accepted')
  })
}

test('the place is drawn under the operator', () => {
  try {
    validateQuery(parseQuery('{ .a = 1 &&\n  status > 5 }'))
    assert.unreachable()
  } catch (error) {
    assert.equal((error as Failure).message.split('\n').slice(1), [
      'line 2, col 10 |   status > 5 }',
      '               |          ^',
    ])
    assert.equal((error as Failure).fields, { stage: 'validate', line: 2, column: 10 })
  }
})

test.run()

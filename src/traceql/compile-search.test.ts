import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import type { Predicate, ValueExpression } from '../model/predicate.ts'
import { compileSearch } from './compile-search.ts'
import { operandKey, printOperand } from './operand.ts'
import { parseQuery } from './parser.ts'
import { validateQuery } from './validate.ts'

const test = suite('compile filter')

function compile(text: string) {
  return compileSearch(validateQuery(parseQuery(text)))
}

/** `and(…)`, `not(…)`, `exists(.a)`, `.a = int 5`. */
function show(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'constant':
      return String(predicate.value)
    case 'and':
    case 'or':
      return `${predicate.kind}(${predicate.parts.map(show).join(', ')})`
    case 'not':
      return `not(${show(predicate.part)})`
    case 'exists':
      return `exists(${printOperand(predicate.operand)})`
    case 'compare': {
      const { operand, op, literal } = predicate
      return `${printOperand(operand)} ${op} ${literal.type} ${literal.value}`
    }
    case 'compareValues':
      return `${showValue(predicate.left)} ${predicate.op} ${showValue(predicate.right)}`
  }
}

function showValue(expression: ValueExpression): string {
  switch (expression.kind) {
    case 'literal':
      return `${expression.literal.type} ${expression.literal.value}`
    case 'arithmetic':
      return `(${showValue(expression.left)} ${expression.op} ${showValue(expression.right)})`
    case 'negative':
      return `-${showValue(expression.part)}`
    case 'opposite':
      return `!${showValue(expression.part)}`
    case 'condition':
      return `[${show(expression.condition)}]`
    default:
      return printOperand(expression)
  }
}

const compiled: readonly (readonly [string, string])[] = [
  ['{}', 'true'],
  ['{ 1 + 1 = 2 }', 'true'],
  ['{ true && false }', 'false'],
  ['{ .flag }', '.flag = bool true'],
  ['{ !.flag }', '.flag = bool false'],
  ['{ !!.flag }', '.flag = bool true'],
  ['{ !.flag = true }', '.flag = bool false'],
  ['{ !.flag != true }', '.flag != bool false'],
  ['{ !(.a = 5) }', 'not(.a = int 5)'],
  ['{ !!(.a = 5) }', '.a = int 5'],
  ['{ !(.a && .b) }', 'not(and(.a = bool true, .b = bool true))'],
  ['{ (.a > 1) = true }', '.a > int 1'],
  ['{ (.a > 1) = false }', 'not(.a > int 1)'],
  ['{ (.a > 1) != nil }', 'true'],
  ['{ .a + .b }', 'false'],
  ['{ !(.a + .b) }', 'false'],
  ['{ .a != nil }', 'exists(.a)'],
  ['{ nil = .a }', 'not(exists(.a))'],
  ['{ name != nil }', 'true'],
  ['{ span:parentID != nil }', 'exists(span:parentID)'],
  ['{ event.a = nil }', 'and(exists(event:name), not(exists(event.a)))'],
  ['{ link.a = nil }', 'and(exists(link:traceID), not(exists(link.a)))'],
  ['{ 18 < .num }', '.num > int 18'],
  ['{ 18 >= .num }', '.num <= int 18'],
  ['{ .a = -5 }', '.a = int -5'],
  [
    '{ .a = minInt || .a = maxInt }',
    'or(.a = int -9223372036854775808, .a = int 9223372036854775807)',
  ],
  ['{ duration > 1.5s }', 'duration > int 1500000000'],
  ['{ .a = 1.5 }', '.a = float 1.5'],
  ['{ status = error && kind != server }', 'and(status = int 2, kind != int 2)'],
  ['{ status = unset || kind = unspecified }', 'or(status = int 0, kind = int 0)'],
  ['{ .a = error || .b = 1 }', '.b = int 1'],
  ['{ .s =~ "a.*" && .s !~ "b" }', 'and(.s =~ string a.*, .s !~ string b)'],
  ['{ trace:id = "00ab" }', `trace:id = string ${'ab'.padStart(32, '0')}`],
  ['{ trace:id =~ "ab.*" }', 'trace:id =~ string ab.*'],
  ['{ span:id = "00ab" }', 'span:id = string 00ab'],
  ['{ .a && (.b && .c) }', 'and(.a = bool true, .b = bool true, .c = bool true)'],
  ['{ .a || .b && .c }', 'and(or(.a = bool true, .b = bool true), .c = bool true)'],
  [
    '{ .a } | { .b } | { .c || .d }',
    'and(.a = bool true, .b = bool true, or(.c = bool true, .d = bool true))',
  ],
  ['{ .a } | coalesce()', '.a = bool true'],
  ['{ .a } | rate() by (.b) > 5 | topk(3)', '.a = bool true'],
  ['select(.b) | { .a }', '.a = bool true'],
]

for (const [text, expected] of compiled) {
  test(`${text} asks for ${expected}`, () => {
    const { spans } = compile(text)
    assert.is(show(spans), expected)
    assert.equal(JSON.parse(JSON.stringify(spans)), spans)
  })
}

/** Parts of one `and` hold for one event; an `and` of one part stands for itself. */
const correlated: readonly (readonly [string, string])[] = [
  ['{ event.a = 1 && event:name = "x" }', 'and(event.a = int 1, event:name = string x)'],
  ['{ event.a = 1 } | { event.b = 2 }', 'and(and(event.a = int 1), and(event.b = int 2))'],
  [
    '{ event.a = 1 && event.b = 2 || .c }',
    'or(and(and(event.a = int 1), and(event.b = int 2)), .c = bool true)',
  ],
  [
    '{ link.a = 1 && !(.b || .c) && .d }',
    'and(and(link.a = int 1), not(or(.b = bool true, .c = bool true)), .d = bool true)',
  ],
]

for (const [text, expected] of correlated) {
  test(`${text} looks at events by themselves or together`, () => {
    assert.is(show(compile(text).spans), expected)
  })
}

const selected: readonly (readonly [string, readonly string[]])[] = [
  ['{ .b = 1 && .a = 2 } | select(.c, .b)', ['b', 'a', 'c']],
  ['{ span.a = 1 && resource.a = 1 && .a = 1 }', ['a', 'a', 'a']],
  ['{ name = "x" && duration > 1 && traceDuration > 1 && rootName = "" }', []],
  ['{ rootServiceName = "" && trace:id = "" && span:id = "" }', []],
  ['{ kind = server && statusMessage = "" && status = ok }', ['kind', 'statusMessage', 'status']],
  [
    '{} | select(event:name, link:traceID, instrumentation:name)',
    ['event:name', 'link:traceID', 'instrumentation:name'],
  ],
  ['{ true || .a }', ['a']],
  ['{ 5 = .a }', ['a']],
]

for (const [text, expected] of selected) {
  test(`${text} lists ${expected.join(', ') || 'nothing'}`, () => {
    assert.equal(compile(text).select.map(operandKey), expected)
  })
}

const computed: readonly (readonly [string, string])[] = [
  ['{ .a = .b }', '.a = .b'],
  ['{ .a + 1 = 2 }', '(.a + int 1) = int 2'],
  ['{ -.a = 2 * 3 }', '-.a = int 6'],
  ['{ 2 < -.a ^ 2 }', '-(.a ^ int 2) > int 2'],
  ['{ (.a = 1) = (.b = 1) }', '[.a = int 1] = [.b = int 1]'],
  ['{ !.a = .b }', '!.a = .b'],
  ['{ .a * .b != nil }', '(.a * .b) = (.a * .b)'],
  ['{ -.a = error || .b = 1 }', '.b = int 1'],
]

for (const [text, expected] of computed) {
  test(`${text} computes ${expected}`, () => {
    assert.is(show(compile(text).spans), expected)
  })
}

const filter = (text: string) => ({ kind: 'filter', spans: compile(text).spans })

test('operators between spansets are stages', () => {
  const { spans, stages } = compile('{ .a } &>> ({ .b } && { .c }) | { .d }')
  assert.equal(spans, { kind: 'constant', value: true })
  const right = { kind: 'and', parts: [filter('{ .b }'), filter('{ .c }')] }
  const expression = {
    kind: 'structural',
    relation: '>>',
    form: 'both',
    left: filter('{ .a }'),
    right,
  }
  assert.equal(stages, [
    { kind: 'spansets', expression },
    { kind: 'spansets', expression: filter('{ .d }') },
  ])
})

test('groups and aggregates are stages, and show what they read', () => {
  const { spans, stages, select } = compile(
    '{ .a } | by(.b) | avg(duration) > 2 * 1ms | coalesce()',
  )
  assert.is(show(spans), '.a = bool true')
  const b = { kind: 'attribute', scope: 'any', key: 'b' }
  assert.equal(stages, [
    { kind: 'by', expression: b, shownAs: 'by(.b)' },
    {
      kind: 'aggregate',
      function: 'average',
      argument: { kind: 'intrinsic', name: 'duration' },
      op: '>',
      literal: { type: 'int', value: '2000000' },
      shownAs: 'avg(duration)',
      isDuration: true,
    },
    { kind: 'coalesce' },
  ])
  assert.equal(select.map(operandKey), ['a', 'b'])
})

test('a bracketed pipeline is an operand', () => {
  const [stage] = compile('({ .a } | count() > 1) >> ({})').stages
  assert.equal(stage, {
    kind: 'spansets',
    expression: {
      kind: 'structural',
      relation: '>>',
      form: 'right',
      left: {
        kind: 'pipeline',
        stages: [
          { kind: 'spansets', expression: filter('{ .a }') },
          {
            kind: 'aggregate',
            function: 'count',
            argument: null,
            op: '>',
            literal: { type: 'int', value: '1' },
            shownAs: 'count()',
            isDuration: false,
          },
        ],
      },
      right: filter('{}'),
    },
  })
})

test('arithmetic between metrics has no spans to search for', () => {
  assert.throws(
    () => compile('({ .a } | rate()) + 1'),
    (error: Failure) => error.code === 'BAD_QUERY' && error.fields['column'] === 19,
  )
})

test('hints are read by name and type', () => {
  const hints = compile(
    '{} with (most_recent=true, exemplars=5, sample=0.5, span_sample=2, foo="x", extrapolate=1)',
  ).hints
  assert.equal(hints, { mostRecent: true, exemplars: 5, sample: 0.5 })
})

test.run()

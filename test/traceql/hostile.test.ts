import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../src/base/errors.ts'
import { compileSearch } from '../../src/traceql/compile-search.ts'
import { extractFilter } from '../../src/traceql/extract-filter.ts'
import { parseTagName } from '../../src/traceql/parse-tag-name.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { printQuery } from '../../src/traceql/print.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { query } from './random-query.ts'

const test = suite('traceql hostile')

/** What one query may cost, generously: tests share their machine. */
const queryMsMax = 3000
const fuzzRuns = 4000

/** Everything that the front end does with a query; the failure, if it is one. */
function use(text: string): Failure | undefined {
  const startMs = performance.now()
  try {
    const parsed = validateQuery(parseQuery(text))
    JSON.stringify(parsed)
    printQuery(parsed)
    compileSearch(parsed)
    return undefined
  } catch (error) {
    assert.instance(error, Failure, String((error as Error).stack))
    const failure = error as Failure
    assert.is(failure.code, 'BAD_QUERY', failure.message)
    assert.ok(failure.message.length < 2000)
    return failure
  } finally {
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < queryMsMax, `${Math.round(tookMs)} ms for ${text.slice(0, 80)}`)
  }
}

const seeds: readonly string[] = readFileSync(new URL('data/corpus.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line).q ?? '{}')

const pieces = [
  ...['{', '}', '(', ')', '|', '||', '&&', '>', '>>', '&>>', '!~', '!', '-', '^', '=', '=~', ','],
  ...['.a', 'span.', 'event:name', 'parent.span.x', 'nil', '1', '1.5', '1h', '"', '`', '/*', '//'],
  ...[
    'count()',
    'by(',
    'rate()',
    'topk(2)',
    'compare({}',
    'with(',
    '\0',
    '\ud800',
    '"\\xff"',
    '  ',
  ],
]

const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(200), fc.nat(20), fc.oneof(fc.constantFrom(...pieces), fc.string())), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, [at, removed, added]) => {
      return text.slice(0, at) + added + text.slice(at + removed)
    }, seed),
  )

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes).toString('utf8')),
  fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map(words => words.join(' ')),
  fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map(words => words.join('')),
  mutated,
)

test('random and mutated text is a query or refused', () => {
  fc.assert(
    fc.property(anyText, text => {
      use(text)
      extractFilter(text)
    }),
    { numRuns: fuzzRuns },
  )
})

test('random trees are valid or refused', () => {
  fc.assert(
    fc.property(query, tree => {
      use(printQuery(tree))
    }),
    { numRuns: 2000 },
  )
})

test('random tag names are read or refused', () => {
  const property = fc.property(anyText, name => {
    try {
      parseTagName(name)
    } catch (error) {
      assert.instance(error, Failure)
      assert.match((error as Failure).message, /^please provide a valid tagName: /)
    }
  })
  fc.assert(property, { numRuns: fuzzRuns })
})

const n = 10_000

const nested: Readonly<Record<string, string>> = {
  'brackets in a filter': `{ ${'('.repeat(n)}.a = 1${')'.repeat(n)} }`,
  'open brackets': '('.repeat(n),
  'brackets around a filter': `${'('.repeat(n)}{ }${')'.repeat(n)}`,
  'brackets around a number': `{ } | count() > ${'('.repeat(n)}1${')'.repeat(n)}`,
  'brackets around metrics': `${'('.repeat(n)}{ } | rate()${')'.repeat(n)}`,
  negations: `{ ${'!'.repeat(n)}true }`,
  'minus signs': `{ ${'-'.repeat(n)}1 = 1 }`,
  powers: `{ ${'2^'.repeat(n)}2 = 1 }`,
  'scalar powers': `{ } | count() > ${'2^'.repeat(n)}2`,
  sums: `{ ${'1+'.repeat(n)}1 = 1 }`,
  'alternating operators': `{ ${'.a && .b || '.repeat(n / 2)}.a }`,
  'comparisons of comparisons': `{ ${'.a = '.repeat(n)}.a }`,
  'structural operators': `${'{ } > '.repeat(n)}{ }`,
  'metrics arithmetic': `({ } | rate())${' + ({ } | rate())'.repeat(n / 2)}`,
  'wrapped pipelines': `${'({ } | count() > 1 && '.repeat(n / 2)}`,
}

for (const [what, text] of Object.entries(nested)) {
  test(`${n} nested ${what} are refused`, () => {
    assert.ok(use(text) !== undefined)
  })
}

test('what nests deeper than anybody writes is still read', () => {
  const depth = 200
  assert.is(use(`{ ${'('.repeat(depth)}.a = 1${')'.repeat(depth)} }`), undefined)
  assert.is(use(`{ ${'!('.repeat(100)}.a = 1${')'.repeat(100)} }`), undefined)
  assert.is(use(`${'('.repeat(depth)}{ }${')'.repeat(depth)}`), undefined)
  const right = `${'.a = 1 && (.b = 2 || ('.repeat(60)}true${'))'.repeat(60)}`
  assert.is(use(`{ ${right} }`), undefined)
})

test('the deepest brackets with every precedence in use do not overflow the stack', () => {
  const level = '.a || .a = .a + .a * ('
  assert.match(use(`{ ${level.repeat(256)}1${')'.repeat(256)} }`)!.message, /nests deeper/)
  const query = '{ } || { } > ('
  assert.match(use(`${query.repeat(256)}{ }${')'.repeat(256)}`)!.message, /nests deeper/)
})

test('long chains of one operator are no nesting', () => {
  const conditions = Array.from({ length: 4000 }, (_, index) => `.k${index} = ${index}`)
  assert.is(use(`{ ${conditions.join(' || ')} }`), undefined)
  assert.is(use(`{ ${conditions.join(' && ')} }`), undefined)
  assert.is(use(Array(4000).fill('{ .a = 1 }').join(' | ')), undefined)
  assert.is(use(Array(4000).fill('{ .a = 1 }').join(' || ')), undefined)
})

const tooMuch: Readonly<Record<string, [string, RegExp]>> = {
  fields: [`{ ${Array(5000).fill('.a = 1').join(' || ')} }`, /5000 fields, more than 4096/],
  additions: [
    `{ ${Array(20).fill('.a + .b + 1 + .a + .b + 1 + .a + .b + 1 + .a + .b + 1 + .c + .d > 1').join(' || ')} }`,
    /260 arithmetic/,
  ],
  'comparisons of fields': [`{ ${Array(300).fill('.a > .b').join(' || ')} }`, /300 arithmetic/],
  'orders of texts': [
    `{ ${Array(600).fill('.a > "x"').join(' || ')} }`,
    /600 comparisons by the order/,
  ],
  aggregates: [`{}${' | count() > 0'.repeat(200)}`, /200 aggregates, groups/],
  groups: [`{}${' | by(.a)'.repeat(200)}`, /200 aggregates, groups/],
  'operators of spansets': [Array(200).fill('{}').join(' >> '), /199 aggregates, groups/],
  spansets: [Array(200).fill('{}').join(' && '), /200 aggregates, groups/],
  'metrics functions': [nestedTerms(8), /256 metrics functions/],
  regexes: [regexes(100, index => `a.*${index}`), /more than 64 different regexes/],
}

/** 2^levels functions, which nest no deeper than this. */
function nestedTerms(levels: number): string {
  return levels === 0
    ? '({} | rate())'
    : `(${nestedTerms(levels - 1)} + ${nestedTerms(levels - 1)})`
}

for (const [what, [text, expected]] of Object.entries(tooMuch)) {
  test(`too many ${what} are refused`, () => {
    assert.match(use(text)?.message ?? 'accepted', expected)
  })
}

const megabyte = 1024 * 1024

const huge: Readonly<Record<string, string>> = {
  string: `{ .a = "${'x'.repeat(megabyte)}" }`,
  'raw string': `{ .a = \`${'x'.repeat(megabyte)}\` }`,
  name: `{ .${'x'.repeat(megabyte)} = 1 }`,
  'quoted name': `{ ."${'x'.repeat(megabyte)}" = 1 }`,
  number: `{ .a = ${'9'.repeat(megabyte)} }`,
  spaces: `{${' '.repeat(megabyte)}}`,
  alternation: `{ .a =~ "${'a|'.repeat(megabyte)}" }`,
  disjunction: `{ ${'.a || '.repeat(megabyte)}.a }`,
}

for (const [what, text] of Object.entries(huge)) {
  test(`a query with a huge ${what} is refused for its size`, () => {
    assert.match(use(text)!.message, /^the query is longer than 131072 bytes$/)
    assert.is(extractFilter(text), undefined)
  })
}

/** Just below the size limit. */
const room = 120 * 1024

const large: Readonly<Record<string, readonly [string, RegExp | undefined]>> = {
  string: [`{ .a = "${'x'.repeat(room)}" }`, undefined],
  'string of escapes': [`{ .a = "${'\\xff'.repeat(room / 4)}" }`, undefined],
  'open string': [`{ .a = "${'x'.repeat(room)}`, /literal not terminated/],
  comment: [`{ /* ${'* '.repeat(room / 2)} */ }`, undefined],
  'many comments': [`{ ${'/**/'.repeat(room / 4)} }`, undefined],
  'open comment': [`{ /* ${'/* '.repeat(room / 3)}`, /comment not terminated/],
  name: [`{ .${'x'.repeat(room)} = 1 }`, undefined],
  'name of quoted parts': [`{ .${'"x"'.repeat(room / 3)} = 1 }`, undefined],
  integer: [`{ .a = ${'9'.repeat(room)} }`, /integer out of range/],
  zeros: [`{ .a = ${'0'.repeat(room)}1 }`, undefined],
  float: [`{ .a = 0.${'9'.repeat(room)} }`, undefined],
  duration: [`{ duration > ${'1h'.repeat(room / 2)} }`, undefined],
  'fraction of a duration': [`{ duration > 1.${'9'.repeat(room)}h }`, undefined],
  identifier: [`{ ${'x'.repeat(room)} }`, /unknown identifier/],
  regex: [`{ .a =~ "${'a|'.repeat(room / 2)}" }`, /regex longer than/],
  'text of an error': [`{ name = 1 + ${'.a * '.repeat(100)}.${'x'.repeat(room)} }`, /same type/],
  'chain of constants': [`{ ${'1||'.repeat(room / 3)}1 }`, /illegal operation/],
  'chain of flags': [`{ ${'true||'.repeat(room / 6)}true }`, undefined],
  'many stages': [`{}${'|{}'.repeat(room / 3)}`, undefined],
  'many hints': [`{} ${'with(a=1)'.repeat(room / 9)}`, undefined],
  'many quantiles': [`{} | quantile_over_time(.a${',1'.repeat(room / 2)})`, undefined],
  'many fields': [`{} | select(.a${',.a'.repeat(room / 3)})`, undefined],
}

for (const [what, [text, expected]] of Object.entries(large)) {
  test(`a large ${what} is ${expected === undefined ? 'read' : 'refused'}`, () => {
    const failure = use(text)
    if (expected === undefined) assert.is(failure, undefined, failure?.message)
    else assert.match(failure?.message ?? 'accepted', expected)
  })
}

function regexes(count: number, pattern: (index: number) => string): string {
  const conditions = Array.from({ length: count }, (_, index) => `.a =~ \`${pattern(index)}\``)
  return `{ ${conditions.join('||')} }`
}

const costly: Readonly<Record<string, readonly [string, RegExp]>> = {
  'nested groups': [regexes(1, () => `${'('.repeat(8000)}${')'.repeat(8000)}`), /invalid regex/],
  'repeated repeats': [regexes(1, () => '((a{100}){100}){100}'), /invalid regex/],
  repeats: [regexes(100, index => `${'a{1000}'.repeat(100)}${index}`), /instructions/],
  'Unicode classes': [regexes(1, () => '[\\pL\\PN]'.repeat(1000)), /Unicode classes/],
  'sum of lengths': [regexes(60, index => 'abc|'.repeat(300) + index), /together longer/],
  'constant matches': [
    `{ ${Array(40)
      .fill(`"${'a'.repeat(1500)}" =~ "(a?){900}"`)
      .join('||')} }`,
    /costs too much/,
  ],
}

for (const [what, [text, expected]] of Object.entries(costly)) {
  test(`costly regular expressions are refused: ${what}`, () => {
    assert.match(use(text)?.message ?? 'accepted', expected)
  })
}

test.run()

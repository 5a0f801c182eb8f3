/** Queries that are made to cost as much as the language allows. */

export interface HostileCase {
  readonly name: string
  readonly path: string
  /** A refusal is good where no status is wanted, and so is an answer. */
  readonly status?: 200 | 400
  /** Spans that a search matches in all traces, where that is known. */
  readonly matched?: number
}

/** What the cases ask about: see `hostileSpans`. */
export const chainSpans = 50_000
export const siblingSpans = 50_000
export const uniqueSpans = 6_000

interface Range {
  readonly startSeconds: number
  readonly endSeconds: number
}

type Wanted = Pick<HostileCase, 'status' | 'matched'>
type Named = readonly [name: string, query: string, wanted?: Wanted]

const bad: Wanted = { status: 400 }
const good: Wanted = { status: 200 }
const matching = (matched: number): Wanted => ({ status: 200, matched })
const int64Max = '9223372036854775807'

function joined(count: number, operator: string, make: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => make(i)).join(` ${operator} `)
}

function nested(count: number, open: string, inside: string, close: string): string {
  return open.repeat(count) + inside + close.repeat(count)
}

const nestings: Named[] = [
  ['10,000 parentheses around a spanset', nested(10_000, '(', '{}', ')'), bad],
  ['10,000 parentheses in a filter', `{ ${nested(10_000, '(', 'true', ')')} }`, bad],
  ['250 parentheses in a filter', `{ ${nested(250, '(', 'true', ')')} }`],
  ['250 parentheses around a spanset', nested(250, '(', '{}', ')')],
  ['50,000 open parentheses', '('.repeat(50_000), bad],
  ['50,000 open braces', '{'.repeat(50_000), bad],
  ['50,000 negations', `{ ${'!'.repeat(50_000)}true }`, bad],
  ['50,000 minus signs', `{ .n = ${'-'.repeat(50_000)}1 }`, bad],
  ['250 minus signs', `{ .n = ${'- '.repeat(250)}1 }`],
  ['200 levels of alternating operators', nested(200, '(.a = 1 || (.b = 2 && ', 'true', '))')],
  ['200 levels of pipelines', nested(200, '(', '{} | count() > 0', ')')],
  ['5,000 quotes', '"'.repeat(5000), bad],
  ['60,000 comments', '{} '.concat('/* x */ '.repeat(15_000)), good],
  ['an open comment of 100,000 bytes', `{} /* ${'x'.repeat(100_000)}`],
  ['100,000 blanks', `{${' '.repeat(100_000)}}`, good],
  ['an unknown word of 100,000 letters', `{ ${'a'.repeat(100_000)} = 1 }`, bad],
]

const texts: Named[] = [
  ['a text of 1 MB', `{ .a = "${'x'.repeat(1_000_000)}" }`],
  ['a text of 100,000 bytes', `{ .unique = "${'x'.repeat(100_000)}" }`, matching(0)],
  ['a name of 100,000 bytes', `{ .${'x'.repeat(100_000)} = 1 }`, matching(0)],
  ['a quoted name of 60,000 bytes', `{ ."${'x y'.repeat(20_000)}" = 1 }`, matching(0)],
  ['a text of escapes', `{ .a = "${'\\\\'.repeat(30_000)}" }`, matching(0)],
  ['a text of unpaired surrogates', `{ .a = "${'\\ud800'.repeat(1000)}" }`],
  ['zero bytes', `{ .a = "${'\0'.repeat(1000)}" }`],
]

const regexes: Named[] = [
  ['a million alternatives', `{ .unique =~ "${joined(100_000, '|', i => `${i}`)}" }`],
  ['3,000 alternatives', `{ .unique =~ "${'x|'.repeat(3000)}x" }`],
  ['3,000 texts as alternatives', `{ .unique =~ "(${joined(3000, '|', i => `u-${i}`)})" }`],
  ['nested stars', '{ .unique =~ "(a*)*b" }', matching(0)],
  ['nested plus', '{ .unique =~ "(u+)+$" }', matching(0)],
  ['overlapping alternatives', '{ .unique =~ "(u|u-|-|[0-9])*x" }', matching(0)],
  ['ten dots and stars', `{ .unique =~ "${'.*'.repeat(10)}x" }`, matching(0)],
  ['300 dots and stars', `{ .unique =~ "${'.*'.repeat(300)}x" }`, matching(0)],
  ['everything', '{ .unique =~ ".*" }', matching(uniqueSpans)],
  ['nothing at all', '{ .unique !~ ".*" }', good],
  ['repetition of repetitions', '{ .unique =~ "((u{1,1000}){1,1000}){1,1000}" }', bad],
  ['1,000 optional letters', `{ .unique =~ "${'u?'.repeat(1000)}${'u'.repeat(1000)}" }`],
  ['unicode classes', `{ .unique =~ "${'\\\\pL'.repeat(500)}" }`],
  ['long text against a constant', `{ "${'a'.repeat(60_000)}" =~ "(a*)*b" }`],
  ['deep groups', `{ .unique =~ "${nested(5000, '(', 'u', ')')}" }`],
  ['back reference', '{ .unique =~ "(u)\\\\1" }', bad],
  ['look ahead', '{ .unique =~ "(?=u)u" }', bad],
  [
    '500 regular expressions',
    `{ ${joined(500, '||', i => `.unique =~ "(u|${i}).*[0-9]+${i}x"`)} }`,
  ],
  ['regex on names', '{ name =~ "(s|sibling|.*)*" }', good],
  ['regex on every event', '{ event:name =~ "(.*)*" }', good],
]

const arithmetic: Named[] = [
  ['one divided by zero', '{ 1 / 0 = 1 }', bad],
  ['modulo zero', '{ 1 % 0 = 1 }', bad],
  ['zero to the minus one', '{ 0 ^ -1 = 1 }'],
  ['a power of int64 max', `{ .n ^ ${int64Max} = 1 }`, good],
  ['a tower of twos', '{ 2 ^ 2 ^ 2 ^ 2 ^ 2 = 1 }'],
  ['a tower of fields', '{ .n ^ .n ^ .n ^ .n ^ .n = 1 }', good],
  ['a tower of nines', `{ ${joined(200, '^', () => '9')} = 1 }`],
  ['a negative power', `{ .n ^ -${int64Max} = 1 }`, good],
  ['too large an integer', `{ .n = ${'9'.repeat(1000)} }`],
  ['integers that overflow', `{ .n + ${int64Max} + ${int64Max} > 0 }`, good],
  ['durations that overflow', '{ duration * 9223372036854775807 > 0 }'],
  ['a duration of many years', '{ duration > 999999999h }'],
  ['5,000 additions', `{ ${joined(5000, '+', () => '.n')} > 0 }`],
  ['200 additions', `{ ${joined(200, '+', () => '.n')} > 0 }`, good],
  ['200 divisions by zero', `{ ${joined(200, '/', () => '.zero')} > 0 }`, good],
  ['a float of 10,000 digits', `{ .n > 0.${'1'.repeat(10_000)} }`],
  ['an exponent without bounds', '{ .n < 1e999999999 }'],
  ['field against field', '{ .n > .n }', matching(0)],
  ['text minus text', '{ .unique - .unique = 0 }'],
]

const widths: Named[] = [
  ['4,000 conditions, or', `{ ${joined(4000, '||', i => `.n = ${i}`)} }`],
  ['4,000 texts, or', `{ ${joined(4000, '||', i => `.unique = "u-${i}"`)} }`],
  ['4,000 conditions, and', `{ ${joined(4000, '&&', i => `.n != ${i + 100_000}`)} }`],
  ['3,000 different names', `{ ${joined(3000, '||', i => `.a${i} = ${i}`)} }`],
  ['1,000 conditions on the duration', `{ ${joined(1000, '||', i => `duration = ${i}s`)} }`],
  ['4,000 orders, or', `{ ${joined(4000, '||', i => `.n > ${i + 100_000}`)} }`],
  ['4,000 orders of the duration', `{ ${joined(4000, '||', i => `duration > ${i + 1}h`)} }`],
  ['500 orders of texts', `{ ${joined(500, '||', i => `.unique > "v-${i}"`)} }`],
  ['200 comparisons of fields', `{ ${joined(200, '||', () => '.n < .zero')} }`],
  ['60 regular expressions', `{ ${joined(60, '||', i => `.unique =~ "(u|${i}).*[0-9]+${i}x"`)} }`],
  ['2,000 spansets, or', joined(2000, '||', i => `{ .n = ${i} }`)],
  ['2,000 spansets, and', joined(2000, '&&', () => '{}')],
  ['200 spansets, and', joined(200, '&&', () => '{}')],
  ['200 spansets, or', joined(200, '||', i => `{ .n = ${i} }`)],
  ['5,000 filters', joined(5000, '|', () => '{}')],
  ['200 filters', joined(200, '|', () => '{}')],
  ['2,000 aggregates', `{} | ${joined(2000, '|', () => 'count() > 0')}`],
  ['100 aggregates', `{} | ${joined(100, '|', () => 'count() > 0')}`],
  ['3,000 selected fields', `{} | select(${joined(3000, ',', i => `.a${i}`)})`],
  ['500 groups', `{} | by(.unique) ${'| by(.n) '.repeat(500)}`],
]

const structures: Named[] = [
  ['every descendant', '{} >> {}', good],
  ['every ancestor', '{} << {}', good],
  ['every child', '{} > {}', good],
  ['every parent', '{} < {}', good],
  ['every sibling', '{} ~ {}', good],
  ['no descendants', '{} !>> {}', good],
  ['no ancestors', '{} !<< {}', good],
  ['no children', '{} !> {}', good],
  ['no siblings', '{} !~ {}', good],
  ['both sides of descendants', '{} &>> {}', good],
  ['both sides of siblings', '{} &~ {}', good],
  ['both sides of children', '{} &> {}', good],
  ['ten descendants', joined(10, '>>', () => '{}'), good],
  ['200 descendants', joined(200, '>>', () => '{}')],
  ['200 children', joined(200, '>', () => '{}')],
  ['200 siblings', joined(200, '~', () => '{}')],
  ['1,000 descendants', joined(1000, '>>', () => '{}')],
  ['1,000 siblings', joined(1000, '~', () => '{}')],
  [
    'the end of the chain',
    `{ .n = 0 } >> { .n = ${chainSpans - 1} && name = "chain" }`,
    matching(1),
  ],
  ['the chain upwards', `{ .n = 0 } << { .n = ${chainSpans - 1} && name = "chain" }`, good],
  ['a child far away', '{ name = "chain" && .n = 0 } > { .n = 2 }', matching(0)],
  [
    'siblings of one',
    '{ name = "sibling" && .n = 7 } ~ { name = "sibling" }',
    matching(siblingSpans - 2),
  ],
  ['a tree of operators', nested(50, '({} >> ', '{}', ')')],
  ['depth', '{ nestedSetParent > 0 }'],
  ['siblings, then by', '{} ~ {} | by(.n) | count() > 0'],
]

const pipelines: Named[] = [
  ['groups of unique values', '{} | by(.unique)', good],
  ['groups of span ids', '{} | by(span:id)'],
  ['groups of times', '{} | by(duration) | avg(duration) > 0'],
  ['groups of groups', '{} | by(.n) | by(name) | by(.unique) | count() > 0'],
  ['averages of everything', '{} | avg(.n) > 0 | max(.n) > 0 | min(.n) >= 0 | sum(.n) > 0', good],
  ['coalesce of unique groups', '{} | by(.unique) | coalesce()', good],
  ['averages of texts', '{} | avg(.unique) > 0'],
  [
    'select of everything',
    '{} | select(.unique, .n, name, duration, status, kind, trace:id)',
    good,
  ],
  ['counts beyond everything', `{} | count() > ${int64Max}`, matching(0)],
]

const metricQueries: Named[] = [
  ['rate', '{} | rate()', good],
  ['rate by unique values', '{} | rate() by(.unique)', good],
  ['rate by span ids', '{} | rate() by(span:id)', good],
  ['rate by five', '{} | rate() by(.unique, .n, name, status, kind)', good],
  ['rate by many', `{} | rate() by(${joined(200, ',', i => `.a${i}`)})`, bad],
  ['a histogram by unique values', '{} | histogram_over_time(duration) by(.unique)', good],
  ['quantiles', '{} | quantile_over_time(duration, .5, .9, .99)', good],
  [
    'a thousand quantiles',
    `{} | quantile_over_time(duration, ${joined(1000, ',', i => `${i / 1000}`)})`,
  ],
  ['quantiles by unique values', '{} | quantile_over_time(duration, .5, .9) by(.unique)', good],
  ['quantiles of numbers', '{} | quantile_over_time(.n, .5, .9, 1, 0)', good],
  ['quantiles out of bounds', '{} | quantile_over_time(duration, 1e300, -1)'],
  ['compare with top 1000', '{} | compare({ .n > 5 }, 1000)', good],
  [
    'compare with top 1000 of the end',
    '{} | compare({ name = "unique" }, 1000, 0, 99999999999999)',
  ],
  ['compare with top of int64', `{} | compare({ status = error }, ${int64Max})`, bad],
  ['compare nothing', '{ false } | compare({ true }, 1000)', good],
  ['compare a descendant', '{} >> {} | compare({ .n > 5 }, 1000)', good],
  ['topk of int64 max', `{} | rate() by(.unique) | topk(${int64Max})`, good],
  ['topk beyond int64', `{} | rate() by(.unique) | topk(${'9'.repeat(30)})`, bad],
  ['topk of zero', '{} | rate() by(.unique) | topk(0)', bad],
  ['topk of bottomk', '{} | rate() by(.unique) | topk(1000) | bottomk(1000) | topk(1)', good],
  ['300 second stages', `{} | rate() by(.n) ${'| topk(10) '.repeat(300)}`],
  ['metrics of a chain', '{} >> {} | rate() by(.n)', good],
  ['metrics of siblings', '{} ~ {} | count_over_time() by(.n)', good],
  ['sums of large numbers', '{} | sum_over_time(.n) by(.unique)', good],
  ['extremes', '{} | max_over_time(.n) by(span:id)', good],
  ['arithmetic of metrics', '({} | rate()) / ({ false } | rate())', good],
  ['100 terms', joined(100, '+', () => '({} | rate())')],
  ['arithmetic of unique series', '({} | rate() by(.unique)) * ({} | rate() by(.unique))', good],
  ['nested arithmetic', nested(200, '(', '{} | rate()', ')')],
  ['exemplars of everything', '{} | rate() by(.unique) with(exemplars=true)', good],
  ['a filter of texts', '{ .unique =~ ".*(1|2|3)+.*" } | rate() by(.unique)', good],
]

function url(path: string, params: Readonly<Record<string, string | number>>): string {
  const texts = Object.entries(params).map(([name, value]) => [name, String(value)] as const)
  return `${path}?${new URLSearchParams(Object.fromEntries(texts))}`
}

export function hostileCases({ startSeconds, endSeconds }: Range): HostileCase[] {
  const range = { start: startSeconds, end: endSeconds }
  const queries = [nestings, texts, regexes, arithmetic, widths, structures, pipelines].flat()
  const values = '/api/v2/search/tag/.unique/values'
  return [
    ...queries.map(([name, q, wanted]) => ({
      ...{ name: `search: ${name}`, ...wanted },
      path: url('/api/search', { ...range, q, limit: 1000, spss: 1 }),
    })),
    ...[...regexes, ...structures].slice(0, 60).map(([name, q]) => ({
      name: `rate of: ${name}`,
      path: url('/api/metrics/query_range', { ...range, q: `${q} | rate()`, step: '10s' }),
    })),
    ...metricQueries.flatMap(([name, q, wanted]) => [
      {
        ...{ name: `range: ${name}`, ...wanted },
        path: url('/api/metrics/query_range', { ...range, q, step: '10s' }),
      },
      {
        ...{ name: `instant: ${name}`, ...wanted },
        path: url('/api/metrics/query', { ...range, q }),
      },
    ]),
    ...[...regexes, ...arithmetic, ...widths.slice(0, 6)].map(([name, q]) => ({
      ...{ name: `values where: ${name}`, path: url(values, { ...range, q }) },
    })),
    ...requestCases(range),
  ]
}

function requestCases(range: { start: number; end: number }): HostileCase[] {
  const search = (params: Record<string, string | number>) =>
    url('/api/search', { ...range, q: '{}', ...params })
  const metrics = (params: Record<string, string | number>) =>
    url('/api/metrics/query_range', { ...range, q: '{} | rate() by(.n)', ...params })
  const ever = { start: 1, end: 4_000_000_000 }
  return [
    { name: 'the largest limit', path: search({ limit: 262_144 }), status: 200 },
    { name: 'more than the largest limit', path: search({ limit: 262_145 }), status: 400 },
    { name: 'the largest spansets', path: search({ spss: 100, limit: 1000 }), status: 200 },
    { name: 'larger spansets', path: search({ spss: 101 }), status: 400 },
    { name: 'unlimited spansets', path: search({ spss: 0 }) },
    { name: 'a search of all times', path: search(ever) },
    { name: 'an empty range', path: search({ start: range.end, end: range.end }) },
    { name: 'tags of 10,000 names', path: url('/api/search', { ...range, tags: tagList(4000) }) },
    { name: 'steps of a nanosecond', path: metrics({ step: '1ns' }), status: 400 },
    { name: 'steps of a millisecond', path: metrics({ step: '1ms' }) },
    { name: 'steps of a second', path: metrics({ step: '1s' }) },
    { name: 'steps of a year', path: metrics({ step: '8760h' }) },
    { name: 'negative steps', path: metrics({ step: '-1s' }), status: 400 },
    { name: 'metrics of all times', path: metrics({ ...ever, step: '1s' }), status: 400 },
    { name: 'a day in seconds', path: metrics({ start: range.end - 86_000, step: '1s' }) },
    { name: 'a day in 10 seconds', path: metrics({ start: range.end - 86_000, step: '10s' }) },
    { name: 'all exemplars', path: metrics({ exemplars: 2_147_483_647 }) },
    { name: 'unique values', path: url('/api/v2/search/tag/.unique/values', range), status: 200 },
    { name: 'unique values, v1', path: url('/api/search/tag/unique/values', range), status: 200 },
    { name: 'unique values of a scope', path: url('/api/v2/search/tag/span.unique/values', range) },
    {
      name: 'values of a long name',
      path: `/api/v2/search/tag/.${'x'.repeat(100_000)}/values`,
    },
    { name: 'no limit of values', path: url('/api/v2/search/tag/.unique/values', { limit: 0 }) },
    { name: 'tag names', path: url('/api/v2/search/tags', range), status: 200 },
    { name: 'span ids', path: url('/api/v2/search/tag/span:id/values', range) },
    { name: 'durations', path: url('/api/v2/search/tag/duration/values', range) },
    { name: 'the chain', path: `/api/traces/${'c'.repeat(32)}`, status: 200 },
    { name: 'the siblings', path: `/api/v2/traces/${'d'.repeat(32)}`, status: 200 },
  ]
}

function tagList(count: number): string {
  return joined(count, '', i => `a${i}=${i}`)
}

// time limit: 300 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { printQuery } from '../../src/traceql/print.ts'
import type { CorpusQuery } from '../conformance/corpus.ts'
import { baseSeconds } from './pools.ts'
import { queryClasses } from './query-classes.ts'
import { literalFilter, logicalSpansets, spanFilter } from './random-query.ts'
import { randomSpans } from './random-traces.ts'
import { search } from './search.ts'
import { goodQuery, tempoAnswer } from './tempo-answer.ts'
import { tracesOf } from './trace.ts'

/** What holds between answers of the reference, whatever the spans and the conditions. */

const test = suite('reference evaluator, laws')

const runs = { numRuns: 1000 }

function answer(kind: CorpusQuery['kind'], text: string, spans: readonly PlainSpan[]): string {
  const params = new URLSearchParams({
    ...{ q: text, limit: '100', spss: '100', step: '60s' },
    ...{ start: String(baseSeconds - 60), end: String(baseSeconds + 7300) },
  })
  return JSON.stringify(tempoAnswer(kind, '', params, tracesOf(spans)))
}

for (const { name, kind, query } of queryClasses) {
  test(`a query and its canonical text have one answer: ${name}`, () => {
    const property = fc.property(randomSpans, query, ({ spans }, text) => {
      for (const asked of kind === 'search'
        ? (['search'] as const)
        : (['range', 'instant'] as const)) {
        const canonical = printQuery(goodQuery(text))
        assert.is(answer(asked, canonical, spans), answer(asked, text, spans))
      }
    })
    fc.assert(property, runs)
  })
}

/** Every span that is found, by trace, id and start. */
function found(text: string, spans: readonly PlainSpan[]): string[] {
  return search(goodQuery(text), tracesOf(spans))
    .flatMap(({ spansets }) => spansets)
    .flatMap(spanset => spanset.spans)
    .map(({ span }) => `${span.traceId} ${span.spanId} ${span.startNs}`)
    .sort()
}

test('a condition or its opposite holds, and never both', () => {
  const property = fc.property(randomSpans, literalFilter, ({ spans }, filter) => {
    // By itself a field with `!` before it has no opposite: it may be no bool.
    const opposite = filter.replace('{', '{ !((').replace(/\}$/, ') && true) }')
    const both = [...found(filter, spans), ...found(opposite, spans)]
    assert.equal(both.sort(), found('{ }', spans))
  })
  fc.assert(property, runs)
})

test('of two filters in a row both hold', () => {
  const property = fc.property(randomSpans, spanFilter, spanFilter, ({ spans }, one, other) => {
    const [a, b] = [one, other].map(filter => filter.replace('{', '(').replace(/\}$/, ')'))
    assert.equal(found(`${one} | ${other}`, spans), found(`{ ${a} && ${b} }`, spans))
  })
  fc.assert(property, runs)
})

for (const relation of ['>', '>>', '<', '<<', '~']) {
  test(`${relation} and !${relation} share the right side between them`, () => {
    const sides = [logicalSpansets, literalFilter] as const
    const property = fc.property(randomSpans, ...sides, ({ spans }, left, right) => {
      const positive = found(`(${left}) ${relation} ${right}`, spans)
      const negative = found(`(${left}) !${relation} ${right}`, spans)
      assert.equal([...positive, ...negative].sort(), found(right, spans))
    })
    fc.assert(property, runs)
  })

  test(`&${relation} finds what ${relation} and its opposite find`, () => {
    const opposite = { '>': '<', '<': '>', '>>': '<<', '<<': '>>' }[relation] ?? relation
    const property = fc.property(
      ...([randomSpans, literalFilter, literalFilter] as const),
      ({ spans }, left, right) => {
        const of = (operator: string, a: string, b: string) => found(`${a} ${operator} ${b}`, spans)
        const both = [...of(relation, left, right), ...of(opposite, right, left)]
        assert.equal(of(`&${relation}`, left, right), [...new Set(both)].sort())
      },
    )
    fc.assert(property, runs)
  })
}

test('groups share the spans between them', () => {
  const property = fc.property(randomSpans, literalFilter, ({ spans }, filter) => {
    assert.equal(found(`${filter} | by(.k) | by(name)`, spans), found(filter, spans))
    assert.equal(found(`${filter} | by(.k) | coalesce()`, spans), found(filter, spans))
  })
  fc.assert(property, runs)
})

test.run()

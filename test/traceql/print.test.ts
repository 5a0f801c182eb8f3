import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseQuery } from '../../src/traceql/parser.ts'
import { printQuery } from '../../src/traceql/print.ts'
import { printFieldExpression } from '../../src/traceql/print-field.ts'
import { fieldExpression, query, shapeOf } from './random-query.ts'

const test = suite('traceql print')

test('every tree survives being printed and parsed', () => {
  const property = fc.property(query, tree => {
    const text = printQuery(tree)
    assert.equal(shapeOf(parseQuery(text)), shapeOf(tree), text)
  })
  fc.assert(property, { numRuns: 2000 })
})

test('every field expression survives being printed and parsed', () => {
  const property = fc.property(fieldExpression, expression => {
    const text = `{ ${printFieldExpression(expression)} }`
    const { body } = parseQuery(text)
    assert.is(body.kind, 'spans')
    if (body.kind !== 'spans') return
    const [stage] = body.pipeline.stages
    const condition = { kind: 'filter', condition: expression }
    assert.equal(shapeOf(stage), shapeOf({ kind: 'spansets', expression: condition }), text)
  })
  fc.assert(property, { numRuns: 3000 })
})

test('printing is stable', () => {
  const property = fc.property(query, tree => {
    const text = printQuery(tree)
    assert.is(printQuery(parseQuery(text)), text)
  })
  fc.assert(property, { numRuns: 2000 })
})

const canonical: readonly (readonly [string, string])[] = [
  ['{}', '{ true }'],
  ['{.a=1&&.b=2||.c=3}', '{ ((.a = 1) && (.b = 2)) || (.c = 3) }'],
  ['{span:status=error}', '{ status = error }'],
  ['{ trace:rootService = "x" }', '{ rootServiceName = `x` }'],
  ['{ duration > 90m }', '{ duration > 1h30m0s }'],
  ['{ duration > 1us }', '{ duration > 1µs }'],
  ['{ .a = "b`c" }', '{ .a = "b`c" }'],
  ['{ .a = "b\\nc" }', '{ .a = "b\\nc" }'],
  ['{ .a = 3.0 }', '{ .a = 3.0 }'],
  ['{ .a = minInt }', '{ .a = minInt }'],
  ['{ ."a b" = .c" "d }', '{ ."a b" = ."c d" }'],
  ['{ ."5" = 1 }', '{ ."5" = 1 }'],
  ['{}|max(.num *2+1)=41', '{ true } | max((.num * 2) + 1) = 41'],
  ['{}|by(.num %3)|coalesce()', '{ true } | by(.num % 3) | coalesce()'],
  ['{}>{}||{}', '({ true } > { true }) || { true }'],
  ['({}|count()>1)>>({})', '({ true } | count() > 1) >> ({ true })'],
  ['{}|rate()by(name)>2|topk(3)', '{ true } | rate() by (name) > 2 | topk(3)'],
  ['100*({}|rate())', '100 * ({ true } | rate())'],
  ['{} with(most_recent=true)', '{ true } with (most_recent=true)'],
]

for (const [text, expected] of canonical) {
  test(`${text} prints as ${expected}`, () => {
    assert.is(printQuery(parseQuery(text)), expected)
  })
}

test.run()

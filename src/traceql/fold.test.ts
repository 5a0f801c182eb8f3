import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FieldExpression } from './ast.ts'
import { foldConstants, foldScalar } from './fold.ts'
import { parseQuery } from './parser.ts'
import { printFieldExpression } from './print-field.ts'
import { QueryRegexes } from './regex.ts'

const test = suite('fold')

function conditionOf(text: string): FieldExpression {
  const { body } = parseQuery(`{ ${text} }`)
  const stage = body.kind === 'spans' ? body.pipeline.stages[0] : undefined
  assert.ok(stage?.kind === 'spansets' && stage.expression.kind === 'filter')
  return stage.expression.condition
}

function folded(text: string): string {
  const context = { text, regexes: new QueryRegexes() }
  return printFieldExpression(foldConstants(conditionOf(text), context))
}

const folds: readonly (readonly [string, string])[] = [
  ['1 + 2 * 3', '7'],
  ['20 / 3', '6'],
  ['-7 / 2', '-3'],
  ['-7 % 3', '-1'],
  ['7 / 2.0', '3.5'],
  ['2 ^ 10', '1024'],
  ['2 ^ 3 ^ 2', '512'],
  ['-2 ^ 2', '-4'],
  ['2 ^ -1', '0'],
  ['2 ^ 9223372036854775807', '0'],
  ['3 ^ 9223372036854775807 = 0', 'false'],
  ['2.0 ^ -1', '0.5'],
  ['maxInt + 1', 'minInt'],
  ['-minInt', 'minInt'],
  ['1h + 30m', '1h30m0s'],
  ['2 * 1s', '2s'],
  ['1s / 2', '500000000.0'],
  ['9007199254740993 > 9007199254740992.0', 'true'],
  ['maxInt = 9223372036854775807.0', 'false'],
  ['1s = 1000000000', 'true'],
  ['"a" < "b" && "é" > "z"', 'true'],
  ['"\\U0001F600" > "\\uffff"', 'true'],
  ['error = error', 'true'],
  ['ok != error', 'true'],
  ['nil = nil', 'false'],
  ['nil != nil', 'false'],
  ['nil = 5', 'false'],
  ['"ab\\nc" =~ "a.*"', 'true'],
  ['"abc" =~ "b"', 'false'],
  ['"abc" !~ "b"', 'true'],
  ['!true', 'false'],
  ['!(1 = 2)', 'true'],
  ['true && .a', '.a'],
  ['false && .a', 'false'],
  ['true || .a', 'true'],
  ['nil || .a', '.a'],
  ['.a = 1 + 1', '.a = 2'],
  ['.a + (1 + 1) = 2', '(.a + 2) = 2'],
  ['.a && (1 = 1) && .b', '.a && .b'],
]

for (const [text, expected] of folds) {
  test(`${text} is ${expected}`, () => {
    assert.is(folded(text), expected)
  })
}

test('scalars fold when they hold no aggregate', () => {
  const scalarOf = (text: string) => {
    const { body } = parseQuery(`count() > ${text}`)
    const stage = body.kind === 'spans' ? body.pipeline.stages[0] : undefined
    assert.ok(stage?.kind === 'scalarFilter')
    return foldScalar(stage.right)
  }
  assert.equal(scalarOf('2 * 48 + 2'), { type: 'int', value: '98' })
  assert.is(scalarOf('1 / 0'), 'division by zero')
  assert.is(scalarOf('1 + count()'), undefined)
})

test.run()

// time limit: 120 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CompareOp, Literal, Operand, Predicate } from '../model/predicate.ts'
import { literals, operands, plainSpans } from './arbitraries-fixture.ts'
import { composeSearch } from './compose.ts'
import { blockSource, liveSource, segmentOf } from './sources-fixture.ts'

/** Long lists of comparisons give what the same comparisons give in lists that are short. */

const test = suite('comparisons with one of many')

const never = new AbortController().signal
const many = fc.array(
  literals.map(({ literal }) => literal),
  { minLength: 8, maxLength: 40 },
)

function comparisons(operand: Operand, op: CompareOp, values: readonly Literal[]): Predicate[] {
  return values.map(literal => ({ kind: 'compare', operand, op, literal }))
}

function inPieces(kind: 'and' | 'or', parts: readonly Predicate[]): Predicate {
  const pieces: Predicate[] = []
  for (let i = 0; i < parts.length; i += 4) pieces.push({ kind, parts: parts.slice(i, i + 4) })
  return { kind, parts: pieces.slice(0, 7).concat(rest(kind, pieces.slice(7))) }
}

function rest(kind: 'and' | 'or', pieces: readonly Predicate[]): Predicate[] {
  return pieces.length === 0 ? [] : [{ kind, parts: pieces }]
}

/** In an `and`, conditions on events must hold for the same one. */
function isOfItems(operand: Operand): boolean {
  return operand.kind === 'attribute'
    ? operand.scope === 'event' || operand.scope === 'link'
    : /^(event|link)/.test(operand.name)
}

for (const [kind, op] of [
  ['or', '='],
  ['and', '!='],
  ['or', '<'],
  ['and', '<='],
  ['and', '>'],
  ['or', '>='],
] as const) {
  test(`${op} with ${kind}`, async () => {
    await fc.assert(
      fc.asyncProperty(plainSpans, operands, many, async (spans, operand, values) => {
        fc.pre(kind === 'or' || !isOfItems(operand))
        const isOrder = op !== '=' && op !== '!='
        const usable = values.filter(({ type }) => !isOrder || type !== 'bool')
        const parts = comparisons(operand, op, usable)
        const segment = segmentOf(spans)
        for (const source of [liveSource(segment), await blockSource(segment)]) {
          const found = async (wanted: Predicate) => {
            const request = { spans: wanted, traceAll: [], select: [], limit: 100 }
            return (await composeSearch([source], { ...request, spansPerSpanSet: 100 }, never)).hits
          }
          assert.equal(await found({ kind, parts }), await found(inPieces(kind, parts)))
        }
      }),
      { numRuns: 200 },
    )
  })
}

test.run()

import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure, Failure } from '../../base/errors.ts'
import { parseLogfmt } from './logfmt.ts'
import { tagsToPredicates } from './logfmt-tags.ts'

const test = suite('logfmt-tags')

test('pairs', () => {
  const cases: [string, [string, string | undefined][]][] = [
    ['', []],
    ['  a=b ', [['a', 'b']]],
    [
      ' service.name="telemetrygen" name="okey-dokey"',
      [
        ['service.name', 'telemetrygen'],
        ['name', 'okey-dokey'],
      ],
    ],
    ['user.id="u 1"', [['user.id', 'u 1']]],
    [
      'user.id=u 1',
      [
        ['user.id', 'u'],
        ['1', undefined],
      ],
    ],
    [
      'a= b=""',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['a="x\\"y\\n\\u00e9\\\'"', [['a', 'x"y\né\'']]],
    ['a="é=ü"', [['a', 'é=ü']]],
  ]
  for (const [text, pairs] of cases) {
    assert.equal(
      parseLogfmt(text),
      pairs.map(([key, value]) => ({ key, value })),
      text,
    )
  }
})

test('mistakes', () => {
  const cases: [string, string][] = [
    ['a=1 a=2', 'tag a has been set twice'],
    ['a="b', 'unterminated quoted value at pos 5'],
    ['a="b\\', 'unterminated quoted value at pos 6'],
    ['=', "unexpected '=' at pos 1"],
    ['service.name=foo =error', "unexpected '=' at pos 18"],
    ['service.name=foo=bar', "unexpected '=' at pos 17"],
    ['service.name="foo bar', 'unterminated quoted value at pos 22'],
    ['"service name"=foo', `unexpected '"' at pos 1`],
    ['a=é"', `unexpected '"' at pos 5`],
    ['a="\\x"', 'invalid quoted value at pos 3'],
  ]
  for (const [text, message] of cases) {
    try {
      parseLogfmt(text)
      assert.unreachable(text)
    } catch (error) {
      assert.is(asFailure(error).message, `invalid tags: ${message}`)
    }
  }
})

test('any text is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '=', '"', ' ', '\\', 'é') }), text => {
      try {
        parseLogfmt(text)
      } catch (error) {
        assert.instance(error, Failure)
      }
    }),
    { numRuns: 2000 },
  )
})

test('the three classes of keys', () => {
  const contains = (operand: object, value: string) => {
    return { kind: 'compare', operand, op: 'contains', literal: { type: 'string', value } }
  }
  assert.equal(tagsToPredicates('name=okey service.name=tele root.name="GET /"'), [
    contains({ kind: 'intrinsic', name: 'name' }, 'okey'),
    contains({ kind: 'attribute', scope: 'resource', key: 'service.name' }, 'tele'),
    contains({ kind: 'intrinsic', name: 'rootName' }, 'GET /'),
  ])
  assert.equal(tagsToPredicates('http.url=/x'), [
    {
      kind: 'or',
      parts: [
        contains({ kind: 'attribute', scope: 'span', key: 'http.url' }, '/x'),
        contains({ kind: 'attribute', scope: 'resource', key: 'http.url' }, '/x'),
      ],
    },
  ])
  const exact = (scope: string, key: string, literal: object) => {
    return { kind: 'compare', operand: { kind: 'attribute', scope, key }, op: '=', literal }
  }
  const text = { type: 'string', value: 'u 1' }
  assert.equal(tagsToPredicates('user.id="u 1"'), [
    { kind: 'or', parts: [exact('span', 'user.id', text), exact('resource', 'user.id', text)] },
  ])
  const key = 'http.status_code'
  const [status] = tagsToPredicates('http.status_code=500')
  const int = { type: 'int', value: '500' }
  const digits = { type: 'string', value: '500' }
  assert.equal(status, {
    kind: 'or',
    parts: [
      { kind: 'or', parts: [exact('span', key, int), exact('resource', key, int)] },
      { kind: 'or', parts: [exact('span', key, digits), exact('resource', key, digits)] },
    ],
  })
  assert.equal(tagsToPredicates('status.code=error'), [
    {
      kind: 'compare',
      operand: { kind: 'intrinsic', name: 'status' },
      op: '=',
      literal: { type: 'int', value: '2' },
    },
  ])
  const never = { kind: 'constant', value: false }
  assert.equal(tagsToPredicates('keyonly status.code=bogus'), [never, never])
})

test.run()

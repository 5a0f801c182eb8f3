import fc from 'fast-check'
import { RE2JS } from 're2js'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { requiredLiteral } from './regex-literal.ts'
import { textTest } from './value-test.ts'

const test = suite('literal before regex')

const pieces = [
  ...['a', 'ab', 'B', '-', '/', ' ', 'é', '😀', ']', '}', ',', '1', '41', ':', '=', '^', '$', '.'],
  ...['*', '+', '?', '{2}', '{1,2}', '{', '|', '(a)', '(?i)', '(b|a)', '(?:ab)'],
  ...['[ab]', '[^b]', '[]a]', '[^]a]', '[[:alpha:]]', '[a\\]b]', '[-a]', '[\\d]'],
  ...['\\.', '\\d', '\\w', '\\D', '\\b', '\\B', '\\A', '\\z', '\\n', '\\t', '\\x41', '\\x{41}'],
  ...['\\Qa.b\\E', '\\Q[\\E', '\\pL', '\\p{Greek}', '\\PL', '\\101', '\\a', '\\-', '\\/', '\\]'],
]

const values = fc.oneof(
  fc.array(fc.constantFrom('a', 'b', 'A', 'B', '.', '-', ']', '[', '1', '41', 'é', '😀', '\n'), {
    maxLength: 5,
  }),
  fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
)

function compiled(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL)
  } catch {
    return null
  }
}

test('what matches contains the literal', () => {
  let matched = 0
  const patterns = fc.array(fc.constantFrom(...pieces), { maxLength: 4 })
  fc.assert(
    fc.property(patterns, fc.array(values, { minLength: 20, maxLength: 20 }), (parts, lists) => {
      const pattern = parts.join('')
      const regex = compiled(pattern)
      if (!regex) return
      for (const value of [pattern, ...lists.map(list => list.join(''))]) {
        const wanted = regex.matches(value)
        if (wanted) matched++
        const found = textTest('=~', { type: 'string', value: pattern })(Buffer.from(value))
        assert.is(found, wanted, JSON.stringify([pattern, value]))
        const negative = textTest('!~', { type: 'string', value: pattern })(Buffer.from(value))
        assert.is(negative, !wanted)
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(matched > 1000, `${matched} matches`)
})

test('plain patterns have a literal', () => {
  assert.is(requiredLiteral('.*checkout.*'), 'checkout')
  assert.is(requiredLiteral('GET /api/v1/.*'), 'GET /api/v1/')
  assert.is(requiredLiteral('https?://shop'), '://shop')
  assert.is(requiredLiteral('user-\\d+'), 'user-')
  assert.is(requiredLiteral('a\\.b[0-9]cd'), 'a.b')
  assert.is(requiredLiteral('a😀?'), 'a')
})

test('what needs a parser has none', () => {
  for (const pattern of ['a|b', '(?i)abc', '\\x41', '[^]a]b]', '[[:alpha:]]]', '\\Qab\\E'])
    assert.is(requiredLiteral(pattern), '')
})

test.run()

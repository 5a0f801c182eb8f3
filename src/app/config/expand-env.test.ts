import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../../base/settings-problems.ts'
import { expandEnv } from './expand-env.ts'

const env = { NAME: 'value', EMPTY: '', Mixed: 'aBc', UTF: 'ä', 'with-dash': 'd' }
const expand = (text: string) => expandEnv(text, env, 'c.yaml')

/** Writes a substitution, so that no test text looks like a template. */
const sub = (inside: string) => `\${${inside}}`

const test = suite('expand environment')

test('values, defaults, and nothing for what is not there', () => {
  const cases: [string, string][] = [
    ['plain text', 'plain text'],
    [`a ${sub('NAME')} b`, 'a value b'],
    [sub('ABSENT'), ''],
    [sub('ABSENT:-x'), 'x'],
    [sub('EMPTY:-x y'), 'x y'],
    [sub('NAME:-x'), 'value'],
    [sub('ABSENT:=x'), 'x'],
    [sub('ABSENT=x'), 'x'],
    [sub('ABSENT:-'), ''],
    [sub(`ABSENT:-a${sub('NAME')}b`), 'avalueb'],
    [sub(`ABSENT:-${sub(`ALSO:-${sub('NAME')}`)}`), 'value'],
    [`${sub(`NAME:-${sub('ABSENT:-x')}`)}}`, 'value}'],
    [sub('with-dash'), 'd'],
    [sub('#NAME'), '5'],
    [sub('#UTF'), '2'],
    [sub('NAME^'), 'Value'],
    [sub('NAME^^'), 'VALUE'],
    [sub('Mixed,,'), 'abc'],
    [sub('Mixed,'), 'aBc'],
  ]
  for (const [text, expected] of cases) assert.is(expand(text), expected, text)
})

test('dollars that are no substitution stay, doubled ones escape', () => {
  assert.is(expand('cost $5 $NAME $'), 'cost $5 $NAME $')
  assert.is(expand(`$${sub('NAME')}`), sub('NAME'))
  assert.is(expand('a$$b'), 'a$b')
  assert.is(expand('{a: }'), '{a: }')
})

test('values are put in as they are', () => {
  assert.is(expandEnv(sub('A'), { A: sub('B'), B: 'x' }, 'c'), sub('B'))
})

test('what is not understood is refused with its place', () => {
  const failed = (text: string) => {
    try {
      expand(text)
    } catch (error) {
      assert.instance(error, ConfigError)
      return (error as Error).message.split('\n')
    }
    return []
  }
  assert.equal(failed(`a: 1\nb: ${sub('NAME/x/y')}\nc: ${sub('')}`), [
    `c.yaml:2:4: ${sub('NAME/x/y')} is not a known form of substitution`,
    `c.yaml:3:4: ${sub('')} is not a known form of substitution`,
  ])
  assert.equal(failed(`a: ${sub('NAME:-x').slice(0, -1)}\n`), [
    'c.yaml:1:4: a substitution begins here and is not closed',
  ])
  const deep = `${'${A:-'.repeat(10_000)}${'}'.repeat(10_000)}`
  assert.ok(failed(deep).includes('c.yaml:1:101: substitutions too deep'))
})

test.run()

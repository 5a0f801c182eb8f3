import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import { operandKey, printOperand } from './operand.ts'
import { parseTagName, plainTagName } from './parse-tag-name.ts'

const test = suite('parse tag name')

/** Name -> how a query writes it, and the key in a search response. */
const names: readonly (readonly [string, string, string])[] = [
  ['.x', '.x', 'x'],
  ['span.http.method', 'span.http.method', 'http.method'],
  ['resource.service.name', 'resource.service.name', 'service.name'],
  ['span."user name"', 'span."user name"', 'user name'],
  ['event.exception.type', 'event.exception.type', 'exception.type'],
  ['name', 'name', 'name'],
  ['span:name', 'name', 'name'],
  ['trace:rootService', 'rootServiceName', 'rootServiceName'],
  ['event:name', 'event:name', 'event:name'],
  ['instrumentation:version', 'instrumentation:version', 'instrumentation:version'],
  ['span:parentID', 'span:parentID', 'span:parentID'],
]

for (const [name, printed, key] of names) {
  test(`reads ${name}`, () => {
    const operand = parseTagName(name)
    assert.is(printOperand(operand), printed)
    assert.is(operandKey(operand), key)
  })
}

const refused = [
  '',
  'service.name',
  'foo',
  'span.',
  '.a b',
  '.a = 1',
  'parent.x',
  'trace:name',
  '1',
  '"x"',
]

for (const name of refused) {
  test(`refuses ${name || 'nothing'}`, () => {
    try {
      parseTagName(name)
    } catch (error) {
      const { code, message } = error as Failure
      assert.is(code, 'BAD_QUERY')
      const expected = `please provide a valid tagName: failed to parse identifier ${name}: `
      assert.ok(message.startsWith(expected), message)
      return
    }
    assert.unreachable('accepted')
  })
}

test('names of version 1 have no scope', () => {
  assert.equal(plainTagName('status'), { kind: 'intrinsic', name: 'status' })
  assert.equal(plainTagName('user name'), { kind: 'attribute', scope: 'any', key: 'user name' })
  assert.equal(plainTagName('parent'), { kind: 'attribute', scope: 'any', key: 'parent' })
})

test.run()

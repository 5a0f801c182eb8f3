import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import { FairQueue } from './fair-queue.ts'

const test = suite('fair queue')

function drain(queue: FairQueue<string>): string[] {
  const taken: string[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
  return taken
}

test('tenants take turns, each in its own order', () => {
  const queue = new FairQueue<string>(10)
  for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'c2']) queue.push(item[0]!, item)
  assert.is(queue.length, 7)
  assert.equal(drain(queue), ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'a4'])
  assert.is(queue.length, 0)
  assert.is(queue.take(), undefined)
})

test('a tenant that comes late waits for one round at most', () => {
  const queue = new FairQueue<string>(10)
  for (const item of ['a1', 'a2', 'a3']) queue.push('a', item)
  assert.is(queue.take(), 'a1')
  queue.push('b', 'b1')
  assert.equal(drain(queue), ['a2', 'b1', 'a3'])
})

test('the limit is per tenant, and room comes back with each item taken', () => {
  const queue = new FairQueue<string>(2)
  queue.push('a', 'a1')
  queue.push('a', 'a2')
  assert.throws(
    () => queue.push('a', 'a3'),
    (error: Failure) => error.code === 'OVERLOADED' && error.fields['tenant'] === 'a',
  )
  queue.push('b', 'b1')
  assert.is(queue.take(), 'a1')
  queue.push('a', 'a4')
  assert.equal(drain(queue), ['b1', 'a2', 'a4'])
})

test('tenant names from outside are names only', () => {
  const queue = new FairQueue<string>(1)
  for (const name of ['__proto__', 'constructor', '']) queue.push(name, name)
  assert.equal(drain(queue), ['__proto__', 'constructor', ''])
})

test.run()

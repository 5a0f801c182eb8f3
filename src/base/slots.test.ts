import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slots } from './slots.ts'

const test = suite('slots')

test('as many works run at once as there are slots, in the order in which they came', async () => {
  const slots = new Slots(3)
  const begun: number[] = []
  let running = 0
  let most = 0
  const work = async (i: number) => {
    begun.push(i)
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    return i * 2
  }
  const numbers = Array.from({ length: 10 }, (_, i) => i)
  const results = await Promise.all(numbers.map(i => slots.run(() => work(i))))
  assert.equal(
    results,
    numbers.map(i => i * 2),
  )
  assert.equal(begun, numbers)
  assert.is(most, 3)
})

test('a work that fails gives its slot back', async () => {
  const slots = new Slots(1)
  const failing = slots.run(async () => {
    throw new Error('gone')
  })
  const after = slots.run(async () => 'done')
  assert.is(await failing.catch((error: Error) => error.message), 'gone')
  assert.is(await after, 'done')
  assert.is(await slots.run(async () => 'again'), 'again')
})

test.run()

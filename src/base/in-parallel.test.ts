import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inParallel } from './in-parallel.ts'

const test = suite('in parallel')

const never = new AbortController().signal

test('results come in the order of the items, and no more run at once than may', async () => {
  let running = 0
  let most = 0
  const found = await inParallel([30, 1, 20, 2, 10], 2, never, async item => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, item))
    running--
    return item * 2
  })
  assert.equal(found, [60, 2, 40, 4, 20])
  assert.is(most, 2)
  assert.equal(await inParallel([], 2, never, async () => 1), [])
})

test('the first failure ends the others, and begins no more', async () => {
  const aborted: number[] = []
  const begun: number[] = []
  const work = inParallel([1, 2, 3, 4], 2, never, async (item, signal) => {
    begun.push(item)
    if (item === 2) throw new Error('two')
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    aborted.push(item)
  })
  try {
    await work
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).message, 'two')
  }
  await new Promise(setImmediate)
  assert.equal(begun, [1, 2])
  assert.equal(aborted, [1])
})

test('the signal of the caller reaches the work', async () => {
  const caller = new AbortController()
  const work = inParallel([1, 2], 2, caller.signal, async (item, signal) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    return item
  })
  caller.abort()
  assert.equal(await work, [1, 2])
})

test.run()

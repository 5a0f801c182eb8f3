import { test } from 'uvu'

test('one', () => undefined)
test.after(() => {
  setTimeout(() => {
    throw new Error('nobody waits for this')
  }, 20)
})
test.run()

import { test } from 'uvu'

test('one', () => undefined)
test('two', () => {
  throw new Error('as it should')
})
test.run()

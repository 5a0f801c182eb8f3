import { test } from 'uvu'

test.before(() => {
  throw new Error('no test can run')
})
test('one', () => undefined)
test('two', () => undefined)
test.run()

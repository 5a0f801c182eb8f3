import { createServer } from 'node:net'
import { test } from 'uvu'

test('one', () => {
  createServer().listen(0, '127.0.0.1')
})
test.run()

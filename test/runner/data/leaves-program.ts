import { spawn } from 'node:child_process'
import { test } from 'uvu'

test('one', () => {
  spawn('sleep', ['60'], { stdio: 'inherit' }).unref()
})
test.run()

import { test } from 'uvu'

test('one', () => new Promise(resolve => setTimeout(resolve, 60_000)))
test.run()

import { test } from 'uvu'

test('one', () => undefined)
test('two', () => undefined)
test.skip('three', () => undefined)
test.run()

import { test } from 'uvu'

test('one', () => process.exit(0))
test.run()

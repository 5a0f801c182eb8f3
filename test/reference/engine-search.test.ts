// time limit: 600 s
import { suite } from 'uvu'
import { testClasses, testTags } from './everywhere.ts'

const test = suite('engine and reference, search')

testClasses(test, 'search')
testTags(test)
test.run()

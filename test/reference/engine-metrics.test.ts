// time limit: 600 s
import { suite } from 'uvu'
import { testClasses } from './everywhere.ts'

const test = suite('engine and reference, metrics')

testClasses(test, 'metrics')
test.run()

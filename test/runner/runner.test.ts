import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runTestFile } from '../../scripts/test-file.ts'

/** What the runner makes of test files that end in the ways that uvu alone calls a success. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const runner = suite('runner')

const cases = [
  { file: 'passes', passed: 2, failed: 0, skipped: 1, problem: /^$/ },
  { file: 'skips-all', passed: 0, failed: 0, skipped: 1, problem: /^$/ },
  { file: 'leaves-program', passed: 1, failed: 0, skipped: 0, problem: /^$/ },
  { file: 'fails', passed: 1, failed: 1, skipped: 0, problem: /^$/ },
  { file: 'fails-before', passed: 0, failed: 2, skipped: 0, problem: /^$/ },
  {
    file: 'forgets-run',
    passed: 0,
    failed: 1,
    skipped: 0,
    problem: /^ran no test/,
  },
  {
    file: 'ends-early',
    passed: 0,
    failed: 1,
    skipped: 0,
    problem: /no summary$/,
  },
  {
    file: 'ends-badly',
    passed: 1,
    failed: 1,
    skipped: 0,
    problem: /ended with code 1$/,
  },
  {
    file: 'hangs',
    passed: 0,
    failed: 1,
    skipped: 0,
    problem: /^did not end within 2 s$/,
  },
  {
    file: 'leaves-server',
    passed: 1,
    failed: 1,
    skipped: 0,
    problem: /^did not end within 2 s$/,
  },
  {
    file: 'is-not-there',
    passed: 0,
    failed: 1,
    skipped: 0,
    problem: /^ran no test/,
  },
]

for (const expected of cases) {
  runner(`a file that ${expected.file.replace('-', ' ')}`, async () => {
    const result = await runTestFile(root, `test/runner/data/${expected.file}.ts`, 2_000)
    const { passed, failed, skipped } = expected
    assert.equal(
      { passed: result.passed, failed: result.failed, skipped: result.skipped },
      { passed, failed, skipped },
      result.output,
    )
    assert.match(result.problem ?? '', expected.problem)
  })
}

runner.run()

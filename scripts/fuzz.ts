import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { engineTests } from '../test/reference/query-classes.ts'
import { runTestFile, stopAll } from './test-file.ts'

/**
 * Random tests at length: damaged blocks and queries, and the engine against the reference. Each
 * test prints a line when it has ended, and none has a time limit.
 * Run: npm run fuzz [-- <part of a job's name> …]
 *
 * `RUNS` says how many runs each test has, `SEED` repeats what a failure has printed.
 */

interface Job {
  readonly name: string
  readonly file: string
  /** The only test of the file to run. */
  readonly test?: string
}

const jobsAtOnce = 2
const root = fileURLToPath(new URL('../', import.meta.url))
const runs = process.env['RUNS'] ?? '100000'

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopAll()
    process.exit(1)
  })
}

const words = process.argv.slice(2)
const isWanted = ({ name }: Job) => words.length === 0 || words.some(word => name.includes(word))
const waiting = (await allJobs()).filter(isWanted)
console.log(`${waiting.length} jobs, ${runs} runs of each test`)
const counts = { passed: 0, failed: 0 }
await Promise.all(Array.from({ length: jobsAtOnce }, lane))
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0

async function allJobs(): Promise<Job[]> {
  const jobs: Job[] = []
  for await (const file of glob('test/fuzz/*.test.ts', { cwd: root })) {
    jobs.push({ name: file, file })
  }
  for (const { name, file } of engineTests) {
    jobs.push({ name: `engine: ${name}`, file, test: name })
  }
  return jobs
}

async function lane(): Promise<void> {
  for (let job = waiting.shift(); job; job = waiting.shift()) {
    const env = { RUNS: runs, ...(job.test === undefined ? {} : { TEST: job.test }) }
    const result = await runTestFile(root, job.file, Number.POSITIVE_INFINITY, {
      env,
      onOutput: printProgress,
    })
    counts.passed += result.passed
    counts.failed += result.failed
    if (result.failed === 0) continue
    console.log(`FAIL ${job.name} ${result.problem ?? ''}\n${result.output}`)
  }
}

/** Pieces of output end at line ends: each line is written at once. */
function printProgress(text: string): void {
  for (const [line] of text.matchAll(/random test: .*/g)) {
    console.log(`${new Date().toISOString().slice(0, 19)} ${line}`)
  }
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTestFile, stopAll, type TestFileResult } from './test-file.ts'

/**
 * Runs test files, each in a process of its own, and counts what really ran.
 * Run: npm test [-- <file or folder> …] [-- --rewrite]
 *
 * `--rewrite` sets GOLDEN=rewrite: tests with golden files write what they got. The last line says
 * `N passed, N failed`; any failure, or no test at all, ends with exit code 1.
 */

/** One per core of the smallest machine that tests must pass on. */
const filesAtOnce = 2
const root = fileURLToPath(new URL('../', import.meta.url))
const paths = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
if (process.argv.includes('--rewrite')) process.env['GOLDEN'] = 'rewrite'

interface Counts {
  files: number
  passed: number
  failed: number
  skipped: number
  tookMs: number
}

const files = await findTestFiles(paths.length > 0 ? paths : ['src', 'test'])
// What tests leave behind goes with it, even when one is killed.
const temporary = mkdtempSync(join(tmpdir(), 'vivace-test-'))
process.env['TMPDIR'] = temporary
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopAll()
    rmSync(temporary, { recursive: true, force: true })
    process.exit(1)
  })
}
// A file that is named alone should run at once.
const isWhole = !paths.some(path => path.endsWith('.test.ts'))
if (isWhole && files.some(file => !file.startsWith('src/'))) await prepareTools()
const results = await runAll(files)
rmSync(temporary, { recursive: true, force: true })
printSummary(results)

async function findTestFiles(from: string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const path of from) {
    const start = relative(root, join(process.cwd(), path))
    const pattern = path.endsWith('.test.ts') ? start : `${start}/**/*.test.ts`
    for await (const file of glob(pattern, { cwd: root })) found.add(file)
  }
  return [...found].sort()
}

/** Programs that tests use are built once, outside any test's time limit. */
async function prepareTools(): Promise<void> {
  const { orSkip } = await import('../test/tools/program.ts')
  const { startS3Server } = await import('../test/tools/s3-server.ts')
  const { runTelemetrygen } = await import('../test/tools/telemetrygen.ts')
  const startMs = performance.now()
  await orSkip('tests that send telemetry', () => runTelemetrygen(['--help']))
  const server = await orSkip('tests on S3', startS3Server)
  await server?.stop()
  console.log(`test programs are ready after ${seconds(performance.now() - startMs)}`)
}

/** Files with the highest time limit first, so that no long one is left over at the end. */
async function runAll(names: readonly string[]): Promise<TestFileResult[]> {
  const waiting = names
    .map(name => ({ name, limitMs: timeLimitMs(name) }))
    .sort((a, b) => b.limitMs - a.limitMs)
  const done: TestFileResult[] = []
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const result = await runTestFile(root, next.name, next.limitMs)
      print(result)
      done.push(result)
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, lane))
  return done
}

function timeLimitMs(file: string): number {
  const text = readFileSync(join(root, file), 'utf8')
  return Number(/^\/\/ time limit: (\d+) s$/m.exec(text)?.[1] ?? 120) * 1000
}

function print(result: TestFileResult): void {
  const isGood = result.failed === 0
  const counts = `${result.passed} passed`.padStart(12)
  const took = seconds(result.tookMs).padStart(8)
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${took} ${counts}  ${result.file}`)
  if (result.problem) console.log(`     ${result.problem}`)
  if (isGood) for (const line of skipReasons(result.output)) console.log(`     ${line}`)
  else console.log(result.output.trimEnd().replace(/^/gm, '     '))
}

function skipReasons(output: string): string[] {
  return output.split('\n').filter(line => line.startsWith('SKIPPED'))
}

function printSummary(done: readonly TestFileResult[]): void {
  const suites = new Map<string, Counts>()
  const total = emptyCounts()
  for (const result of done) {
    const suite = result.file.startsWith('src/') ? 'unit' : suiteOf(result.file)
    const counts = suites.get(suite) ?? emptyCounts()
    suites.set(suite, counts)
    for (const sum of [counts, total]) add(sum, result)
  }
  console.log('\nsuite             files   passed   failed  skipped  minutes')
  for (const [suite, counts] of [...suites].sort()) console.log(row(suite, counts))
  for (const { file, failed } of done) if (failed > 0) console.log(`failed: ${file}`)
  if (total.passed + total.failed === 0) total.failed = 1
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}

/** The folder below test/, or test itself. */
function suiteOf(file: string): string {
  return file.split('/').slice(0, -1).slice(0, 2).join('/')
}

function emptyCounts(): Counts {
  return { files: 0, passed: 0, failed: 0, skipped: 0, tookMs: 0 }
}

function add(sum: Counts, result: TestFileResult): void {
  sum.files++
  sum.passed += result.passed
  sum.failed += result.failed
  sum.skipped += result.skipped
  sum.tookMs += result.tookMs
}

function row(suite: string, counts: Counts): string {
  const numbers = [counts.files, counts.passed, counts.failed, counts.skipped]
  const minutes = (counts.tookMs / 60_000).toFixed(2)
  return [suite.padEnd(14), ...numbers, minutes].map(cell => String(cell).padStart(8)).join(' ')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

import { type ChildProcess, spawn } from 'node:child_process'
import { basename, dirname, join } from 'node:path'

/**
 * One test file in one process. uvu exits with 0 when a `before` hook fails and when a file forgets
 * to call run(), and has no time limits: so nothing counts but the totals that it printed last, and
 * whatever did not pass has failed.
 */

export interface TestFileResult {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly tookMs: number
  /** What went wrong besides the tests themselves. */
  readonly problem: string | undefined
  /** What it printed, from its end at most outputBytesMax. */
  readonly output: string
}

interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly isLate: boolean
}

interface Options {
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets what the file prints while it runs. */
  readonly onOutput?: (text: string) => void
}

const outputBytesMax = 1024 * 1024
const running = new Set<ChildProcess>()

export async function runTestFile(
  root: string,
  file: string,
  limitMs: number,
  { env = {}, onOutput }: Options = {},
): Promise<TestFileResult> {
  const startMs = performance.now()
  // A process group of its own, so that programs which a test left behind end with it.
  const child = spawn(process.execPath, argumentsFor(file), {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, FORCE_COLOR: '0' },
  })
  running.add(child)
  const readOutput = collectOutput(child)
  if (onOutput) child.stdout?.on('data', (piece: Buffer) => onOutput(piece.toString()))
  const ending = await ended(child, limitMs)
  stop(child)
  running.delete(child)
  const output = readOutput()
  return {
    file,
    tookMs: performance.now() - startMs,
    output,
    ...judge(output, ending, limitMs),
  }
}

/** Ends every test file that runs, and what it started. */
export function stopAll(): void {
  for (const child of running) stop(child)
}

function argumentsFor(file: string): string[] {
  const pattern = `^${basename(file).replaceAll('.', '\\.')}$`
  const isRepeated = process.env['CI'] !== undefined || process.env['SEED'] !== undefined
  const seed = isRepeated ? ['--import', sameSeed] : []
  return [...seed, join('node_modules', 'uvu', 'bin.js'), dirname(file), pattern, '--no-color']
}

/** What random tests try in CI is the same each time: new examples are for people to look at. */
const sameSeed = new URL('../test/tools/same-seed.ts', import.meta.url).href

function collectOutput(child: ChildProcess): () => string {
  let pieces: Buffer[] = []
  let bytes = 0
  const add = (piece: Buffer) => {
    pieces.push(piece)
    bytes += piece.length
    if (bytes <= 2 * outputBytesMax) return
    pieces = [Buffer.concat(pieces).subarray(-outputBytesMax)]
    bytes = outputBytesMax
  }
  child.stdout?.on('data', add)
  child.stderr?.on('data', add)
  return () => Buffer.concat(pieces).subarray(-outputBytesMax).toString('utf8')
}

function ended(child: ChildProcess, limitMs: number): Promise<Ending> {
  return new Promise(resolve => {
    let isLate = false
    const late = () => {
      isLate = true
      stop(child)
    }
    const timer = Number.isFinite(limitMs) ? setTimeout(late, limitMs) : undefined
    child.once('error', error => resolve({ code: null, signal: error.message, isLate }))
    // A left-over program may hold the pipes open: at the exit it is stopped, then they close.
    child.once('exit', () => stop(child))
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, isLate })
    })
  })
}

function stop(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is empty: everything has ended by itself.
  }
}

function judge(
  output: string,
  ending: Ending,
  limitMs: number,
): Pick<TestFileResult, 'passed' | 'failed' | 'skipped' | 'problem'> {
  const total = lastNumber(output, 'Total')
  const passed = lastNumber(output, 'Passed') ?? 0
  const skipped = lastNumber(output, 'Skipped') ?? 0
  const notPassed = (total ?? 0) - passed
  const problem = problemOf(total, skipped, notPassed, ending, limitMs)
  return {
    passed,
    failed: notPassed === 0 && problem ? 1 : notPassed,
    skipped,
    problem,
  }
}

function problemOf(
  total: number | undefined,
  skipped: number,
  notPassed: number,
  ending: Ending,
  limitMs: number,
): string | undefined {
  if (ending.isLate) return `did not end within ${limitMs / 1000} s`
  if (ending.signal !== null) return `ended by ${ending.signal}`
  if (total === undefined) return `ended with code ${ending.code} and no summary`
  if (total + skipped === 0) return 'ran no test: is run() called?'
  if (notPassed > 0) return undefined
  return ending.code === 0 ? undefined : `tests passed, but it ended with code ${ending.code}`
}

/** uvu prints `  Total:     12`. A file in which tests print the same still prints it last. */
function lastNumber(output: string, name: string): number | undefined {
  const found = [...output.matchAll(new RegExp(`^  ${name}: +(\\d+)$`, 'gm'))].at(-1)
  return found ? Number(found[1]) : undefined
}

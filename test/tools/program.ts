import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Programs that tests talk to: taken from PATH, else from a cache directory outside the repository
 * ($VIVACE_TOOLS, by default ~/.cache/vivace-tools), else built into it with Go.
 */
export interface GoProgram {
  readonly name: string
  /** What `go install` takes, with its version. */
  readonly package: string
}

/** A program is neither there nor can it be built. */
export class MissingProgram extends Error {
  constructor(name: string, reason: string) {
    super(`${name} is not available: ${reason}`)
    this.name = 'MissingProgram'
  }
}

const buildTimeoutMs = 600_000
const run = promisify(execFile)

/** Path of the program. Fails with MissingProgram. */
export async function findOrBuild(program: GoProgram): Promise<string> {
  const cache = process.env['VIVACE_TOOLS'] ?? join(homedir(), '.cache', 'vivace-tools')
  const cached = join(cache, program.name)
  const found = (await findOnPath(program.name)) ?? ((await isProgram(cached)) ? cached : null)
  if (found) return found
  const go = await findOnPath('go')
  if (!go) throw new MissingProgram(program.name, 'not on PATH, not built before, and no Go')
  try {
    await mkdir(cache, { recursive: true })
    const env = { ...process.env, GOBIN: cache }
    await run(go, ['install', program.package], { env, timeout: buildTimeoutMs })
    return cached
  } catch (error) {
    throw new MissingProgram(program.name, `go install failed: ${(error as Error).message}`)
  }
}

export async function findOnPath(name: string): Promise<string | null> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    if (directory !== '' && (await isProgram(path))) return path
  }
  return null
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * What `start` gives, or null when a program is missing: then the caller's tests count as skipped,
 * which is said once. In CI (`CI` is set) nothing is skipped: it fails.
 */
export async function orSkip<T>(what: string, start: () => Promise<T>): Promise<T | null> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof MissingProgram) || process.env['CI']) throw error
    console.warn(`SKIPPED ${what}: ${error.message}`)
    return null
  }
}

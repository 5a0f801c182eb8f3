import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * Real processes of this server. Each has a loopback address of its own, so all can listen on
 * their usual ports, and tests can run beside each other.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The program under test: from its sources, or what $VIVACE_ENTRY names, such as the build. */
const entry = process.env['VIVACE_ENTRY'] ?? join(root, 'cmd', 'tempo.ts')
const readyTimeoutMs = 20_000
const outputCharsMax = 200_000

/** An address that no other test file uses: the middle is this process, the end is given. */
export function loopback(last: number): string {
  return `127.${(process.pid >> 8) & 255}.${process.pid & 255}.${last}`
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly tookMs: number
}

export interface ServerOptions {
  /** Where it listens; its arguments or its file must say the same. */
  readonly host: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Of the HTTP server; 3200. */
  readonly httpPort?: number
  /** Another program than the one under test. */
  readonly entry?: string
}

export class Server {
  readonly host: string
  readonly url: string
  readonly #child: ChildProcess
  readonly #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  #output = ''

  /** Starts the process and does not wait for anything. */
  constructor(options: ServerOptions) {
    this.host = options.host
    this.url = `http://${options.host}:${options.httpPort ?? 3200}`
    const child = spawn(process.execPath, [options.entry ?? entry, ...options.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      cwd: tmpdir(),
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (piece: string) => {
        this.#output = (this.#output + piece).slice(-outputCharsMax)
      })
    }
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    this.#ended = new Promise(resolve => {
      child.once('close', (code, signal) => {
        process.off('exit', kill)
        resolve({ code, signal })
      })
    })
  }

  /** What it printed to both streams, the end of it. */
  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when `/ready` says so. Fails with what was printed. */
  async ready(timeoutMs = readyTimeoutMs): Promise<void> {
    const untilMs = performance.now() + timeoutMs
    let last = ''
    while (performance.now() < untilMs) {
      if (!this.isRunning) {
        await this.#ended
        throw new Error(`the server ended before it was ready:\n${this.#output}`)
      }
      try {
        const response = await fetch(`${this.url}/ready`)
        last = await response.text()
        if (response.status === 200) return
      } catch (error) {
        last = String(error)
      }
      await pause(20)
    }
    throw new Error(`not ready after ${timeoutMs} ms: ${last}\n${this.#output}`)
  }

  /** Sends a signal and waits for the end; a process that does not end in time is killed. */
  async end(signal: NodeJS.Signals, withinMs = 15_000): Promise<Ended> {
    const startMs = performance.now()
    if (this.isRunning) this.#child.kill(signal)
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), withinMs)
    const ended = await this.#ended
    clearTimeout(forced)
    return { ...ended, tookMs: performance.now() - startMs }
  }

  /** Waits for an end that comes by itself. */
  async ended(withinMs = 15_000): Promise<Ended> {
    const startMs = performance.now()
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), withinMs)
    const ended = await this.#ended
    clearTimeout(forced)
    return { ...ended, tookMs: performance.now() - startMs }
  }
}

/** Starts a server and waits until it is ready; one that does not get there is ended. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const server = new Server(options)
  try {
    await server.ready()
    return server
  } catch (error) {
    await server.end('SIGKILL')
    throw error
  }
}

/** A directory for data, and how to remove it. */
export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'vivace-e2e-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

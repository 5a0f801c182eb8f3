import type { Clock } from '../base/clock.ts'
import { ConfigError } from '../base/settings-problems.ts'
import type { LimitValues } from './limit-settings.ts'
import { type Overrides, readTenantLimits } from './limits.ts'

export interface RuntimeFileOptions {
  readonly path: string
  readonly periodMs: number
  readonly clock: Clock
  /** Reads a whole text file; rejects when it cannot. */
  readonly readFile: (path: string) => Promise<string>
  /** What the entries inherit from. */
  readonly defaults: LimitValues
  readonly overrides: Overrides
  /** Told after each attempt; `error` is absent when it succeeded. */
  readonly onReload?: (error?: Error) => void
}

/**
 * Keeps the limits of the tenants as the per-tenant file says, without a restart. A file that
 * cannot be read or is wrong changes nothing: the limits stay as they were and it is counted.
 */
export class RuntimeFile {
  readonly #options: RuntimeFileOptions
  #text: string | undefined
  #cancel: (() => void) | undefined
  #stopped = false
  #succeeded = false
  #reloads = 0
  #failures = 0
  constructor(options: RuntimeFileOptions) {
    this.#options = options
  }
  get lastReloadSuccessful(): boolean {
    return this.#succeeded
  }
  /** Attempts that found a file to use, changed or not. */
  get reloads(): number {
    return this.#reloads
  }
  get failures(): number {
    return this.#failures
  }
  /**
   * Loads the file and begins to watch it. Rejects with what is wrong when the first load fails:
   * starting without limits that somebody wrote down would be worse than not starting.
   */
  async start(): Promise<void> {
    const error = await this.reload()
    if (error) throw error
    this.#schedule()
  }
  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }
  /** Looks at the file now. Returns what is wrong with it, if anything; never rejects. */
  async reload(): Promise<Error | undefined> {
    const { path, readFile, onReload } = this.#options
    let error: Error | undefined
    try {
      const text = await readFile(path)
      if (this.#stopped) return undefined
      this.#apply(text)
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown))
    }
    this.#succeeded = error === undefined
    if (error) this.#failures++
    else this.#reloads++
    onReload?.(error)
    return error
  }
  #apply(text: string): void {
    if (text === this.#text) return
    const { path, defaults, overrides } = this.#options
    const { tenants, problems } = readTenantLimits(text, path, defaults)
    if (problems.length > 0) throw new ConfigError(problems)
    overrides.replaceTenants(tenants)
    this.#text = text
  }
  /** The next look is planned only after this one has ended, so that slow disks do not pile up. */
  #schedule(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.clock.after(this.#options.periodMs, () => {
      void this.reload().then(() => this.#schedule())
    })
  }
}

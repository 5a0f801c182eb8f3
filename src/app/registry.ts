import { assert } from '../base/assert.ts'
import type { Log } from '../base/log.ts'

/**
 * Starts modules in order of what they need and stops them in reverse. What a module gives to
 * others is its part; who needs it asks by name.
 */
export type ModuleState = 'New' | 'Starting' | 'Running' | 'Stopping' | 'Terminated' | 'Failed'

export interface Started<P> {
  readonly part: P
  stop?(): Promise<void>
}

export type ModuleTable<Parts> = {
  readonly [Name in keyof Parts]: {
    readonly needs: readonly (keyof Parts)[]
    start(parts: PartsOf<Parts>): Promise<Started<Parts[Name]>>
  }
}

export interface PartsOf<Parts> {
  /** The part of a module that this one needs. */
  get<N extends keyof Parts>(name: N): Parts[N]
  /** The part of a module if it runs in this process. */
  find<N extends keyof Parts>(name: N): Parts[N] | undefined
}

/** Module names in an order in which each comes after what it needs. */
export function startOrder<Parts>(
  table: ModuleTable<Parts>,
  wanted: readonly (keyof Parts)[],
): (keyof Parts)[] {
  const order: (keyof Parts)[] = []
  const entered = new Set<keyof Parts>()
  const pending = wanted.map(name => ({ name, done: false })).reverse()
  for (let step = pending.pop(); step; step = pending.pop()) {
    if (step.done) {
      order.push(step.name)
      continue
    }
    if (entered.has(step.name)) continue
    entered.add(step.name)
    pending.push({ name: step.name, done: true })
    for (const need of [...table[step.name].needs].reverse())
      pending.push({ name: need, done: false })
  }
  return order
}

export class Registry<Parts> {
  readonly #table: ModuleTable<Parts>
  readonly #log: Log
  readonly #states = new Map<keyof Parts, ModuleState>()
  readonly #started = new Map<keyof Parts, Started<unknown>>()
  #order: (keyof Parts)[] = []
  #stopping = false

  constructor(table: ModuleTable<Parts>, log: Log) {
    this.#table = table
    this.#log = log
  }

  async start(wanted: readonly (keyof Parts)[]): Promise<void> {
    this.#order = startOrder(this.#table, wanted)
    for (const name of this.#order) this.#states.set(name, 'New')
    for (const name of this.#order) {
      if (this.#stopping) return
      this.#states.set(name, 'Starting')
      try {
        this.#started.set(name, await this.#table[name].start(this.#parts()))
      } catch (error) {
        this.#states.set(name, 'Failed')
        throw error
      }
      this.#states.set(name, 'Running')
      this.#log.debug({ module: String(name) }, 'module started')
    }
  }

  /** Stops everything that was started, last first; the first failure is thrown at the end. */
  async stop(): Promise<void> {
    this.#stopping = true
    let failure: unknown
    for (const name of [...this.#order].reverse()) {
      const started = this.#started.get(name)
      if (!started) continue
      this.#states.set(name, 'Stopping')
      try {
        await started.stop?.()
        this.#states.set(name, 'Terminated')
      } catch (error) {
        this.#states.set(name, 'Failed')
        this.#log.error({ module: String(name), error: String(error) }, 'module failed to stop')
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
  }

  beginStop(): void {
    this.#stopping = true
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** The part of a module that has been started. */
  part<N extends keyof Parts>(name: N): Parts[N] | undefined {
    return this.#started.get(name)?.part as Parts[N] | undefined
  }

  states(): ReadonlyMap<keyof Parts, ModuleState> {
    return this.#states
  }

  #parts(): PartsOf<Parts> {
    const started = this.#started
    return {
      get<N extends keyof Parts>(name: N): Parts[N] {
        const found = started.get(name)
        assert(found, `module ${String(name)} is asked for before it was started`)
        return found.part as Parts[N]
      },
      find<N extends keyof Parts>(name: N): Parts[N] | undefined {
        return started.get(name)?.part as Parts[N] | undefined
      },
    }
  }
}

/** Time is handed in, so that tests and simulations decide what time it is. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. Never used to order events between machines. */
  nowMs(): number
  /** Monotonic milliseconds, for measuring and waiting. */
  monotonicMs(): number
  /** Runs `task` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, task: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise(resolve => clock.after(delayMs, resolve))
}

/** A clock that stands still until `advance` is called; timers fire in order of their time. */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: { atMs: number; task: () => void }[] = []
  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }
  nowMs(): number {
    return this.#nowMs
  }
  monotonicMs(): number {
    return this.#nowMs
  }
  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      const due = this.#timers.filter(t => t.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!due) break
      this.#timers = this.#timers.filter(t => t !== due)
      this.#nowMs = due.atMs
      due.task()
    }
    this.#nowMs = untilMs
  }
}

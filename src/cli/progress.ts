import type { Terminal } from './terminal.ts'

/** Shorter work is done before anybody wonders. */
const quietMs = 500
const barEveryMs = 100
/** In a log, where lines stay. */
const lineEveryMs = 10_000

const barWidth = 30
const labelWidth = 60

/** How far long work has come: a bar that is overwritten, or now and then a line in a log. */
export class Progress {
  readonly #terminal: Terminal
  readonly #total: number
  #done = 0
  #nextMs: number
  #isShown = false

  /** `total` in the unit of `advance`. */
  constructor(terminal: Terminal, total: number) {
    this.#terminal = terminal
    this.#total = total
    const firstMs = terminal.isInteractive ? quietMs : lineEveryMs
    this.#nextMs = terminal.clock.monotonicMs() + firstMs
  }

  advance(amount: number, label: string): void {
    this.#done += amount
    const { clock, isInteractive, err } = this.#terminal
    const nowMs = clock.monotonicMs()
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + (isInteractive ? barEveryMs : lineEveryMs)
    const share = this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total)
    const percent = `${Math.floor(share * 100)}`.padStart(3)
    if (!isInteractive) {
      err(`${percent} % ${label}\n`)
      return
    }
    const full = Math.round(share * barWidth)
    const bar = '#'.repeat(full).padEnd(barWidth, '.')
    err(`\r[${bar}] ${percent} % ${label.slice(-labelWidth).padEnd(labelWidth)}`)
    this.#isShown = true
  }

  /** Takes the bar away, so that other lines can follow. */
  clear(): void {
    if (!this.#isShown) return
    this.#terminal.err(`\r${' '.repeat(barWidth + labelWidth + 10)}\r`)
    this.#isShown = false
  }
}

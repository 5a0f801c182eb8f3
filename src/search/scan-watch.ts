import { fail } from '../base/errors.ts'
import { throwIfOverBudget } from '../contract/budget.ts'
import type { QueryBudget, ReadStats } from '../contract/queries.ts'
import type { ColumnGroup, ColumnSource } from '../model/column-batch.ts'

/** Counts what a scan of one source reads, and ends it between row groups when it must not go on. */
export class ScanWatch {
  readonly #source: ColumnSource
  readonly #budget: QueryBudget | undefined
  readonly #stats: ReadStats
  readonly #signal: AbortSignal
  #turnMs = performance.now()
  #countedBytes: number
  #countedReads: number
  #turns = 0

  constructor(
    source: ColumnSource,
    budget: QueryBudget | undefined,
    stats: ReadStats,
    signal: AbortSignal,
  ) {
    this.#source = source
    this.#budget = budget
    this.#stats = stats
    this.#signal = signal
    this.#countedBytes = source.inspectedBytes
    this.#countedReads = source.storeReads
  }

  /**
   * Before a group: lets other work of this thread have its turn, then fails with CANCELED when the
   * client has gone, or with QUERY_TOO_EXPENSIVE when the budget is used up. The first group comes
   * at once.
   */
  async turn(): Promise<void> {
    if (this.#turns++ > 0) await nextTurn()
    this.#turnMs = performance.now()
    throwIfAborted(this.#signal)
    this.#countReads()
    throwIfOverBudget(this.#budget, this.#stats)
  }

  /**
   * Between steps of the work on one group: the same when they have taken long; null: go on. Live
   * data is one group, and may grow meanwhile, which those that read it do not see.
   */
  readonly pause: Pause = () => {
    return performance.now() - this.#turnMs < longMs ? null : this.#longTurn()
  }

  async #longTurn(): Promise<void> {
    await nextTurn()
    throwIfAborted(this.#signal)
    this.#turnMs = performance.now()
  }

  count(group: ColumnGroup): void {
    this.#stats.inspectedSpans += group.rows
    this.#stats.inspectedTraces += group.traces
  }

  /** The scan has read everything that it will. */
  finish(): void {
    this.#countReads()
    throwIfOverBudget(this.#budget, this.#stats)
  }

  #countReads(): void {
    const { inspectedBytes, storeReads } = this.#source
    this.#stats.inspectedBytes += inspectedBytes - this.#countedBytes
    this.#countedBytes = inspectedBytes
    this.#stats.storeReads += storeReads - this.#countedReads
    this.#countedReads = storeReads
  }
}

/** To be called between two steps of work, and awaited where it gives something. */
export type Pause = () => Promise<void> | null

/** Others wait no longer than this, and the longest step. */
const longMs = 20

let lastTurn: Promise<unknown> = Promise.resolve()

/** One scan of a thread goes on in each turn of its event loop: between any two, messages come in. */
export function nextTurn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => new Promise(setImmediate))
  return lastTurn
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw fail('CANCELED', 'the query was canceled by its client')
}

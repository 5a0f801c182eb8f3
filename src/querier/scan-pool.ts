import type { Worker } from 'node:worker_threads'
import type { Clock } from '../base/clock.ts'
import { asFailure, type Failure, fail } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { PortClient } from '../base/worker-port.ts'
import { type BlockScan, isLarge, type ScanAnswer, type ScanMethod } from './block-scan.ts'
import type { ScanMetrics } from './metrics.ts'

export interface ScanPoolDeps {
  /** Threads, 1 or more. Each is started by the first scan that it gets. */
  readonly threads: number
  /** Starts a thread that runs `runScanThread`. */
  start(): Worker
  readonly clock: Clock
  readonly metrics: ScanMetrics
  readonly log: Log
}

/** Scans that a thread has at once: while one waits for the store, another one computes. */
const scansAtOnce = 4

/** A thread that does not give a canceled scan up within this time is stuck, and is ended. */
const cancelMaxMs = 5000

interface Task {
  readonly scan: BlockScan
  readonly signal: AbortSignal
  /** A thread ended while it had this scan. */
  wasLost: boolean
  resolve(answer: ScanAnswer): void
  reject(error: unknown): void
}

/** Query threads. A scan names its lane, so that scans of the same row groups share a cache. */
export class ScanPool {
  readonly #lanes: readonly ScanLane[]

  constructor(deps: ScanPoolDeps) {
    this.#lanes = Array.from({ length: deps.threads }, () => new ScanLane(deps))
  }

  get lanes(): number {
    return this.#lanes.length
  }

  /** Fails as the scan does; with QUERY_TOO_EXPENSIVE when threads end because of it. */
  run<M extends ScanMethod>(
    scan: BlockScan<M>,
    lane: number,
    signal: AbortSignal,
  ): Promise<ScanAnswer<M>> {
    return new Promise((resolve, reject) => {
      this.#lanes[lane]!.add({
        scan,
        signal,
        wasLost: false,
        resolve: answer => resolve(answer as ScanAnswer<M>),
        reject,
      })
    })
  }

  /** Ends the threads and fails what they have. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(lane => lane.close()))
  }
}

interface Thread {
  readonly worker: Worker
  readonly client: PortClient
  /** Set when it has ended: what its scans fail with. */
  gone: Failure | undefined
}

/** One thread, those that take its place when it ends, and the scans that wait for it. */
class ScanLane {
  readonly #deps: ScanPoolDeps
  #thread: Thread | undefined
  #waiting: Task[] = []
  readonly #running = new Set<Task>()
  #isClosed = false

  constructor(deps: ScanPoolDeps) {
    this.#deps = deps
  }

  add(task: Task): void {
    if (this.#isClosed) {
      task.reject(fail('UNAVAILABLE', 'the query threads are stopping'))
      return
    }
    this.#waiting.push(task)
    this.#begin()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const task of this.#waiting) {
      task.reject(fail('UNAVAILABLE', 'the query threads are stopping'))
    }
    this.#waiting = []
    await this.#thread?.worker.terminate()
  }

  #begin(): void {
    for (let next = this.#next(); next >= 0; next = this.#next()) {
      const [task] = this.#waiting.splice(next, 1)
      this.#running.add(task!)
      void this.#run(task!)
    }
  }

  /** The first one that waits and may begin; -1: none. Nobody overtakes one that was lost. */
  #next(): number {
    for (const [i, task] of this.#waiting.entries()) {
      if (this.#mayBegin(task)) return i
      if (task.wasLost) return -1
    }
    return -1
  }

  /**
   * A scan that may have ended a thread runs alone: if it does so again, no other is lost. Large
   * ones run one after the other, with others between them.
   */
  #mayBegin(next: Task): boolean {
    const running = [...this.#running]
    if (running.length >= scansAtOnce || running.some(task => task.wasLost)) return false
    if (isLarge(next.scan) && running.some(task => isLarge(task.scan))) return false
    return !next.wasLost || running.length === 0
  }

  async #run(task: Task): Promise<void> {
    const { scan, signal } = task
    if (signal.aborted) {
      this.#end(task)
      task.reject(canceled())
      return
    }
    const thread = (this.#thread ??= this.#start())
    thread.worker.ref()
    let stopWaiting: () => void = () => undefined
    const canceling = () => {
      const end = () => void thread.worker.terminate()
      stopWaiting = this.#deps.clock.after(cancelMaxMs, end)
    }
    signal.addEventListener('abort', canceling, { once: true })
    try {
      const answer = await thread.client.callUntil<ScanAnswer>(signal, 'scan', scan)
      this.#end(task)
      task.resolve(answer)
    } catch (error) {
      if (thread.gone && error === thread.gone) this.#lost(task, thread.gone)
      else {
        this.#end(task)
        task.reject(error)
      }
    } finally {
      signal.removeEventListener('abort', canceling)
      stopWaiting()
    }
  }

  #end(task: Task): void {
    this.#running.delete(task)
    // The process may end while a thread waits for work, but not while it is being ended.
    if (this.#running.size === 0 && !this.#isClosed) this.#thread?.worker.unref()
    this.#begin()
  }

  #lost(task: Task, reason: Failure): void {
    this.#running.delete(task)
    if (task.signal.aborted) task.reject(canceled())
    else if (this.#isClosed) task.reject(reason)
    else if (task.wasLost) {
      const what = `the query ended two query threads, the last with: ${reason.message}`
      task.reject(fail('QUERY_TOO_EXPENSIVE', what, { blockId: task.scan.block.id }))
    } else {
      task.wasLost = true
      this.#waiting.unshift(task)
    }
    this.#begin()
  }

  #start(): Thread {
    const { metrics, log } = this.#deps
    const worker = this.#deps.start()
    const thread: Thread = { worker, client: new PortClient(worker), gone: undefined }
    metrics.threadsStarted.inc()
    const ended = (error: Error) => {
      if (thread.gone) return
      const gone = fail('UNAVAILABLE', `a query thread has ended: ${asFailure(error).message}`)
      thread.gone = gone
      if (this.#thread === thread) this.#thread = undefined
      if (!this.#isClosed) {
        metrics.threadsLost.inc()
        log.error({ error: error.message }, 'a query thread has ended, another takes its place')
      }
      thread.client.fail(gone)
    }
    worker.on('error', ended)
    worker.on('exit', code => ended(new Error(`exit code ${code}`)))
    return thread
  }
}

function canceled(): Failure {
  return fail('CANCELED', 'the query was canceled by its client')
}

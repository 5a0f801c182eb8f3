import type { Clock } from '../base/clock.ts'
import { asFailure, fail } from '../base/errors.ts'
import type {
  Completeness,
  MetricsRequest,
  MetricsResult,
  OperationsRequest,
  OperationsResult,
  ReadStats,
  SearchRequest,
  SearchResult,
  TagNamesRequest,
  TagNamesResult,
  TagValuesRequest,
  TagValuesResult,
  TraceByIdRequest,
  TraceQueries,
  TraceResult,
} from '../contract/queries.ts'
import { isRunnerGone, type JobRunner, type QueryJob } from '../contract/query-job.ts'
import { FairQueue } from './fair-queue.ts'
import type { FrontendMetrics } from './metrics.ts'

export interface FrontendDeps {
  readonly clock: Clock
  readonly metrics: FrontendMetrics
  readonly maxOutstandingPerTenant: number
  /** 0 = none. */
  readonly queryTimeoutMs: number
}

interface Waiting {
  readonly job: QueryJob
  readonly signal: AbortSignal
  readonly sinceMs: number
  /** Runners that took the job and went away. */
  lost: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

const operations: Record<QueryJob['method'], string> = {
  traceById: 'traces',
  search: 'search',
  metrics: 'metrics',
  tagNames: 'metadata',
  tagValues: 'metadata',
  operations: 'metadata',
}

/** A job that ends queriers, were there one, must not end all of them. */
const runnersLostMax = 2

/**
 * Takes queries, lets tenants take turns, and hands jobs to queriers: each querier is a number of
 * runners that take one job at a time.
 */
export class Frontend implements TraceQueries {
  readonly #deps: FrontendDeps
  readonly #queue: FairQueue<Waiting>
  readonly #idle: JobRunner[] = []
  #runners = 0

  constructor(deps: FrontendDeps) {
    this.#deps = deps
    this.#queue = new FairQueue(deps.maxOutstandingPerTenant)
  }

  /** Offers to run one job at a time, until the returned function is called. */
  addRunner(runner: JobRunner): () => void {
    this.#runners++
    this.#deps.metrics.connectedClients.set(this.#runners)
    let removed = false
    const offer: JobRunner = (job, signal) => runner(job, signal)
    this.#idle.push(offer)
    this.#dispatch()
    return () => {
      if (removed) return
      removed = true
      this.#runners--
      this.#deps.metrics.connectedClients.set(this.#runners)
      const at = this.#idle.indexOf(offer)
      if (at >= 0) this.#idle.splice(at, 1)
      else this.#gone.add(offer)
    }
  }
  /** Runners that were removed while they had a job. */
  readonly #gone = new Set<JobRunner>()

  get hasRunners(): boolean {
    return this.#runners > 0
  }

  traceById(tenant: string, request: TraceByIdRequest, signal: AbortSignal): Promise<TraceResult> {
    return this.#run({ tenant, method: 'traceById', request }, signal)
  }

  search(tenant: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    return this.#run({ tenant, method: 'search', request }, signal)
  }

  metrics(tenant: string, request: MetricsRequest, signal: AbortSignal): Promise<MetricsResult> {
    return this.#run({ tenant, method: 'metrics', request }, signal)
  }

  tagNames(tenant: string, request: TagNamesRequest, signal: AbortSignal): Promise<TagNamesResult> {
    return this.#run({ tenant, method: 'tagNames', request }, signal)
  }

  tagValues(
    tenant: string,
    request: TagValuesRequest,
    signal: AbortSignal,
  ): Promise<TagValuesResult> {
    return this.#run({ tenant, method: 'tagValues', request }, signal)
  }

  operations(
    tenant: string,
    request: OperationsRequest,
    signal: AbortSignal,
  ): Promise<OperationsResult> {
    return this.#run({ tenant, method: 'operations', request }, signal)
  }

  async #run<T extends Completeness & { stats: ReadStats }>(
    job: QueryJob,
    client: AbortSignal,
  ): Promise<T> {
    const { clock, metrics, queryTimeoutMs } = this.#deps
    const timeout = new AbortController()
    const cancelTimer =
      queryTimeoutMs > 0 ? clock.after(queryTimeoutMs, () => timeout.abort()) : () => undefined
    const signal = AbortSignal.any([client, timeout.signal])
    const labels = { tenant: job.tenant, op: operations[job.method] }
    try {
      const answer = (await this.#enqueue(job, signal)) as T
      metrics.queries.inc({ ...labels, result: 'completed' })
      metrics.bytesInspected.inc(labels, answer.stats.inspectedBytes)
      if (answer.partial !== undefined) metrics.partial.inc(labels)
      return answer
    } catch (error) {
      metrics.queries.inc({ ...labels, result: 'canceled' })
      if (timeout.signal.aborted) {
        const what = `the query took longer than ${queryTimeoutMs} ms (query_frontend.api_timeout or querier.search.query_timeout)`
        throw fail('TIMEOUT', what)
      }
      throw asFailure(error)
    } finally {
      cancelTimer()
    }
  }

  #enqueue(job: QueryJob, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sinceMs = this.#deps.clock.monotonicMs()
      const waiting: Waiting = { job, signal, sinceMs, lost: 0, resolve, reject }
      const abort = () => {
        this.#queue.remove(job.tenant, waiting)
        reject(fail('CANCELED', 'the query was canceled by its client'))
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      this.#queue.push(job.tenant, waiting)
      this.#deps.metrics.queueLength.set({ user: job.tenant }, this.#queue.length)
      this.#dispatch()
    })
  }

  #dispatch(): void {
    while (this.#idle.length > 0) {
      const waiting = this.#queue.take()
      if (!waiting) return
      this.#deps.metrics.queueLength.set({ user: waiting.job.tenant }, this.#queue.length)
      if (waiting.signal.aborted) continue
      this.#deps.metrics.queueSeconds.observe(
        (this.#deps.clock.monotonicMs() - waiting.sinceMs) / 1000,
      )
      const runner = this.#idle.shift()!
      void this.#execute(runner, waiting)
    }
  }

  async #execute(runner: JobRunner, waiting: Waiting): Promise<void> {
    try {
      waiting.resolve(await runner(waiting.job, waiting.signal))
    } catch (error) {
      if (isRunnerGone(error) && waiting.lost < runnersLostMax) this.#again(waiting)
      else waiting.reject(error)
    } finally {
      if (!this.#gone.delete(runner)) this.#idle.push(runner)
      this.#dispatch()
    }
  }

  #again(waiting: Waiting): void {
    waiting.lost++
    try {
      this.#queue.push(waiting.job.tenant, waiting)
    } catch (error) {
      waiting.reject(error)
    }
  }
}

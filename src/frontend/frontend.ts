import type { Clock } from '../base/clock.ts'
import { asFailure, fail } from '../base/errors.ts'
import type {
  Completeness,
  MetricsRequest,
  MetricsResult,
  OperationsRequest,
  OperationsResult,
  QueryBudget,
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
import { type QuerySplit, splitMetrics, splitSearch } from './split-query.ts'

export interface FrontendDeps {
  readonly clock: Clock
  readonly metrics: FrontendMetrics
  readonly maxOutstandingPerTenant: number
  /** 0 = none. */
  readonly queryTimeoutMs: number
  /** What one query may use, on all queriers together. */
  readonly budget: QueryBudget
  readonly searchSplit: SplitLimits
  readonly metricsSplit: SplitLimits
}

/** How queries are cut into scans. */
export interface SplitLimits {
  /** Scans of one query at once. */
  readonly concurrentJobs: number
  /** Bytes of a block that one scan reads, about. */
  readonly targetBytesPerJob: number
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

/** Kinds of queries in metrics. */
type Operation = 'traces' | 'search' | 'metrics' | 'metadata'

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
  /** Querier -> how many runners it has. */
  readonly #queriers = new Map<string, number>()

  constructor(deps: FrontendDeps) {
    this.#deps = deps
    this.#queue = new FairQueue(deps.maxOutstandingPerTenant)
  }

  /**
   * Offers to run one job at a time, until the returned function is called. `querier` names the
   * process that does it: queries are split when there are several.
   */
  addRunner(runner: JobRunner, querier = ''): () => void {
    this.#countRunner(querier, 1)
    let removed = false
    const offer: JobRunner = (job, signal) => runner(job, signal)
    this.#idle.push(offer)
    this.#dispatch()
    return () => {
      if (removed) return
      removed = true
      this.#countRunner(querier, -1)
      const at = this.#idle.indexOf(offer)
      if (at >= 0) this.#idle.splice(at, 1)
      else this.#gone.add(offer)
    }
  }
  /** Runners that were removed while they had a job. */
  readonly #gone = new Set<JobRunner>()

  get hasRunners(): boolean {
    return this.#queriers.size > 0
  }

  get #runners(): number {
    return [...this.#queriers.values()].reduce((sum, runners) => sum + runners, 0)
  }

  #countRunner(querier: string, change: 1 | -1): void {
    const runners = (this.#queriers.get(querier) ?? 0) + change
    if (runners > 0) this.#queriers.set(querier, runners)
    else this.#queriers.delete(querier)
    this.#deps.metrics.connectedClients.set(this.#runners)
  }

  traceById(tenant: string, request: TraceByIdRequest, signal: AbortSignal): Promise<TraceResult> {
    return this.#answer('traces', tenant, signal, live =>
      this.#enqueue({ tenant, method: 'traceById', request }, live),
    )
  }

  search(tenant: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult> {
    const query = { ...request, budget: this.#deps.budget }
    return this.#answer('search', tenant, signal, live => {
      const split = this.#split('search', tenant, this.#deps.searchSplit)
      if (split) return splitSearch(split, tenant, query, live)
      return this.#enqueue({ tenant, method: 'search', request: query }, live)
    })
  }

  metrics(tenant: string, request: MetricsRequest, signal: AbortSignal): Promise<MetricsResult> {
    const query = { ...request, budget: this.#deps.budget }
    return this.#answer('metrics', tenant, signal, live => {
      const split = this.#split('metrics', tenant, this.#deps.metricsSplit)
      if (split) return splitMetrics(split, tenant, query, live)
      return this.#enqueue({ tenant, method: 'metrics', request: query }, live)
    })
  }

  tagNames(tenant: string, request: TagNamesRequest, signal: AbortSignal): Promise<TagNamesResult> {
    const query = { ...request, budget: this.#deps.budget }
    return this.#answer('metadata', tenant, signal, live =>
      this.#enqueue({ tenant, method: 'tagNames', request: query }, live),
    )
  }

  tagValues(
    tenant: string,
    request: TagValuesRequest,
    signal: AbortSignal,
  ): Promise<TagValuesResult> {
    const query = { ...request, budget: this.#deps.budget }
    return this.#answer('metadata', tenant, signal, live =>
      this.#enqueue({ tenant, method: 'tagValues', request: query }, live),
    )
  }

  operations(
    tenant: string,
    request: OperationsRequest,
    signal: AbortSignal,
  ): Promise<OperationsResult> {
    const query = { ...request, budget: this.#deps.budget }
    return this.#answer('metadata', tenant, signal, live =>
      this.#enqueue({ tenant, method: 'operations', request: query }, live),
    )
  }

  /** Null when one querier has the whole query: there is no other that could help it. */
  #split(op: Operation, tenant: string, limits: SplitLimits): QuerySplit | null {
    if (this.#queriers.size < 2) return null
    const { metrics } = this.#deps
    return {
      run: (job, signal) => this.#enqueue(job, signal),
      queriers: this.#queriers.size,
      scansAtOnce: Math.min(limits.concurrentJobs, this.#runners),
      scanBytesMax: limits.targetBytesPerJob,
      scanned: () => metrics.scans.inc({ tenant, op }),
      planned: () => metrics.plans.inc({ tenant, op }),
    }
  }

  async #answer<T extends Completeness & { stats: ReadStats }>(
    op: Operation,
    tenant: string,
    client: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, metrics, queryTimeoutMs } = this.#deps
    const timeout = new AbortController()
    const cancelTimer =
      queryTimeoutMs > 0 ? clock.after(queryTimeoutMs, () => timeout.abort()) : () => undefined
    const signal = AbortSignal.any([client, timeout.signal])
    const labels = { tenant, op }
    try {
      const answer = await work(signal)
      metrics.queries.inc({ ...labels, result: 'completed' })
      metrics.bytesInspected.inc(labels, answer.stats.inspectedBytes)
      metrics.storeReads.inc(labels, answer.stats.storeReads)
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

  /** Resolves with the result of the job's method. */
  #enqueue<T>(job: QueryJob, signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const sinceMs = this.#deps.clock.monotonicMs()
      const done = (value: unknown) => resolve(value as T)
      const waiting: Waiting = { job, signal, sinceMs, lost: 0, resolve: done, reject }
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

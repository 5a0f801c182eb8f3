import { Failure, fail } from '../base/errors.ts'
import type {
  MetricsRequest,
  OperationsRequest,
  SearchRequest,
  TagNamesRequest,
  TagValuesRequest,
  TraceByIdRequest,
  TraceQueries,
} from './queries.ts'
import type { PlanRequest, ScanRequest, SplitQueries } from './split-queries.ts'

/** A query, or a part of one, as one message: what a frontend hands to a querier, in process or over the wire. */
export type QueryJob = { readonly tenant: string } & (
  | { readonly method: 'traceById'; readonly request: TraceByIdRequest }
  | { readonly method: 'search'; readonly request: SearchRequest }
  | { readonly method: 'tagNames'; readonly request: TagNamesRequest }
  | { readonly method: 'tagValues'; readonly request: TagValuesRequest }
  | { readonly method: 'metrics'; readonly request: MetricsRequest }
  | { readonly method: 'operations'; readonly request: OperationsRequest }
  | { readonly method: 'planSearch'; readonly request: PlanRequest<SearchRequest> }
  | { readonly method: 'planMetrics'; readonly request: PlanRequest<MetricsRequest> }
  | { readonly method: 'scanSearch'; readonly request: ScanRequest<SearchRequest> }
  | { readonly method: 'scanMetrics'; readonly request: ScanRequest<MetricsRequest> }
)

/** Runs one job; the result is that of the method. Fails with `runnerGone` when it cannot know. */
export type JobRunner = (job: QueryJob, signal: AbortSignal) => Promise<unknown>

const goneReason = 'runner gone'

/** The failure of a runner that ended in the middle of a job: another one may run it again. */
export function runnerGone(): Failure {
  const what = 'the querier that ran this query has gone; try again'
  return fail('UNAVAILABLE', what, { reason: goneReason })
}

export function isRunnerGone(error: unknown): boolean {
  return error instanceof Failure && error.fields['reason'] === goneReason
}

export function runJob(
  queries: TraceQueries & SplitQueries,
  job: QueryJob,
  signal: AbortSignal,
): Promise<unknown> {
  switch (job.method) {
    case 'traceById':
      return queries.traceById(job.tenant, job.request, signal)
    case 'search':
      return queries.search(job.tenant, job.request, signal)
    case 'tagNames':
      return queries.tagNames(job.tenant, job.request, signal)
    case 'tagValues':
      return queries.tagValues(job.tenant, job.request, signal)
    case 'metrics':
      return queries.metrics(job.tenant, job.request, signal)
    case 'planSearch':
      return queries.planSearch(job.tenant, job.request, signal)
    case 'planMetrics':
      return queries.planMetrics(job.tenant, job.request, signal)
    case 'scanSearch':
      return queries.scanSearch(job.tenant, job.request, signal)
    case 'scanMetrics':
      return queries.scanMetrics(job.tenant, job.request, signal)
    default:
      return queries.operations(job.tenant, job.request, signal)
  }
}

import type { TraceQueries } from '../../contract/queries.ts'
import type { MetricsPlan } from '../../model/metrics-plan.ts'
import type { Operand, Predicate } from '../../model/predicate.ts'
import type { SpansetStage } from '../../model/spanset.ts'

/** What the Tempo API needs from outside, and what its endpoints are given and give back. */

export interface TempoSettings {
  readonly defaultResultLimit: number
  /** 0 = no maximum. */
  readonly maxResultLimit: number
  readonly defaultSpansPerSpanSet: number
  /** 0 = no maximum. */
  readonly maxSpansPerSpanSet: number
  /** Longest time range of searches, tag names and tag values; 0 = no maximum. */
  readonly maxSearchDurationMs: number
  /** Longest TraceQL text. */
  readonly queryBytesMax: number
}

/** What a tenant has of its own. */
export interface TenantReadLimits {
  /** 0 = as in the settings. */
  readonly maxSearchDurationMs: number
  /** Bytes of text in one answer of tag names or values; 0 = no maximum. */
  readonly tagAnswerBytesMax: number
}

/** TraceQL as far as the API needs it. Failures are BAD_QUERY with the bare text of the error. */
export interface TempoTraceql {
  readonly parseQuery: (query: string) => {
    readonly spans: Predicate
    readonly stages: readonly SpansetStage[]
    readonly select: readonly Operand[]
  }
  /** `.http.method`, `resource.service.name`, `status` … */
  readonly parseTagName: (name: string) => Operand
  /** What of a query can narrow tag names and values; never fails, undefined = nothing. */
  readonly extractFilter: (query: string) => Predicate | undefined
}

/** What TraceQL metrics need from outside. */
export interface MetricsDeps {
  readonly queries: Pick<TraceQueries, 'metrics'>
  /**
   * Fails with BAD_QUERY and the bare text of the error; its field `stage` is `parse` or `validate`,
   * or absent when the query is understood and asks for no metrics.
   */
  readonly parseMetrics: (query: string) => {
    readonly plan: MetricsPlan
    /** The hint `exemplars`: false for none, true for as many as there may be. */
    readonly hints: { readonly exemplars?: boolean | number }
  }
  readonly settings: MetricsSettings
  /** Longest range of a query of the tenant; 0 = any. */
  readonly durationMaxMsFor: (tenant: string) => number
  readonly clock: { nowMs(): number }
}

export interface MetricsSettings {
  readonly exemplarsMax: number
  /** Steps of a range query; 0 = as many as there can be. */
  readonly intervalsMax: number
  /** Series of an answer, the others are left out, which is said; 0 = all. */
  readonly seriesMax: number
}

export interface TempoDeps extends TempoTraceql {
  readonly queries: TraceQueries
  readonly metrics: MetricsDeps
  readonly settings: TempoSettings
  readonly limitsFor: (tenant: string) => TenantReadLimits
  /** The tenants of a request, at least one. Fails with NO_TENANT or BAD_REQUEST. */
  readonly resolveTenant: (header: string | undefined) => readonly string[]
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

export interface TempoRequest {
  readonly tenants: readonly string[]
  readonly params: URLSearchParams
  /** The variable part of the path, decoded: a trace id or a tag name. */
  readonly subject: string
  readonly format: 'json' | 'protobuf'
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

export interface Reply {
  readonly status: number
  /** Absent for an answer without a body. */
  readonly contentType?: string
  readonly body?: string | Uint8Array
  /** What could not be seen; goes into a header and the log. */
  readonly partial?: string
}

export const jsonType = 'application/json'
export const protobufType = 'application/protobuf'
export const textType = 'text/plain; charset=utf-8'

/** One answer in the format that was asked for; only that one is built. */
export function encodedReply(
  request: TempoRequest,
  toJson: () => string | Uint8Array,
  toProtobuf: () => Uint8Array,
  partial: string | undefined,
): Reply {
  const reply =
    request.format === 'json'
      ? { status: 200, contentType: jsonType, body: toJson() }
      : { status: 200, contentType: protobufType, body: toProtobuf() }
  return partial === undefined ? reply : { ...reply, partial }
}

/** The strictest limit of the tenants that have one of their own, else the setting; 0 = none. */
export function searchDurationMaxMs(deps: TempoDeps, tenants: readonly string[]): number {
  const own = smallestLimit(tenants.map(tenant => deps.limitsFor(tenant).maxSearchDurationMs))
  return own === 0 ? deps.settings.maxSearchDurationMs : own
}

export function tagAnswerBytesMax(deps: TempoDeps, tenants: readonly string[]): number {
  return smallestLimit(tenants.map(tenant => deps.limitsFor(tenant).tagAnswerBytesMax))
}

/** 0 counts as no limit. */
export function smallestLimit(limits: readonly number[]): number {
  const set = limits.filter(limit => limit > 0)
  return set.length === 0 ? 0 : Math.min(...set)
}

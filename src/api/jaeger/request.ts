import type { Clock } from '../../base/clock.ts'
import type { TraceQueries } from '../../contract/queries.ts'
import type { Reply } from '../tempo/request.ts'

/** What the Jaeger API needs from outside, and what its endpoints are given. */

export interface JaegerSettings {
  /** Longest distance that a span is moved against clock skew; 0 = only warnings. */
  readonly clockSkewMaxMs: number
  /** Traces in a search that names no limit, or one below 1. */
  readonly defaultLimit: number
  /** Larger limits are cut to this. */
  readonly limitMax: number
  /** Trace bodies in one answer, in OTLP bytes; larger answers are refused. */
  readonly answerBytesMax: number
  /** Body of a request to transform. */
  readonly transformBytesMax: number
  /** How far back lists of services and operations look; 0 = everything. */
  readonly listLookbackMs: number
  /**
   * A trace that a search has found is read from this long before to this long after what the
   * search saw of it: its other spans may lie outside the searched range. 0 = from everywhere.
   */
  readonly traceSlackMs: number
  /** Traces from which one dependency graph is counted; beyond it the answer is partial. */
  readonly dependencyTracesMax: number
}

export const defaultJaegerSettings: JaegerSettings = {
  clockSkewMaxMs: 0,
  defaultLimit: 100,
  // What the UI's own form allows.
  limitMax: 1500,
  // As JSON it is several times as long, and a text of the runtime ends at 512 MiB.
  answerBytesMax: 96 << 20,
  transformBytesMax: 64 << 20,
  listLookbackMs: 0,
  traceSlackMs: 6 * 3_600_000,
  dependencyTracesMax: 20_000,
}

export interface JaegerDeps {
  readonly queries: TraceQueries
  readonly clock: Clock
  readonly settings: JaegerSettings
  /** The tenants of a request, at least one. Fails with NO_TENANT or BAD_REQUEST. */
  readonly resolveTenant: (header: string | undefined) => readonly string[]
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

export interface JaegerRequest {
  readonly tenants: readonly string[]
  readonly params: URLSearchParams
  /** The variable part of the path, decoded: a trace id or a service. */
  readonly subject: string
  /** Fails with BODY_TOO_LARGE. */
  readonly body: (bytesMax: number) => Promise<Uint8Array>
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

export type Endpoint = (deps: JaegerDeps, request: JaegerRequest) => Promise<Reply>

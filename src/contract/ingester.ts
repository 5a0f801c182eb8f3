/**
 * The write side of an ingester, as distributors see it: in the same process or behind gRPC.
 * Bodies are encoded OTLP ExportTraceServiceRequests that have passed `wire/otlp-walk`.
 */
export interface PushResult {
  readonly spans: number
  /** Spans that the ingester had already, byte for byte: accepted, kept once. */
  readonly duplicates: number
  /** Spans refused because their trace is larger than `max_bytes_per_trace`. */
  readonly traceTooLarge: number
  /** Spans refused because the tenant has `max_traces_per_user` live traces. */
  readonly liveTracesExceeded: number
}

export interface IngesterPush {
  /**
   * Resolves when the accepted spans are on disk and visible to queries. Fails with OVERLOADED or
   * DISK_FULL when trying later may help; then nothing is promised.
   */
  push(tenant: string, body: Uint8Array): Promise<PushResult>
}

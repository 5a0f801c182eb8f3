/** Where receivers hand spans in: the distributor. */
export interface SinkResult {
  readonly spans: number
  /** Spans of an accepted request that were refused, and why; 0 and empty when none. */
  readonly rejectedSpans: number
  readonly message: string
}

export interface SpanSink {
  /**
   * Resolves when the accepted spans are durable. The body is an OTLP ExportTraceServiceRequest,
   * not checked yet. Fails with BAD_REQUEST for malformed input, RATE_LIMITED, OVERLOADED,
   * DISK_FULL or UNAVAILABLE.
   */
  push(tenant: string, body: Uint8Array, origin: SpanOrigin): Promise<SinkResult>
}

/** Labels of the receiver's metrics. */
export interface SpanOrigin {
  readonly receiver: string
  readonly transport: string
}

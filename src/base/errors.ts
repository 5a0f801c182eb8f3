/**
 * The one table of failures a client can see: code -> HTTP status, gRPC status, and whether the
 * same request may succeed later. Everything that reaches a client is a `Failure` with one of
 * these codes; anything else is a bug of ours and becomes INTERNAL at the request boundary.
 */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export interface ErrorKind {
  readonly http: number
  readonly grpc: number
  /** True when the same request may succeed later without being changed. */
  readonly retry: boolean
}

export const errorKinds = {
  BAD_REQUEST: { http: 400, grpc: GrpcStatus.INVALID_ARGUMENT, retry: false },
  BAD_QUERY: { http: 400, grpc: GrpcStatus.INVALID_ARGUMENT, retry: false },
  NO_TENANT: { http: 401, grpc: GrpcStatus.UNAUTHENTICATED, retry: false },
  NOT_FOUND: { http: 404, grpc: GrpcStatus.NOT_FOUND, retry: false },
  METHOD_NOT_ALLOWED: { http: 405, grpc: GrpcStatus.UNIMPLEMENTED, retry: false },
  CONFLICT: { http: 412, grpc: GrpcStatus.FAILED_PRECONDITION, retry: false },
  BODY_TOO_LARGE: { http: 413, grpc: GrpcStatus.INVALID_ARGUMENT, retry: false },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, grpc: GrpcStatus.INVALID_ARGUMENT, retry: false },
  TRACE_TOO_LARGE: { http: 422, grpc: GrpcStatus.FAILED_PRECONDITION, retry: false },
  QUERY_TOO_EXPENSIVE: { http: 422, grpc: GrpcStatus.FAILED_PRECONDITION, retry: false },
  RATE_LIMITED: { http: 429, grpc: GrpcStatus.RESOURCE_EXHAUSTED, retry: true },
  OVERLOADED: { http: 429, grpc: GrpcStatus.RESOURCE_EXHAUSTED, retry: true },
  DISK_FULL: { http: 429, grpc: GrpcStatus.RESOURCE_EXHAUSTED, retry: true },
  CANCELED: { http: 499, grpc: GrpcStatus.CANCELLED, retry: false },
  INTERNAL: { http: 500, grpc: GrpcStatus.INTERNAL, retry: false },
  CORRUPT: { http: 500, grpc: GrpcStatus.DATA_LOSS, retry: false },
  UNIMPLEMENTED: { http: 501, grpc: GrpcStatus.UNIMPLEMENTED, retry: false },
  UNAVAILABLE: { http: 503, grpc: GrpcStatus.UNAVAILABLE, retry: true },
  /** What was kept for a query has been let go; the whole query must be run again. */
  SNAPSHOT_GONE: { http: 503, grpc: GrpcStatus.UNAVAILABLE, retry: true },
  TIMEOUT: { http: 504, grpc: GrpcStatus.DEADLINE_EXCEEDED, retry: true },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

/** A failure whose code, message and fields a client may see. Fields never hold secrets. */
export class Failure extends Error {
  readonly code: ErrorCode
  readonly fields: Readonly<Record<string, unknown>>
  constructor(
    code: ErrorCode,
    message: string,
    fields: Record<string, unknown> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Failure'
    this.code = code
    this.fields = fields
  }
  get kind(): ErrorKind {
    return errorKinds[this.code]
  }
}

export function fail(code: ErrorCode, message: string, fields?: Record<string, unknown>): Failure {
  return new Failure(code, message, fields)
}

/** Damaged bytes: names the object and the place, so that one block is quarantined and no more. */
export class Corruption extends Failure {
  constructor(what: string, fields: { object: string; offset?: number }) {
    super(
      'CORRUPT',
      `${what} in ${fields.object}${fields.offset === undefined ? '' : ` at byte ${fields.offset}`}`,
      fields,
    )
    this.name = 'Corruption'
  }
}

/** Damaged, or of a format version that this server does not know; it does not pass by itself. */
export function isUnreadable({ code, fields }: Failure): boolean {
  return code === 'CORRUPT' || (code === 'UNIMPLEMENTED' && fields['version'] !== undefined)
}

/** Any thrown value as a `Failure`; what is not one already is a bug and becomes INTERNAL. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Failure('INTERNAL', `internal error: ${message}`, {}, error)
}

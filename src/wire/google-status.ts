import type { Failure } from '../base/errors.ts'
import { ProtoWriter } from './protobuf.ts'

/**
 * What an OTLP receiver answers: `google.rpc.Status` for errors, `ExportTraceServiceResponse`
 * otherwise, each in JSON and in protobuf.
 */

export interface GoogleStatus {
  /** A gRPC status code. */
  readonly code: number
  readonly message: string
  /** Adds a `google.rpc.RetryInfo` detail: wait this long before sending the same again. */
  readonly retryAfterMs?: number
}

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo'

export function statusOfFailure(failure: Failure, retryAfterMs?: number): GoogleStatus {
  const status = { code: failure.kind.grpc, message: failure.message }
  return retryAfterMs === undefined ? status : { ...status, retryAfterMs }
}

export function googleStatusToJson(status: GoogleStatus): string {
  const { code, message, retryAfterMs } = status
  if (retryAfterMs === undefined) return JSON.stringify({ code, message })
  const detail = { '@type': retryInfoType, retryDelay: jsonDuration(retryAfterMs) }
  return JSON.stringify({ code, message, details: [detail] })
}

/** `5s`, `1.500s`: seconds with no or three decimals. */
function jsonDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000)
  const rest = Math.floor(durationMs % 1000)
  return rest === 0 ? `${seconds}s` : `${seconds}.${String(rest).padStart(3, '0')}s`
}

export function googleStatusToProtobuf(status: GoogleStatus): Uint8Array {
  const out = new ProtoWriter()
  if (status.code !== 0) out.varintField(1, status.code)
  if (status.message !== '') out.textField(2, status.message)
  if (status.retryAfterMs !== undefined) {
    const any = out.beginMessage(3)
    out.textField(1, retryInfoType)
    out.bytesField(2, encodeRetryInfo(status.retryAfterMs))
    out.endMessage(any)
  }
  return out.finish()
}

/** `google.rpc.RetryInfo`, as it also goes into the `grpc-status-details-bin` trailer's details. */
export function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const out = new ProtoWriter(16)
  const duration = out.beginMessage(1)
  const seconds = Math.floor(retryAfterMs / 1000)
  const nanos = Math.floor(retryAfterMs % 1000) * 1_000_000
  if (seconds !== 0) out.varintField(1, seconds)
  if (nanos !== 0) out.varintField(2, nanos)
  out.endMessage(duration)
  return out.finish()
}

/** Spans that were refused although the request as a whole was taken. */
export interface PartialSuccess {
  readonly rejectedSpans: number
  readonly errorMessage: string
}

const fullSuccess: PartialSuccess = { rejectedSpans: 0, errorMessage: '' }

export function exportResponseToJson(partial: PartialSuccess = fullSuccess): string {
  const members: { rejectedSpans?: string; errorMessage?: string } = {}
  if (partial.rejectedSpans !== 0) members.rejectedSpans = String(partial.rejectedSpans)
  if (partial.errorMessage !== '') members.errorMessage = partial.errorMessage
  return JSON.stringify({ partialSuccess: members })
}

/** The partial success is always there, empty when all went well: clients read `0a 00`. */
export function exportResponseToProtobuf(partial: PartialSuccess = fullSuccess): Uint8Array {
  const out = new ProtoWriter(64)
  const mark = out.beginMessage(1)
  if (partial.rejectedSpans !== 0) out.varintField(1, partial.rejectedSpans)
  if (partial.errorMessage !== '') out.textField(2, partial.errorMessage)
  out.endMessage(mark)
  return out.finish()
}

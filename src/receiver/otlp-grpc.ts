import type * as grpc from '@grpc/grpc-js'
import { asFailure, GrpcStatus } from '../base/errors.ts'
import type { SpanSink } from '../contract/span-sink.ts'
import { grpcError, rawBytes } from '../net/grpc-server.ts'
import {
  exportResponseToProtobuf,
  googleStatusToProtobuf,
  statusOfFailure,
} from '../wire/google-status.ts'

/** OTLP over gRPC: TraceService/Export, the request's bytes as they come. */
export interface OtlpGrpcDeps {
  readonly sink: SpanSink
  readonly retryAfterMs: number
  resolveTenant(header: string | undefined): string
}

const origin = { receiver: 'otlp/otlp_receiver', transport: 'grpc' }

export function addOtlpGrpc(server: grpc.Server, deps: OtlpGrpcDeps): void {
  server.addService(
    {
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        ...rawBytes,
      },
    },
    {
      Export: (
        call: grpc.ServerUnaryCall<Buffer, Buffer>,
        callback: grpc.sendUnaryData<Buffer>,
      ) => {
        void exportSpans(deps, call, callback)
      },
    },
  )
}

async function exportSpans(
  deps: OtlpGrpcDeps,
  call: grpc.ServerUnaryCall<Buffer, Buffer>,
  callback: grpc.sendUnaryData<Buffer>,
): Promise<void> {
  try {
    const headers = call.metadata.get('x-scope-orgid')
    const tenant = deps.resolveTenant(headers.length === 0 ? undefined : headers.join('|'))
    const result = await deps.sink.push(tenant, call.request, origin)
    const partial = { rejectedSpans: result.rejectedSpans, errorMessage: result.message }
    callback(null, Buffer.from(exportResponseToProtobuf(partial)))
  } catch (error) {
    const failure = asFailure(error)
    const limited = failure.kind.retry && failure.kind.grpc === GrpcStatus.RESOURCE_EXHAUSTED
    const wait = limited && deps.retryAfterMs > 0 ? deps.retryAfterMs : undefined
    const details =
      wait === undefined ? undefined : googleStatusToProtobuf(statusOfFailure(failure, wait))
    callback(grpcError(failure, details))
  }
}

import * as grpc from '@grpc/grpc-js'
import { asFailure, type Failure, fail } from '../base/errors.ts'
import { cannotListen, type Listener } from './http-server.ts'

/** grpc-js with raw buffers: messages are read and written by our own codecs. */

export const rawBytes = {
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
}

export interface GrpcListenerOptions {
  readonly host: string
  readonly port: number
  readonly setting: string
  readonly recvBytesMax: number
  readonly sendBytesMax: number
  readonly maxConcurrentStreams?: number
}

export function createGrpcServer(options: GrpcListenerOptions): grpc.Server {
  return new grpc.Server({
    'grpc.max_receive_message_length': options.recvBytesMax,
    'grpc.max_send_message_length': options.sendBytesMax,
    ...(options.maxConcurrentStreams
      ? { 'grpc.max_concurrent_streams': options.maxConcurrentStreams }
      : {}),
  })
}

export async function listenGrpc(
  server: grpc.Server,
  options: GrpcListenerOptions,
): Promise<Listener> {
  const host = options.host === '' ? '0.0.0.0' : options.host
  const address = `${host.includes(':') ? `[${host}]` : host}:${options.port}`
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(bindFailure(error, options))
      else resolve(bound)
    })
  })
  return { host: options.host, port, close: drainMs => closeGrpc(server, drainMs) }
}

function bindFailure(error: Error, options: GrpcListenerOptions): Error {
  const taken = /EADDRINUSE/.test(error.message) ? 'EADDRINUSE' : undefined
  return cannotListen(
    Object.assign(new Error(error.message), taken ? { code: taken } : {}),
    options,
  )
}

function closeGrpc(server: grpc.Server, drainMs: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, drainMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** A failure as a gRPC status; `details` is an encoded google.rpc.Status for rich errors. */
export function grpcError(failure: Failure, details?: Uint8Array): grpc.ServiceError {
  const metadata = new grpc.Metadata()
  if (details) metadata.set('grpc-status-details-bin', Buffer.from(details))
  return Object.assign(new Error(failure.message), {
    code: failure.kind.grpc as grpc.status,
    details: failure.message,
    metadata,
  })
}

export function failureOf(error: unknown): Failure {
  if (error && typeof error === 'object' && 'code' in error && typeof error.code === 'number') {
    const { code, details } = error as grpc.ServiceError
    if (code === grpc.status.CANCELLED) return fail('CANCELED', details)
    if (code === grpc.status.DEADLINE_EXCEEDED) return fail('TIMEOUT', details)
    if (code === grpc.status.RESOURCE_EXHAUSTED) return fail('OVERLOADED', details)
    return fail('UNAVAILABLE', details)
  }
  return asFailure(error)
}

import * as grpc from '@grpc/grpc-js'
import { asFailure, type ErrorCode, errorKinds, Failure, fail } from '../base/errors.ts'
import { failureOf, rawBytes } from './grpc-server.ts'

/**
 * Calls between our own processes over one bidirectional gRPC stream each: a JSON head, then the
 * body in frames of at most 1 MiB, both ways. So a body of any size passes a message limit of
 * 4 MiB, with HTTP/2's flow control.
 *
 * request:  {"method", "argument", "bodyBytes"} frame ...
 * response: {"value", "bodyBytes"} frame ...   or   {"error": {code, message, fields}}
 */
export interface CallMessage {
  readonly value: unknown
  readonly body: Uint8Array
}

export type CallHandler = (
  argument: unknown,
  body: Uint8Array,
  signal: AbortSignal,
) => Promise<CallMessage>
export type CallHandlers = ReadonlyMap<string, CallHandler>

export const frameBytesMax = 1 << 20
/** Refused before it is collected. */
const bodyBytesMax = 1 << 30

export const callPath = '/vivace.Internal/Call'
export const noBody = new Uint8Array(0)

type Stream = grpc.ServerDuplexStream<Buffer, Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>

/** Writes a head and a body, waiting whenever the other side is slower. */
export async function writeFrames(
  stream: Stream,
  head: Record<string, unknown>,
  body: Uint8Array,
): Promise<void> {
  stream.write(Buffer.from(JSON.stringify({ ...head, bodyBytes: body.length })))
  for (let at = 0; at < body.length; at += frameBytesMax) {
    const piece = body.subarray(at, Math.min(body.length, at + frameBytesMax))
    if (!stream.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length))) {
      await new Promise<void>(resolve => {
        const done = () => resolve()
        stream.once('drain', done)
        stream.once('close', done)
        stream.once('cancelled', done)
        stream.once('error', done)
      })
    }
  }
}

/** Collects messages from frames: calls `take` with each head and its complete body. */
export class FrameReader {
  readonly #take: (head: Record<string, unknown>, body: Uint8Array) => void
  #head: Record<string, unknown> | undefined
  #wanted = 0
  #pieces: Buffer[] = []

  constructor(take: (head: Record<string, unknown>, body: Uint8Array) => void) {
    this.#take = take
  }

  push(frame: Buffer): void {
    if (!this.#head) {
      const head = JSON.parse(frame.toString()) as Record<string, unknown>
      this.#wanted = Number(head['bodyBytes'] ?? 0)
      if (this.#wanted > bodyBytesMax)
        throw fail('BODY_TOO_LARGE', `message of ${this.#wanted} bytes between processes`)
      this.#head = head
    } else {
      this.#pieces.push(frame)
      this.#wanted -= frame.length
    }
    if (this.#wanted > 0) return
    const head = this.#head
    const body = Buffer.concat(this.#pieces)
    this.#head = undefined
    this.#pieces = []
    this.#take(head, body)
  }
}

export function errorHead(error: unknown): Record<string, unknown> {
  const { code, message, fields } = asFailure(error)
  return { error: { code, message, fields } }
}

export function errorOfHead(head: Record<string, unknown>): Failure | null {
  const error = head['error'] as
    | { code: string; message: string; fields: Record<string, unknown> }
    | undefined
  if (!error) return null
  const code = Object.hasOwn(errorKinds, error.code) ? (error.code as ErrorCode) : 'INTERNAL'
  return new Failure(code, error.message, error.fields)
}

/** Serves calls on a gRPC server; handlers may be added while it runs. */
export function addCalls(server: grpc.Server, handlers: CallHandlers): void {
  const definition = {
    Call: { path: callPath, requestStream: true, responseStream: true, ...rawBytes },
  } as const
  server.addService(definition, {
    Call: (stream: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      const abort = new AbortController()
      stream.on('cancelled', () => abort.abort())
      stream.on('error', () => abort.abort())
      const reader = new FrameReader((head, body) => {
        void answer(stream, handlers, head, body, abort.signal)
      })
      stream.on('data', (frame: Buffer) => {
        try {
          reader.push(frame)
        } catch (error) {
          void writeFrames(stream, errorHead(error), noBody).then(() => stream.end())
        }
      })
    },
  })
}

async function answer(
  stream: grpc.ServerDuplexStream<Buffer, Buffer>,
  handlers: CallHandlers,
  head: Record<string, unknown>,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  try {
    const handler = handlers.get(String(head['method']))
    if (!handler)
      throw fail('UNIMPLEMENTED', `this process does not answer ${String(head['method'])}`)
    const result = await handler(head['argument'], body, signal)
    if (!signal.aborted) await writeFrames(stream, { value: result.value }, result.body)
  } catch (error) {
    if (!signal.aborted) await writeFrames(stream, errorHead(error), noBody)
  }
  stream.end()
}

/** A connection to another of our processes. */
export class CallClient {
  readonly address: string
  readonly #client: grpc.Client

  constructor(address: string, options: { recvBytesMax: number; sendBytesMax: number }) {
    this.address = address
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': options.recvBytesMax,
      'grpc.max_send_message_length': options.sendBytesMax,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    })
  }

  call(
    method: string,
    argument: unknown,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<CallMessage> {
    const pass = (bytes: Buffer) => bytes
    const stream = this.#client.makeBidiStreamRequest<Buffer, Buffer>(callPath, pass, pass)
    return new Promise((resolve, reject) => {
      const cancel = () => stream.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      const reader = new FrameReader((head, answerBody) => {
        const failure = errorOfHead(head)
        if (failure) reject(failure)
        else resolve({ value: head['value'], body: answerBody })
      })
      stream.on('data', (frame: Buffer) => reader.push(frame))
      stream.on('error', error => {
        signal?.removeEventListener('abort', cancel)
        reject(failureOf(error))
      })
      stream.on('end', () => {
        signal?.removeEventListener('abort', cancel)
        reject(fail('UNAVAILABLE', `${this.address} ended the call without an answer`))
      })
      void writeFrames(stream, { method, argument }, body).then(() => stream.end())
    })
  }

  /** A stream that stays open, for messages both ways. */
  open(path: string): grpc.ClientDuplexStream<Buffer, Buffer> {
    const pass = (bytes: Buffer) => bytes
    return this.#client.makeBidiStreamRequest<Buffer, Buffer>(path, pass, pass)
  }

  close(): void {
    this.#client.close()
  }
}

import * as grpc from '@grpc/grpc-js'
import { asFailure, type ErrorCode, errorKinds, Failure, fail } from '../base/errors.ts'
import { failureOf, rawBytes } from './grpc-server.ts'

/**
 * Calls between our own processes over one bidirectional gRPC stream each. A message of any size
 * passes a gRPC message limit of 4 MiB, with HTTP/2's flow control: it is cut in frames of at most
 * 1 MiB, and each message begins a frame of its own.
 *
 * message:  u32 headBytes | u32 bodyBytes | head, JSON | body          (little-endian)
 * request:  head {"method", "argument"}
 * response: head {"value"}   or   {"error": {code, message, fields}}
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
const prefixBytes = 8
/** Refused before it is collected. */
const messageBytesMax = 1 << 30

export const callPath = '/vivace.Internal/Call'
export const noBody = new Uint8Array(0)

type Stream = grpc.ServerDuplexStream<Buffer, Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>

/** Writes a message, waiting whenever the other side is slower. Stops when the stream is gone. */
export async function writeFrames(
  stream: Stream,
  head: Record<string, unknown>,
  body: Uint8Array,
): Promise<void> {
  const headBytes = Buffer.from(JSON.stringify(head))
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32LE(headBytes.length, 0)
  prefix.writeUInt32LE(body.length, 4)
  await writePieces(stream, Buffer.concat([prefix, headBytes]))
  await writePieces(stream, body)
}

async function writePieces(stream: Stream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += frameBytesMax) {
    if (stream.destroyed || stream.writableEnded) return
    const piece = bytes.subarray(at, Math.min(bytes.length, at + frameBytesMax))
    if (!stream.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length))) {
      await drained(stream)
    }
  }
}

function drained(stream: Stream): Promise<void> {
  return new Promise<void>(resolve => {
    const events = ['drain', 'close', 'cancelled', 'error', 'finish'] as const
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

/** Collects messages from frames: calls `take` with each head and its complete body. */
export class FrameReader {
  readonly #take: (head: Record<string, unknown>, body: Uint8Array) => void
  #pieces: Buffer[] = []
  #headBytes = 0
  #missingBytes = 0

  constructor(take: (head: Record<string, unknown>, body: Uint8Array) => void) {
    this.#take = take
  }

  /** Fails with BAD_REQUEST or BODY_TOO_LARGE; nothing more can be read then. */
  push(frame: Buffer): void {
    if (this.#pieces.length === 0) this.#begin(frame)
    this.#pieces.push(frame)
    this.#missingBytes -= frame.length
    if (this.#missingBytes > 0) return
    if (this.#missingBytes < 0) throw malformed('frame is longer than its message')
    const message = Buffer.concat(this.#pieces)
    this.#pieces = []
    const bodyAt = prefixBytes + this.#headBytes
    this.#take(parseHead(message.subarray(prefixBytes, bodyAt)), message.subarray(bodyAt))
  }

  #begin(frame: Buffer): void {
    if (frame.length < prefixBytes) throw malformed('frame without the sizes of its message')
    this.#headBytes = frame.readUInt32LE(0)
    this.#missingBytes = prefixBytes + this.#headBytes + frame.readUInt32LE(4)
    if (this.#missingBytes > messageBytesMax) {
      throw fail('BODY_TOO_LARGE', `message of ${this.#missingBytes} bytes between processes`)
    }
  }
}

function malformed(what: string): Failure {
  return fail('BAD_REQUEST', `malformed message between processes: ${what}`)
}

function parseHead(bytes: Buffer): Record<string, unknown> {
  let head: unknown
  try {
    head = JSON.parse(bytes.toString())
  } catch {
    // Says less than ours.
  }
  if (typeof head !== 'object' || head === null) throw malformed('its head is no JSON object')
  return head as Record<string, unknown>
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
      stream.on(
        'data',
        untilBad(reader, error => {
          void writeFrames(stream, errorHead(error), noBody).then(() => stream.end())
        }),
      )
    },
  })
}

/** Gives frames to a reader until it finds one that is wrong; then `refuse` is called, once. */
export function untilBad(
  reader: FrameReader,
  refuse: (error: unknown) => void,
): (frame: Buffer) => void {
  let isBad = false
  return frame => {
    if (isBad) return
    try {
      reader.push(frame)
    } catch (error) {
      isBad = true
      refuse(error)
    }
  }
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
    if (!handler) {
      // A process that is still starting, or one of another version: others may answer, or later.
      throw fail('UNAVAILABLE', `this process does not answer ${String(head['method'])} (yet)`)
    }
    const result = await handler(head['argument'], body, signal)
    if (!signal.aborted) await writeFrames(stream, { value: result.value }, result.body)
  } catch (error) {
    if (!signal.aborted) await writeFrames(stream, errorHead(error), noBody)
  }
  stream.end()
}

export interface CallClientOptions {
  readonly recvBytesMax: number
  readonly sendBytesMax: number
}

type ClientStream = grpc.ClientDuplexStream<Buffer, Buffer>

/**
 * A connection to another of our processes. When it fails the next call makes a new one at once:
 * gRPC's own would refuse all calls until its backoff is over, also when the process has long come
 * back.
 */
export class CallClient {
  readonly address: string
  readonly #options: CallClientOptions
  #client: grpc.Client | undefined

  constructor(address: string, options: CallClientOptions) {
    this.address = address
    this.#options = options
  }

  call(
    method: string,
    argument: unknown,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<CallMessage> {
    const stream = this.open(callPath)
    return new Promise((resolve, reject) => {
      const cancel = () => stream.cancel()
      if (signal?.aborted) cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      const reader = new FrameReader((head, answerBody) => {
        const failure = errorOfHead(head)
        if (failure) reject(failure)
        else resolve({ value: head['value'], body: answerBody })
      })
      const refuse = (error: unknown) => {
        reject(asFailure(error))
        stream.cancel()
      }
      stream.on('data', untilBad(reader, refuse))
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

  /** A stream that stays open, for messages both ways. Its `error` must be listened to. */
  open(path: string): ClientStream {
    this.#client ??= this.#connect()
    const client = this.#client
    const pass = (bytes: Buffer) => bytes
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, pass, pass)
    stream.on('error', error => {
      const isLost = (error as grpc.ServiceError).code === grpc.status.UNAVAILABLE
      if (!isLost || this.#client !== client) return
      client.close()
      this.#client = undefined
    })
    return stream
  }

  close(): void {
    this.#client?.close()
    this.#client = undefined
  }

  #connect(): grpc.Client {
    return new grpc.Client(this.address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': this.#options.recvBytesMax,
      'grpc.max_send_message_length': this.#options.sendBytesMax,
      // Else a new client would share the failed connection of the old one.
      'grpc.use_local_subchannel_pool': 1,
    })
  }
}

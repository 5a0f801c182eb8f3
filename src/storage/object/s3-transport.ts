import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Clock } from '../../base/clock.ts'

/** An answer of the store that is not success. */
export class S3ResponseError extends Error {
  readonly status: number
  /** S3's code, such as NoSuchKey; empty when the answer has none (HEAD has no body). */
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'S3ResponseError'
    this.status = status
    this.code = code
  }
}

export class S3TimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no complete answer within ${timeoutMs} ms`)
    this.name = 'S3TimeoutError'
  }
}

/** Only the code and the message of an error are read; the rest may repeat what was signed. */
const errorBodyBytesMax = 16_384
const messageCharsMax = 200

export interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

/**
 * How the S3 client reaches the network. It gives every request a deadline, and turns every answer
 * but 2xx into an S3ResponseError of the request, so that retries are decided in one place and the
 * connection of a refused request is free again.
 */
export function s3Transport(useTls: boolean, timeoutMs: number, clock: Clock): Transport {
  const inner = useTls ? https : http
  return {
    request(options, onResponse) {
      const request = inner.request(options)
      let answer: IncomingMessage | null = null
      const cancel = clock.after(timeoutMs, () => {
        const late = new S3TimeoutError(timeoutMs)
        if (answer) answer.destroy(late)
        else request.destroy(late)
      })
      request.on('close', cancel)
      request.on('response', response => {
        answer = response
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) return onResponse(response)
        readError(response).then(
          error => request.emit('error', error),
          error => request.emit('error', error),
        )
      })
      return request
    },
  }
}

async function readError(response: IncomingMessage): Promise<S3ResponseError> {
  const pieces: Buffer[] = []
  let bytes = 0
  // Read to its end: only then is the connection used again.
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (bytes < errorBodyBytesMax) pieces.push(piece)
    bytes += piece.length
  }
  const body = Buffer.concat(pieces).toString()
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? ''
  const detail = /<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? ''
  const status = response.statusCode ?? 0
  const message = [`status ${status}`, code, detail].filter(part => part !== '').join(', ')
  return new S3ResponseError(status, code, message.slice(0, messageCharsMax))
}

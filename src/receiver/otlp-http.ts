import type { IncomingMessage, ServerResponse } from 'node:http'
import { asFailure, type Failure, GrpcStatus } from '../base/errors.ts'
import type { SpanSink } from '../contract/span-sink.ts'
import { readBody } from '../net/read-body.ts'
import {
  exportResponseToJson,
  exportResponseToProtobuf,
  googleStatusToJson,
  googleStatusToProtobuf,
  statusOfFailure,
} from '../wire/google-status.ts'
import { otlpJsonToProtobuf } from '../wire/otlp-json-decode.ts'

/** OTLP over HTTP: `POST <path>` in protobuf or JSON, answers in the encoding of the request. */
export interface OtlpHttpDeps {
  readonly sink: SpanSink
  /** `/v1/traces`, unless configured otherwise. */
  readonly path: string
  readonly bodyBytesMax: number
  /** What a client that was refused by a limit is told to wait; 0 = nothing. */
  readonly retryAfterMs: number
  readonly cors: CorsSettings | undefined
  /** Fails when the request has no (good) tenant. */
  resolveTenant(header: string | undefined): string
}

export interface CorsSettings {
  /** `*` alone, or origins in which `*` stands for any text. */
  readonly allowedOrigins: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly maxAgeSeconds: number
}

type Encoding = 'json' | 'protobuf'

const contentTypes: Record<Encoding, string> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
}

const origin = { receiver: 'otlp/otlp_receiver', transport: 'http' }

export function otlpHttpHandler(deps: OtlpHttpDeps) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    request.on('error', () => response.destroy())
    void answer(deps, request, response)
  }
}

async function answer(
  deps: OtlpHttpDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0]
  allowOrigin(deps.cors, request, response)
  if (path !== deps.path) return sendText(response, 404, '404 page not found\n')
  if (request.method === 'OPTIONS' && deps.cors) return preflight(deps.cors, response)
  if (request.method !== 'POST') {
    return sendText(response, 405, '405 method not allowed, supported: [POST]')
  }
  const encoding = encodingOf(request.headers['content-type'])
  if (!encoding) {
    const what = '415 unsupported media type, supported: [application/json, application/x-protobuf]'
    return sendText(response, 415, what)
  }
  try {
    const tenantHeader = request.headers['x-scope-orgid']
    const tenant = deps.resolveTenant(
      Array.isArray(tenantHeader) ? tenantHeader.join('|') : tenantHeader,
    )
    const raw = await readBody(
      request,
      deps.bodyBytesMax,
      'distributor.receivers.otlp.protocols.http.max_request_body_size',
    )
    const body = encoding === 'json' ? otlpJsonToProtobuf(raw) : raw
    const result = await deps.sink.push(tenant, body, origin)
    const partial = { rejectedSpans: result.rejectedSpans, errorMessage: result.message }
    const reply =
      encoding === 'json' ? exportResponseToJson(partial) : exportResponseToProtobuf(partial)
    send(response, 200, contentTypes[encoding], reply)
  } catch (error) {
    sendFailure(deps, request, response, encoding, asFailure(error))
  }
}

/** Parameters and letter case do not matter. */
function encodingOf(header: string | undefined): Encoding | null {
  const type = (header ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/json') return 'json'
  return type === 'application/x-protobuf' ? 'protobuf' : null
}

function sendFailure(
  deps: OtlpHttpDeps,
  request: IncomingMessage,
  response: ServerResponse,
  encoding: Encoding,
  failure: Failure,
): void {
  const { grpc } = failure.kind
  const wait = failure.kind.retry && grpc === GrpcStatus.RESOURCE_EXHAUSTED && deps.retryAfterMs > 0
  if (wait)
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(deps.retryAfterMs / 1000))))
  const status = statusOfFailure(failure, wait ? deps.retryAfterMs : undefined)
  const body = encoding === 'json' ? googleStatusToJson(status) : googleStatusToProtobuf(status)
  const type = contentTypes[encoding]
  if (request.complete) send(response, failure.kind.http, type, body)
  else sendAndDrain(request, response, failure.kind.http, type, body)
}

/** How long a client that is refused may go on sending. */
const drainMaxMs = 5000

/**
 * Answers while the client still sends, and closes when it has finished: a connection that is closed
 * under it would lose the answer, and the client would send all of it again.
 */
function sendAndDrain(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  if (response.destroyed) return
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  // The rest of a body that is not read would be taken for the next request.
  response.setHeader('Connection', 'close')
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length })
  response.write(bytes)
  const end = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, drainMaxMs)
  request.once('end', end)
  request.once('close', end)
  request.unpipe()
  request.resume()
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  if (response.destroyed) return
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length })
  response.end(bytes)
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', text)
}

function allowOrigin(
  cors: CorsSettings | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { origin: asked } = request.headers
  if (
    !cors ||
    asked === undefined ||
    !cors.allowedOrigins.some(allowed => originMatches(allowed, asked))
  )
    return
  response.setHeader('Access-Control-Allow-Origin', cors.allowedOrigins.includes('*') ? '*' : asked)
  response.setHeader('Vary', 'Origin')
}

/** `https://*.example.com`: the text around each `*` must be there, in order. */
function originMatches(pattern: string, asked: string): boolean {
  const pieces = pattern.toLowerCase().split('*')
  const text = asked.toLowerCase()
  if (pieces.length === 1) return pattern.toLowerCase() === text
  const [first, last] = [pieces[0]!, pieces[pieces.length - 1]!]
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > text.length - last.length) return false
    at = found + piece.length
  }
  return true
}

function preflight(cors: CorsSettings, response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Methods', 'POST')
  const headers =
    cors.allowedHeaders.length > 0
      ? cors.allowedHeaders
      : ['Content-Type', 'Content-Encoding', 'X-Scope-OrgID']
  response.setHeader('Access-Control-Allow-Headers', headers.join(', '))
  if (cors.maxAgeSeconds > 0)
    response.setHeader('Access-Control-Max-Age', String(cors.maxAgeSeconds))
  response.writeHead(204)
  response.end()
}

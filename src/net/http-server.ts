import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fail } from '../base/errors.ts'

/**
 * An HTTP/1.1 listener. Slow clients are cut off: headers within 10 s, a whole request within
 * `requestTimeoutMs`. Stopping closes idle connections at once and waits for answers under way.
 */
export interface HttpListenerOptions {
  /** Host and port; an empty host is all interfaces. */
  readonly host: string
  readonly port: number
  /** The setting that an error names when the address cannot be used. */
  readonly setting: string
  readonly requestTimeoutMs: number
  readonly idleTimeoutMs: number
  handle(request: IncomingMessage, response: ServerResponse): void
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** Resolves when answers under way are sent, or after `drainMs`. */
  close(drainMs: number): Promise<void>
}

const headersTimeoutMs = 10_000
/** Time to read the answer for a client that was refused, before its connection is cut. */
const lingerMs = 1000
/** How often slow connections are looked for: they live this much longer at most. */
const slowCheckMs = 2000
/**
 * A longer request line with headers is refused while it is read (431). The longest TraceQL query
 * that is allowed by default, 128 KiB, fits with every second character percent-encoded.
 */
export const headersBytesMax = 262_144

export async function listenHttp(options: HttpListenerOptions): Promise<Listener> {
  const answering = new Set<Duplex>()
  const server = createServer(
    { maxHeaderSize: headersBytesMax, connectionsCheckingInterval: slowCheckMs },
    (request, response) => {
      answering.add(request.socket)
      response.once('close', () => answering.delete(request.socket))
      options.handle(request, response)
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // In the middle of an answer another one would be taken for a part of it.
    if (!socket.writable || answering.has(socket)) {
      socket.destroy()
      return
    }
    socket.end(refusal(error))
    setTimeout(() => socket.destroy(), lingerMs).unref()
  })
  server.headersTimeout = headersTimeoutMs
  server.requestTimeout = options.requestTimeoutMs
  server.keepAliveTimeout = options.idleTimeoutMs
  server.maxHeadersCount = 200
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await listening(server, options)
  const address = server.address() as AddressInfo
  return {
    host: options.host,
    port: address.port,
    close: drainMs => closeServer(server, sockets, drainMs),
  }
}

/** The answer to what never became a request. */
function refusal(error: NodeJS.ErrnoException): string {
  const { status, text } = refusalOf(error)
  const headers = [
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  return `HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n${text}`
}

function refusalOf(error: NodeJS.ErrnoException): { status: string; text: string } {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const text = `request line and headers exceed the limit of ${headersBytesMax} bytes: shorten the URL or send fewer headers`
      return { status: '431 Request Header Fields Too Large', text }
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: '408 Request Timeout', text: 'the request did not arrive in time' }
    default:
      return { status: '400 Bad Request', text: `not an HTTP/1.1 request: ${error.message}` }
  }
}

function listening(server: Server, options: HttpListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error as NodeJS.ErrnoException, options)))
    server.listen({ host: options.host || undefined, port: options.port }, resolve)
  })
}

export function cannotListen(
  error: NodeJS.ErrnoException,
  options: { host: string; port: number; setting: string },
): Error {
  const where = `${options.host || '*'}:${options.port}`
  const why = error.code === 'EADDRINUSE' ? 'the port is taken by another process' : error.message
  return fail('UNAVAILABLE', `cannot listen on ${where}: ${why}; change ${options.setting}`)
}

function closeServer(server: Server, sockets: Set<Socket>, drainMs: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, drainMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}

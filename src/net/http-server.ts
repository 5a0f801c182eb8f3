import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
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
/** More headers than this are refused while they are read (431). */
const headersBytesMax = 32_768

export async function listenHttp(options: HttpListenerOptions): Promise<Listener> {
  const server = createServer({ maxHeaderSize: headersBytesMax }, options.handle)
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

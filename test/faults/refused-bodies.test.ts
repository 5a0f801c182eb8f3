// time limit: 120 s
import { connect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { localTrace, oneProcess } from '../e2e/one-process.ts'
import { loopback, startServer, temporaryDirectory } from '../tools/server.ts'
import { call } from '../tools/tempo-api.ts'

/** Clients that are refused while they still send: the answer reaches them. */

const directory = await temporaryDirectory()
const host = loopback(1)
const server = await startServer(
  await oneProcess({ host, directory: directory.path, trace: localTrace(directory.path) }),
)
const test = suite('refused bodies')
const otlp = `http://${host}:4318/v1/traces`
const headers = { 'Content-Type': 'application/x-protobuf' }
const bodyMiB = 64

test('a body whose length is announced and too large', async () => {
  const body = Buffer.alloc(bodyMiB * 1024 * 1024)
  const { status } = await call(otlp, { method: 'POST', headers, body })
  assert.is(status, 413)
})

test('a body of unknown length that becomes too large', async () => {
  async function* pieces() {
    for (let i = 0; i < bodyMiB; i++) yield Buffer.alloc(1024 * 1024)
  }
  const body = ReadableStream.from(pieces())
  const options = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
  const response = await fetch(otlp, options)
  assert.is(response.status, 413)
  await response.arrayBuffer()
})

const head = 'Host: x\r\nConnection: close\r\n'
const malformed: readonly (readonly [what: string, bytes: string])[] = [
  ['a bad host', 'GET /api/search HTTP/1.1\r\nHost: a b/c\\d\r\nConnection: close\r\n\r\n'],
  ['no host', 'GET /api/search HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two slashes', `GET //api/search HTTP/1.1\r\n${head}\r\n`],
  ['a whole URL that is none', `GET http://[::x/ HTTP/1.1\r\n${head}\r\n`],
  ['a star', `OPTIONS * HTTP/1.1\r\n${head}\r\n`],
  ['a length below zero', `POST /v1/traces HTTP/1.1\r\n${head}Content-Length: -5\r\n\r\n`],
  ['a zero byte in the path', `GET /api/traces/\0 HTTP/1.1\r\n${head}\r\n`],
]

for (const [what, bytes] of malformed) {
  test(`${what} is no fault of the server`, async () => {
    for (const port of [3200, 4318, 16_686]) {
      assert.not.match(await sendRaw(port, bytes), /^HTTP\/1\.1 5/, `port ${port}`)
    }
  })
}

test('the server goes on', async () => {
  assert.is((await call(`${server.url}/ready`)).status, 200)
  assert.not.match(server.output, /BUG:/)
  assert.is((await server.end('SIGTERM')).code, 0)
})

/** All that comes back until the connection is closed. */
function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, host, () => socket.end(bytes, 'latin1'))
    socket.setTimeout(10_000, () => reject(new Error(`port ${port} neither answers nor closes`)))
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
    })
    // A reset is an end too.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}

test.after(async () => {
  await server.end('SIGKILL')
  await directory.remove()
})

test.run()

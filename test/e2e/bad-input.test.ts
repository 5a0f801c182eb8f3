// time limit: 180 s

import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import * as grpc from '@grpc/grpc-js'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call } from '../tools/tempo-api.ts'
import type { BadCase } from './bad-input/case.ts'
import { acceptedCases, otlpCases } from './bad-input/otlp-cases.ts'
import { queryCases } from './bad-input/query-cases.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** Whatever is sent, the answer says what is wrong with it, and the server goes on. */

const answerMsMax = 10_000
/** Bombs and large bodies are held one at a time at most as far as their limit. */
const peakMemoryMiB = 700
const directory = await temporaryDirectory()
const host = loopback(1)
let server: Server
const test = suite('e2e of bad input')

test('the server has ten traces', async () => {
  const trace = localTrace(directory.path)
  server = await startServer(await oneProcess({ host, directory: directory.path, trace }))
  await generateTraces(host, 'grpc')
  await findsTraces(server)
})

for (const bad of [...otlpCases, ...queryCases, ...acceptedCases]) {
  test(bad.name, () => isAnswered(bad))
}

const export4317 = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

test('gRPC: what is no request', async () => {
  assert.is(await grpcStatus(4317, export4317, Buffer.from('spans')), grpc.status.INVALID_ARGUMENT)
  assert.is(
    await grpcStatus(4317, '/no.Service/Method', Buffer.alloc(0)),
    grpc.status.UNIMPLEMENTED,
  )
  const large = Buffer.alloc(40_000_000)
  assert.is(await grpcStatus(4317, export4317, large), grpc.status.RESOURCE_EXHAUSTED)
})

test('gRPC: garbage on the streams between processes', async () => {
  for (const path of ['/vivace.Internal/Call', '/vivace.Frontend/Pull']) {
    for (const frame of [
      Buffer.from('x'),
      Buffer.alloc(8, 0xff),
      Buffer.from('\u0002\0\0\0\0\0\0\0[]'),
    ]) {
      await streamEnds(path, frame)
    }
  }
})

test('bytes that are no HTTP', async () => {
  for (const port of [3200, 4317, 4318, 9095, 16_686]) {
    assert.ok((await rawAnswer(port, Buffer.alloc(2000, 0xfe))) < answerMsMax, `port ${port}`)
  }
})

test('headers without an end', async () => {
  for (const port of [3200, 4318, 16_686]) {
    const socket = connect(port, host)
    const text = await untilClosed(socket, () => {
      socket.write('GET / HTTP/1.1\r\n')
      const more = () => {
        if (!socket.destroyed && socket.write('X-More: and more\r\n'.repeat(100)))
          setImmediate(more)
      }
      socket.on('drain', more)
      more()
    })
    // The answer is lost when it meets what is still being sent.
    if (text !== '') assert.match(text, /^HTTP\/1\.1 431 /, `port ${port}`)
  }
})

test('headers that take their time are cut off', async () => {
  const startMs = performance.now()
  const closed = [3200, 4318, 16_686].map(port => {
    const socket = connect(port, host)
    return untilClosed(socket, () => socket.write('POST /v1/traces HTTP/1.1\r\nHost: x\r\n'))
  })
  await Promise.all(closed)
  assert.ok(performance.now() - startMs < 20_000, 'within 20 s')
})

test('the server goes on as before', async () => {
  await findsOnlyTheGood()
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '')
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
  assert.ok(peak < peakMemoryMiB, `${Math.round(peak)} MiB at most`)
  assert.not.match(server.output, /BUG:|internal error/)
  await stopsInOrder(server)
})

async function isAnswered(bad: BadCase): Promise<void> {
  const { port, path, method = 'GET', headers = {}, body } = bad
  const startMs = performance.now()
  const answer = await call(`http://${host}:${port}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  const text = answer.body.toString()
  assert.is(answer.status, bad.status, text.slice(0, 500))
  if (bad.says) assert.match(text, bad.says)
  if (answer.status >= 400 && method !== 'HEAD') assert.ok(text.length > 0, 'says what is wrong')
  assert.ok(performance.now() - startMs < answerMsMax, 'answers in time')
}

/** What the accepted cases sent is beside the ten. */
async function findsOnlyTheGood(): Promise<void> {
  const params = new URLSearchParams({ q: '{ resource.service.name = "telemetrygen" }' })
  const answer = await call(`${server.url}/api/search?${params}`)
  assert.is((JSON.parse(answer.body.toString()) as { traces: unknown[] }).traces.length, 10)
}

function grpcStatus(port: number, path: string, message: Buffer): Promise<number> {
  const client = new grpc.Client(`${host}:${port}`, grpc.credentials.createInsecure())
  const pass = (bytes: Buffer) => bytes
  return new Promise(resolve => {
    client.makeUnaryRequest(path, pass, pass, message, error => {
      client.close()
      resolve(error ? error.code : grpc.status.OK)
    })
  })
}

/** One frame on a stream of the internal port: an answer or an end must come. */
async function streamEnds(path: string, frame: Buffer): Promise<void> {
  const client = new grpc.Client(`${host}:9095`, grpc.credentials.createInsecure())
  const pass = (bytes: Buffer) => bytes
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, pass, pass)
  await new Promise<void>(resolve => {
    stream.on('data', () => undefined)
    stream.on('error', () => resolve())
    stream.on('end', () => resolve())
    stream.write(frame)
  })
  stream.cancel()
  client.close()
}

/** Milliseconds until the server closed the connection. */
async function rawAnswer(port: number, bytes: Buffer): Promise<number> {
  const startMs = performance.now()
  const socket = connect(port, host)
  await untilClosed(socket, () => socket.write(bytes))
  return performance.now() - startMs
}

function untilClosed(socket: Socket, begin: () => void): Promise<string> {
  let text = ''
  return new Promise(resolve => {
    socket.on('connect', begin)
    socket.on('data', piece => {
      text += piece.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

// time limit: 120 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call } from '../tools/tempo-api.ts'
import { oneProcess } from './one-process.ts'
import { countsSpans, findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** One process whose blocks are kept in memory. */

const directory = await temporaryDirectory()
let server: Server | undefined
const test = suite('e2e in memory')

test('ten traces are found at once, and when they are blocks', async () => {
  const host = loopback(1)
  const trace = { backend: 'memory' }
  server = await startServer(await oneProcess({ host, directory: directory.path, trace }))
  await generateTraces(host, 'grpc')
  await findsTraces(server, 10)
  await countsSpans(server, 20)
  assert.is((await call(`${server.url}/flush`)).status, 204)
  await findsTraces(server, 10)
  await generateTraces(host, 'http')
  await findsTraces(server, 20)
  await stopsInOrder(server)
})

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

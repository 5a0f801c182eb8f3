// time limit: 300 s
import { suite } from 'uvu'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { countsSpans, findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** One process on the local disk: the seed scenario, over restarts in order and by force. */

const directory = await temporaryDirectory()
const options = await oneProcess({
  host: loopback(1),
  directory: directory.path,
  trace: localTrace(directory.path),
})
let server: Server | undefined
const test = suite('e2e on local disk')

async function restarted(): Promise<Server> {
  server = await startServer(options)
  return server
}

test('ten traces over gRPC are found at once', async () => {
  const api = await restarted()
  await generateTraces(api.host, 'grpc', [])
  await findsTraces(api, 10)
  await countsSpans(api, 20)
})

test('they are there after SIGTERM and a new start', async () => {
  await stopsInOrder(server!)
  await findsTraces(await restarted(), 10)
})

test('ten more over HTTP are there after SIGKILL and a new start', async () => {
  await generateTraces(server!.host, 'http')
  await findsTraces(server!, 20)
  await server!.end('SIGKILL')
  await findsTraces(await restarted(), 20)
})

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

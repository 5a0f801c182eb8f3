// time limit: 300 s
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { orSkip } from '../tools/program.ts'
import { startS3Server } from '../tools/s3-server.ts'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call } from '../tools/tempo-api.ts'
import { oneProcess } from './one-process.ts'
import { countsSpans, findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** One process with its blocks in S3: they outlive the disk. */

const s3 = await orSkip('e2e on S3', startS3Server)
const directory = await temporaryDirectory()
let server: Server | undefined
const test = suite('e2e on S3')
const it = s3 ? test : test.skip

async function started(): Promise<Server> {
  const { endpoint, bucket, accessKey, secretKey } = s3!
  const section = {
    endpoint: endpoint.replace('http://', ''),
    bucket,
    insecure: true,
    access_key: accessKey,
    secret_key: secretKey,
  }
  const trace = { backend: 's3', s3: section }
  const options = { host: loopback(1), directory: directory.path, trace }
  server = await startServer(await oneProcess(options))
  return server
}

it('ten traces are found at once, and after restarts', async () => {
  await generateTraces((await started()).host, 'grpc')
  await findsTraces(server!, 10)
  await countsSpans(server!, 20)
  await stopsInOrder(server!)
  await findsTraces(await started(), 10)
  await server!.end('SIGKILL')
  await findsTraces(await started(), 10)
})

it('flushed, they are found without the disk', async () => {
  assert.is((await call(`${server!.url}/flush`)).status, 204)
  await stopsInOrder(server!)
  await rm(join(directory.path, 'wal'), { recursive: true })
  await findsTraces(await started(), 10)
})

it('and ten more beside them, before and after a flush', async () => {
  await generateTraces(server!.host, 'http')
  await findsTraces(server!, 20)
  assert.is((await call(`${server!.url}/flush`, { method: 'POST' })).status, 204)
  await findsTraces(server!, 20)
  assert.is((await call(`${server!.url}/flush?tenant=nobody`)).status, 404)
})

test.after(async () => {
  await server?.end('SIGKILL')
  await s3?.stop()
  await directory.remove()
})

test.run()

// time limit: 120 s
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call, metricSum } from '../tools/tempo-api.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** The build starts its threads: a worker whose entry is not found ends without a word. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const directory = await temporaryDirectory()
const dist = join(directory.path, 'dist')
let server: Server | undefined
const test = suite('e2e of the threads of a build')

async function started(workers: number): Promise<Server> {
  const options = await oneProcess({
    host: loopback(1),
    directory: directory.path,
    trace: localTrace(directory.path),
    sections: { vivace: { workers } },
  })
  server = await startServer({ ...options, entry: join(dist, 'server.js') })
  return server
}

test.before(() => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.ts', `--out=${dist}`], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
})

test('blocks are scanned by query threads', async () => {
  const api = await started(2)
  await generateTraces(api.host, 'http')
  assert.is((await call(`${api.url}/flush`)).status, 204)
  await findsTraces(api)
  assert.ok((await metricSum(api, 'vivace_querier_threads_started_total')) > 0)
  assert.is(await metricSum(api, 'vivace_querier_threads_lost_total'), 0)
  await stopsInOrder(api)
})

test('without threads the same is found', async () => {
  const api = await started(0)
  await findsTraces(api)
  assert.is(await metricSum(api, 'vivace_querier_threads_started_total'), 0)
})

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

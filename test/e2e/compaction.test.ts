// time limit: 120 s
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call, metricSum } from '../tools/tempo-api.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'

/** Blocks of a running server are merged while it answers queries. */

const directory = await temporaryDirectory()
let server: Server | undefined
const test = suite('e2e compaction')

test('flushed blocks become one, and every trace is found all the time', async () => {
  const host = loopback(1)
  const compaction = { compaction_cycle: '100ms', compacted_block_retention: '1s' }
  const options = await oneProcess({
    host,
    directory: directory.path,
    trace: localTrace(directory.path),
    sections: { compactor: { compaction } },
  })
  server = await startServer(options)
  for (let block = 1; block <= 4; block++) {
    await generateTraces(host, 'http')
    assert.is((await call(`${server.url}/flush`)).status, 204)
    await findsTraces(server, 10 * block)
  }
  for (let waitedMs = 0; (await merged(server)) < 4; waitedMs += 100) {
    assert.ok(waitedMs < 30_000, 'nothing is merged')
    await findsTraces(server, 40)
    await wait(100)
  }
  for (let waitedMs = 0; (await deleted(server)) < 4; waitedMs += 100) {
    assert.ok(waitedMs < 30_000, 'nothing is deleted')
    await wait(100)
  }
  await findsTraces(server, 40)
  await stopsInOrder(server)
  server = await startServer(options)
  await findsTraces(server, 40)
})

function merged(api: Server): Promise<number> {
  return metricSum(api, 'tempodb_compaction_blocks_total')
}

function deleted(api: Server): Promise<number> {
  return metricSum(api, 'tempodb_retention_deleted_total')
}

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

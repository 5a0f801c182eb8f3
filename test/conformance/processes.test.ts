// time limit: 300 s
import { rm } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { localTrace, oneProcess } from '../e2e/one-process.ts'
import { stopsInOrder } from '../e2e/seed-scenario.ts'
import { hostOf, Stack, targets } from '../e2e/stack.ts'
import { orSkip } from '../tools/program.ts'
import { startS3Server } from '../tools/s3-server.ts'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { datasetRequests } from './corpus.ts'
import { askOf, flush, type Installation, send, untilMetric } from './installation.ts'
import { replay } from './replay.ts'
import { dealSpans } from './stores.ts'

/** Every query of the corpus over HTTP, of one process and of five, wherever the spans are by then. */

/** A full hour, so that steps begin where those of the corpus do; all spans have ended by now. */
const baseSeconds = Math.floor((Date.now() / 1000 - 1500) / 3600) * 3600
const requests = datasetRequests(baseSeconds)
/** Queries put the traces that are split together anew each time: these are 7 of 306. */
const parts = dealSpans(requests, 4, 5477, 50)
/** Those of the corpus, and no long waiting. */
const settings = {
  multitenancy_enabled: true,
  'compactor.compaction.compaction_cycle': '200ms',
  'query_frontend.search.max_spans_per_span_set': 100,
  'query_frontend.search.max_duration': '168h',
}

const s3 = await orSkip('the corpus in five processes', startS3Server)
const directory = await temporaryDirectory()
const stack = s3 && new Stack(directory.path, s3, settings)
let one: Server

function single(): Installation {
  return { host: one.host, ingester: one, querier: one, frontend: one }
}

function five(): Installation {
  const [ingester, querier] = [stack!.server('ingester'), stack!.server('querier')]
  return {
    ...{ host: hostOf('distributor'), ingester, querier },
    frontend: stack!.server('query-frontend'),
  }
}

replay('one process, live', baseSeconds, async () => {
  const options = {
    ...{ host: loopback(1), directory: directory.path, trace: localTrace(directory.path) },
    sections: {
      multitenancy_enabled: true,
      compactor: { compaction: { compaction_cycle: '200ms' } },
    },
  }
  one = await startServer(await oneProcess(options))
  await send(single(), 'whole', requests)
  return askOf(single(), 'whole')
})

if (stack) {
  replay('five processes, live', baseSeconds, async () => {
    await stack.start(...targets.filter(target => target !== 'compactor'))
    await send(five(), 'whole', requests)
    return askOf(five(), 'whole')
  })

  replay('five processes, a block', baseSeconds, async () => {
    await flush(five(), 'whole')
    await emptyIngester(stack)
    return askOf(five(), 'whole')
  })

  replay('five processes, traces dealt over three blocks and live data', baseSeconds, () =>
    dealt(five()),
  )

  replay('five processes, after compaction', baseSeconds, async () => {
    await flush(five(), 'dealt')
    await emptyIngester(stack)
    await stack.start('compactor')
    await untilMetric(stack.server('compactor'), 'tempodb_compaction_blocks_total', 4)
    // It reads the list again.
    await stopsInOrder(stack.server('querier'))
    await stack.start('querier')
    return askOf(five(), 'dealt')
  })
}

replay('one process, a local block', baseSeconds, async () => {
  // Live data of a minute's age is frozen.
  await untilMetric(one, 'vivace_ingester_local_blocks{tenant="whole"}', 1)
  await untilMetric(one, 'tempo_ingester_live_trace_bytes{tenant="whole"}', 0)
  return askOf(single(), 'whole')
})

replay('one process, a block', baseSeconds, async () => {
  await flush(single(), 'whole')
  await untilMetric(one, 'vivace_ingester_local_blocks{tenant="whole"}', 0)
  return askOf(single(), 'whole')
})

replay('one process, traces dealt over three blocks and live data', baseSeconds, () =>
  dealt(single()),
)

replay('one process, after compaction', baseSeconds, async () => {
  await flush(single(), 'dealt')
  await untilMetric(one, 'tempodb_compaction_blocks_total', 4)
  return askOf(single(), 'dealt')
})

/** Every answer comes from blocks of the object store then. */
async function emptyIngester(processes: Stack): Promise<void> {
  await stopsInOrder(processes.server('ingester'))
  await rm(processes.volume('ingester'), { recursive: true })
  await processes.start('ingester')
}

async function dealt(installation: Installation) {
  for (const part of parts.slice(0, -1)) {
    await send(installation, 'dealt', part)
    await flush(installation, 'dealt')
  }
  await send(installation, 'dealt', parts.at(-1)!)
  return askOf(installation, 'dealt')
}

const end = suite('the end of the corpus')
end('they stop in order', async () => {
  await stopsInOrder(one)
  for (const target of stack ? targets : []) await stopsInOrder(stack!.server(target))
  assert.not.match(`${one.output}${stack?.printed}`, /BUG:/)
})
end.after(async () => {
  await one?.end('SIGKILL')
  await stack?.stopAll()
  await s3?.stop()
  await directory.remove()
})
end.run()

// time limit: 300 s
import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { localTrace, oneProcess } from '../e2e/one-process.ts'
import { stopsInOrder } from '../e2e/seed-scenario.ts'
import { loopback, Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { call, searchTraces } from '../tools/tempo-api.ts'
import { NumberedWriter } from './numbered-writer.ts'

/**
 * SIGKILL at random moments, again and again, under load: while spans come, while they are frozen,
 * merged and uploaded, in a flush, and at the start. Whatever was acknowledged must be there.
 * KILLS=1000 makes it long, SEED=… repeats the moments of one run.
 */

const kills = Number(process.env['KILLS'] ?? 12)
const seed = Number(process.env['SEED'] ?? 20_240_501)
const exporters = 3
const lifeMsMax = 1500
const startMsMax = 150
const flushMsMax = 600

const directory = await temporaryDirectory()
const host = loopback(1)
const options = await oneProcess({
  host,
  directory: directory.path,
  trace: localTrace(directory.path),
  sections: {
    // Little memory and short times: there is always a freeze, a merge or an upload going on.
    vivace: { memory_budget_bytes: 100_000_000 },
    ingester: { max_block_duration: '1s', flush_check_period: '200ms' },
    overrides: { defaults: { ingestion: { rate_limit_bytes: 0, max_traces_per_user: 0 } } },
  },
})
let server: Server | undefined
const test = suite('kills at any moment')

interface Tally {
  startKills: number
  flushKills: number
  freezes: number
  uploads: number
  readyMs: number[]
}

test(`${kills} kills lose nothing that was acknowledged`, async () => {
  const random = xorshift(seed)
  const writer = new NumberedWriter(host)
  const tally: Tally = { startKills: 0, flushKills: 0, freezes: 0, uploads: 0, readyMs: [] }
  writer.start(exporters)
  for (let kill = 0; kill < kills; kill++) await oneLife(random, tally)
  server = await startServer(options)
  await writer.stop()
  const missed = await writer.verify(server)
  console.log(summary(writer, tally, missed))
  assert.equal(missed, { lost: 0, duplicates: 0, strange: 0 }, `SEED=${seed}`)
  assert.ok(tally.freezes > 0, 'live data was frozen')
  await findsEachOnce(writer)
})

test('and after a flush and a stop everything is there again', async () => {
  assert.is((await call(`${server!.url}/flush`)).status, 204)
  assert.not.match(server!.output, /BUG:|cannot be read/)
  await stopsInOrder(server!)
  server = await startServer(options)
  const found = await searchTraces(server, { q: '{}', limit: '10' })
  assert.is(found.length, 10)
})

/** From a start to a kill. */
async function oneLife(random: () => number, tally: Tally): Promise<void> {
  const startedMs = performance.now()
  const life = new Server(options)
  server = life
  const kind = random()
  if (kind < 0.2) {
    tally.startKills++
    await pause(random() * startMsMax)
  } else {
    await life.ready()
    tally.readyMs.push(performance.now() - startedMs)
    await pause(random() * lifeMsMax)
    if (kind < 0.5) {
      tally.flushKills++
      const flushing = call(`${life.url}/flush`).catch(() => undefined)
      await pause(random() * flushMsMax)
      void flushing
    }
  }
  await life.end('SIGKILL')
  tally.freezes += life.output.split('live data frozen').length - 1
  tally.uploads += life.output.split('block uploaded').length - 1
  assert.not.match(life.output, /BUG:|quarantine|cannot be read/, life.output)
}

async function findsEachOnce(writer: NumberedWriter): Promise<void> {
  const limit = writer.traces + 10
  const found = await searchTraces(server!, { q: '{ name =~ "span .*" }', limit: String(limit) })
  assert.is(found.length, writer.traces, 'search finds each trace')
  assert.is(new Set(found.map(trace => trace.traceID)).size, writer.traces, 'and each once')
}

function summary(writer: NumberedWriter, tally: Tally, missed: object): string {
  const readyMs = [...tally.readyMs].sort((a, b) => a - b)
  const facts = {
    seed,
    kills,
    ...tally,
    readyMs: `p50 ${Math.round(readyMs[readyMs.length >> 1] ?? 0)}, max ${Math.round(readyMs.at(-1) ?? 0)}`,
    acknowledged: writer.acknowledgedSpans,
    refused: [...writer.refusals].map(([reason, count]) => `${reason}: ${count}`).join(', '),
    ...missed,
  }
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

function xorshift(from: number): () => number {
  let state = from || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4_294_967_296
  }
}

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

// time limit: 300 s
import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { localTrace, oneProcess } from '../e2e/one-process.ts'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { spansIn } from '../tools/spans.ts'
import { call, searchTraces, traceBytes } from '../tools/tempo-api.ts'
import { type Load, randomOf, startLoad } from './load.ts'

/**
 * A server that is killed again and again under load: whatever it acknowledged is found, once.
 * KILLS says how often, SEED repeats a run's moments.
 */

const kills = Number(process.env['KILLS'] ?? 12)
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
const random = randomOf(seed)
/** Acknowledged traces that are looked at after each start. */
const sampleSize = 10
const directory = await temporaryDirectory()
const options = await oneProcess({
  host: loopback(1),
  directory: directory.path,
  trace: localTrace(directory.path),
  sections: {
    // Little memory: live data is frozen every few requests.
    vivace: { memory_budget_bytes: 100_000_000 },
    overrides: {
      ingestion_rate_limit_bytes: 1e9,
      ingestion_burst_size_bytes: 1e9,
      max_traces_per_user: 0,
      max_bytes_per_trace: 0,
    },
  },
})
let server: Server | undefined
let load: Load | undefined
const test = suite('kill loop')
const totals = { freezes: 0, uploads: 0 }

interface Difference {
  lost: number
  duplicates: number
}

async function compare(traceIds: Iterable<string>, load: Load): Promise<Difference> {
  const difference = { lost: 0, duplicates: 0 }
  for (const traceId of traceIds) {
    // Acknowledgements that come while it is read are not in the answer.
    const wanted = new Set(load.acknowledged.get(traceId))
    const bytes = await traceBytes(server!, traceId)
    const found = spansIn(bytes ?? Buffer.alloc(0)).map(span => span.spanId)
    const distinct = new Set(found)
    difference.duplicates += found.length - distinct.size
    for (const spanId of wanted) if (!distinct.has(spanId)) difference.lost++
  }
  return difference
}

function sample(load: Load): string[] {
  const known = [...load.acknowledged.keys()]
  return Array.from({ length: Math.min(sampleSize, known.length) }, () => {
    return known[Math.floor(random() * known.length)]!
  })
}

/** By turns: under load alone, while everything is frozen and uploaded, and just after that. */
async function killAtSomeMoment(kill: number): Promise<void> {
  await pause(200 + random() * 800)
  if (kill % 3 > 0) {
    const flushed = call(`${server!.url}/flush`, { method: 'POST' }).catch(() => undefined)
    if (kill % 3 === 1) await pause(random() * 1000)
    else await flushed
  }
  await server!.end('SIGKILL')
  totals.freezes += server!.output.split('live data frozen').length - 1
  totals.uploads += server!.output.split('block uploaded').length - 1
}

test(`nothing is lost by ${kills} kills (SEED=${seed})`, async () => {
  server = await startServer(options)
  load = startLoad(server.host, random)
  for (let kill = 1; kill <= kills; kill++) {
    await killAtSomeMoment(kill)
    server = await startServer(options)
    const { lost, duplicates } = await compare(sample(load), load)
    assert.is(lost, 0, `SEED=${seed}: lost after kill ${kill}`)
    assert.is(duplicates, 0, `SEED=${seed}: duplicates after kill ${kill}`)
  }
  await load.stop()
  const { lost, duplicates } = await compare(load.acknowledged.keys(), load)
  console.log(JSON.stringify({ seed, kills, ...totals, ...load.requests, lost, duplicates }))
  assert.is(lost, 0, `SEED=${seed}`)
  assert.is(duplicates, 0, `SEED=${seed}`)
  assert.ok(load.requests.acknowledged > kills, 'there was load')
  assert.ok(totals.freezes > 0, 'live data was frozen')
  assert.ok(kills < 3 || totals.uploads > 0, 'blocks were uploaded')
  const limit = load.acknowledged.size
  const found = await searchTraces(server, { q: '{}', limit: String(Math.min(limit, 1000)) })
  assert.is(found.length, Math.min(limit, 1000))
})

test('the rest goes up, and is still there once', async () => {
  const { status } = await call(`${server!.url}/flush`, { method: 'POST' })
  assert.is(status, 204)
  const { lost, duplicates } = await compare(sample(load!), load!)
  assert.is(lost, 0)
  assert.is(duplicates, 0)
})

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

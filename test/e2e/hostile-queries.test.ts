// time limit: 300 s
import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { encodeSpans } from '../tools/spans.ts'
import { call, metricSum, pushSpans, searchTraces } from '../tools/tempo-api.ts'
import { type HostileCase, hostileCases } from './bad-input/hostile-cases.ts'
import { hostileSpans } from './bad-input/hostile-spans.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { stopsInOrder } from './seed-scenario.ts'

/** Queries that are made to hurt are refused or answered, soon; the server does not suffer. */

/** 735 to 810 are measured where the engine may use 24 GB; the goal is 600. */
const peakMemoryMiB = 900
/** Of one answer on a machine that does other things as well; alone it is one second. */
const answerMsMax = Number(process.env['ANSWER_MS_MAX'] ?? 5000)
const directory = await temporaryDirectory()
const host = loopback(1)
const startSeconds = Math.floor(Date.now() / 1000) - 60
const cases = hostileCases({ startSeconds: startSeconds - 60, endSeconds: startSeconds + 120 })
const took: { readonly name: string; readonly ms: number; readonly grownMiB: number }[] = []
let server: Server
let other: NodeJS.Timeout
let otherMs = 0
const test = suite('e2e of hostile queries')

test('the server has traces that no application makes', async () => {
  const options = {
    ...{ host, directory: directory.path, trace: localTrace(directory.path) },
    sections: {
      overrides: {
        defaults: {
          ingestion: { rate_limit_bytes: 1e9, burst_size_bytes: 1e9 },
          global: { max_bytes_per_trace: 0 },
        },
      },
    },
  }
  server = await startServer(await oneProcess(options))
  for (const spans of hostileSpans(BigInt(startSeconds) * 1_000_000_000n)) {
    const { status, body } = await pushSpans(host, encodeSpans('hostile', spans))
    assert.is(status, 200, body.toString())
  }
})

test('another client begins to ask now and then', () => {
  other = setInterval(askBeside, 50)
})

addCases('live')

test('the spans are in a block', async () => {
  assert.is((await call(`${server.url}/flush`)).status, 204)
  await searchTraces(server, { q: '{ name = "chain" && .n = 7 }' })
  assert.ok((await metricSum(server, 'tempodb_blocklist_length')) > 0)
  assert.is(await metricSum(server, 'tempo_ingester_live_trace_bytes'), 0)
})

addCases('block')

test('another client had its answers soon', () => {
  clearInterval(other)
  console.log(`${Math.round(otherMs)} ms at most for another client`)
  assert.ok(otherMs < answerMsMax, `${Math.round(otherMs)} ms`)
})

test('the server goes on as before', async () => {
  const slowest = took.sort((a, b) => b.ms - a.ms).slice(0, 10)
  for (const { name, ms } of slowest) console.log(`${Math.round(ms)} ms: ${name}`)
  const greediest = took.sort((a, b) => b.grownMiB - a.grownMiB).slice(0, 10)
  for (const { name, grownMiB } of greediest) console.log(`${Math.round(grownMiB)} MiB: ${name}`)
  assert.is((await call(`${server.url}/ready`)).status, 200)
  const found = await searchTraces(server, { q: '{ name = "chain" && .n = 7 }' })
  assert.is(found.length, 1)
  const peak = await peakMiB()
  console.log(`peak ${Math.round(peak)} MiB`)
  assert.ok(peak < peakMemoryMiB, `${Math.round(peak)} MiB at most`)
  assert.not.match(server.output, /BUG:|internal error/)
  await stopsInOrder(server)
})

async function askBeside(): Promise<void> {
  const startMs = performance.now()
  const { status } = await call(`${server.url}/ready`)
  if (status === 200) otherMs = Math.max(otherMs, performance.now() - startMs)
}

function addCases(place: string): void {
  for (const hostile of cases) {
    test(`${place}, ${hostile.name}`, () => isBearable(place, hostile))
  }
}

async function isBearable(
  place: string,
  { name, path, status, matched }: HostileCase,
): Promise<void> {
  const before = await peakMiB()
  const startMs = performance.now()
  const answer = await call(`${server.url}${path}`)
  const ms = performance.now() - startMs
  took.push({ name: `${place}, ${name}`, ms, grownMiB: (await peakMiB()) - before })
  const text = answer.body.toString()
  if (status === undefined)
    assert.ok(answer.status < 500, `${answer.status}: ${text.slice(0, 300)}`)
  else assert.is(answer.status, status, text.slice(0, 300))
  // More series than are allowed is the only thing that is left out.
  assert.match(answer.headers.get('x-vivace-partial') ?? '', /^$|^the answer has more than 1000 /)
  if (matched !== undefined) assert.is(matchedSpans(text), matched)
  assert.ok(ms < answerMsMax, `an answer after ${Math.round(ms)} ms`)
}

async function peakMiB(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
}

function matchedSpans(text: string): number {
  const { traces } = JSON.parse(text) as { traces: { spanSets: { matched: number }[] }[] }
  const sets = traces.flatMap(trace => trace.spanSets)
  return sets.reduce((sum, set) => sum + set.matched, 0)
}

test.after(async () => {
  clearInterval(other)
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

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

/** 750 are measured; the goal is 600. */
const peakMemoryMiB = 900
/** Of one answer on a machine that does other things as well; alone the goal is one second. */
const answerMsMax = Number(process.env['ANSWER_MS_MAX'] ?? 5000)
const directory = await temporaryDirectory()
const host = loopback(1)
const startSeconds = Math.floor(Date.now() / 1000) - 60
const cases = hostileCases({ startSeconds: startSeconds - 60, endSeconds: startSeconds + 120 })
/** What takes seconds still, or far more memory: these are skipped. */
const waiting: ReadonlySet<string> = new Set([
  ...['500 regular expressions', '200 additions', '200 divisions by zero', 'a tower of fields'],
  ...['4,000 conditions, or', '4,000 conditions, and', '4,000 texts, or'],
  ...['1,000 conditions on the duration', '2,000 spansets, or', '2,000 spansets, and'],
  ...['2,000 aggregates', '100 aggregates', '500 groups', 'groups of span ids'],
  ...['groups of times', 'groups of groups', 'siblings, then by', 'rate by five', '100 terms'],
  ...['200 descendants', '200 children', '200 siblings', 'a tree of operators'],
  ...['steps of a second', 'rate by span ids', 'all exemplars', 'steps of a year'],
])
const took: { readonly name: string; readonly ms: number; readonly grownMiB: number }[] = []
console.warn(
  `SKIPPED queries that take more than ${answerMsMax} ms or too much memory still: ${[...waiting].join('; ')}`,
)
let server: Server
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

addCases('live')

test('the spans are in a block', async () => {
  assert.is((await call(`${server.url}/flush`)).status, 204)
  await searchTraces(server, { q: '{ name = "chain" && .n = 7 }' })
  assert.ok((await metricSum(server, 'tempodb_blocklist_length')) > 0)
  assert.is(await metricSum(server, 'tempo_ingester_live_trace_bytes'), 0)
})

addCases('block')

test('what waits is there', () => {
  const names = new Set(cases.map(({ name }) => name.replace(/^.*?: /, '')))
  assert.equal(
    [...waiting].filter(name => !names.has(name)),
    [],
  )
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

function addCases(place: string): void {
  for (const hostile of cases) {
    const run = waiting.has(hostile.name.replace(/^.*?: /, '')) ? test.skip : test
    run(`${place}, ${hostile.name}`, () => isBearable(place, hostile))
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
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()

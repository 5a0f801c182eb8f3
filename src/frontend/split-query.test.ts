import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { asFailure, fail } from '../base/errors.ts'
import { Metrics } from '../base/metrics.ts'
import { emptyStats } from '../contract/merge-answers.ts'
import type { MetricsRequest, SearchRequest, TraceHit } from '../contract/queries.ts'
import type { QueryJob } from '../contract/query-job.ts'
import type { BlockPart } from '../contract/split-queries.ts'
import { everySpan } from '../model/predicate.ts'
import { Frontend } from './frontend.ts'
import { frontendMetrics } from './metrics.ts'

/** The frontend with queriers that the test plays: each part holds traces at the times it says. */

const test = suite('queries that are split')

const never = new AbortController().signal
const budget = { spansMax: 0, bytesMax: 0, cellsMax: 0 }
const search: SearchRequest = {
  ...{ spans: everySpan, traceAll: [], limit: 2, spansPerSpanSet: 0, select: [] },
}
const metrics: MetricsRequest = {
  ...{ spans: everySpan, function: { kind: 'count' }, by: [], exemplars: 0, seriesMax: 0 },
  ...{ startNs: '0', stepNs: '10', steps: 1 },
}

function hit(startNs: number): TraceHit {
  return {
    ...{ traceId: String(startNs), startNs: String(startNs), durationNs: '1', spanCount: 1 },
    ...{ rootName: '', rootServiceName: '', hasRoot: false, serviceStats: [], spanSets: [] },
  }
}

/** A part of a block of its own; `times` are those of its traces. */
function part(id: string, newestNs: number): BlockPart {
  const block = { id, bytes: 1, footerBytes: 1, minStartNs: '0', maxEndNs: '9' }
  return { block, groups: [0], newestNs: String(newestNs), excluded: [] }
}

type Run = (job: QueryJob, signal: AbortSignal) => Promise<unknown>

/** A frontend with queriers of `runners` runners each, and the jobs in the order they got them. */
function setUp(run: Run, runners = 1, queriers = ['one', 'two']) {
  const frontend = new Frontend({
    clock: new ManualClock(),
    metrics: frontendMetrics(new Metrics()),
    maxOutstandingPerTenant: 100,
    queryTimeoutMs: 0,
    budget,
    searchSplit: { concurrentJobs: 3, targetBytesPerJob: 1e8 },
    metricsSplit: { concurrentJobs: 3, targetBytesPerJob: 1e8 },
  })
  const jobs: { readonly job: QueryJob; readonly querier: string }[] = []
  for (const querier of queriers) {
    const runner: Run = (job, signal) => {
      jobs.push({ job, querier })
      return run(job, signal)
    }
    for (let i = 0; i < runners; i++) frontend.addRunner(runner, querier)
  }
  return { frontend, jobs, scanned: () => jobs.flatMap(({ job }) => blockOf(job)) }
}

function blockOf(job: QueryJob): string[] {
  return job.method === 'scanSearch' || job.method === 'scanMetrics'
    ? [job.request.part.block.id]
    : []
}

/** Answers a plan with these parts, and a scan with the newest trace of its part. */
function searchOver(parts: readonly BlockPart[]): Run {
  return async job => {
    if (job.method === 'planSearch') return { hits: [hit(5)], stats: emptyStats(), scans: parts }
    if (job.method !== 'scanSearch') throw new Error(`unexpected ${job.method}`)
    const { newestNs } = job.request.part
    return { hits: [hit(Number(newestNs))], stats: { ...emptyStats(), inspectedSpans: 10 } }
  }
}

const startsOf = (hits: readonly TraceHit[]) => hits.map(({ startNs }) => Number(startNs))

test('the newest parts are scanned first, on all queriers, and no others when these are enough', async () => {
  const parts = [part('old', 1), part('new', 30), part('newer', 40), part('older', 0)]
  const { frontend, jobs, scanned } = setUp(searchOver(parts))
  const { hits, stats } = await frontend.search('t', search, never)
  assert.equal(startsOf(hits), [40, 30])
  assert.equal(scanned(), ['newer', 'new'])
  assert.is(stats.inspectedSpans, 20)
  const scans = jobs.filter(({ job }) => job.method === 'scanSearch')
  assert.equal(new Set(scans.map(({ querier }) => querier)), new Set(['one', 'two']))
})

test('a search goes on while older parts can change its answer', async () => {
  const parts = Array.from({ length: 12 }, (_, i) => part(`b${i}`, 20 - i))
  const { frontend, scanned } = setUp(searchOver(parts))
  const { hits } = await frontend.search('t', { ...search, limit: 11 }, never)
  assert.equal(startsOf(hits), [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10])
  assert.is(scanned().length, 12, 'a trace as old as the last found may be in the last part')
})

test('what the plan has answered counts, and a plan without scans is the answer', async () => {
  const { frontend, scanned } = setUp(searchOver([part('a', 3)]))
  assert.equal(startsOf((await frontend.search('t', { ...search, limit: 1 }, never)).hits), [5])
  assert.equal(scanned(), [])
  const partial = 'one is missing'
  const plan = { hits: [hit(1)], stats: emptyStats(), scans: [], partial }
  const whole = setUp(async () => plan)
  const { scans: _, ...answer } = plan
  assert.equal(await whole.frontend.search('t', search, never), answer)
})

test('a single querier gets whole queries, however many runners it has', async () => {
  const { frontend, jobs } = setUp(async () => ({ hits: [], stats: emptyStats() }), 3, ['one'])
  await frontend.search('t', search, never)
  assert.equal(
    jobs.map(({ job }) => job.method),
    ['search'],
  )
})

test('parts of metrics are added up, at most as many at once as are allowed', async () => {
  const parts = Array.from({ length: 9 }, (_, i) => part(`b${i}`, i))
  let running = 0
  let most = 0
  const run: Run = async job => {
    const lanes = [Float64Array.of(1)]
    const found = { series: [[]], steps: 1, lanes, exemplars: [], stats: emptyStats() }
    if (job.method === 'planMetrics') return { ...found, scans: parts, partial: 'one is missing' }
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    return found
  }
  const { frontend, scanned } = setUp(run, 4)
  const { lanes, partial } = await frontend.metrics('t', metrics, never)
  assert.equal([...lanes[0]!], [10])
  assert.is(partial, 'one is missing')
  assert.is(scanned().length, 9)
  assert.is(most, 3)
})

test('a block that cannot be read leads to a plan that knows of it', async () => {
  const seen: unknown[] = []
  const run: Run = async job => {
    if (job.method === 'planSearch') {
      const { failed } = job.request
      seen.push(failed.map(({ id, code }) => `${id} ${code}`))
      const parts = failed.length < 2 ? [part('gone', 9), part('good', 8)] : [part('good', 8)]
      return { hits: [], stats: emptyStats(), scans: parts }
    }
    if (blockOf(job)[0] === 'gone') throw fail('NOT_FOUND', 'no such object')
    return { hits: [hit(8)], stats: emptyStats() }
  }
  const { frontend } = setUp(run)
  const { hits } = await frontend.search('t', search, never)
  assert.equal(startsOf(hits), [8])
  assert.equal(seen, [[], ['gone NOT_FOUND'], ['gone NOT_FOUND', 'gone NOT_FOUND']])
})

test('another failure of a scan is that of the query, and ends the other scans', async () => {
  const ended: string[] = []
  const run: Run = async (job, signal) => {
    if (job.method === 'planSearch') {
      return { hits: [], stats: emptyStats(), scans: [part('slow', 9), part('bad', 8)] }
    }
    if (blockOf(job)[0] === 'bad') throw fail('QUERY_TOO_EXPENSIVE', 'too much')
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    ended.push('slow')
    throw fail('CANCELED', 'gone')
  }
  const { frontend } = setUp(run)
  assert.is(await codeOf(frontend.search('t', search, never)), 'QUERY_TOO_EXPENSIVE')
  await new Promise(setImmediate)
  assert.equal(ended, ['slow'])
})

test('a client that goes away ends all scans', async () => {
  const client = new AbortController()
  let ended = 0
  const run: Run = async (job, signal) => {
    if (job.method === 'planSearch') {
      return { hits: [], stats: emptyStats(), scans: [part('a', 9), part('b', 8)] }
    }
    if (blockOf(job)[0] === 'b') setImmediate(() => client.abort())
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    ended++
    throw fail('CANCELED', 'gone')
  }
  const { frontend } = setUp(run)
  assert.is(await codeOf(frontend.search('t', search, client.signal)), 'CANCELED')
  await new Promise(setImmediate)
  assert.is(ended, 2)
})

test('every job carries the budget, and scans what was read before them', async () => {
  const { frontend, jobs } = setUp(
    searchOver(Array.from({ length: 4 }, (_, i) => part(`b${i}`, 9 - i))),
  )
  await frontend.search('t', { ...search, limit: 9 }, never)
  const used = jobs.map(({ job }) => {
    assert.equal('query' in job.request && job.request.query.budget, budget)
    return job.method === 'scanSearch' ? job.request.used.inspectedSpans : null
  })
  assert.equal(used, [null, 0, 0, 20, 20])
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return asFailure(error).code
  }
}

test.run()

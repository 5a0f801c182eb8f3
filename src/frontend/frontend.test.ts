import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { type ErrorCode, Failure, fail } from '../base/errors.ts'
import { Metrics } from '../base/metrics.ts'
import { type QueryJob, runnerGone } from '../contract/query-job.ts'
import { Frontend } from './frontend.ts'
import { frontendMetrics } from './metrics.ts'

const test = suite('query frontend')

const stats = {
  inspectedBytes: 7,
  storeReads: 0,
  inspectedTraces: 0,
  inspectedSpans: 0,
  totalBlocks: 0,
  totalBlockBytes: 0,
}
const answer = { trace: null, stats }
const never = new AbortController().signal

function setUp(limits: { perTenant?: number; timeoutMs?: number } = {}) {
  const clock = new ManualClock()
  const metrics = new Metrics()
  const frontend = new Frontend({
    clock,
    metrics: frontendMetrics(metrics),
    maxOutstandingPerTenant: limits.perTenant ?? 100,
    queryTimeoutMs: limits.timeoutMs ?? 0,
    budget: { spansMax: 0, bytesMax: 0, cellsMax: 0 },
    searchSplit: { concurrentJobs: 10, targetBytesPerJob: 1e8 },
    metricsSplit: { concurrentJobs: 10, targetBytesPerJob: 1e8 },
  })
  const ask = (tenant: string, signal = never) =>
    frontend.traceById(tenant, { traceId: '0'.repeat(31) + tenant.length }, signal)
  return { clock, metrics, frontend, ask }
}

/** A runner whose jobs end when the test says so. */
function heldRunner() {
  const jobs: { job: QueryJob; signal: AbortSignal; end: (error?: unknown) => void }[] = []
  const run = (job: QueryJob, signal: AbortSignal) =>
    new Promise<unknown>((resolve, reject) => {
      const end = (error?: unknown) => (error === undefined ? resolve(answer) : reject(error))
      jobs.push({ job, signal, end })
    })
  return { jobs, run }
}

const turn = () => new Promise(setImmediate)

async function failsWith(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, code)
    return
  }
  assert.unreachable(`expected ${code}`)
}

test('a runner has one job at a time, and tenants take turns', async () => {
  const { frontend, ask } = setUp()
  const { jobs, run } = heldRunner()
  const asked = ['a', 'a', 'a', 'b'].map(tenant => ask(tenant))
  frontend.addRunner(run)
  for (let i = 0; i < 4; i++) {
    await turn()
    assert.is(jobs.length, i + 1)
    jobs[i]!.end()
  }
  assert.equal(await Promise.all(asked), Array(4).fill(answer))
  assert.equal(
    jobs.map(({ job }) => job.tenant),
    ['a', 'b', 'a', 'a'],
  )
})

test('a tenant that has too much waiting is refused, others are not', async () => {
  const { frontend, ask } = setUp({ perTenant: 2 })
  const waiting = [ask('a'), ask('a'), ask('b')]
  await failsWith(ask('a'), 'OVERLOADED')
  frontend.addRunner(async () => answer)
  assert.is((await Promise.all(waiting)).length, 3)
})

test('a query that takes too long ends with TIMEOUT, also while it waits', async () => {
  const { clock, frontend, ask } = setUp({ timeoutMs: 5000 })
  const waiting = ask('a')
  clock.advance(5000)
  await failsWith(waiting, 'TIMEOUT')
  const { jobs, run } = heldRunner()
  frontend.addRunner(run)
  await turn()
  assert.is(jobs.length, 0, 'nobody wants its answer any more')
  const running = ask('a')
  await turn()
  clock.advance(5000)
  await failsWith(running, 'TIMEOUT')
  assert.ok(jobs[0]!.signal.aborted, 'its runner is told')
})

test('a client that goes away ends its query', async () => {
  const { frontend, ask } = setUp()
  const client = new AbortController()
  const { jobs, run } = heldRunner()
  frontend.addRunner(run)
  const running = ask('a', client.signal)
  await turn()
  client.abort()
  await failsWith(running, 'CANCELED')
  assert.ok(jobs[0]!.signal.aborted)
  await failsWith(ask('a', client.signal), 'CANCELED')
})

test('a query that is not wanted any more gives its place in the queue up', async () => {
  const { frontend, ask } = setUp({ perTenant: 2 })
  const client = new AbortController()
  const left = [ask('a', client.signal), ask('a', client.signal)]
  await failsWith(ask('a'), 'OVERLOADED')
  client.abort()
  for (const query of left) await failsWith(query, 'CANCELED')
  const waiting = [ask('a'), ask('a')]
  frontend.addRunner(async () => answer)
  assert.equal(await Promise.all(waiting), [answer, answer])
})

test('a failure keeps its code, and the runner goes on', async () => {
  const { frontend, ask, metrics } = setUp()
  const { jobs, run } = heldRunner()
  frontend.addRunner(run)
  const failing = ask('a')
  const next = ask('a')
  await turn()
  jobs[0]!.end(fail('QUERY_TOO_EXPENSIVE', 'too much'))
  await failsWith(failing, 'QUERY_TOO_EXPENSIVE')
  jobs[1]!.end()
  assert.is(await next, answer)
  const text = await metrics.registry.metrics()
  assert.match(text, /queries_total\{tenant="a",op="traces",result="completed"\} 1/)
  assert.match(text, /bytes_inspected_total\{tenant="a",op="traces"\} 7/)
})

test('a job whose runner has gone is run by another, but not for ever', async () => {
  const { frontend, ask } = setUp()
  let runs = 0
  const remove = frontend.addRunner(async () => {
    runs++
    if (runs === 1) throw runnerGone()
    return answer
  })
  assert.is(await ask('a'), answer)
  assert.is(runs, 2)
  remove()
  assert.not(frontend.hasRunners)
  frontend.addRunner(() => Promise.reject(runnerGone()))
  await failsWith(ask('a'), 'UNAVAILABLE')
})

test('a runner that was removed gets nothing new, but ends what it has', async () => {
  const { frontend, ask } = setUp()
  const first = heldRunner()
  const remove = frontend.addRunner(first.run)
  const running = ask('a')
  await turn()
  remove()
  remove()
  const waiting = ask('a')
  first.jobs[0]!.end()
  assert.is(await running, answer)
  await turn()
  assert.is(first.jobs.length, 1)
  frontend.addRunner(async () => answer)
  assert.is(await waiting, answer)
})

test.run()

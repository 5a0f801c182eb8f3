// time limit: 180 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../../src/base/clock.ts'
import type { Log } from '../../src/base/log.ts'
import { Metrics } from '../../src/base/metrics.ts'
import type {
  MetricsRequest,
  MetricsResult,
  SearchRequest,
  SearchResult,
} from '../../src/contract/queries.ts'
import { type JobRunner, runJob } from '../../src/contract/query-job.ts'
import { Frontend } from '../../src/frontend/frontend.ts'
import { frontendMetrics } from '../../src/frontend/metrics.ts'
import type { MetricsFunction } from '../../src/model/spanset.ts'
import { tenantFolder } from '../../src/model/tenant.ts'
import { BlockCatalog } from '../../src/querier/block-catalog.ts'
import { Querier } from '../../src/querier/querier.ts'
import { storeBlock } from '../../src/querier/stored-block-fixture.ts'
import {
  baseNs,
  operands,
  plainSpans,
  predicates,
  requests,
} from '../../src/search/arbitraries-fixture.ts'
import { liveSource, segmentOf } from '../../src/search/sources-fixture.ts'
import { createBlockCache } from '../../src/storage/block/block-cache.ts'
import { deleteBlock } from '../../src/storage/blocklist/block-store.ts'
import { BlockLog } from '../../src/storage/blocklist/log.ts'
import { blockDataKey } from '../../src/storage/blocklist/meta.ts'
import { hexId, type PlainSpan, plainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { MemoryStore } from '../../src/storage/object/memory.ts'

/**
 * A frontend that splits queries over two queriers against one querier that does all: the same
 * answers, whatever lies where. Each job and answer passes through JSON, as between processes.
 */

const test = suite('queries that are split and whole')

const tenant = 't'
const folder = tenantFolder(tenant)
const never = new AbortController().signal
const nothing = () => undefined
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
/** Enough for a plan with scans, when each has a row group. */
const blocks = 10

class World {
  readonly clock = new ManualClock()
  readonly store = new MemoryStore(this.clock)
  readonly metrics = frontendMetrics(new Metrics())
  readonly ids: string[] = []
  readonly whole: Querier
  readonly frontend = new Frontend({
    clock: this.clock,
    metrics: this.metrics,
    ...{ maxOutstandingPerTenant: 100, queryTimeoutMs: 0 },
    budget: { spansMax: 0, bytesMax: 0, cellsMax: 0 },
    searchSplit: { concurrentJobs: 10, targetBytesPerJob: 1e8 },
    metricsSplit: { concurrentJobs: 10, targetBytesPerJob: 1e8 },
  })
  readonly #live: readonly PlainSpan[]

  constructor(live: readonly PlainSpan[]) {
    this.#live = live
    this.whole = this.#querier()
    for (const name of ['one', 'two']) {
      const querier = this.#querier()
      const run: JobRunner = async (job, signal) =>
        overWire(await runJob(querier, JSON.parse(JSON.stringify(job)), signal))
      for (let i = 0; i < 2; i++) this.frontend.addRunner(run, name)
    }
  }

  #querier(): Querier {
    const { clock, store } = this
    const catalog = new BlockCatalog({
      ...{ store, clock, log: silentLog, threads: null, pollMs: 30_000 },
      cache: createBlockCache(16e6),
      logFor: () => this.#log(),
    })
    const recent = async () => ({ sources: [liveSource(segmentOf(this.#live))] })
    return new Querier({ catalog, recent })
  }

  #log(): BlockLog {
    return new BlockLog({ store: this.store, folder, by: 'x', clock: this.clock })
  }

  async addBlock(spans: readonly PlainSpan[]): Promise<void> {
    const meta = await storeBlock(this.store, tenant, segmentOf(spans))
    await this.#log().commit({ adds: [meta] })
    this.ids.push(meta.id)
  }

  async removeBlock(id: string): Promise<void> {
    await this.#log().commit({ removes: [id] })
    await deleteBlock(this.store, folder, id)
  }

  async scans(): Promise<number> {
    return sumOf(await this.metrics.scans.get())
  }

  async plans(): Promise<number> {
    return sumOf(await this.metrics.plans.get())
  }
}

function sumOf({ values }: { readonly values: readonly { readonly value: number }[] }): number {
  return values.reduce((sum, { value }) => sum + value, 0)
}

/** Lanes travel beside the JSON. */
function overWire(answer: unknown): unknown {
  const { lanes } = answer as { lanes?: Float64Array[] }
  const copy = JSON.parse(JSON.stringify({ ...(answer as object), lanes: null }))
  const { lanes: _, ...rest } = copy
  return lanes ? { ...rest, lanes: lanes.map(lane => lane.slice()) } : rest
}

/** Bit b of a span's places: it lies in block b; the bit behind the last one: in live data. */
async function worldOf(spans: readonly PlainSpan[], places: readonly number[]): Promise<World> {
  const within = (bit: number) => spans.filter((_, i) => (places[i % places.length]! >> bit) & 1)
  const world = new World(within(blocks))
  for (let block = 0; block < blocks; block++) {
    const own = within(block)
    if (own.length > 0) await world.addBlock(own)
  }
  return world
}

const placesOfSpans = fc.array(fc.integer({ min: 1, max: 2 ** (blocks + 1) - 1 }), {
  minLength: 1,
  maxLength: 24,
})

test('searches', async () => {
  let scans = 0
  await fc.assert(
    fc.asyncProperty(
      plainSpans,
      placesOfSpans,
      fc.array(requests, { minLength: 5, maxLength: 5 }),
      async (spans, places, asked) => {
        const world = await worldOf(spans, places)
        for (const request of asked) {
          const expected = await world.whole.search(tenant, request, never)
          const found = await world.frontend.search(tenant, request, never)
          assert.equal(found.hits, overJson(expected).hits)
          assert.is(found.stats.totalBlocks, expected.stats.totalBlocks)
        }
        scans += await world.scans()
      },
    ),
    { numRuns: 25 },
  )
  assert.ok(scans > 100, `${scans} scans`)
})

function overJson(result: SearchResult): SearchResult {
  return JSON.parse(JSON.stringify(result))
}

const duration = { kind: 'intrinsic', name: 'duration' } as const
const functions: MetricsFunction[] = [
  { kind: 'count' },
  { kind: 'sum', operand: duration },
  { kind: 'min', operand: duration },
  { kind: 'histogram', operand: duration },
]

const metricsRequests: fc.Arbitrary<MetricsRequest> = fc.record({
  spans: predicates,
  function: fc.constantFrom(...functions),
  by: fc.array(operands, { maxLength: 2 }),
  startNs: fc.constant(String(baseNs - 1n)),
  stepNs: fc.constantFrom('1000', '1000000000'),
  steps: fc.constantFrom(1, 5, 70),
  exemplars: fc.constant(0),
  seriesMax: fc.constantFrom(0, 2),
})

test('metrics', async () => {
  let scans = 0
  await fc.assert(
    fc.asyncProperty(
      plainSpans,
      placesOfSpans,
      fc.array(metricsRequests, { minLength: 5, maxLength: 5 }),
      async (spans, places, asked) => {
        const world = await worldOf(spans, places)
        for (const request of asked) {
          const expected = await world.whole.metrics(tenant, request, never)
          const found = await world.frontend.metrics(tenant, request, never)
          assert.equal(shown(found), shown(expected))
        }
        scans += await world.scans()
      },
    ),
    { numRuns: 25 },
  )
  assert.ok(scans > 100, `${scans} scans`)
})

/** Series, and cells as text, where NaN equals itself; sums to what their order may change. */
function shown({ series, lanes, partial }: MetricsResult): unknown {
  const cells = lanes.map(lane => Array.from(lane, cell => cell.toPrecision(12)).join(' '))
  return { series: JSON.parse(JSON.stringify(series)), cells, partial }
}

const everything: SearchRequest = {
  ...{ spans: { kind: 'constant', value: true }, traceAll: [] },
  ...{ limit: 100, spansPerSpanSet: 3, select: [] },
}
const nothingAtAll: SearchRequest = { ...everything, spans: { kind: 'constant', value: false } }

test('blocks that are gone or damaged when they are scanned', async () => {
  const spans = Array.from({ length: 6 }, (_, i) =>
    plainSpan({ traceId: hexId(i + 1, 16), startNs: baseNs + BigInt(i), endNs: baseNs + 9n }),
  )
  const copies = await worldOf(spans, [2 ** blocks - 1])
  const expected = await copies.whole.search(tenant, everything, never)
  assert.is(expected.hits.length, spans.length)
  // Queriers have now opened all blocks, and their lists will not be old.
  await copies.frontend.search(tenant, nothingAtAll, never)
  await copies.frontend.search(tenant, nothingAtAll, never)
  const [gone, damaged] = copies.ids
  await copies.removeBlock(gone!)
  const key = blockDataKey(folder, damaged!)
  const bytes = Buffer.from(await copies.store.get(key))
  await copies.store.put(key, bytes.fill(0x55))
  const plansBefore = await copies.plans()
  const found = await copies.frontend.search(tenant, everything, never)
  assert.equal(found.hits, overJson(expected).hits)
  assert.is(found.partial, '1 damaged blocks are left out')
  assert.ok((await copies.plans()) - plansBefore >= 2, 'a scan that failed led to a new plan')
})

test.run()

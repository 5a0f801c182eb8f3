// time limit: 300 s
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { systemDisk } from '../base/disk.ts'
import type { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Metrics } from '../base/metrics.ts'
import { emptyStats } from '../contract/merge-answers.ts'
import type { MetricsRequest, SearchRequest } from '../contract/queries.ts'
import { type MetricsPart, mergeMetricsParts } from '../metrics/merge.ts'
import { everySpan, type Predicate } from '../model/predicate.ts'
import type { MetricsFunction } from '../model/spanset.ts'
import { tenantFolder } from '../model/tenant.ts'
import { operands, predicates } from '../search/arbitraries-fixture.ts'
import { type HashSet, hashKey } from '../search/query-source.ts'
import { countValues, type TagValueSet } from '../search/tag-value-set.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { type BlockMeta, blockDataKey } from '../storage/blocklist/meta.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import {
  attributes,
  double,
  encodeSpans,
  hexId,
  int,
  plainSpan,
  text,
} from '../storage/live/plain-spans-fixture.ts'
import { LocalStore } from '../storage/object/local.ts'
import { LazyBlock, type ScanThreads } from './lazy-block.ts'
import { scanMetrics } from './metrics.ts'
import { openBlock } from './open-block.ts'
import { ScanPool } from './scan-pool.ts'
import { storeBlock } from './stored-block-fixture.ts'

/** Real threads over a block of several row groups, against the same scans on this thread. */

const test = suite('query threads')

const tenant = 't'
const folder = tenantFolder(tenant)
const directory = mkdtempSync(join(tmpdir(), 'vivace-query-threads-'))
const store = new LocalStore(systemDisk, directory)
const entry = new URL('../../cmd/tempo.ts', import.meta.url)
const never = new AbortController().signal
const nothing = () => undefined
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

const spanCount = 170_000
const groupCount = 6
const spansPerTrace = 5
const startNs = 1_700_000_000_000_000_000n
const values = [text('a'), text('GET'), int(5), int(500), double(2.5), text('é')]

function makeSpan(i: number) {
  const trace = Math.floor(i / spansPerTrace)
  const start = startNs + BigInt(trace) * 1_000_000n + BigInt(i % spansPerTrace)
  return plainSpan({
    traceId: hexId(trace + 1, 16),
    spanId: hexId(i + 1, 8),
    parentId: i % spansPerTrace === 0 ? '' : hexId(i - (i % spansPerTrace) + 1, 8),
    startNs: start,
    endNs: start + BigInt((i * 7919) % 9_000_000),
    name: i % 3 === 0 ? 'op' : 'GET',
    status: i % 3,
    attributes: attributes({
      k1: values[i % values.length]!,
      ...(i % 40_000 < 7 ? { k2: values[(i >> 3) % values.length]! } : {}),
    }),
  })
}

function makeSegment(): LiveSegment {
  const segment = new LiveSegment()
  for (let from = 0; from < spanCount; from += 2000) {
    const numbers = Array.from({ length: 2000 }, (_, i) => from + i)
    appendOtlp(segment, encodeSpans(numbers.map(makeSpan)))
  }
  return segment
}

const meta = await storeBlock(store, tenant, makeSegment())

function blockOn(threads: ScanThreads, of: BlockMeta = meta): LazyBlock {
  const open = () => openBlock(store, createBlockCache(32e6), folder, of)
  return new LazyBlock(folder, of, threads, open)
}

function startThread(): Worker {
  const settings = { backend: 'local', local: { path: directory }, s3: {} }
  return new Worker(entry, {
    workerData: { role: 'query', store: settings, cacheBytesMax: 32e6 },
  })
}

interface Pool {
  readonly pool: ScanPool
  readonly workers: Worker[]
  readonly clock: ManualClock
  lost(): Promise<number>
}

/** Two threads; what `start` makes of each is up to the test. */
async function withPool(work: (pool: Pool) => Promise<void>, start = startThread): Promise<void> {
  const metrics = scanMetrics(new Metrics())
  const workers: Worker[] = []
  const clock = new ManualClock()
  const pool = new ScanPool({
    threads: 2,
    start() {
      workers.push(start())
      return workers.at(-1)!
    },
    clock,
    metrics,
    log: silentLog,
  })
  try {
    const lost = async () => (await metrics.threadsLost.get()).values[0]?.value ?? 0
    await work({ pool, workers, clock, lost })
  } finally {
    await pool.close()
  }
}

function searchFor(spans: Predicate, more: Partial<SearchRequest> = {}): SearchRequest {
  return { spans, traceAll: [], limit: 20, spansPerSpanSet: 3, select: [], ...more }
}

function metricsFor(spans: Predicate, more: Partial<MetricsRequest> = {}): MetricsRequest {
  const grid = { startNs: String(startNs), stepNs: '5000000000', steps: 8 }
  const rest = { by: [], exemplars: 0, seriesMax: 0, includesStart: true }
  return { spans, function: { kind: 'count' }, ...rest, ...grid, ...more }
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work
  } catch (error) {
    return error as Failure
  }
  throw new Error('expected a failure')
}

const excludedSets: fc.Arbitrary<HashSet> = fc
  .uniqueArray(fc.nat(spanCount / spansPerTrace - 1), { maxLength: 5 })
  .map(
    places => new Set(places.map(place => hashKey(index.hashHigh[place]!, index.hashLow[place]!))),
  )

const index = await blockOn(null).index()

test('the block has groups to deal', () => {
  assert.is(meta.groups, groupCount)
})

test('searches find the same as on one thread', () =>
  withPool(async ({ pool, workers }) => {
    const [here, there] = [blockOn(null), blockOn(pool)]
    const limits = fc.constantFrom(1, 20, 5000)
    await fc.assert(
      fc.asyncProperty(predicates, excludedSets, limits, async (spans, excluded, limit) => {
        const request = searchFor(spans, { limit })
        const expected = await here.search(request, excluded, emptyStats(), never)
        assert.equal(await there.search(request, excluded, emptyStats(), never), expected)
      }),
      { numRuns: 15 },
    )
    assert.is(workers.length, 2, 'both threads had work')
  }))

const duration = { kind: 'intrinsic', name: 'duration' } as const
const functions: MetricsFunction[] = [
  { kind: 'count' },
  { kind: 'sum', operand: duration },
  { kind: 'max', operand: duration },
  { kind: 'histogram', operand: duration },
  { kind: 'compare', selection: everySpan, top: 5 },
]

/** In the order of labels; NaN, the cell without a value, equals itself as text only. */
function shown(kind: MetricsFunction['kind'], part: MetricsPart): unknown {
  const { lanes, ...rest } = mergeMetricsParts(kind, [part])
  return { ...rest, lanes: lanes.map(lane => lane.join(' ')) }
}

test('metrics are the same as on one thread', () =>
  withPool(async ({ pool }) => {
    const [here, there] = [blockOn(null), blockOn(pool)]
    const kinds = fc.constantFrom(...functions)
    const by = fc.array(operands, { maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(predicates, kinds, by, excludedSets, async (spans, of, labels, excluded) => {
        const request = metricsFor(spans, { function: of, by: of.kind === 'compare' ? [] : labels })
        const [expected, found] = [emptyStats(), emptyStats()]
        assert.equal(
          shown(of.kind, await there.metrics(request, excluded, found, never)),
          shown(of.kind, await here.metrics(request, excluded, expected, never)),
        )
        assert.is(found.inspectedSpans, expected.inspectedSpans)
      }),
      { numRuns: 15 },
    )
  }))

test('tags and operations are the same as on one thread', () =>
  withPool(async ({ pool }) => {
    const answers = [blockOn(null), blockOn(pool)].map(async block => {
      const [tagValues, operations] = [new Map(), new Map()]
      const operand = { kind: 'attribute', scope: 'span', key: 'k1' } as const
      await block.tagValues({ operand, limit: 0 }, tagValues, emptyStats(), never)
      await block.operations({ service: '' }, operations, emptyStats(), never)
      return [await block.tagNames({ scopes: [] }, emptyStats(), never), tagValues, operations]
    })
    const [here, there] = await Promise.all(answers)
    assert.equal(there, here)
    assert.is(countValues(here![1] as TagValueSet), values.length)
  }))

test('a search for anything reads the newest slice only', () =>
  withPool(async ({ pool }) => {
    const stats = emptyStats()
    const hits = await blockOn(pool).search(searchFor(everySpan), new Set(), stats, never)
    assert.is(hits.length, 20)
    assert.ok(stats.inspectedSpans < spanCount / 2, `${stats.inspectedSpans} spans`)
  }))

test('a thread that is killed in the middle costs no answer', () =>
  withPool(async ({ pool, workers, lost }) => {
    const block = blockOn(pool)
    const request = metricsFor(everySpan)
    const expected = await block.metrics(request, new Set(), emptyStats(), never)
    const running = block.metrics(request, new Set(), emptyStats(), never)
    // The scans are handed over when the block, which is open, has been asked for its groups.
    await new Promise(setImmediate)
    await Promise.all(workers.map(worker => worker.terminate()))
    assert.equal(await running, expected)
    assert.is(await lost(), 2)
    assert.equal(await block.metrics(request, new Set(), emptyStats(), never), expected)
  }))

test('a query that ends two threads fails, and the next one has a thread again', async () => {
  const exhausting = `
    const { parentPort } = require('node:worker_threads')
    const kept = []
    parentPort.on('message', () => { for (;;) kept.push(Array(1e5).fill(0).map(String)) })`
  let started = 0
  const start = () => {
    const resourceLimits = { maxOldGenerationSizeMb: 16 }
    return ++started <= 2 ? new Worker(exhausting, { eval: true, resourceLimits }) : startThread()
  }
  await withPool(async ({ pool, lost }) => {
    const block = blockOn(pool)
    const names = () => block.tagNames({ scopes: [] }, emptyStats(), never)
    const failure = await failureOf(names())
    assert.is(failure.code, 'QUERY_TOO_EXPENSIVE')
    assert.match(failure.message, /memory/)
    assert.is(failure.fields['blockId'], meta.id)
    assert.is(await lost(), 2)
    assert.ok((await names()).get('span')!.has('k1'))
  }, start)
})

test('scans end within 100 ms after their client has gone', () =>
  withPool(async ({ pool }) => {
    const block = blockOn(pool)
    const by = [{ kind: 'intrinsic', name: 'name' } as const]
    const request = metricsFor(everySpan, { function: { kind: 'sum', operand: duration }, by })
    await block.metrics(request, new Set(), emptyStats(), never)
    const beganMs = performance.now()
    await block.metrics(request, new Set(), emptyStats(), never)
    // A machine that has much else to do is slow in everything.
    const maxMs = Math.max(100, 5 * (performance.now() - beganMs))
    const client = new AbortController()
    const many = Array.from({ length: 200 }, () =>
      failureOf(block.metrics(request, new Set(), emptyStats(), client.signal)),
    )
    await new Promise(resolve => setTimeout(resolve, 20))
    client.abort()
    const abortedMs = performance.now()
    const results = await Promise.allSettled(many)
    const tookMs = performance.now() - abortedMs
    assert.ok(results.filter(isCanceled).length > 150, 'most had still to be run')
    assert.ok(tookMs < maxMs, `${tookMs} ms`)
  }))

test('a thread that does not give a scan up is ended, and other scans have a new one', async () => {
  const stuck = `require('node:worker_threads').parentPort.on('message', () => { for (;;); })`
  let started = 0
  const start = () => (++started === 1 ? new Worker(stuck, { eval: true }) : startThread())
  await withPool(async ({ pool, workers, clock }) => {
    const block = blockOn(pool)
    const client = new AbortController()
    const names = (signal: AbortSignal) => block.tagNames({ scopes: [] }, emptyStats(), signal)
    const endless = failureOf(names(client.signal))
    const other = names(never)
    while (workers.length === 0) await new Promise(setImmediate)
    client.abort()
    clock.advance(5000)
    assert.is((await endless).code, 'CANCELED')
    assert.ok((await other).get('span')!.has('k1'))
  }, start)
})

function isCanceled(result: PromiseSettledResult<Failure>): boolean {
  return result.status === 'fulfilled' && result.value.code === 'CANCELED'
}

test('damage that a thread finds names the object and the place', async () => {
  const damaged = await storeBlock(store, tenant, makeSegmentOf(10))
  const object = blockDataKey(folder, damaged.id)
  const bytes = Buffer.from(await store.get(object))
  await store.put(object, bytes.fill(0x55, 32, damaged.index.offset))
  await withPool(async ({ pool }) => {
    const block = blockOn(pool, damaged)
    const request = searchFor(everySpan)
    const failure = await failureOf(block.search(request, new Set(), emptyStats(), never))
    assert.is(failure.code, 'CORRUPT')
    assert.is(failure.fields['object'], object)
    assert.type(failure.fields['offset'], 'number')
  })
})

function makeSegmentOf(spans: number): LiveSegment {
  const segment = new LiveSegment()
  appendOtlp(segment, encodeSpans(Array.from({ length: spans }, (_, i) => makeSpan(i))))
  return segment
}

test('a budget holds over all threads, and says which limit it was', () =>
  withPool(async ({ pool }) => {
    const block = blockOn(pool)
    const none = { spansMax: 0, bytesMax: 0, cellsMax: 0 }
    const failureWith = (more: Partial<typeof none>) => {
      const by = [{ kind: 'intrinsic', name: 'spanId' } as const]
      const request = metricsFor(everySpan, { budget: { ...none, ...more }, by })
      return failureOf(block.metrics(request, new Set(), emptyStats(), never))
    }
    // Before anything is cached.
    assert.match((await failureWith({ bytesMax: 1000 })).message, /max_bytes_read/)
    const spans = await failureWith({ spansMax: spanCount - 1 })
    assert.is(spans.code, 'QUERY_TOO_EXPENSIVE')
    assert.match(spans.message, /169999 spans \(vivace\.query\.max_spans_scanned\).*170000/)
    assert.match((await failureWith({ cellsMax: 1000 })).message, /max_metrics_cells/)
    const enough = metricsFor(everySpan, { budget: { ...none, spansMax: spanCount } })
    await block.metrics(enough, new Set(), emptyStats(), never)
  }))

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import type { MetricsRequest, SearchRequest, TimeRange } from '../contract/queries.ts'
import { finishMetricsParts } from '../metrics/finish-parts.ts'
import { everySpan, type Predicate } from '../model/predicate.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { hexId, int, type PlainSpan, plainSpan, text } from '../storage/live/plain-spans-fixture.ts'
import { composeSearch, metricsRange, metricsWork, searchWork, splitWork } from './compose.ts'
import { CompositeSource } from './composite-source.ts'
import { LocalSource, type QuerySource, type TraceHash } from './query-source.ts'
import { blockBytes, blockSource, liveSource, memoryReader, segmentOf } from './sources-fixture.ts'

/** Traces of which every span lies in another source than the one before. */

const test = suite('split traces')

const never = new AbortController().signal
const startNs = plainSpan().startNs
const traceNs = 1_000_000n
const traceCount = 60
const spansPerTrace = 7

const spans = Array.from({ length: traceCount * spansPerTrace }, (_, i): PlainSpan => {
  const trace = Math.floor(i / spansPerTrace)
  const at = i % spansPerTrace
  const start = startNs + BigInt(trace) * traceNs + BigInt(at)
  return plainSpan({
    traceId: hexId(trace + 1, 16),
    spanId: hexId(i + 1, 8),
    parentId: at === 0 ? '' : hexId(trace * spansPerTrace + 1, 8),
    name: i % 3 === 0 ? 'x' : `operation ${at}`,
    startNs: start,
    endNs: start + 1000n,
    attributes: [
      { key: 'often', value: text(`o-${i % 11}`) },
      ...(i % 4 === 0 ? [{ key: 'rare', value: int(i) }] : []),
    ],
    events: i % 5 === 0 ? [{ timeNs: start + 1n, name: `event ${i % 2}`, attributes: [] }] : [],
  })
})

/** Shares of a source each, in turns: 4 and 7 have no common divisor. */
function share(source: number, of: readonly PlainSpan[] = spans): PlainSpan[] {
  return of.filter((_, i) => i % 4 === source)
}

async function splitSources(): Promise<LocalSource[]> {
  const blocks = [0, 1, 2].map(i => blockSource(segmentOf(share(i)), `block ${i}`))
  return [liveSource(segmentOf(share(3))), ...(await Promise.all(blocks))]
}

const named: Predicate = {
  kind: 'compare',
  operand: { kind: 'intrinsic', name: 'name' },
  op: '=',
  literal: { type: 'string', value: 'x' },
}

function request(more: Partial<SearchRequest> = {}): SearchRequest {
  return { spans: named, traceAll: [], limit: 20, spansPerSpanSet: 3, select: [], ...more }
}

const metrics: MetricsRequest = {
  spans: everySpan,
  by: [{ kind: 'intrinsic', name: 'name' }],
  function: { kind: 'count' },
  startNs: String(startNs),
  stepNs: String(traceNs * 10n),
  steps: 6,
  exemplars: 0,
  seriesMax: 0,
}

/** What is asked of a source's split traces, call by call. */
function counted(source: LocalSource, calls: number[], also: () => void = () => undefined) {
  const read = source.tracesByHash.bind(source)
  source.tracesByHash = (hashes: readonly TraceHash[], signal: AbortSignal) => {
    calls.push(hashes.length)
    also()
    return read(hashes, signal)
  }
  return source
}

test('batches of split traces give the answers of one source', async () => {
  const one = await blockSource(segmentOf(spans))
  const parts = await splitSources()
  const ingester = new CompositeSource('ingester', parts.slice(0, 2))
  const ranged = { startNs: String(startNs + 9n * traceNs), endNs: String(startNs + 21n * traceNs) }
  const requests = [
    request(),
    request({ limit: 100, spans: everySpan, spansPerSpanSet: 10 }),
    request({ limit: 100, range: { ...ranged, of: 'trace' } }),
    request({ limit: 100, range: { ...ranged, of: 'span' } }),
  ]
  for (const sources of [parts, [ingester, ...parts.slice(2)]] as QuerySource[][]) {
    for (const asked of requests) {
      const work = await splitWork(sources, asked.range, new Set(), 50)
      assert.ok(work.split.length >= 8, 'in many batches')
      const { hits } = await composeSearch([one], asked, never)
      assert.ok(hits.length > 0)
      assert.equal(await searchWork(work, asked, never), hits)
      assert.equal((await composeSearch(sources, asked, never)).hits, hits)
    }
    const counts = async (of: readonly QuerySource[], spansAtOnce: number) => {
      const work = await splitWork(of, metricsRange(metrics), new Set(), spansAtOnce)
      const answered = await metricsWork(work, metrics, never)
      const { stats, ...result } = finishMetricsParts(metrics, answered, work.stats)
      return result
    }
    const wanted = await counts([one], 1)
    assert.equal(await counts(sources, 50), wanted)
    assert.equal(await counts(sources, 100_000), wanted)
  }
})

test('many split traces cost few reads, a bounded number of them at once', async () => {
  let running = 0
  let most = 0
  let reads = 0
  const open = async (source: number) => {
    const memory = memoryReader(blockBytes(segmentOf(share(source, wide))))
    const read = async (offset: number, length: number) => {
      reads++
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      return memory.read(offset, length)
    }
    const file = await BlockFile.open(`${source}`, { ...memory, read }, createBlockCache(64e6))
    return new LocalSource(new BlockSource(file))
  }
  // Of each column the dictionary is read.
  const wide = spans.map((span, i) => {
    const key = `column ${i % 60}`
    return { ...span, attributes: [{ key, value: text(`${i}`.padStart(400)) }] }
  })
  const sources = await Promise.all([0, 1, 2, 3].map(open))
  await Promise.all(sources.map(source => source.index()))
  reads = 0
  const asked = request({ limit: 100, spans: everySpan })
  const { hits } = await composeSearch(sources, asked, never)
  assert.is(hits.length, traceCount)
  assert.ok(most <= 32, `${most} reads at once`)
  const first = reads
  assert.ok(first > 0)
  await composeSearch(sources, asked, never)
  assert.ok(reads - first <= 2 * sources.length, `${reads - first} more reads`)
})

test('split traces are read only where and while they can change the answer', async () => {
  const hours = (n: number) => startNs + BigInt(n) * 3_600_000_000_000n
  const moved = (to: bigint, ids: string) =>
    spans.map(span => ({
      ...span,
      traceId: ids + span.traceId.slice(ids.length),
      startNs: span.startNs - startNs + to,
      endNs: span.endNs - startNs + to,
    }))
  const old = moved(hours(0), 'aa')
  const recent = moved(hours(5), 'bb')
  const calls: number[][] = [[], [], [], []]
  const shares = [share(0, old), share(1, old), share(0, recent), share(1, recent)]
  const sources = await Promise.all(
    shares.map(async (own, i) => counted(await blockSource(segmentOf(own), `b${i}`), calls[i]!)),
  )
  await composeSearch(sources, request({ limit: 5 }), never)
  const total = (of: readonly number[]) => of.reduce((sum, count) => sum + count, 0)
  assert.ok(
    calls.every(of => of.length === 1),
    'all are in one batch',
  )
  const asked = request({ limit: 5 })
  const found = await searchWork(await splitWork(sources, undefined, new Set(), 40), asked, never)
  assert.is(total(calls[2]!), 2 * traceCount)
  // The last batch with recent traces is filled with old ones.
  assert.ok(calls[0]!.length <= 2, 'the older are not looked at')
  const before = calls[0]!.length
  assert.is(found.length, 5)
  const range: TimeRange = { startNs: String(hours(3)), endNs: String(hours(9)) }
  await composeSearch(sources, request({ range: { ...range, of: 'span' } }), never)
  assert.is(calls[0]!.length, before, 'and not when they are out of the range')
})

test('a client that goes ends the reading of split traces', async () => {
  const gone = new AbortController()
  const calls: number[] = []
  const sources = (await splitSources()).map(source => counted(source, calls, () => gone.abort()))
  const asked = request({ limit: 100 })
  const work = await splitWork(sources, undefined, new Set(), 50)
  try {
    await searchWork(work, asked, gone.signal)
    assert.unreachable()
  } catch (error) {
    assert.is((error as Failure).code, 'CANCELED')
  }
  assert.ok(calls.length <= 2, 'nothing is begun after it')
})

test.run()

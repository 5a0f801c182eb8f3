import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { Failure, fail } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Metrics } from '../base/metrics.ts'
import { emptyStats } from '../contract/merge-answers.ts'
import type { SearchRequest, SearchResult } from '../contract/queries.ts'
import { everySpan } from '../model/predicate.ts'
import { tenantFolder } from '../model/tenant.ts'
import { LocalSource, type QuerySource } from '../search/query-source.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { deleteBlock } from '../storage/blocklist/block-store.ts'
import { BlockLog } from '../storage/blocklist/log.ts'
import { blockDataKey } from '../storage/blocklist/meta.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { LiveSource } from '../storage/live/live-source.ts'
import {
  encodeSpans,
  hexId,
  type PlainSpan,
  plainSpan,
} from '../storage/live/plain-spans-fixture.ts'
import { MemoryStore } from '../storage/object/memory.ts'
import { BlockCatalog } from './block-catalog.ts'
import { catalogMetrics } from './metrics.ts'
import { Querier } from './querier.ts'
import { storeBlock } from './stored-block-fixture.ts'

const test = suite('querier')

const tenant = 't'
const folder = tenantFolder(tenant)
const never = new AbortController().signal
const nothing = () => undefined
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

function segmentOf(...spans: PlainSpan[]): LiveSegment {
  const segment = new LiveSegment()
  appendOtlp(segment, encodeSpans(spans))
  return segment
}

/** The span of trace `number`, a second after that of the trace before. */
function span(number: number): PlainSpan {
  const startNs = 1_700_000_000_000_000_000n + BigInt(number) * 1_000_000_000n
  const own = { traceId: hexId(number, 16), spanId: hexId(number, 8) }
  return plainSpan({ ...own, startNs, endNs: startNs + 5n })
}

class World {
  readonly clock = new ManualClock()
  readonly store = new MemoryStore(this.clock)
  /** Of another process: the querier's own list is polled. */
  readonly writer = this.#log()
  readonly recent: QuerySource[] = []
  missing: string | undefined
  /** Runs when the querier has asked the ingesters and not yet the list. */
  between: () => Promise<void> = async () => undefined
  readonly catalog = new BlockCatalog({
    store: this.store,
    cache: createBlockCache(16e6),
    clock: this.clock,
    log: silentLog,
    threads: null,
    pollMs: 30_000,
    logFor: () => this.#log(),
  })
  readonly querier = new Querier({
    catalog: this.catalog,
    recent: async () => {
      const answer = { sources: [...this.recent] }
      await this.between()
      return this.missing === undefined ? answer : { ...answer, missing: this.missing }
    },
  })

  #log(): BlockLog {
    return new BlockLog({ store: this.store, folder, by: 'x', clock: this.clock, events: {} })
  }

  async addBlock(segment: LiveSegment): Promise<string> {
    const meta = await storeBlock(this.store, tenant, segment)
    await this.writer.commit({ adds: [meta] })
    return meta.id
  }

  /** Spoils the checksum of a block's footer. */
  async damage(id: string): Promise<void> {
    const key = blockDataKey(folder, id)
    const bytes = Buffer.from(await this.store.get(key))
    await this.store.put(key, bytes.fill(0x55, bytes.length - 12, bytes.length - 8))
  }

  /** The version is the last but one word of the file. */
  async makeNewer(id: string): Promise<void> {
    const key = blockDataKey(folder, id)
    const bytes = Buffer.from(await this.store.get(key))
    bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 8) + 1, bytes.length - 8)
    await this.store.put(key, bytes)
  }

  search(more: Partial<SearchRequest> = {}): Promise<SearchResult> {
    const request = { spans: everySpan, traceAll: [], limit: 20, spansPerSpanSet: 1, select: [] }
    return this.querier.search(tenant, { ...request, ...more }, never)
  }

  async numbers(): Promise<number[]> {
    const { hits } = await this.search()
    return hits.map(({ traceId }) => Number(`0x${traceId}`))
  }
}

test('live data and blocks are one answer, newest first', async () => {
  const world = new World()
  await world.addBlock(segmentOf(span(1), span(3)))
  await world.addBlock(segmentOf(span(2)))
  world.recent.push(new LocalSource(new LiveSource(segmentOf(span(4), span(2)))))
  assert.equal(await world.numbers(), [4, 3, 2, 1])
  const { trace } = await world.querier.traceById(tenant, { traceId: hexId(3, 16) })
  assert.ok(trace)
  const none = await world.querier.traceById(tenant, { traceId: hexId(9, 16) })
  assert.is(none.trace, null)
})

test('the list is read again when it is old', async () => {
  const world = new World()
  assert.equal(await world.numbers(), [])
  await world.addBlock(segmentOf(span(1)))
  world.clock.advance(30_000)
  assert.equal(await world.numbers(), [])
  world.clock.advance(1)
  assert.equal(await world.numbers(), [1])
})

test('what is uploaded between the two questions is in one of the answers', async () => {
  const world = new World()
  world.recent.push(new LocalSource(new LiveSource(segmentOf(span(1)))))
  world.between = async () => {
    world.recent.length = 0
    await world.addBlock(segmentOf(span(1)))
  }
  assert.equal(await world.numbers(), [1])
})

test('damaged blocks cost themselves: the rest answers, and says what is missing', async () => {
  const world = new World()
  const ids: string[] = []
  for (let i = 1; i <= 6; i++) ids.push(await world.addBlock(segmentOf(span(i))))
  for (const id of ids.slice(0, 5)) await world.damage(id)
  const answer = await world.search()
  assert.is(answer.hits.length, 1)
  assert.match(answer.partial!, /^5 damaged blocks are left out$/)
  assert.is(world.catalog.missing(tenant), 5)
  assert.is((await world.search()).hits.length, 1)
})

test('a block of a newer version is left out and counted, as a damaged one is', async () => {
  const world = new World()
  const id = await world.addBlock(segmentOf(span(1)))
  await world.addBlock(segmentOf(span(2)))
  await world.makeNewer(id)
  const answer = await world.search()
  assert.is(answer.hits.length, 1)
  assert.match(answer.partial!, /^1 damaged blocks are left out$/)
  const metrics = new Metrics()
  catalogMetrics(metrics, world.catalog)
  const text = await metrics.registry.metrics()
  assert.match(text, `vivace_querier_damaged_blocks{tenant="${tenant}"} 1`)
})

test('the scan of a block of a newer version fails as that of a damaged one', async () => {
  const world = new World()
  const meta = await storeBlock(world.store, tenant, segmentOf(span(1)))
  await world.makeNewer(meta.id)
  const part = { block: meta, groups: [0], newestNs: '0', excluded: [] }
  const query = { spans: everySpan, traceAll: [], limit: 20, spansPerSpanSet: 1, select: [] }
  try {
    await world.querier.scanSearch(tenant, { query, part, used: emptyStats() }, never)
    assert.unreachable()
  } catch (error) {
    assert.is((error as Failure).code, 'CORRUPT')
    assert.match((error as Failure).message, /version/)
  }
})

test('a block that was removed meanwhile leads to a second reading of the list', async () => {
  const world = new World()
  const old = await world.addBlock(segmentOf(span(1)))
  assert.is((await world.catalog.blocks(tenant)).length, 1)
  await world.addBlock(segmentOf(span(1), span(2)))
  await world.writer.commit({ removes: [old] })
  await deleteBlock(world.store, folder, old)
  const answer = await world.search()
  assert.is(answer.hits.length, 2)
  assert.is(answer.partial, undefined)
})

test('a block whose object is gone, though it is listed, is left out and said to be', async () => {
  const world = new World()
  const lost = await world.addBlock(segmentOf(span(1)))
  await world.addBlock(segmentOf(span(2)))
  await world.store.delete(blockDataKey(folder, lost))
  const answer = await world.search()
  assert.is(answer.hits.length, 1)
  assert.match(answer.partial!, /1 damaged block/)
})

test('ingesters that do not answer make the answer partial, in their words', async () => {
  const world = new World()
  await world.addBlock(segmentOf(span(1)))
  world.missing = 'ingester-1 did not answer'
  assert.is((await world.search()).partial, 'ingester-1 did not answer')
  world.missing = undefined
  assert.is((await world.search()).partial, undefined)
})

test('a store that does not answer fails the query with its own failure', async () => {
  const world = new World()
  await world.addBlock(segmentOf(span(1)))
  await world.numbers()
  await world.addBlock(segmentOf(span(2)))
  world.clock.advance(60_000)
  const { getRange } = world.store
  world.store.getRange = async () => {
    throw fail('UNAVAILABLE', 'the store is away')
  }
  try {
    await world.search()
    assert.unreachable()
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'UNAVAILABLE')
  }
  world.store.getRange = getRange
  assert.equal(await world.numbers(), [2, 1], 'and the next one opens the block again')
})

test.run()

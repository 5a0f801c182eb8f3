import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { type Failure, fail } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { batch, Simulation } from '../ingester/simulation-fixture.ts'
import { everySpan } from '../model/predicate.ts'
import { errorHead, errorOfHead } from '../net/frame-call.ts'
import { BlockCatalog } from '../querier/block-catalog.ts'
import { Querier } from '../querier/querier.ts'
import { composeSearch } from '../search/compose.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockLog } from '../storage/blocklist/log.ts'
import { MemoryStore } from '../storage/object/memory.ts'
import { HeldSources } from './held-sources.ts'
import { type Caller, ingesterHandlers, remoteSource } from './ingester-calls.ts'

const test = suite('calls to an ingester')

const never = new AbortController().signal
const request = { spans: everySpan, traceAll: [], limit: 100, spansPerSpanSet: 3, select: [] }
const nothing = () => undefined
const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** An ingester and a client whose calls pass through JSON, as between processes. */
class Remote {
  readonly sim: Simulation
  readonly client: Caller
  readonly calls: string[] = []
  /** Runs once, before the first call of the method. */
  before: { method: string; work: () => Promise<void> } | undefined
  handlers: ReturnType<typeof ingesterHandlers>

  constructor(sim: Simulation) {
    this.sim = sim
    this.handlers = this.serve()
    this.client = { call: (method, argument, body) => this.#call(method, argument, body) }
  }

  /** As a process that has just been started, which knows of no query. */
  serve(): ReturnType<typeof ingesterHandlers> {
    return ingesterHandlers(this.sim.ingester, this.sim.clock)
  }

  async #call(method: string, argument: unknown, body: Uint8Array) {
    this.calls.push(method)
    const { before } = this
    if (before && method === `ingester.${before.method}`) {
      this.before = undefined
      await before.work()
    }
    try {
      const handler = this.handlers.get(method)!
      const answer = await handler(JSON.parse(JSON.stringify(argument)), body, never)
      return { value: JSON.parse(JSON.stringify(answer.value)), body: answer.body }
    } catch (error) {
      throw errorOfHead(JSON.parse(JSON.stringify(errorHead(error))))
    }
  }

  held() {
    return remoteSource(this.client, 'ingester', 't', never)
  }
}

async function remote(...more: ConstructorParameters<typeof Simulation>): Promise<Remote> {
  const sim = new Simulation(...more)
  await sim.start()
  return new Remote(sim)
}

async function after({ sim }: Remote, ms: number): Promise<void> {
  sim.clock.advance(ms)
  await sim.ingester.check()
}

function dataFiles({ sim }: Remote): number {
  return sim.disk.paths().filter(path => path.endsWith('data.vblk')).length
}

async function code(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as Failure).code
  }
  return 'none'
}

test('an uploaded block that leaves between the index and the search is still searched', async () => {
  const world = await remote({ keepUploadedMs: 40_000 })
  await world.sim.push(batch(1, [1]))
  await world.sim.ingester.flush()
  await after(world, 40_000)
  await after(world, 29_000)
  world.before = {
    method: 'search',
    async work() {
      await after(world, 1000)
      assert.is(world.sim.ingester.tenants[0]!.blocks.length, 0, 'the block has left')
      await after(world, 30_000)
      assert.is(dataFiles(world), 1, 'its file has not')
    },
  }
  const { source, release } = await world.held()
  const { hits } = await composeSearch([source, ...world.sim.uploaded.values()], request, never)
  assert.is(hits.length, 1)
  release()
  await after(world, 1000)
  assert.is(dataFiles(world), 0)
})

test('spans that come between the index and the search make no trace appear twice', async () => {
  const world = await remote({ keepUploadedMs: 0 })
  await world.sim.push(batch(1, [1]))
  await world.sim.ingester.flush()
  await world.sim.push(batch(2, [2]))
  world.before = { method: 'search', work: () => world.sim.push(batch(3, [1, 2])) }
  const { source } = await world.held()
  const { hits } = await composeSearch([source, ...world.sim.uploaded.values()], request, never)
  assert.equal(new Set(hits.map(hit => hit.traceId)).size, hits.length)
  assert.is(hits.length, 2)
})

test('a query whose data is not held any more is run again, once', async () => {
  const world = await remote()
  await world.sim.push(batch(1, [1]))
  const { clock } = world.sim
  const store = new MemoryStore(clock)
  const logFor = () => new BlockLog({ store, folder: 't', by: 'x', clock, events: {} })
  const cache = createBlockCache(1e6)
  const places = { store, cache, clock, log: silentLog, threads: null, pollMs: 1000, logFor }
  const querier = new Querier({
    catalog: new BlockCatalog(places),
    async recent() {
      const { source, release } = await world.held()
      return { sources: [source], release }
    },
  })
  const restart = async () => {
    world.handlers = world.serve()
  }
  world.before = { method: 'search', work: restart }
  assert.is((await querier.search('t', request, never)).hits.length, 1)
  assert.is(world.calls.filter(call => call === 'ingester.describe').length, 2)
  assert.is(world.calls.filter(call => call === 'ingester.release').length, 2)
  const again = async () => {
    world.before = { method: 'search', work: again }
    await restart()
  }
  await again()
  assert.is(await code(() => querier.search('t', request, never)), 'SNAPSHOT_GONE')
})

/** Each tenant is held for a query of its own. */
function heldSources(clock: ManualClock) {
  const released: string[] = []
  const source = { name: 's' } as never
  const held = new HeldSources(clock, tenant => ({
    source,
    release: () => released.push(tenant),
  }))
  return { held, released }
}

test('what is held is let go a minute after its last use, and not while it is read', async () => {
  const clock = new ManualClock()
  const { held, released } = heldSources(clock)
  const { snapshot } = held.take('a')
  const read = { tenant: 'a', snapshot }
  clock.advance(50_000)
  await held.use(read, async () => undefined)
  clock.advance(50_000)
  assert.equal(released, [])
  let end = nothing
  const reading = held.use(read, () => new Promise<void>(resolve => (end = resolve as never)))
  clock.advance(100_000)
  held.release(snapshot)
  assert.equal(released, [])
  end()
  await reading
  assert.equal(released, ['a'])
  held.take('b')
  clock.advance(70_000)
  assert.equal(released, ['a', 'b'])
  assert.is(await code(() => held.use(read, async () => fail('INTERNAL', 'read'))), 'SNAPSHOT_GONE')
})

test('the least recently used of too many is let go', async () => {
  const { held, released } = heldSources(new ManualClock())
  const first = held.take('first').snapshot
  for (let i = 0; i < 1023; i++) held.take(`${i}`)
  assert.equal(released, [])
  await held.use({ tenant: 'first', snapshot: first }, async () => undefined)
  held.take('last')
  assert.equal(released, ['0'])
})

test('a tenant cannot read what is held for another', async () => {
  const { held } = heldSources(new ManualClock())
  const { snapshot } = held.take('a')
  const read = { tenant: 'b', snapshot }
  assert.is(await code(() => held.use(read, async () => undefined)), 'SNAPSHOT_GONE')
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ForwardingStore } from '../object/forwarding.ts'
import { codeOf, newWorld, type World } from './fixture.ts'
import { forgetInstance, forgetLosses, listRoster, RosterMember } from './roster.ts'

const test = suite('roster')

function member(world: World, uuid: string, epoch = 1, instance = 'ingester-0'): RosterMember {
  const { store, clock } = world
  return new RosterMember({ store, clock, instance, uuid, epoch, address: '10.0.0.1:9095' })
}

async function summary(world: World): Promise<string[]> {
  const { entries } = await listRoster(world.store)
  return entries.map(
    ({ instance, uuid, pending, losses }) =>
      `${instance} ${uuid} ${pending ? 'owes' : 'clear'} ${losses.length}`,
  )
}

async function keys(world: World): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of world.memory.list('_vivace/')) found.push(key)
  return found
}

test('an instance owes from its first acknowledgement until everything is in the log', async () => {
  const world = newWorld()
  const one = member(world, 'u1')
  assert.equal(await one.join(false), { kind: 'new' })
  assert.equal(await summary(world), ['ingester-0 u1 clear 0'])
  await one.setPending(true)
  assert.equal(await summary(world), ['ingester-0 u1 owes 0'])
  await one.setPending(false)
  assert.equal(await summary(world), ['ingester-0 u1 clear 0'])
})

test('says nothing again that is so already, and leaves one object behind', async () => {
  const world = newWorld()
  const one = member(world, 'u1')
  await one.join(true)
  for (let i = 0; i < 5; i++) {
    await one.setPending(false)
    await one.setPending(true)
  }
  const calls = world.store.calls
  await one.setPending(true)
  assert.is(world.store.calls, calls)
  assert.equal(await keys(world), [`_vivace/roster/ingester-0/${'11'.padStart(20, '0')}`])
})

test('the same directory returns', async () => {
  const world = newWorld()
  await member(world, 'u1').join(true)
  assert.equal(await member(world, 'u1', 2).join(true), { kind: 'returned' })
  assert.equal(await summary(world), ['ingester-0 u1 owes 0'])
})

test('another directory takes over silently what owed nothing', async () => {
  const world = newWorld()
  await member(world, 'u1').join(false)
  const joined = await member(world, 'u2').join(false)
  assert.is(joined.kind === 'took over' && joined.owed, false)
  assert.equal(await summary(world), ['ingester-0 u2 clear 0'])
})

test('the loss of one that owed stays until a person forgets it', async () => {
  const world = newWorld()
  await member(world, 'u1', 7).join(true)
  const two = member(world, 'u2')
  const joined = await two.join(false)
  assert.ok(joined.kind === 'took over' && joined.owed && joined.from.uuid === 'u1')
  await two.setPending(true)
  await two.setPending(false)
  assert.equal(await summary(world), ['ingester-0 u2 clear 1'])
  const three = member(world, 'u3')
  await three.join(false)
  assert.equal(await summary(world), ['ingester-0 u3 clear 1'])
  const [entry] = (await listRoster(world.store)).entries
  assert.equal(entry?.losses[0], { uuid: 'u1', epoch: 7, atMs: world.clock.nowMs() })
  await forgetLosses(world.store, 'ingester-0', world.clock)
  assert.equal(await summary(world), ['ingester-0 u3 clear 0'])
  await three.setPending(true)
  assert.equal(await summary(world), ['ingester-0 u3 owes 0'])
  assert.is(await codeOf(() => forgetLosses(world.store, 'nobody', world.clock)), 'NOT_FOUND')
})

test('who was taken over may not acknowledge any more', async () => {
  const world = newWorld()
  const one = member(world, 'u1')
  await one.join(false)
  await member(world, 'u2').join(false)
  assert.is(await codeOf(() => one.setPending(true)), 'CONFLICT')
  assert.is(await codeOf(() => one.refresh()), 'CONFLICT')
  assert.equal(await summary(world), ['ingester-0 u2 clear 0'])
})

test('an older process on the same directory is refused', async () => {
  const world = newWorld()
  const old = member(world, 'u1', 1)
  await old.join(false)
  await member(world, 'u1', 2).join(false)
  assert.is(await codeOf(() => old.setPending(true)), 'CONFLICT')
  assert.is(await codeOf(() => member(world, 'u1', 1).join(true)), 'CONFLICT')
})

test('two new directories that race for a name: one of them is told', async () => {
  const world = newWorld()
  await member(world, 'u0').join(true)
  const racers = [member(world, 'u1'), member(world, 'u2')] as const
  const joined = await Promise.all(racers.map(racer => racer.join(false)))
  assert.ok(joined.every(({ kind }) => kind === 'took over'))
  const codes = await Promise.all(racers.map(racer => codeOf(() => racer.setPending(true))))
  assert.equal(codes.sort(), ['CONFLICT', 'none'])
  const [entry] = (await listRoster(world.store)).entries
  assert.equal(
    entry?.losses.map(({ uuid }) => uuid),
    ['u0'],
  )
})

test('a write whose answer is lost is made again, not taken for granted', async () => {
  for (const moment of ['before', 'after'] as const) {
    for (let call = 1; ; call++) {
      const world = newWorld()
      const one = member(world, 'u1')
      await one.join(true)
      world.store.failCall(call, moment)
      const code = await codeOf(() => one.setPending(false))
      world.store.heal()
      // Whatever became of it, the next acknowledgement waits until the roster says so.
      await one.setPending(true)
      assert.equal(await summary(world), ['ingester-0 u1 owes 0'], `${moment} ${call}`)
      if (code === 'none') break
      assert.is(code, 'UNAVAILABLE')
    }
  }
})

test('a number that others used and deleted meanwhile does not count as written', async () => {
  const world = newWorld()
  const stale = member(world, 'u1')
  await stale.join(true)
  // Between the look at the roster and the put another directory takes over and writes twice.
  let raced = false
  class RacingStore extends ForwardingStore {
    override async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
      if (!raced) {
        raced = true
        const other = member(world, 'u2')
        await other.join(false)
        await other.setPending(true)
      }
      return this.inner.putIfAbsent(key, bytes)
    }
  }
  const { clock, memory } = world
  const place = { instance: 'ingester-0', uuid: 'u1', epoch: 1, address: 'x' }
  const racing = new RosterMember({ store: new RacingStore(memory), clock, ...place })
  assert.is(await codeOf(() => racing.setPending(false)), 'CONFLICT')
  assert.equal(await summary(world), ['ingester-0 u2 owes 1'])
})

test('calls take effect in their order', async () => {
  const world = newWorld()
  const one = member(world, 'u1')
  await Promise.all([one.join(false), one.setPending(true), one.setPending(false)])
  await Promise.all([one.setPending(false), one.setPending(true)])
  assert.is(one.pending, true)
  assert.equal(await summary(world), ['ingester-0 u1 owes 0'])
})

test('a person forgets an instance; one that lives after all writes itself in again', async () => {
  const world = newWorld()
  const one = member(world, 'u1')
  await one.join(true)
  await member(world, 'u9', 1, 'ingester-1').join(true)
  await forgetInstance(world.store, 'ingester-0')
  assert.equal(await summary(world), ['ingester-1 u9 owes 0'])
  await one.refresh()
  assert.equal(await summary(world), ['ingester-0 u1 owes 0', 'ingester-1 u9 owes 0'])
})

test('an entry that cannot be read counts as unknown, not as absent', async () => {
  const world = newWorld()
  await member(world, 'u1').join(false)
  await member(world, 'u2', 1, 'other').join(false)
  const [key] = await keys(world)
  await world.memory.put(key!, Buffer.from('{}'))
  const roster = await listRoster(world.store)
  assert.equal(
    roster.entries.map(({ instance }) => instance),
    ['other'],
  )
  assert.is(roster.unreadable[0]?.instance, 'ingester-0')
})

test('names of instances cannot leave the roster', async () => {
  const world = newWorld()
  const names = ['../../evil', 'a/b', '__proto__', 'pod.ns.svc:7946', '..']
  for (const name of names) await member(world, 'u', 1, name).join(false)
  assert.ok((await keys(world)).every(key => /^_vivace\/roster\/_t\.[\w-]+\/\d{20}$/.test(key)))
  const { entries } = await listRoster(world.store)
  assert.equal(
    entries.map(({ instance }) => instance),
    [...names].sort(),
  )
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CountingStore, StoreTally } from '../object/counting.ts'
import { ForwardingStore } from '../object/forwarding.ts'
import { checkpointKey, checkpointPrefix } from './checkpoint.ts'
import { codeOf, folder, idsOf, metaOf, newWorld, type World } from './fixture.ts'
import { BlockLog, type Committed, writeCheckpoint } from './log.ts'
import { logEntryKey } from './log-entry.ts'
import { sealJson } from './sealed-json.ts'

const test = suite('block log')

/** Commits blocks b<from>..b<to>, one entry each. */
async function fill(log: BlockLog, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await log.commit({ adds: [metaOf(`b${i}`)] })
}

async function committed(log: BlockLog, change: Parameters<BlockLog['commit']>[0]) {
  const result = await log.commit(change)
  assert.is(result.kind, 'committed')
  return result as Committed
}

async function checkpoints({ memory }: World): Promise<number[]> {
  const found: number[] = []
  const prefix = checkpointPrefix(folder)
  for await (const { key } of memory.list(prefix)) found.push(Number(key.slice(prefix.length)))
  return found
}

test('a new tenant has no blocks', async () => {
  const view = await newWorld().log().poll()
  assert.equal([view.seq, idsOf(view)], [0, []])
})

test('what one commits, others read', async () => {
  const world = newWorld()
  const writer = world.log('ingester-0')
  const reader = world.log('querier-0')
  const meta = metaOf('a', { replaces: ['x'] })
  assert.is((await committed(writer, { adds: [meta] })).seq, 1)
  await committed(writer, { adds: [metaOf('b')] })
  assert.equal(idsOf(writer.view()), ['a', 'b'])
  const view = await reader.poll()
  assert.equal(idsOf(view), ['a', 'b'])
  assert.equal(view.blocks.get('a'), meta)
  assert.is(view.seq, 2)
})

test('a reader that is up to date asks once', async () => {
  const world = newWorld()
  await fill(world.log(), 1, 3)
  const tally = new StoreTally()
  const store = new CountingStore(world.store, tally, world.clock)
  const reader = new BlockLog({ store, folder, by: 'querier-0', clock: world.clock })
  await reader.poll()
  tally.reset()
  await reader.poll()
  assert.is(tally.requestsOf('get'), 1)
  assert.is(tally.requestsOf('list'), 0)
})

test('a removed block goes off the list, is remembered, and is forgotten when it is deleted', async () => {
  const log = newWorld().log()
  await log.commit({ adds: [metaOf('a'), metaOf('b')] })
  await log.commit({ adds: [metaOf('c')], removes: ['a', 'b'] })
  assert.equal(idsOf(log.view()), ['c'])
  assert.equal([...log.view().removed.keys()], ['a', 'b'])
  assert.is(log.view().removed.get('a')?.seq, 2)
  await log.commit({ deleted: ['a'] })
  assert.equal([...log.view().removed.keys()], ['b'])
})

test('many committers at once all get through, each block once', async () => {
  const world = newWorld()
  const writers = Array.from({ length: 12 }, (_, i) => world.log(`ingester-${i}`))
  const results = await Promise.all(
    writers.map((log, i) => log.commit({ adds: [metaOf(`b${i}`)] })),
  )
  const seqs = results.map(result => (result as Committed).seq).sort((a, b) => a - b)
  assert.equal(seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  assert.is(idsOf(await world.log().poll()).length, 12)
})

test('of two compactors that take the same block one is refused', async () => {
  const world = newWorld()
  await world.log().commit({ adds: [metaOf('a'), metaOf('b'), metaOf('c')] })
  const changes = [
    { adds: [metaOf('ab')], removes: ['a', 'b'] },
    { adds: [metaOf('bc')], removes: ['b', 'c'] },
  ]
  const results = await Promise.all(
    changes.map((change, i) => world.log(`compactor-${i}`).commit(change)),
  )
  const kinds = results.map(({ kind }) => kind).sort()
  assert.equal(kinds, ['committed', 'refused'])
  const refused = results.find(result => result.kind === 'refused')
  assert.equal(refused?.kind === 'refused' && refused.gone, ['b'])
  const left = idsOf(await world.log().poll())
  assert.ok(left.join() === 'ab,c' || left.join() === 'a,bc', left.join())
})

test('a repeated commit changes nothing', async () => {
  const log = newWorld().log()
  const change = { adds: [metaOf('ab')], removes: ['a', 'b'] }
  await log.commit({ adds: [metaOf('a'), metaOf('b')] })
  await committed(log, change)
  assert.is((await log.commit(change)).kind, 'already')
  assert.is(log.view().seq, 2)
  assert.is((await log.commit({ removes: ['never'] })).kind, 'already')
  assert.is((await log.commit({})).kind, 'already')
})

test('a block that was compacted away does not come back when its ingester repeats itself', async () => {
  const log = newWorld().log()
  await log.commit({ adds: [metaOf('a')] })
  await log.commit({ adds: [metaOf('big')], removes: ['a'] })
  assert.is((await log.commit({ adds: [metaOf('a')] })).kind, 'already')
  assert.equal(idsOf(log.view()), ['big'])
})

test('removals take what is left to remove', async () => {
  const log = newWorld().log()
  await log.commit({ adds: [metaOf('a'), metaOf('b')] })
  await log.commit({ removes: ['a'] })
  await committed(log, { removes: ['a', 'b'] })
  assert.equal(idsOf(log.view()), [])
})

test('the caller sees the list that it changes, and may stop', async () => {
  const world = newWorld()
  await world.log('other').commit({ adds: [metaOf('a')] })
  const seen: string[][] = []
  const check = (view: Parameters<typeof idsOf>[0]) => {
    seen.push(idsOf(view))
    throw new Error('not now')
  }
  const log = world.log()
  assert.match(await codeOf(() => log.commit({ adds: [metaOf('b')] }, check)), 'not now')
  assert.equal(seen, [['a']])
  assert.equal(idsOf(await log.poll()), ['a'])
})

test('a crash or a lost answer at any request leaves the change made or not made', async () => {
  for (const moment of ['before', 'after'] as const) {
    for (let call = 1; ; call++) {
      const world = newWorld()
      await world.log().commit({ adds: [metaOf('a'), metaOf('b')] })
      const change = { adds: [metaOf('ab')], removes: ['a', 'b'] }
      const crashing = world.log('compactor-0')
      world.store.failCall(call, moment)
      const code = await codeOf(() => crashing.commit(change))
      world.store.heal()
      const found = idsOf(await world.log().poll()).join()
      assert.ok(found === 'a,b' || found === 'ab', found)
      if (code === 'none') assert.is(found, 'ab')
      // The same process goes on, or another one after the crash: both end with the change once.
      await crashing.commit(change)
      await world.log('compactor-1').commit(change)
      const view = await world.log().poll()
      assert.equal([idsOf(view), view.seq], [['ab'], 2])
      if (code === 'none') break
      assert.is(code, 'UNAVAILABLE')
    }
  }
})

test('gives up when others always win', async () => {
  const world = newWorld()
  let conflicts = 0
  class UnluckyStore extends ForwardingStore {
    override async putIfAbsent(): Promise<boolean> {
      conflicts++
      return false
    }
  }
  const store = new UnluckyStore(world.store)
  const beaten = new BlockLog({ store, folder, by: 'x', clock: world.clock })
  assert.is(await codeOf(() => beaten.commit({ adds: [metaOf('a')] })), 'UNAVAILABLE')
  assert.is(conflicts, 64)
})

test('a commit that a lying store let another overwrite is found missing and made again', async () => {
  const world = newWorld()
  world.store.lies = true
  let lost = 0
  const first = world.log('ingester-0', { lost: () => lost++ })
  const second = world.log('ingester-1', { lost: () => lost++ })
  await Promise.all([first.poll(), second.poll()])
  const [a, b] = await Promise.all([
    committed(first, { adds: [metaOf('a')] }),
    committed(second, { adds: [metaOf('b')] }),
  ])
  assert.equal([a.seq, b.seq], [1, 1])
  assert.equal(idsOf(await world.log().poll()).length, 1)
  for (const [log, commit] of [
    [first, a],
    [second, b],
  ] as const) {
    const result = await log.confirm(commit)
    assert.is(result.kind, 'committed')
    assert.is(await log.confirm(result as Committed), result)
  }
  assert.is(lost, 1)
  assert.equal(idsOf(await world.log().poll()), ['a', 'b'])
  // Whoever read the overwritten entry has the right list after a reload.
  assert.equal(idsOf(await first.reload()), ['a', 'b'])
  assert.equal(idsOf(await second.reload()), ['a', 'b'])
})

test('a lost compaction is not made again when another one took its inputs', async () => {
  const world = newWorld()
  await world.log().commit({ adds: [metaOf('a'), metaOf('b')] })
  const loser = world.log('compactor-0')
  const lost = await committed(loser, { adds: [metaOf('x')], removes: ['a', 'b'] })
  // As if the other one had been told that number 2 is its own, and came later.
  await world.memory.delete(logEntryKey(folder, 2))
  await committed(world.log('compactor-1'), { adds: [metaOf('z')], removes: ['a', 'b'] })
  assert.is((await loser.confirm(lost)).kind, 'refused')
  assert.equal(idsOf(loser.view()), ['z'])
})

test('checkpoints let readers start near the end', async () => {
  const world = newWorld()
  const log = world.log()
  await log.commit({ adds: [metaOf('gone'), metaOf('b0')] })
  await log.commit({ removes: ['gone'] })
  await fill(log, 3, 109)
  assert.equal(await checkpoints(world), [])
  await fill(log, 110, 110)
  assert.equal(await checkpoints(world), [100])
  await fill(log, 111, 125)

  const tally = new StoreTally()
  const store = new CountingStore(world.store, tally, world.clock)
  const reader = new BlockLog({ store, folder, by: 'querier-0', clock: world.clock })
  const view = await reader.poll()
  assert.equal(idsOf(view), idsOf(log.view()))
  assert.equal(view.removed, log.view().removed)
  assert.ok(tally.requestsOf('get') <= 1 + 25 + 16, String(tally.requestsOf('get')))
  assert.is(tally.requestsOf('list'), 1)
})

test('only the newest checkpoints are kept, and a damaged one costs nothing but time', async () => {
  const world = newWorld()
  const log = world.log()
  await fill(log, 1, 510)
  assert.equal(await checkpoints(world), [300, 400, 500])
  const key = checkpointKey(folder, 500)
  const bytes = Buffer.from(await world.memory.get(key))
  bytes[bytes.length >> 1]! ^= 1
  await world.memory.put(key, bytes)
  assert.is((await world.log().poll()).blocks.size, 510)
  for (const seq of [300, 400])
    await world.memory.put(checkpointKey(folder, seq), sealJson({ x: 1 }))
  assert.is((await world.log().poll()).blocks.size, 510)
})

test('a checkpoint that cannot be written does not undo the commit', async () => {
  const world = newWorld()
  const failed: unknown[] = []
  const log = world.log('ingester-0', { checkpointFailed: error => failed.push(error) })
  await fill(log, 1, 109)
  // The commit itself is a read and a put.
  for (let call = 3; call < 30; call++) world.store.failCall(call)
  await committed(log, { adds: [metaOf('b110')] })
  assert.is(failed.length, 1)
  assert.equal(await checkpoints(world), [])
})

test('every writer of a checkpoint writes the same bytes', async () => {
  const world = newWorld()
  const logs = [world.log('ingester-0'), world.log('ingester-1')] as const
  for (let i = 1; i <= 110; i++) await fill(logs[i % 2]!, i, i)
  const key = checkpointKey(folder, 100)
  const before = await world.memory.get(key)
  await world.memory.delete(key)
  await writeCheckpoint(world.memory, folder, 100)
  assert.equal(await world.memory.get(key), before)
})

test('a damaged entry is named and passed over', async () => {
  const world = newWorld()
  await fill(world.log(), 1, 3)
  const key = logEntryKey(folder, 2)
  await world.memory.put(key, Buffer.from('{"version":1'))
  const named: string[] = []
  const log = world.log('querier-0', { quarantined: entry => named.push(entry.key) })
  const view = await log.poll()
  assert.equal(idsOf(view), ['b1', 'b3'])
  assert.is(view.quarantined[0]?.seq, 2)
  assert.match(view.quarantined[0]?.reason ?? '', key)
  await log.commit({ adds: [metaOf('b4')], removes: ['b1'] })
  await log.reload()
  assert.equal(named, [key])
})

test('while there are entries of a later version blocks are added, not replaced', async () => {
  const world = newWorld()
  const log = world.log()
  await fill(log, 1, 1)
  await world.memory.put(logEntryKey(folder, 2), sealJson({ version: 2, magic: true }))
  await committed(log, { adds: [metaOf('b3')] })
  assert.is(log.view().quarantined[0]?.newer, true)
  const replace = () => log.commit({ adds: [metaOf('big')], removes: ['b1', 'b3'] })
  assert.is(await codeOf(replace), 'UNIMPLEMENTED')
  await fill(log, 4, 110)
  assert.equal(await checkpoints(world), [])
})

test('a failing store fails a poll, and the list stays as it was', async () => {
  const world = newWorld()
  const log = world.log()
  await fill(log, 1, 2)
  world.store.away = true
  assert.is(await codeOf(() => log.poll()), 'UNAVAILABLE')
  assert.equal(idsOf(log.view()), ['b1', 'b2'])
  world.store.away = false
  await fill(log, 3, 3)
  assert.equal(idsOf(log.view()), ['b1', 'b2', 'b3'])
})

test('polls and commits of one process do not disturb each other', async () => {
  const world = newWorld()
  let conflicts = 0
  const log = world.log('ingester-0', { conflict: () => conflicts++ })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      i % 2 ? log.poll() : log.commit({ adds: [metaOf(`b${i}`)] }),
    ),
  )
  assert.is(conflicts, 0)
  assert.is(log.view().blocks.size, 10)
})

test.run()

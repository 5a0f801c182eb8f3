import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { folder, idsOf, metaOf, newWorld, type World } from '../storage/blocklist/fixture.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { applyRetention, isExpired } from './retention.ts'

const test = suite('retention')

const dayMs = 24 * 3_600_000
const hourMs = 3_600_000

const endNs = (ms: number) => String(BigInt(ms) * 1_000_000n)

function written(id: string, createdMs: number, maxEndMs = createdMs): BlockMeta {
  return metaOf(id, { createdMs, maxEndNs: endNs(maxEndMs) })
}

async function retain(world: World, retentionMs: number, tenant = folder) {
  const log = world.log('compactor-0')
  const { store, clock } = world
  const deps = { store, clock, logFor: () => log, retentionMs: () => retentionMs, graceMs: hourMs }
  return applyRetention(deps, { tenant, folder })
}

test('a block goes off the list when it is too old, its objects after the grace', async () => {
  const world = newWorld()
  const nowMs = world.clock.nowMs()
  for (const meta of [written('old', nowMs - 3 * dayMs), written('new', nowMs - dayMs)]) {
    await world.log().commit({ adds: [await world.upload(meta)] })
  }
  assert.equal(await retain(world, 0), { expired: 0, deleted: 0 })
  assert.equal(await retain(world, 2 * dayMs), { expired: 1, deleted: 0 })
  const reader = world.log('querier-0')
  assert.equal(idsOf(await reader.poll()), ['new'])
  assert.ok(await world.memory.head(`${folder}/old/data.vblk`))
  assert.equal(await retain(world, 2 * dayMs), { expired: 0, deleted: 0 })
  world.clock.advance(hourMs + 1)
  assert.equal(await retain(world, 2 * dayMs), { expired: 0, deleted: 1 })
  assert.is(await world.memory.head(`${folder}/old/data.vblk`), null)
  assert.is(await world.memory.head(`${folder}/old/block.json`), null)
  assert.ok(await world.memory.head(`${folder}/new/data.vblk`))
  assert.is((await reader.poll()).removed.size, 0)
})

test('each tenant has its own retention', async () => {
  const world = newWorld()
  const nowMs = world.clock.nowMs()
  await world.log().commit({ adds: [written('a', nowMs - 3 * dayMs)] })
  assert.is((await retain(world, 7 * dayMs, 'patient')).expired, 0)
  assert.is((await retain(world, dayMs, 'hasty')).expired, 1)
})

test('spans that were old when they came are kept from then on', () => {
  const nowMs = 1_700_000_000_000
  const late = written('late', nowMs - hourMs, nowMs - 30 * dayMs)
  assert.is(isExpired(late, nowMs, dayMs), false)
  assert.is(isExpired(late, nowMs + dayMs, dayMs), true)
})

test('a span that ends a little later than now prolongs, a nonsensical end does not', () => {
  const nowMs = 1_700_000_000_000
  const ahead = written('ahead', nowMs - 2 * dayMs, nowMs - dayMs - hourMs)
  assert.is(isExpired(ahead, nowMs, 30 * hourMs), false)
  const nonsense = { ...ahead, maxEndNs: '18446744073709551615' }
  assert.is(isExpired(nonsense, nowMs, 30 * hourMs), true)
})

test('objects stay when the entry that removed their block was overwritten', async () => {
  const world = newWorld()
  const nowMs = world.clock.nowMs()
  const writer = world.log()
  await writer.commit({ adds: [await world.upload(written('a', nowMs))] })
  const log = world.log('compactor-0')
  await log.commit({ removes: ['a'] })
  // Somebody else was told that this number is theirs, too.
  const other = world.log('compactor-1')
  await other.poll()
  await world.memory.put(`${folder}/_log/${'2'.padStart(20, '0')}`, await entryOf(world))
  world.clock.advance(2 * hourMs)
  const { store, clock } = world
  const deps = { store, clock, logFor: () => log, retentionMs: () => 0, graceMs: hourMs }
  assert.is((await applyRetention(deps, { tenant: folder, folder })).deleted, 0)
  assert.ok(await world.memory.head(`${folder}/a/data.vblk`))
})

/** An entry that adds another block and removes none. */
async function entryOf(world: World): Promise<Uint8Array> {
  const elsewhere = newWorld()
  await elsewhere.log().commit({ adds: [metaOf('b', { createdMs: world.clock.nowMs() })] })
  return elsewhere.memory.get(`${folder}/_log/${'1'.padStart(20, '0')}`)
}

test.run()

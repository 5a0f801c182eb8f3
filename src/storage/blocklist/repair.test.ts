import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { deleteBlock } from './block-store.ts'
import { folder, idsOf, metaOf, newWorld, type World } from './fixture.ts'
import { blockDataKey, blockMetaKey, encodeBlockMeta } from './meta.ts'
import { BlockListRepair } from './repair.ts'
import { listTenants } from './tenants.ts'

const test = suite('block list repair')

function repairOf(world: World, settleMs = 0): BlockListRepair {
  const { store, clock } = world
  return new BlockListRepair({ store, folder, clock, settleMs, log: world.log('repair') })
}

async function commit(world: World, ...ids: string[]): Promise<void> {
  for (const id of ids) await world.log().commit({ adds: [await world.upload(metaOf(id))] })
}

test('finds nothing to do where all is well', async () => {
  const world = newWorld()
  await commit(world, 'a', 'f')
  const report = await repairOf(world).pass()
  assert.equal(report, { added: [], damaged: [], unreadable: [], unfinished: [] })
})

test('a complete block that no entry names is listed again', async () => {
  const world = newWorld()
  // One on each side of `_log` in the order of keys.
  await commit(world, 'B', 'b')
  await world.upload(metaOf('A'))
  await world.upload(metaOf('z'))
  const report = await repairOf(world).pass()
  assert.equal(report.added, ['A', 'z'])
  assert.equal(idsOf(await world.log().poll()), ['A', 'B', 'b', 'z'])
  assert.equal((await repairOf(world).pass()).added, [])
})

test('its writer is given time to commit it', async () => {
  const world = newWorld()
  await world.upload(metaOf('a'))
  const repair = repairOf(world, 60_000)
  assert.equal((await repair.pass()).added, [])
  world.clock.advance(59_999)
  assert.equal((await repair.pass()).added, [])
  world.clock.advance(1)
  assert.equal((await repair.pass()).added, ['a'])
})

test('a writer that commits after the repair changes nothing', async () => {
  const world = newWorld()
  const meta = await world.upload(metaOf('a'))
  await repairOf(world).pass()
  assert.is((await world.log().commit({ adds: [meta] })).kind, 'already')
})

test('a removed block is not listed again, before and after its objects are deleted', async () => {
  const world = newWorld()
  await commit(world, 'a', 'b')
  await world.log().commit({ removes: ['a'] })
  assert.equal((await repairOf(world).pass()).added, [])
  await deleteBlock(world.store, folder, 'a')
  await world.log().commit({ deleted: ['a'] })
  assert.equal((await repairOf(world).pass()).added, [])
  assert.equal(idsOf(await world.log().poll()), ['b'])
})

test('a lost compaction is made good: the output comes in, its inputs go out', async () => {
  const world = newWorld()
  await commit(world, 'a', 'b', 'c')
  await world.upload(metaOf('ab', { replaces: ['a', 'b'], level: 1 }))
  assert.equal((await repairOf(world).pass()).added, ['ab'])
  assert.equal(idsOf(await world.log().poll()), ['ab', 'c'])
})

test('an output comes back also when its inputs are long gone', async () => {
  const world = newWorld()
  await commit(world, 'c')
  await world.upload(metaOf('ab', { replaces: ['a', 'b'], level: 1 }))
  assert.equal((await repairOf(world).pass()).added, ['ab'])
  assert.equal(idsOf(await world.log().poll()), ['ab', 'c'])
})

test('everything comes back when the whole log is lost', async () => {
  const world = newWorld()
  await commit(world, 'a', 'b', 'c')
  for (const seq of ['1', '2', '3']) {
    await world.memory.delete(`${folder}/_log/${seq.padStart(20, '0')}`)
  }
  assert.equal(await listTenants(world.store), [{ tenant: folder, folder }])
  assert.equal((await repairOf(world).pass()).added, ['a', 'b', 'c'])
  assert.equal(idsOf(await world.log().poll()), ['a', 'b', 'c'])
})

test('what cannot be listed is named', async () => {
  const world = newWorld()
  await commit(world, 'good', 'nodata', 'cut')
  await world.memory.put(blockDataKey(folder, 'half'), Buffer.from('x'))
  await world.memory.put(blockMetaKey(folder, 'bad'), Buffer.from('{}'))
  await world.memory.put(blockMetaKey(folder, 'empty'), encodeBlockMeta(metaOf('empty')))
  const strayed = encodeBlockMeta(metaOf('strayed', { tenant: 'other' }))
  await world.memory.put(blockMetaKey(folder, 'strayed'), strayed)
  await world.memory.delete(blockDataKey(folder, 'nodata'))
  await world.memory.put(blockDataKey(folder, 'cut'), Buffer.from('x'))
  const report = await repairOf(world).pass()
  assert.equal(report.added, [])
  assert.equal([...report.damaged].sort(), ['cut', 'nodata'])
  assert.equal(report.unfinished, ['half'])
  assert.equal(
    report.unreadable.map(({ key }) => key),
    ['bad', 'empty', 'strayed'].map(id => blockMetaKey(folder, id)),
  )
})

test('what somebody else stored there is left alone', async () => {
  const world = newWorld()
  await commit(world, 'a')
  for (const name of ['meta.json', 'data.parquet', 'bloom-0']) {
    await world.memory.put(`${folder}/0192f0c1-aaaa/${name}`, Buffer.from('x'))
  }
  await world.memory.put(`${folder}/index.json.gz`, Buffer.from('x'))
  const report = await repairOf(world).pass()
  assert.equal(report, { added: [], damaged: [], unreadable: [], unfinished: [] })
})

test('tenants are the folders that can belong to one', async () => {
  const { memory } = newWorld()
  for (const name of ['a', '_t.X19wcm90b19f', 'single-tenant', '_vivace', 'a_b', '_t.zzz']) {
    await memory.put(`${name}/x/y`, Buffer.from('x'))
  }
  await memory.put('tempo_cluster_seed.json', Buffer.from('x'))
  assert.equal(
    (await listTenants(memory)).map(({ tenant }) => tenant),
    ['__proto__', 'a', 'single-tenant'],
  )
})

test.run()

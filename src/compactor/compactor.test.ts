// time limit: 300 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blockDataKey } from '../storage/blocklist/meta.ts'
import {
  attributes,
  hexId,
  int,
  type PlainSpan,
  plainSpan,
} from '../storage/live/plain-spans-fixture.ts'
import { Cluster, tenant } from './cluster-fixture.ts'

const test = suite('compactor')

/** Two spans of each trace; their ids say which block they were sent in. */
function spansOf(block: number, traces: readonly number[]): PlainSpan[] {
  return traces.flatMap(trace =>
    [0, 1].map(i =>
      plainSpan({
        traceId: hexId(trace, 16),
        spanId: hexId(block * 100 + i + 1, 8),
        parentId: i === 0 ? '' : hexId(block * 100 + 1, 8),
        name: `block ${block}`,
        startNs: plainSpan().startNs + BigInt(block * 1000 + trace * 10 + i),
        attributes: attributes({ block: int(block) }),
      }),
    ),
  )
}

/** Three blocks of one window: a copy, a split trace and traces of their own. */
async function filled(): Promise<Cluster> {
  const cluster = new Cluster()
  await cluster.add('block-1', spansOf(1, [1, 2, 3]))
  await cluster.add('block-2', [...spansOf(2, [3, 4]), ...spansOf(1, [1])])
  await cluster.add('block-3', spansOf(3, [4, 5]))
  return cluster
}

async function keys(cluster: Cluster, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of cluster.memory.list(prefix)) found.push(key)
  return found
}

test('blocks of a window become one; the inputs are deleted after the grace', async () => {
  const cluster = await filled()
  const compactor = cluster.compactor()
  await compactor.cycle()
  const blocks = await cluster.blocks()
  assert.is(blocks.length, 1)
  assert.equal([...blocks[0]!.replaces!].sort(), ['block-1', 'block-2', 'block-3'])
  assert.equal([blocks[0]!.level, blocks[0]!.traces, blocks[0]!.spans], [1, 5, 14])
  await cluster.check('merged')
  assert.equal(await keys(cluster, '_vivace/jobs/'), [])
  assert.equal(
    cluster.disk.paths().filter(path => path.startsWith('/data')),
    [],
  )
  await compactor.cycle()
  assert.is((await keys(cluster, `${tenant}/block-`)).length, 6)
  cluster.clock.advance(3_600_001)
  await compactor.cycle()
  assert.is((await keys(cluster, `${tenant}/block-`)).length, 0)
  assert.equal([...(await cluster.reader.poll()).removed.keys()], [])
  await cluster.check('inputs deleted')
  const text = await cluster.metrics.registry.metrics()
  assert.match(text, 'tempodb_compaction_blocks_total{level="0"} 3')
  assert.match(text, 'tempodb_retention_deleted_total 3')
})

for (const moment of ['before', 'after'] as const) {
  test(`the process ends ${moment} any call of the store; the next one finishes the work`, async () => {
    for (let call = 1; ; call++) {
      const cluster = await filled()
      const { store } = cluster
      const before = store.calls
      store.failCall(call, moment)
      // From there on nothing reaches the store any more.
      for (let later = 1; later < 100; later++) store.failCall(call + later)
      await cluster.compactor().cycle()
      if (store.calls - before < call) break
      store.heal()
      await cluster.check(`ended ${moment} call ${call}`)
      await cluster.compactor('compactor-0', 'boot-2').cycle()
      assert.is((await cluster.blocks()).length, 1, `ended ${moment} call ${call}`)
      await cluster.check(`ended ${moment} call ${call}, then another cycle`)
    }
  })

  test(`any one call of the store fails ${moment} it happens; cycles go on`, async () => {
    for (let call = 1; ; call++) {
      const cluster = await filled()
      const compactor = cluster.compactor()
      const before = cluster.store.calls
      cluster.store.failCall(call, moment)
      await compactor.cycle()
      if (cluster.store.calls - before < call) break
      await cluster.check(`call ${call} fails ${moment}`)
      for (let cycle = 0; cycle < 4; cycle++) {
        cluster.clock.advance(61_000)
        await compactor.cycle()
      }
      assert.is((await cluster.blocks()).length, 1, `call ${call} fails ${moment}`)
      cluster.clock.advance(3_700_000)
      await compactor.cycle()
      await cluster.check(`call ${call} fails ${moment}, inputs deleted`)
    }
  })
}

test('the disk fails at any step; nothing is lost and the next cycle merges', async () => {
  for (let step = 1; ; step++) {
    const cluster = await filled()
    const compactor = cluster.compactor()
    const before = cluster.disk.steps
    cluster.disk.failStep(step, 'ENOSPC')
    await compactor.cycle()
    if (cluster.disk.steps - before < step) break
    await cluster.check(`disk full at step ${step}`)
    cluster.disk.heal()
    for (let cycle = 0; cycle < 3; cycle++) {
      cluster.clock.advance(61_000)
      await compactor.cycle()
    }
    assert.is((await cluster.blocks()).length, 1)
    await cluster.check(`disk full at step ${step}, then merged`)
  }
})

test('compactors that race merge once; the others give way', async () => {
  const cluster = await filled()
  const compactors = ['a', 'b', 'c'].map(name => cluster.compactor(`compactor-${name}`))
  await Promise.all(compactors.map(compactor => compactor.cycle()))
  assert.is((await cluster.blocks()).length, 1)
  assert.is(cluster.told.filter(({ message }) => message === 'blocks merged').length, 1)
  await cluster.check('raced')
})

test('two that do the same job because a claim was taken over commit it once', async () => {
  const cluster = await filled()
  const slow = cluster.compactor('compactor-a').cycle()
  // The claim is there; the other one takes itself for a later life of the same process.
  while ((await keys(cluster, '_vivace/jobs/')).length === 0) await Promise.resolve()
  const fast = cluster.compactor('compactor-a', 'boot-2').cycle()
  await Promise.all([slow, fast])
  assert.is((await cluster.blocks()).length, 1)
  await cluster.check('both')
  const [output] = await cluster.blocks()
  const data = (await keys(cluster, `${tenant}/`)).filter(key => key.endsWith('data.vblk'))
  assert.equal(
    data.filter(key => !key.includes('/block-')),
    [blockDataKey(tenant, output!.id)],
  )
})

test('a claim of a process that is silent is taken over', async () => {
  const cluster = await filled()
  const { store } = cluster
  const dead = cluster.compactor('compactor-a').cycle()
  while ((await keys(cluster, '_vivace/jobs/')).length === 0) await Promise.resolve()
  store.away = true
  await dead
  store.heal()
  const other = cluster.compactor('compactor-b')
  await other.cycle()
  assert.is((await cluster.blocks()).length, 3)
  cluster.clock.advance(61_000)
  await other.cycle()
  assert.is((await cluster.blocks()).length, 1)
  await cluster.check('taken over')
})

test('a stop gives a merge up and leaves nothing behind', async () => {
  const cluster = await filled()
  const compactor = cluster.compactor()
  await compactor.start()
  while ((await keys(cluster, '_vivace/jobs/')).length === 0) await Promise.resolve()
  await compactor.stop()
  assert.is((await cluster.blocks()).length, 3)
  assert.equal(await keys(cluster, '_vivace/jobs/'), [])
  assert.equal(
    cluster.disk.paths().filter(path => path.startsWith('/data')),
    [],
  )
  await cluster.compactor('compactor-b').cycle()
  assert.is((await cluster.blocks()).length, 1)
  await cluster.check('stopped, then merged')
})

test('a damaged block is named and left alone; the others are merged', async () => {
  const cluster = await filled()
  const key = blockDataKey(tenant, 'block-2')
  const bytes = await cluster.memory.get(key)
  bytes[9] = bytes[9]! ^ 1
  await cluster.memory.put(key, bytes)
  await cluster.compactor().cycle()
  const ids = (await cluster.blocks()).map(block => block.replaces ?? block.id)
  assert.equal(ids.length, 2)
  assert.ok(ids.includes('block-2'))
  const told = cluster.told.find(({ level }) => level === 'error')!
  assert.is(told.fields['blockId'], 'block-2')
  assert.is(told.fields['object'], key)
  assert.is(told.fields['offset'], 8)
  const text = await cluster.metrics.registry.metrics()
  assert.match(text, `vivace_compaction_damaged_blocks_total{tenant="${tenant}"} 1`)
})

test('a block of a newer version is left alone; the others are merged', async () => {
  const cluster = await filled()
  const key = blockDataKey(tenant, 'block-2')
  const bytes = Buffer.from(await cluster.memory.get(key))
  bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 8) + 1, bytes.length - 8)
  await cluster.memory.put(key, bytes)
  await cluster.compactor().cycle()
  const ids = (await cluster.blocks()).map(block => block.replaces ?? block.id)
  assert.equal(ids.length, 2)
  assert.ok(ids.includes('block-2'))
})

test.run()

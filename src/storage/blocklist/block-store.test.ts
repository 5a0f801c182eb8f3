import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FaultDisk } from '../../base/fault-disk.ts'
import { ForwardingStore } from '../object/forwarding.ts'
import type { UploadSource } from '../object/object-store.ts'
import { bytesSource, fileSource, streamSource } from '../object/upload-source.ts'
import { blockReader, deleteBlock, findBlockMeta, uploadBlock } from './block-store.ts'
import { codeOf, dataOf, folder, metaOf, newWorld } from './fixture.ts'
import { blockDataKey, blockMetaKey } from './meta.ts'

const test = suite('block store')

test('stores data and description, and reads ranges', async () => {
  const world = newWorld()
  const meta = await world.upload(metaOf('a'))
  assert.equal(await findBlockMeta(world.store, folder, 'a'), meta)
  const reader = blockReader(world.store, folder, meta)
  assert.is(reader.size, dataOf('a').length)
  assert.is(Buffer.from(await reader.read(8, 5)).toString(), 'block')
  assert.is(reader.object, `${folder}/a/data.vblk`)
})

test('uploads files and streams', async () => {
  const world = newWorld()
  const disk = new FaultDisk()
  disk.writeFileAtomicSync('/block', dataOf('a'))
  await uploadBlock(world.store, folder, metaOf('a'), await fileSource(disk, '/block'))
  const stream = async function* () {
    yield dataOf('b').subarray(0, 3)
    yield dataOf('b').subarray(3)
  }
  const source = streamSource(stream(), dataOf('b').length)
  await uploadBlock(world.store, folder, metaOf('b'), source)
  assert.equal(await world.memory.get(blockDataKey(folder, 'a')), dataOf('a'))
  assert.equal(await world.memory.get(blockDataKey(folder, 'b')), dataOf('b'))
})

test('a repeat takes what is there and uploads nothing', async () => {
  const world = newWorld()
  const first = await world.upload(metaOf('a'))
  let read = 0
  const source: UploadSource = {
    size: first.bytes,
    async *pieces() {
      read++
      yield dataOf('a')
    },
  }
  const again = metaOf('a', { createdMs: 5, createdBy: 'ingester-0 after a crash' })
  assert.equal(await uploadBlock(world.store, folder, again, source), first)
  assert.is(read, 0)
})

test('after a crash at any step a repeat succeeds, and a description means a whole block', async () => {
  for (const moment of ['before', 'after'] as const) {
    for (let call = 1; ; call++) {
      const world = newWorld()
      world.store.failCall(call, moment)
      const code = await codeOf(() => world.upload(metaOf('a')))
      world.store.heal()
      if ((await world.memory.head(blockMetaKey(folder, 'a'))) !== null) {
        assert.equal(await world.memory.get(blockDataKey(folder, 'a')), dataOf('a'))
      }
      assert.equal(await world.upload(metaOf('a')), metaOf('a'))
      if (code === 'none') break
    }
  }
})

test('an id with other spans is a conflict, not overwritten', async () => {
  const world = newWorld()
  await world.upload(metaOf('a'))
  assert.is(await codeOf(() => world.upload(metaOf('a', { spans: 11 }))), 'CONFLICT')
  assert.is((await findBlockMeta(world.store, folder, 'a'))?.spans, 10)
})

test('two uploads of the same block at once both succeed', async () => {
  const world = newWorld()
  const [a, b] = await Promise.all([
    world.upload(metaOf('a')),
    world.upload(metaOf('a', { createdMs: 7 })),
  ])
  assert.equal(a, b)
})

test('does not describe data that the store did not keep', async () => {
  class ForgetfulStore extends ForwardingStore {
    change: (bytes: Uint8Array) => Uint8Array = bytes => bytes
    override async upload(key: string, source: UploadSource): Promise<void> {
      const pieces: Uint8Array[] = []
      for await (const piece of source.pieces(4)) pieces.push(piece)
      await this.inner.put(key, this.change(Buffer.concat(pieces)))
    }
  }
  const world = newWorld()
  const store = new ForgetfulStore(world.store)
  const upload = () => uploadBlock(store, folder, metaOf('a'), bytesSource(dataOf('a')))
  store.change = bytes => bytes.subarray(1)
  assert.is(await codeOf(upload), 'CORRUPT')
  store.change = bytes => Buffer.from(bytes).fill(0, 5, 6)
  assert.is(await codeOf(upload), 'CORRUPT')
  assert.is(await findBlockMeta(store, folder, 'a'), null)
  store.change = bytes => bytes
  assert.is(await codeOf(upload), 'none')
})

test('refuses a file that is not what the description says', async () => {
  const world = newWorld()
  const upload = () =>
    uploadBlock(world.store, folder, metaOf('a', { bytes: 5 }), bytesSource(dataOf('a')))
  assert.is(await codeOf(upload), 'CORRUPT')
  assert.is(await world.memory.head(blockDataKey(folder, 'a')), null)
})

test('notices a description whose data is gone', async () => {
  const world = newWorld()
  await world.upload(metaOf('a'))
  await world.memory.delete(blockDataKey(folder, 'a'))
  assert.is(await codeOf(() => world.upload(metaOf('a'))), 'CORRUPT')
})

test('deletes, also twice', async () => {
  const world = newWorld()
  await world.upload(metaOf('a'))
  await deleteBlock(world.store, folder, 'a')
  await deleteBlock(world.store, folder, 'a')
  assert.is(await findBlockMeta(world.store, folder, 'a'), null)
  assert.is(await world.memory.head(blockDataKey(folder, 'a')), null)
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../base/errors.ts'
import { FaultDisk } from '../../base/fault-disk.ts'
import { LocalStore } from './local.ts'
import { bytesSource } from './upload-source.ts'

const test = suite('local store')
const text = (value: string) => Buffer.from(value)

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    return error instanceof Failure ? error.code : (error as Error).name
  }
}

test('what was put is there after a power cut, at whatever step it came', async () => {
  const puts = {
    put: (store: LocalStore) => store.put('a/b/c', text('content')),
    putIfAbsent: (store: LocalStore) => store.putIfAbsent('a/b/c', text('content')),
    upload: (store: LocalStore) => store.upload('a/b/c', bytesSource(text('content'))),
  }
  for (const put of Object.values(puts)) {
    for (let step = 1; ; step++) {
      const disk = new FaultDisk()
      disk.cutPowerAtStep(step)
      const code = await codeOf(() => put(new LocalStore(disk, '/root')))
      disk.crash({ unsynced: () => 0.5 })
      const store = new LocalStore(disk, '/root')
      const size = await store.head('a/b/c')
      assert.ok(size === 7 || (size === null && code === 'PowerCut'), `step ${step}: ${size}`)
      if (code === 'none') break
    }
  }
})

test('what was deleted stays deleted after a power cut', async () => {
  const disk = new FaultDisk()
  const store = new LocalStore(disk, '/root')
  await store.put('a/b', text('1'))
  await store.delete('a/b')
  disk.crash()
  assert.is(await store.head('a/b'), null)
})

test('empty folders go with their last object, the root stays', async () => {
  const disk = new FaultDisk()
  const store = new LocalStore(disk, '/root')
  await store.put('a/b/c', text('1'))
  await store.put('a/d', text('1'))
  await store.delete('a/b/c')
  assert.is(disk.statSync('/root/a/b'), null)
  assert.ok(disk.statSync('/root/a'))
  await store.delete('a/d')
  assert.is(disk.statSync('/root/a'), null)
  assert.ok(disk.statSync('/root'))
})

test('puts survive that their folder is removed under them', async () => {
  const disk = new FaultDisk()
  const store = new LocalStore(disk, '/root')
  const work: Promise<void>[] = []
  for (let i = 0; i < 50; i++) {
    work.push(store.put(`f/${i % 3}`, text('x')), store.delete(`f/${(i + 1) % 3}`))
  }
  await Promise.all(work)
  await store.put('f/last', text('x'))
  assert.is(await store.head('f/last'), 1)
})

test('a folder is no object', async () => {
  const store = new LocalStore(new FaultDisk(), '/root')
  await store.put('a/b', text('1'))
  assert.is(await store.head('a'), null)
  assert.is(await codeOf(() => store.get('a')), 'NOT_FOUND')
  assert.is(await codeOf(() => store.getRange('a', 0, 1)), 'NOT_FOUND')
  await store.delete('a')
  assert.is(await store.head('a/b'), 1)
})

test('unfinished writes are not listed, and are removed when asked to', async () => {
  const disk = new FaultDisk()
  const store = new LocalStore(disk, '/root')
  await store.put('a/b', text('1'))
  disk.writeFileAtomicSync('/root/a/.b.7.tmp', text('half'))
  disk.writeFileAtomicSync('/root/.x.8.tmp', text('half'))
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  assert.equal(keys, ['a/b'])
  await store.removeUnfinished()
  assert.equal(disk.paths(), ['/root/a/b'])
})

test('a full disk is told as such', async () => {
  const disk = new FaultDisk()
  const store = new LocalStore(disk, '/root')
  await store.put('a', text('old'))
  disk.failStep(2, 'ENOSPC')
  assert.is(await codeOf(() => store.put('a', text('new'))), 'DISK_FULL')
  assert.is(Buffer.from(await store.get('a')).toString(), 'old')
})

test.run()

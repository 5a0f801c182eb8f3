import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from './errors.ts'
import { FaultDisk, PowerCut } from './fault-disk.ts'

const test = suite('fault disk')
const text = (value: string) => Buffer.from(value)

function opened(): FaultDisk {
  const disk = new FaultDisk()
  disk.mkdirpSync('/d')
  return disk
}

function failure(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}

test('a power cut takes what was not synced', () => {
  const disk = opened()
  const file = disk.openAppendSync('/d/log')
  file.append(text('synced'))
  file.dataSync()
  file.append(text(' not'))
  disk.crash()
  assert.is(disk.readFileSync('/d/log').toString(), 'synced')
  assert.instance(
    failure(() => file.append(text('x'))),
    PowerCut,
  )
})

test('a part of what was not synced may survive', () => {
  for (const [share, expected] of [
    [0, 'ab'],
    [0.5, 'abcd'],
    [0.99, 'abcdef'],
  ] as const) {
    const disk = opened()
    const file = disk.openAppendSync('/d/log')
    file.append(text('ab'))
    file.dataSync()
    file.append(text('cdef'))
    disk.crash({ unsynced: () => share })
    const found = disk.readFileSync('/d/log').toString()
    assert.ok('abcdef'.startsWith(found) && found.length >= 2, found)
    if (share !== 0.5) assert.is(found, expected)
  }
})

test('names are lost when their directory was not synced', () => {
  const disk = opened()
  disk.writeFileAtomicSync('/d/a', text('1'))
  disk.renameSync('/d/a', '/d/b')
  disk.crash()
  assert.equal(disk.paths(), ['/d/a'])
  disk.renameSync('/d/a', '/d/b')
  disk.syncDirectorySync('/d')
  disk.crash()
  assert.equal(disk.paths(), ['/d/b'])
  disk.removeSync('/d/b')
  disk.crash()
  assert.equal(disk.paths(), ['/d/b'])
})

test('an atomic write is all or nothing at every step', () => {
  for (let step = 1; ; step++) {
    const disk = opened()
    disk.writeFileAtomicSync('/d/a', text('old'))
    disk.cutPowerAtStep(step)
    const error = failure(() => disk.writeFileAtomicSync('/d/a', text('new content')))
    disk.crash({ unsynced: () => 0.5 })
    const found = disk.readFileSync('/d/a').toString()
    if (!error) {
      assert.is(found, 'new content')
      assert.ok(step > 4)
      return
    }
    assert.instance(error, PowerCut)
    assert.ok(found === 'old' || found === 'new content', found)
  }
})

test('creating a file is all or nothing at every step, and never replaces one', () => {
  for (let step = 1; ; step++) {
    const disk = opened()
    disk.cutPowerAtStep(step)
    const error = failure(() => disk.createFileAtomicSync('/d/a', text('content')))
    disk.crash()
    const found = disk.statSync('/d/a') && disk.readFileSync('/d/a').toString()
    assert.ok(found === null || found === 'content')
    if (error) continue
    assert.is(found, 'content')
    return
  }
})

test('the n-th step fails, and only that one', () => {
  const disk = opened()
  const file = disk.openAppendSync('/d/log')
  disk.failStep(2, 'ENOSPC')
  file.append(text('aa'))
  const error = failure(() => file.append(text('bbbb')))
  assert.is((error as Failure).code, 'DISK_FULL')
  assert.is(disk.readFileSync('/d/log').toString(), 'aabb')
  file.append(text('c'))
  disk.failStep(1, 'EIO', { lasting: true })
  assert.is((failure(() => file.append(text('d'))) as Failure).code, 'UNAVAILABLE')
  assert.is((failure(() => disk.removeSync('/d/log')) as Failure).code, 'UNAVAILABLE')
  disk.heal()
  disk.failReads('EIO')
  assert.instance(
    failure(() => disk.readFileSync('/d/log')),
    Failure,
  )
})

test('after a sync that failed, a later one proves nothing', () => {
  const disk = opened()
  const file = disk.openAppendSync('/d/log')
  file.append(text('a'))
  file.dataSync()
  file.append(text('b'))
  disk.failStep(1, 'EIO')
  assert.ok(failure(() => file.dataSync()))
  file.dataSync()
  disk.crash()
  assert.is(disk.readFileSync('/d/log').toString(), 'a')
})

test('a cut that was interrupted leaves the file whole', () => {
  const disk = opened()
  disk.writeFileAtomicSync('/d/a', text('123456'))
  disk.cutPowerAtStep(2)
  assert.instance(
    failure(() => disk.truncateSync('/d/a', 2)),
    PowerCut,
  )
  disk.crash()
  assert.is(disk.readFileSync('/d/a').toString(), '123456')
  disk.truncateSync('/d/a', 2)
  disk.crash()
  assert.is(disk.readFileSync('/d/a').toString(), '12')
})

test('damage is durable', () => {
  const disk = opened()
  disk.writeFileAtomicSync('/d/a', text('123456'))
  disk.damage('/d/a', bytes => bytes.fill(0x78, 2, 3))
  disk.crash()
  assert.is(disk.readFileSync('/d/a').toString(), '12x456')
})

test.run()

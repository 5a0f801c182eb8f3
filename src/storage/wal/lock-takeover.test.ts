import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../../base/clock.ts'
import type { Failure } from '../../base/errors.ts'
import { FaultDisk } from '../../base/fault-disk.ts'
import { type DirectoryLock, lockDirectory, silenceMs } from './lock.ts'

/** Who may take a data directory over, and when: with a clock and a disk of the test's own. */

const test = suite('taking a data directory over')
const path = '/data/lock'

interface Taking {
  lock?: DirectoryLock
  error?: Failure
}

/** Begins to take the lock; `pass` lets time go by and gives waiting tasks their turns. */
function take(disk: FaultDisk, clock: ManualClock) {
  const taking: Taking = {}
  lockDirectory(disk, clock, '/data').then(
    lock => {
      taking.lock = lock
    },
    error => {
      taking.error = error
    },
  )
  const pass = async (ms: number, between: () => void = () => undefined) => {
    for (let passed = 0; passed < ms; passed += 250) {
      await new Promise(setImmediate)
      between()
      clock.advance(250)
    }
    await new Promise(setImmediate)
  }
  return { taking, pass }
}

/** A lock of a process in another container, which nobody here can look up. */
function foreignLock(disk: FaultDisk, epoch: number): void {
  disk.mkdirpSync('/data')
  const body = { namespace: 'pid:[elsewhere]', pid: 1, startTicks: '7', epoch }
  disk.writeFileAtomicSync(path, Buffer.from(`${JSON.stringify(body)}\n`))
}

test('a silent owner elsewhere is waited for, then followed with the next epoch', async () => {
  const disk = new FaultDisk()
  foreignLock(disk, 41)
  const { taking, pass } = take(disk, new ManualClock())
  await pass(silenceMs - 250)
  assert.equal(taking, {})
  await pass(500)
  assert.is(taking.lock?.epoch, 42)
})

test('an owner elsewhere whose heart beats keeps the directory', async () => {
  const disk = new FaultDisk()
  foreignLock(disk, 5)
  const beats = disk.openAppendSync(path)
  const { taking, pass } = take(disk, new ManualClock())
  let turns = 0
  await pass(silenceMs, () => {
    turns++
    if (turns === 8) beats.append(Buffer.of(0x2e))
  })
  assert.is(taking.lock, undefined)
  assert.is(taking.error?.code, 'CONFLICT')
})

test('the heart beats once a second, and that keeps others away', async () => {
  const disk = new FaultDisk()
  const clock = new ManualClock()
  const owner = await lockDirectory(disk, clock, '/data')
  const before = disk.statSync(path)!.sizeBytes
  clock.advance(5000)
  assert.is(disk.statSync(path)!.sizeBytes, before + 5)
  const { taking, pass } = take(disk, clock)
  await pass(silenceMs)
  assert.is(taking.error?.code, 'CONFLICT')
  owner.assertOwned()
})

test('a process of this namespace that is gone is not waited for', async () => {
  const disk = new FaultDisk()
  const clock = new ManualClock()
  await lockDirectory(disk, clock, '/data')
  const line = Buffer.from(disk.readFileSync(path)).toString().split('\n')[0]!
  const gone = { ...JSON.parse(line), startTicks: '1', epoch: 8 }
  disk.writeFileAtomicSync(path, Buffer.from(`${JSON.stringify(gone)}\n`))
  const { taking, pass } = take(disk, clock)
  await pass(0)
  assert.is(taking.lock?.epoch, 9)
})

test('a lock file that was cut short is waited for and replaced', async () => {
  for (const text of ['', '{"names', 'null\n', '7\n', '[]\n']) {
    const disk = new FaultDisk()
    disk.mkdirpSync('/data')
    disk.writeFileAtomicSync(path, Buffer.from(text))
    const { taking, pass } = take(disk, new ManualClock())
    await pass(silenceMs + 500)
    assert.is(taking.error, undefined, text)
    assert.ok(taking.lock!.epoch >= 1, text)
    taking.lock!.assertOwned()
  }
})

test('a full disk stops the heartbeat, not the owner', async () => {
  const disk = new FaultDisk()
  const clock = new ManualClock()
  const lock = await lockDirectory(disk, clock, '/data')
  disk.failStep(1, 'ENOSPC', { lasting: true })
  clock.advance(10_000)
  lock.assertOwned()
  disk.heal()
  const before = disk.statSync(path)!.sizeBytes
  clock.advance(2000)
  assert.is(disk.statSync(path)!.sizeBytes, before + 2)
})

test.run()

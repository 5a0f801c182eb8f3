import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemClock } from '../../base/clock.ts'
import { systemDisk } from '../../base/disk.ts'
import { lockDirectory } from './lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'vivace-lock-'))
// The clock's own timers keep no process alive.
const keepAlive = setInterval(() => undefined, 1000)
const test = suite('lock of a data directory')

test('epochs go on after a release', async () => {
  const first = await lockDirectory(systemDisk, systemClock, directory)
  assert.is(first.epoch, 1)
  first.assertOwned()
  first.release()
  const second = await lockDirectory(systemDisk, systemClock, directory)
  assert.is(second.epoch, 2)
  assert.throws(() => first.assertOwned(), /taken over/)
  // A late release of one that was replaced changes nothing.
  first.release()
  second.assertOwned()
  second.release()
})

test('an owner that lives is left alone', async () => {
  const owner = await lockDirectory(systemDisk, systemClock, directory)
  let message = ''
  await lockDirectory(systemDisk, systemClock, directory).catch(error => {
    message = String(error)
  })
  assert.match(message, /in use by another process/)
  owner.assertOwned()
  owner.release()
})

test('one that died in another container is replaced after its silence', async () => {
  const body = { namespace: 'pid:[1]', pid: 1, startTicks: '1', epoch: 41 }
  writeFileSync(join(directory, 'lock'), `${JSON.stringify(body)}\n..`)
  const lock = await lockDirectory(systemDisk, systemClock, directory)
  assert.is(lock.epoch, 42)
  lock.release()
})

test.after(() => {
  clearInterval(keepAlive)
  rmSync(directory, { recursive: true })
})

test.run()

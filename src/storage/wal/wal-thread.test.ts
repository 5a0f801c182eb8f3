import { MessageChannel } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../../base/errors.ts'
import { FaultDisk } from '../../base/fault-disk.ts'
import { PortClient } from '../../base/worker-port.ts'
import { replayWal } from './replay.ts'
import { runWalThread } from './wal-thread.ts'

const test = suite('WAL thread')

const directory = '/data/wal'

/** Counts what the thread does to its disk. */
class CountingDisk extends FaultDisk {
  appends = 0
  syncs = 0
  override openAppendSync(path: string) {
    const file = super.openAppendSync(path)
    return {
      path,
      get sizeBytes() {
        return file.sizeBytes
      },
      append: (bytes: Uint8Array) => {
        this.appends++
        file.append(bytes)
      },
      dataSync: () => {
        this.syncs++
        file.dataSync()
      },
      close: () => file.close(),
    }
  }
}

interface Thread {
  readonly disk: CountingDisk
  append(text: string): Promise<unknown>
  call<T>(method: string, argument?: unknown): Promise<T>
}

async function withThread(work: (thread: Thread) => Promise<void>): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const disk = new CountingDisk()
  runWalThread(port2, disk, directory)
  const client = new PortClient(port1)
  try {
    await work({
      disk,
      append: text => client.call('append', { tenant: 't', body: Buffer.from(text) }),
      call: (method, argument = null) => client.call(method, argument),
    })
  } finally {
    port1.close()
    port2.close()
  }
}

function survivors(disk: FaultDisk): string[] {
  const records: string[] = []
  replayWal(disk, directory, ({ body }) => records.push(Buffer.from(body).toString()))
  return records
}

test('what arrives together shares one sync, and is durable when it is answered', () =>
  withThread(async ({ disk, append }) => {
    const before = disk.syncs
    const texts = Array.from({ length: 50 }, (_, i) => `record ${i}`)
    await Promise.all(texts.map(append))
    assert.ok(disk.syncs - before <= 2, `${disk.syncs - before} syncs for 50 records`)
    disk.crash()
    assert.equal(survivors(disk), texts)
  }))

test('a roll keeps its place among the appends', () =>
  withThread(async ({ disk, append, call }) => {
    const first = append('before')
    const rolled = call<number>('roll')
    const second = append('after')
    await Promise.all([first, second])
    await call('drop', await rolled)
    assert.equal(survivors(disk), ['after'])
  }))

test('a failed sync fails all that rode with it, and only these', () =>
  withThread(async ({ disk, append }) => {
    await append('good')
    disk.failStep(2, 'EIO')
    const results = await Promise.allSettled([append('lost 1'), append('lost 2')])
    assert.equal(
      results.map(result => result.status === 'rejected' && (result.reason as Failure).code),
      ['UNAVAILABLE', 'UNAVAILABLE'],
    )
    await append('later')
    disk.crash()
    assert.equal(survivors(disk), ['good', 'later'])
  }))

test('a full disk is told as such, and freed room is used', () =>
  withThread(async ({ disk, append, call }) => {
    await append('old')
    disk.failStep(1, 'ENOSPC', { lasting: true })
    let code = ''
    await append('refused').catch((error: Failure) => {
      code = error.code
    })
    assert.is(code, 'DISK_FULL')
    disk.heal()
    await call('drop', await call<number>('roll'))
    await append('new')
    assert.equal(survivors(disk), ['new'])
  }))

test('a close comes after everything before it', () =>
  withThread(async ({ disk, append, call }) => {
    const appended = append('last')
    await call('close')
    await appended
    disk.crash()
    assert.equal(survivors(disk), ['last'])
  }))

test.run()

import { parentPort } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { systemDisk } from '../base/disk.ts'
import { runWalThread } from '../storage/wal/wal-thread.ts'

/** The roles of worker threads, told by what they are started with. */
export function runWorker(data: unknown): void {
  const { role, directory } = data as { role: string; directory: string }
  assert(parentPort, 'a worker thread has a parent')
  assert(role === 'wal', `no worker has the role ${role}`)
  runWalThread(parentPort, systemDisk, directory)
}

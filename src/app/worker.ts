import { type MessagePort, parentPort } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { systemClock } from '../base/clock.ts'
import { systemDisk } from '../base/disk.ts'
import type { QueryThreadData } from './query-threads.ts'

interface WalThreadData {
  readonly role: 'wal'
  readonly directory: string
}

/** The roles of worker threads, told by what they are started with; each loads its own code only. */
export async function runWorker(data: WalThreadData | QueryThreadData): Promise<void> {
  assert(parentPort, 'a worker thread has a parent')
  if (data.role === 'wal') await runWal(parentPort, data)
  else await runQuery(parentPort, data)
}

async function runWal(port: MessagePort, { directory }: WalThreadData): Promise<void> {
  const { runWalThread } = await import('../storage/wal/wal-thread.ts')
  runWalThread(port, systemDisk, directory)
}

async function runQuery(port: MessagePort, data: QueryThreadData): Promise<void> {
  const { runScanThread } = await import('../querier/scan-thread.ts')
  const { receivedSettings } = await import('./query-threads.ts')
  const { openStore } = await import('./store.ts')
  const store = openStore(receivedSettings(data.store), systemDisk, systemClock)
  runScanThread(port, store, data.cacheBytesMax)
}

import { Worker } from 'node:worker_threads'
import { copyBytes } from '../../base/bytes.ts'
import type { Disk } from '../../base/disk.ts'
import { asFailure, fail } from '../../base/errors.ts'
import { PortClient } from '../../base/worker-port.ts'
import { SegmentWriter } from './segments.ts'

/** The log of a process: what it resolves is durable. */
export interface Wal {
  /** Resolves when the record is on disk. */
  append(tenant: string, body: Uint8Array): Promise<void>
  /** Starts a new segment after everything appended before; resolves with the number of the last. */
  roll(): Promise<number>
  /** Removes segments up to this number. */
  drop(upTo: number): Promise<void>
  close(): Promise<void>
}

/** How worker threads are started: by the entry of the program, which looks at `role`. */
export interface ThreadStarter {
  readonly entry: URL
}

/** The log on a thread of its own. `onDeath` is called when the thread ends unexpectedly. */
export function threadedWal(
  starter: ThreadStarter,
  directory: string,
  onDeath: (error: Error) => void,
): Wal {
  const worker = new Worker(starter.entry, {
    workerData: { role: 'wal', directory },
    // It makes few objects; what it holds are buffers outside the heap.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  })
  const client = new PortClient(worker)
  let closing = false
  const died = (error: unknown) => {
    const failure = fail('UNAVAILABLE', `the WAL thread has ended: ${asFailure(error).message}`)
    client.fail(failure)
    if (!closing) onDeath(failure)
  }
  worker.on('error', died)
  worker.on('exit', code => died(new Error(`exit code ${code}`)))
  return {
    async append(tenant, body) {
      const copy = copyBytes(body)
      await client.call('append', { tenant, body: copy }, [copy.buffer])
    },
    roll: () => client.call<number>('roll', null),
    async drop(upTo) {
      await client.call('drop', upTo)
    },
    async close() {
      closing = true
      await client.call('close', null)
      await worker.terminate()
    },
  }
}

/** The log on the calling thread, for tests and for processes without worker threads. */
export function inlineWal(disk: Disk, directory: string): Wal {
  const writer = new SegmentWriter(disk, directory)
  return {
    async append(tenant, body) {
      writer.commit([{ tenant, body }])
    },
    roll: async () => writer.roll(),
    async drop(upTo) {
      writer.drop(upTo)
    },
    async close() {
      writer.close()
    },
  }
}

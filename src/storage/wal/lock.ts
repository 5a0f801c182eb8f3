import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { sleep } from '../../base/clock.ts'
import type { AppendFile, Disk } from '../../base/disk.ts'
import { Failure, fail } from '../../base/errors.ts'

/**
 * One process owns a data directory, also between containers, where every process has pid 1. The
 * lock file is a line of JSON and then one byte a second: its size is the owner's heartbeat.
 * - released, or same pid namespace and the owner's process is gone: taken at once
 * - otherwise: taken with epoch + 1 when the size has not changed for `silenceMs`
 * The file stays when its owner goes: epochs never start again, the roster in the store relies on it.
 * An owner reads the epoch again before it removes anything, and stops when it is not its own.
 */
export interface DirectoryLock {
  readonly epoch: number
  /** Fails with UNAVAILABLE when another process has taken the directory over. */
  assertOwned(): void
  release(): void
}

/** Three missed heartbeats. */
export const silenceMs = 3000
const heartbeatMs = 1000

interface LockBody {
  readonly namespace: string
  readonly pid: number
  readonly startTicks: string
  readonly epoch: number
  readonly released?: boolean
}

export async function lockDirectory(
  disk: Disk,
  clock: Clock,
  directory: string,
): Promise<DirectoryLock> {
  disk.mkdirpSync(directory)
  const path = join(directory, 'lock')
  const known = readLock(disk, path)
  if (known && !known.released && !ownerIsGone(known))
    await waitForSilence(disk, clock, path, directory)
  const body: LockBody = {
    namespace: pidNamespace(),
    pid: process.pid,
    startTicks: startTicks(process.pid),
    epoch: (known?.epoch ?? 0) + 1,
  }
  disk.writeFileAtomicSync(path, Buffer.from(`${JSON.stringify(body)}\n`))
  return holdLock(disk, clock, path, body)
}

function holdLock(disk: Disk, clock: Clock, path: string, body: LockBody): DirectoryLock {
  let file: AppendFile | undefined = disk.openAppendSync(path)
  let cancel = () => {}
  const beat = () => {
    if (!file) return
    try {
      file.append(Buffer.of(0x2e))
    } catch (error) {
      // A full disk stops the heartbeat, not the owner: its process is still seen to be alive.
      if (!(error instanceof Failure)) throw error
    }
    cancel = clock.after(heartbeatMs, beat)
  }
  beat()
  // Two that waited for the same silence chose the same epoch.
  const isOwned = () => {
    const now = readLock(disk, path)
    return now?.epoch === body.epoch && now.pid === body.pid && now.namespace === body.namespace
  }
  return {
    epoch: body.epoch,
    assertOwned() {
      if (isOwned()) return
      const what = `the data directory was taken over by another process (lock ${path}); this one stops writing`
      throw fail('UNAVAILABLE', what)
    },
    release() {
      cancel()
      file?.close()
      file = undefined
      if (!isOwned()) return
      disk.writeFileAtomicSync(
        path,
        Buffer.from(`${JSON.stringify({ ...body, released: true })}\n`),
      )
    },
  }
}

async function waitForSilence(
  disk: Disk,
  clock: Clock,
  path: string,
  directory: string,
): Promise<void> {
  const before = disk.statSync(path)?.sizeBytes
  const beganMs = clock.monotonicMs()
  while (clock.monotonicMs() - beganMs < silenceMs) {
    await sleep(clock, 250)
    const now = disk.statSync(path)?.sizeBytes
    if (now === undefined) return
    if (now !== before) {
      const what = `${directory} is in use by another process (its lock file ${path} is alive): stop that process, or give this one a directory of its own with storage.trace.wal.path`
      throw fail('CONFLICT', what)
    }
  }
}

function readLock(disk: Disk, path: string): LockBody | null {
  if (!disk.statSync(path)) return null
  const text = Buffer.from(disk.readFileSync(path)).toString('utf8').split('\n')[0]!
  try {
    return JSON.parse(text) as LockBody
  } catch {
    // A lock file that was cut short by a crash belongs to nobody, but may be one being written.
    return { namespace: '', pid: 0, startTicks: '', epoch: 0 }
  }
}

function ownerIsGone(lock: LockBody): boolean {
  if (lock.namespace !== pidNamespace() || lock.namespace === '') return false
  return startTicks(lock.pid) !== lock.startTicks
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/**
 * When a process started, in clock ticks since boot: tells it from a later one with its pid. Empty
 * for one that is gone, also when it is a zombie that nobody has waited for.
 */
function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? '' : (fields[18] ?? '')
  } catch {
    return ''
  }
}

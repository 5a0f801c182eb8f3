import type { MessagePort } from 'node:worker_threads'
import type { Disk } from '../../base/disk.ts'
import { answerFailure, answerValue, drain, type PortRequest } from '../../base/worker-port.ts'
import type { WalRecord } from './format.ts'
import { SegmentWriter } from './segments.ts'

/**
 * The WAL thread: appends and syncs what the main thread sends, one sync at a time. What arrives
 * while a sync runs rides with the next one; there is no timer.
 */
export function runWalThread(port: MessagePort, disk: Disk, directory: string): void {
  const writer = new SegmentWriter(disk, directory)
  port.on('message', (first: PortRequest) => {
    let commits: PortRequest[] = []
    for (const request of [first, ...drain(port)]) {
      if (request.method === 'append') {
        commits.push(request)
        continue
      }
      // Rolling and dropping keep their place in the order of appends.
      commit(port, writer, commits)
      commits = []
      control(port, writer, request)
    }
    commit(port, writer, commits)
  })
}

function commit(port: MessagePort, writer: SegmentWriter, requests: readonly PortRequest[]): void {
  if (requests.length === 0) return
  try {
    writer.commit(requests.map(request => request.argument as WalRecord))
    for (const request of requests) answerValue(port, request.id, null)
  } catch (error) {
    for (const request of requests) answerFailure(port, request.id, error)
  }
}

function control(port: MessagePort, writer: SegmentWriter, request: PortRequest): void {
  try {
    if (request.method === 'roll') answerValue(port, request.id, writer.roll())
    else if (request.method === 'drop') {
      writer.drop(request.argument as number)
      answerValue(port, request.id, null)
    } else if (request.method === 'close') {
      writer.close()
      answerValue(port, request.id, null)
      port.close()
    }
  } catch (error) {
    answerFailure(port, request.id, error)
  }
}

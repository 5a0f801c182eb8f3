import { join } from 'node:path'
import type { Disk } from '../../base/disk.ts'
import { fail } from '../../base/errors.ts'
import {
  decodeFrame,
  frameMagic,
  segmentHeaderBytes,
  segmentVersion,
  type WalRecord,
  walVersion,
} from './format.ts'
import { listSegments, segmentPath } from './segments.ts'

export interface ReplayReport {
  segments: number
  records: number
  bytes: number
  /** Bytes of commits that never became complete: they were not acknowledged. */
  tornBytes: number
  /** Damaged stretches that were moved to `quarantine/`. */
  quarantined: number
  quarantinedBytes: number
}

/**
 * Hands every record of the log to `apply`, in the order in which they were committed; mends the
 * files as described in format.ts. Nothing that was acknowledged is removed.
 */
export function replayWal(
  disk: Disk,
  directory: string,
  apply: (record: WalRecord) => void,
): ReplayReport {
  const report = {
    segments: 0,
    records: 0,
    bytes: 0,
    tornBytes: 0,
    quarantined: 0,
    quarantinedBytes: 0,
  }
  for (const number of listSegments(disk, directory)) {
    report.segments++
    replaySegment(disk, directory, number, apply, report)
  }
  return report
}

function replaySegment(
  disk: Disk,
  directory: string,
  number: number,
  apply: (record: WalRecord) => void,
  report: ReplayReport,
): void {
  const path = segmentPath(directory, number)
  const found = disk.readFileSync(path)
  const bytes = Buffer.from(found.buffer, found.byteOffset, found.length)
  report.bytes += bytes.length
  const version = segmentVersion(bytes)
  if (version > walVersion) {
    const what = `${path} has WAL version ${version}, this server reads up to ${walVersion}: start the newer version again, or move the file away`
    throw fail('UNIMPLEMENTED', what, { path, version })
  }
  let at = version === walVersion ? segmentHeaderBytes : 0
  while (at < bytes.length) {
    const frame = decodeFrame(bytes, at)
    if (frame) {
      for (const record of frame.records) apply(record)
      report.records += frame.records.length
      at = frame.end
      continue
    }
    const next = nextIntactFrame(bytes, at + 1)
    if (next < 0) {
      report.tornBytes += bytes.length - at
      disk.truncateSync(path, at)
      return
    }
    quarantine(disk, directory, number, bytes, at, next, report)
    at = next
  }
}

/** Where the next frame with a right checksum begins, or -1. */
function nextIntactFrame(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(frameMagic, from); at >= 0; at = bytes.indexOf(frameMagic, at + 1)) {
    if (decodeFrame(bytes, at)) return at
  }
  return -1
}

function quarantine(
  disk: Disk,
  directory: string,
  number: number,
  bytes: Buffer,
  from: number,
  to: number,
  report: ReplayReport,
): void {
  const folder = join(directory, 'quarantine')
  disk.mkdirpSync(folder)
  disk.writeFileAtomicSync(
    join(folder, `segment-${number}-at-${from}.bin`),
    bytes.subarray(from, to),
  )
  report.quarantined++
  report.quarantinedBytes += to - from
}

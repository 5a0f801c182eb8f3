import { crc32 } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../base/errors.ts'
import { FaultDisk } from '../../base/fault-disk.ts'
import { encodeFrame, encodeSegmentHeader, segmentHeaderBytes, type WalRecord } from './format.ts'
import { replayWal } from './replay.ts'
import { listSegments, SegmentWriter, segmentPath } from './segments.ts'
import { inlineWal } from './wal.ts'

const directory = '/data/wal'

function record(tenant: string, text: string): WalRecord {
  return { tenant, body: Buffer.from(text) }
}

/** Frames of one record, of several, compressed, and with nothing in them. */
const commits = [
  [record('a', 'first')],
  [record('b', 'x'.repeat(300)), record('ümlaut', 'VREC inside'), record('a', '')],
  [record('a', 'last')],
]
const frames = commits.map(records => Buffer.from(encodeFrame(records)))
const whole = Buffer.concat([encodeSegmentHeader(), ...frames])
/** Where each frame begins, and the end. */
const bounds = [segmentHeaderBytes]
for (const frame of frames) bounds.push(bounds.at(-1)! + frame.length)

function shown(records: readonly WalRecord[]): string[] {
  return records.map(({ tenant, body }) => `${tenant}: ${Buffer.from(body)}`)
}

function diskWith(bytes: Uint8Array): FaultDisk {
  const disk = new FaultDisk()
  disk.mkdirpSync(`${directory}/segments`)
  disk.writeFileAtomicSync(segmentPath(directory, 1), bytes)
  return disk
}

function replay(disk: FaultDisk) {
  const records: WalRecord[] = []
  const report = replayWal(disk, directory, found => records.push(found))
  return { records: shown(records), report }
}

const test = suite('write-ahead log')

test('everything committed comes back in order', () => {
  const { records, report } = replay(diskWith(whole))
  assert.equal(records, shown(commits.flat()))
  assert.is(report.tornBytes + report.quarantined, 0)
})

test('torn at every offset: whole commits survive, the rest is cut', () => {
  for (let size = 0; size < whole.length; size++) {
    const disk = diskWith(whole.subarray(0, size))
    const survivors = commits.filter((_, i) => bounds[i + 1]! <= size).flat()
    const { records, report } = replay(disk)
    assert.equal(records, shown(survivors), `cut to ${size} bytes`)
    assert.is(report.quarantined, 0)
    assert.equal(replay(disk).records, records)
    assert.is(replay(disk).report.tornBytes, 0, 'the file is mended')
  }
})

test('every byte damaged: the other commits survive, and what is behind is never lost', () => {
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(whole)
      damaged[at] = damaged[at]! ^ flip
      // A version above the one known is not damage: the file waits for a newer server.
      if (at >= 4 && at < segmentHeaderBytes) continue
      const disk = diskWith(damaged)
      const { records, report } = replay(disk)
      const survivors = commits.filter((_, i) => at < bounds[i]! || at >= bounds[i + 1]!).flat()
      assert.equal(records, shown(survivors), `byte ${at} ^ ${flip}`)
      if (at < bounds[2]!) checkQuarantine(disk, damaged, report.quarantinedBytes)
      else assert.is(report.tornBytes, whole.length - bounds[2]!)
    }
  }
})

function checkQuarantine(disk: FaultDisk, damaged: Buffer, bytes: number): void {
  const [file, ...more] = disk.listSync(`${directory}/quarantine`)
  assert.is(more.length, 0)
  const kept = Buffer.from(disk.readFileSync(`${directory}/quarantine/${file!.name}`))
  assert.is(kept.length, bytes)
  const from = Number(/-at-(\d+)\.bin$/.exec(file!.name)![1])
  assert.ok(kept.equals(damaged.subarray(from, from + bytes)))
}

test('lengths that lie under a right checksum are damage, not a crash', () => {
  const stored = Buffer.from([9, 0, 0, 0, 255, 255, 255, 127, 65])
  const frame = Buffer.alloc(16 + stored.length)
  frame.write('VREC')
  frame.writeUInt32LE(stored.length, 4)
  frame.writeUInt32LE(stored.length * 2, 8)
  stored.copy(frame, 16)
  frame.writeUInt32LE(crc32(stored, crc32(frame.subarray(4, 12))), 12)
  const bytes = Buffer.concat([encodeSegmentHeader(), frame, frames[0]!])
  assert.equal(replay(diskWith(bytes)).records, shown(commits[0]!))
})

test('a newer version is refused and left alone', () => {
  const newer = Buffer.from(whole)
  newer.writeUInt32LE(2, 4)
  const disk = diskWith(newer)
  assert.throws(
    () => replay(disk),
    (error: Failure) => error.code === 'UNIMPLEMENTED' && error.message.includes('version 2'),
  )
  assert.ok(newer.equals(disk.readFileSync(segmentPath(directory, 1))))
})

test('roll and drop: only what lies in later segments is left', async () => {
  const disk = new FaultDisk()
  const wal = inlineWal(disk, directory)
  await wal.append('a', Buffer.from('one'))
  const first = await wal.roll()
  await wal.append('a', Buffer.from('two'))
  const second = await wal.roll()
  await wal.append('a', Buffer.from('three'))
  assert.ok(second > first)
  assert.equal(replay(disk).records, ['a: one', 'a: two', 'a: three'])
  await wal.drop(first)
  assert.equal(replay(disk).records, ['a: two', 'a: three'])
  await wal.drop(second + 10)
  assert.equal(replay(disk).records, ['a: three'], 'the open segment stays')
  await wal.close()
  await inlineWal(disk, directory).append('a', Buffer.from('four'))
  assert.equal(replay(disk).records, ['a: three', 'a: four'])
})

test('a power cut after any step loses nothing that was acknowledged', () => {
  for (let step = 1; ; step++) {
    const disk = new FaultDisk()
    const acknowledged: string[] = []
    disk.cutPowerAtStep(step)
    try {
      const writer = new SegmentWriter(disk, directory)
      for (const text of ['one', 'two', 'three']) {
        writer.commit([record('a', text)])
        acknowledged.push(`a: ${text}`)
        if (text === 'two') writer.roll()
      }
    } catch {
      // What is checked is the disk.
    }
    disk.crash({ unsynced: 'lost' })
    disk.mkdirpSync(`${directory}/segments`)
    const { records } = replay(disk)
    assert.equal(records.slice(0, acknowledged.length), acknowledged, `step ${step}`)
    assert.ok(records.length <= acknowledged.length + 1)
    if (acknowledged.length === 3) break
  }
})

test('a failed commit leaves a log that goes on', () => {
  const disk = new FaultDisk()
  const writer = new SegmentWriter(disk, directory)
  writer.commit([record('a', 'one')])
  disk.failStep(1, 'ENOSPC')
  assert.throws(
    () => writer.commit([record('a', 'two')]),
    (error: unknown) => {
      return error instanceof Failure
    },
  )
  writer.commit([record('a', 'three')])
  assert.equal(replay(disk).records, ['a: one', 'a: three'])
  assert.is(listSegments(disk, directory).length, 2)
})

test.run()

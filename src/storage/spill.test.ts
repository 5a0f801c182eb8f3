import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FaultDisk } from '../base/fault-disk.ts'
import { Spill } from './spill.ts'

const test = suite('spill')

const path = '/tmp/spill'

function spillOn(disk: FaultDisk, heldBytesMax: number): Spill {
  disk.mkdirpSync('/tmp')
  return new Spill({ disk, path, heldBytesMax })
}

test('what was put aside is read again, from memory and from the file', () => {
  for (const heldBytesMax of [0, 10, 25, 1000]) {
    const disk = new FaultDisk(() => 0)
    const spill = spillOn(disk, heldBytesMax)
    const pieces = Array.from({ length: 9 }, (_, i) => Buffer.alloc(i, i))
    const places = pieces.map(piece => spill.append(piece))
    for (const [i, piece] of pieces.entries()) {
      assert.equal(Buffer.from(spill.read(places[i]!, piece.length)), piece)
    }
    const inside = spill.read(places[8]! + 2, 3)
    assert.equal(Buffer.from(inside), Buffer.alloc(3, 8))
    assert.is(disk.paths().includes(path), heldBytesMax < 1000)
    spill.close()
    assert.not.ok(disk.paths().includes(path))
  }
})

test('reading behind the end is a bug', () => {
  const spill = spillOn(new FaultDisk(() => 0), 10)
  spill.append(Buffer.alloc(4))
  assert.throws(() => spill.read(2, 3), /BUG/)
})

test.run()

import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Corruption, Failure } from '../../src/base/errors.ts'
import { resealed } from '../../src/storage/block/reseal-fixture.ts'
import { everythingOf, smallBlock } from '../../src/storage/block/small-block-fixture.ts'
import { randomTest } from '../tools/random-runs.ts'

/**
 * Blocks changed at random places. Where checksums tell, the answer is the right one or a failure;
 * where they were made right again, it may be another, but is an answer or a failure all the same:
 * no error of the language, no endless loop, no memory that the object does not explain.
 */

const test = suite('fuzz: block reader')

/** Generously: tests share their machine. */
const readMsMax = 5000

const block = smallBlock()
const wanted = await everythingOf(block)

/** Plain data, so that a failure prints what was done. */
type Change =
  | { readonly flip: number; readonly mask: number }
  | { readonly write: number; readonly value: number }
  | { readonly copy: number; readonly length: number; readonly to: number }

function apply(changes: readonly Change[], bytes: Buffer): void {
  for (const change of changes) {
    if ('flip' in change) bytes[change.flip] = bytes[change.flip]! ^ change.mask
    else if ('write' in change) {
      bytes.writeUInt32LE(change.value, Math.min(change.write, bytes.length - 4))
    } else bytes.copyWithin(change.to, change.copy, change.copy + change.length)
  }
}

const place = fc.integer({ min: 0, max: block.length - 1 })
const extreme = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ flip: place, mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ write: place, value: fc.oneof(extreme, fc.nat(0xffff)) }),
  fc.record({ copy: place, length: fc.integer({ min: 1, max: 64 }), to: place }),
)

const changes = fc.array(change, { minLength: 1, maxLength: 4 })

/** What is read of a block, or null when it says that it is damaged. */
async function read(bytes: Uint8Array): Promise<string | null> {
  const startMs = performance.now()
  try {
    return await everythingOf(bytes)
  } catch (error) {
    const isVersion = error instanceof Failure && error.code === 'UNIMPLEMENTED'
    assert.ok(error instanceof Corruption || isVersion, String((error as Error).stack))
    return null
  } finally {
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < readMsMax, `${Math.round(tookMs)} ms`)
  }
}

const changed = fc.asyncProperty(changes, async list => {
  const bytes = Buffer.from(block)
  apply(list, bytes)
  const found = await read(bytes)
  assert.ok(found === null || found === wanted, 'another answer')
})

const resealedAfter = fc.asyncProperty(changes, async list => {
  await read(await resealed(block, copy => apply(list, copy)))
})

const cut = fc.asyncProperty(
  fc.integer({ min: 0, max: block.length - 1 }),
  fc.uint8Array({ maxLength: 64 }),
  async (size, more) => {
    const bytes = Buffer.concat([block.subarray(0, size), more])
    if (bytes.equals(block)) return
    assert.is(await read(bytes), null)
  },
)

randomTest(test, 'changed: the same answer, or a failure', changed)
randomTest(test, 'changed and sealed again: any answer, or a failure', resealedAfter)
randomTest(test, 'cut and filled up: a failure', cut)

test.run()

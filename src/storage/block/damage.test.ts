import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Corruption, Failure } from '../../base/errors.ts'
import { createBlockCache } from './block-cache.ts'
import { BlockFile, type FooterArrays } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import { tailBytes } from './format.ts'
import { resealed } from './reseal-fixture.ts'
import {
  columnsOf,
  everyNeed,
  everythingOf,
  openBlock,
  readerOf,
  smallBlock,
} from './small-block-fixture.ts'

/** A damaged block answers as before, or says that it is damaged: never wrong, never otherwise. */

const test = suite('damaged blocks')

async function checkDamaged(bytes: Uint8Array, wanted: string, what: string): Promise<boolean> {
  let found: string
  try {
    found = await everythingOf(bytes)
  } catch (error) {
    const isVersion = error instanceof Failure && error.code === 'UNIMPLEMENTED'
    assert.ok(error instanceof Corruption || isVersion, `${what}: ${(error as Error).stack}`)
    return false
  }
  assert.ok(found === wanted, `${what}: another answer`)
  return true
}

test('every byte flipped: corruption, or the same answer', async () => {
  const block = smallBlock()
  const wanted = await everythingOf(block)
  let same = 0
  for (let at = 0; at < block.length; at++) {
    const damaged = Buffer.from(block)
    damaged[at] = damaged[at]! ^ (at % 2 === 0 ? 0xff : 0x01)
    if (await checkDamaged(damaged, wanted, `byte ${at} of ${block.length}`)) same++
  }
  // The header's magic and padding: all else is under a checksum.
  assert.ok(same < block.length / 4, `${same} of ${block.length} bytes can change unseen`)
})

test('cut at every length: corruption', async () => {
  const block = smallBlock()
  for (let size = 0; size < block.length; size++) {
    const intact = await checkDamaged(block.subarray(0, size), 'none', `${size} bytes`)
    assert.not(intact)
  }
})

test('a read that gives fewer bytes than asked is corruption', async () => {
  const block = smallBlock()
  for (const skipped of [1, 2, 3, 4, 5]) {
    let reads = 0
    const reader = {
      ...readerOf(block),
      read: async (offset: number, length: number) => {
        reads++
        return block.subarray(offset, offset + (reads === skipped ? length - 1 : length))
      },
    }
    try {
      const file = await BlockFile.open('b', reader, createBlockCache(0))
      const source = new BlockSource(file)
      await source.load(0, await columnsOf(source), everyNeed)
      await source.readTrace({ group: 0, trace: 0 })
      assert.ok(reads < skipped)
    } catch (error) {
      assert.instance(error, Corruption)
    }
  }
})

/** Changes to vectors of the footer: their first element gets another value. */
const footerFaults: readonly (readonly [keyof FooterArrays, value: number, says: RegExp])[] = [
  ['groupSpans', 5, /footer: spans/],
  ['groupSpans', 0xffffffff, /footer: spans/],
  ['groupTraces', 0, /footer: traces/],
  ['columnFirstChunk', 9, /footer: chunks of columns/],
  ['columnScope', 9, /footer: scope of column 0/],
  ['columnType', 77, /footer: type of column 0/],
  ['columnByKey', 60_000, /footer: order of columns/],
  ['chunkGroup', 7, /footer: group of chunk 0/],
  ['chunkCount', 0, /footer: number of values of chunk 0/],
  ['chunkCount', 0xffffffff, /footer: number of values of chunk 0/],
  ['chunkBytes', 0xffff, /footer: size of chunk 0/],
  ['chunkEncoding', 99, /footer: encoding of chunk 0/],
  ['chunkWidth', 200, /footer: width of chunk 0/],
  ['shapeEnd', 0xffff, /footer: shapes/],
  ['shapeColumn', 60_000, /footer: columns of shapes/],
  ['dictionaryValues', 0x7fffffff, /footer: values of dictionary 0/],
  ['dictionaryHeadBytes', 0x7fffffff, /footer: place of dictionary 0/],
]
for (const [vector, value, says] of footerFaults) {
  test(`a footer written with ${vector} ${value} is refused`, async () => {
    const wrong = await resealed(smallBlock(), (bytes, { f, footerPlace }) => {
      const lane = f[vector] as Uint32Array
      const at = footerPlace.offset + lane.byteOffset
      bytes.writeUIntLE(value, at, lane.BYTES_PER_ELEMENT)
    })
    try {
      await openBlock(wrong)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, Corruption)
      assert.match((error as Failure).message, says)
    }
  })
}

test('another version is refused by name', async () => {
  for (const version of [0, 2, 0xffffffff]) {
    const block = smallBlock()
    block.writeUInt32LE(version, block.length - tailBytes + 8)
    try {
      await openBlock(block)
      assert.unreachable()
    } catch (error) {
      assert.is((error as Failure).code, 'UNIMPLEMENTED')
      assert.match((error as Failure).message, `version ${version}`)
    }
  }
})

test.run()

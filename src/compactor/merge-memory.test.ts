// time limit: 120 s
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemDisk } from '../base/disk.ts'
import { blockBytes, segmentOf } from '../search/sources-fixture.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { type BlockCache, BlockFile } from '../storage/block/block-file.ts'
import { mergeBlocks } from '../storage/block/merge.ts'
import {
  attributes,
  hexId,
  type PlainSpan,
  plainSpan,
  text,
} from '../storage/live/plain-spans-fixture.ts'
import { Spill } from '../storage/spill.ts'

const test = suite('memory of merges')

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heldBytes(): number {
  collectGarbage()
  // Buffers that the first one found are freed by the second.
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const budgetBytes = 10 * 1024 * 1024
const blocks = 2
const spansPerBlock = 102_000
/** Not compressible. */
const valueBytes = 500

function largeSpans(block: number): PlainSpan[] {
  return Array.from({ length: spansPerBlock }, (_, i) =>
    plainSpan({
      // Traces of ten spans; every hundredth has parts in all blocks.
      traceId: hexId(
        i % 1000 < 10 ? 1 + (i - (i % 10)) : 1_000_000 * (block + 1) + i - (i % 10),
        16,
      ),
      spanId: hexId(1 + block * spansPerBlock + i, 8),
      startNs: plainSpan().startNs + BigInt(i * 1000 + block),
      attributes: attributes({
        body: text(randomFillSync(Buffer.alloc(valueBytes)).toString('hex')),
      }),
    }),
  )
}

/** Writes a block to disk, so that nothing of it stays in memory. */
async function openOnDisk(path: string, block: number, cache: BlockCache): Promise<BlockFile> {
  const size = await systemDisk.writeStreamAtomic(path, blockPieces(block))
  const read = (offset: number, length: number) => systemDisk.readRange(path, offset, length)
  return BlockFile.open(`b${block}`, { object: path, size, read }, cache)
}

async function* blockPieces(block: number): AsyncGenerator<Uint8Array> {
  yield blockBytes(segmentOf(largeSpans(block)))
}

test('blocks of ten times the budget are merged within it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vivace-merge-'))
  try {
    const cache = createBlockCache(budgetBytes / 4)
    const inputs: BlockFile[] = []
    let inputBytes = 0
    for (let block = 0; block < blocks; block++) {
      const input = await openOnDisk(join(directory, `${block}.vblk`), block, cache)
      inputs.push(input)
      inputBytes += input.reader.size
    }
    assert.ok(inputBytes > 10 * budgetBytes, `${inputBytes} bytes of input`)
    const path = join(directory, 'spill')
    const spill = new Spill({ disk: systemDisk, path, heldBytesMax: budgetBytes / 8 })
    const before = heldBytes()
    let peak = 0
    let steps = 0
    let outputBytes = 0
    for await (const piece of mergeBlocks(inputs, { memoryBytes: budgetBytes / 4, spill })) {
      outputBytes += piece.length
      if (steps++ % 60 === 0) peak = Math.max(peak, heldBytes() - before)
    }
    spill.close()
    assert.ok(outputBytes > 10 * budgetBytes)
    assert.ok(peak < budgetBytes, `${peak} bytes held`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.run()

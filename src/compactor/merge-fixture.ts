import { FaultDisk } from '../base/fault-disk.ts'
import { blockBytes, openBlock, segmentOf } from '../search/sources-fixture.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import type { BlockSource } from '../storage/block/block-source.ts'
import { type MergeOptions, mergeBlocks } from '../storage/block/merge.ts'
import type { PlainSpan } from '../storage/live/plain-spans-fixture.ts'
import { Spill } from '../storage/spill.ts'

/** Merges in memory; `heldBytesMax` 0 makes everything that can be spilled go to a file. */
export function mergeOptions(memoryBytes = 16e6, heldBytesMax = memoryBytes): MergeOptions {
  const disk = new FaultDisk(() => 0)
  disk.mkdirpSync('/tmp')
  return { memoryBytes, spill: new Spill({ disk, path: '/tmp/spill', heldBytesMax }) }
}

export async function merge(
  inputs: readonly BlockFile[],
  options: MergeOptions = mergeOptions(),
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const piece of mergeBlocks(inputs, options)) parts.push(piece)
  return Buffer.concat(parts)
}

export async function blockOf(spans: readonly PlainSpan[], name: string): Promise<BlockSource> {
  return openBlock(blockBytes(segmentOf(spans)), name)
}

/** Blocks of the spans; bit b of a span's place puts it into block b. Empty blocks are left out. */
export async function blocksOf(
  spans: readonly PlainSpan[],
  places: readonly number[],
): Promise<BlockSource[]> {
  const blocks: BlockSource[] = []
  for (let block = 0; block < 4; block++) {
    const own = spans.filter((_, i) => (places[i % places.length]! >> block) & 1)
    if (own.length > 0) blocks.push(await blockOf(own, `block-${block}`))
  }
  return blocks
}

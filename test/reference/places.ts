import { merge } from '../../src/compactor/merge-fixture.ts'
import { LocalSource, type QuerySource } from '../../src/search/query-source.ts'
import { blockBytes, liveSource, openBlock, segmentOf } from '../../src/search/sources-fixture.ts'
import type { BlockSource } from '../../src/storage/block/block-source.ts'
import type { LiveSegment } from '../../src/storage/live/live-segment.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'

/** Where the same spans may lie when they are asked for. */
export interface Place {
  readonly name: string
  readonly sources: readonly QuerySource[]
}

/** `bits` say in which of four parts each span lies. */
export async function openPlaces(
  spans: readonly PlainSpan[],
  bits: readonly number[],
): Promise<Place[]> {
  const whole = segmentOf(spans)
  const parts = Array.from({ length: 4 }, (_, part) =>
    segmentOf(spans.filter((_span, i) => (bits[i % bits.length]! >> part) & 1)),
  )
  const blocks = await Promise.all(parts.map(blockOf))
  const [, second, ...others] = blocks
  return [
    { name: 'live', sources: [liveSource(whole)] },
    { name: 'a block', sources: sourcesOf([await blockOf(whole)]) },
    { name: 'a compacted block', sources: sourcesOf([await compacted(blocks)]) },
    {
      name: 'a compacted block, another one and a live segment',
      sources: [liveSource(parts[0]!), ...sourcesOf([second, await compacted(others)])],
    },
  ]
}

type Block = BlockSource | undefined

/** No block without spans is ever written. */
async function blockOf(segment: LiveSegment, number = 0): Promise<Block> {
  return segment.spanCount === 0 ? undefined : openBlock(blockBytes(segment), `block-${number}`)
}

/** What compaction makes of blocks. */
async function compacted(blocks: readonly Block[]): Promise<Block> {
  const files = blocks.flatMap(block => (block === undefined ? [] : [block.file]))
  return files.length === 0 ? undefined : openBlock(await merge(files), 'compacted')
}

function sourcesOf(blocks: readonly Block[]): LocalSource[] {
  return blocks.flatMap(block => (block === undefined ? [] : [new LocalSource(block)]))
}

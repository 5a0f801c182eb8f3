import { merge } from '../../src/compactor/merge-fixture.ts'
import { LocalSource, type QuerySource } from '../../src/search/query-source.ts'
import { blockBytes, liveSource, openBlock, segmentOf } from '../../src/search/sources-fixture.ts'
import type { BlockSource } from '../../src/storage/block/block-source.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'

/** Where the same spans may lie when they are asked for. */
export interface Place {
  readonly name: string
  readonly sources: readonly QuerySource[]
}

export const placeNames = [
  ...['live', 'a block', 'live segments and blocks', 'a compacted block'],
  'a compacted block and live segments',
] as const

const partCount = 5
const liveParts = 2

/** `bits` say in which of five parts each span lies; two of them are live in the mixed places. */
export async function openPlaces(
  spans: readonly PlainSpan[],
  bits: readonly number[],
): Promise<Place[]> {
  const whole = segmentOf(spans)
  const parts = Array.from({ length: partCount }, (_, part) =>
    spans.filter((_span, i) => (bits[i % bits.length]! >> part) & 1),
  )
  const segments = parts.filter(part => part.length > 0).map(segmentOf)
  const blocks = await Promise.all(
    segments.map((segment, i) => openBlock(blockBytes(segment), `block-${i}`)),
  )
  const live = () =>
    segments.slice(0, liveParts).map((segment, i) => liveSource(segment, `live-${i}`))
  const stored = blocks.slice(liveParts)
  const late = stored.length === 0 ? [] : [await compacted(stored)]
  const sources: readonly QuerySource[][] = [
    [liveSource(whole)],
    [new LocalSource(await openBlock(blockBytes(whole)))],
    [...live(), ...stored.map(block => new LocalSource(block))],
    [await compacted(blocks)],
    [...live(), ...late],
  ]
  return placeNames.map((name, i) => ({ name, sources: sources[i]! }))
}

/** What compaction makes of blocks. */
async function compacted(blocks: readonly BlockSource[]): Promise<LocalSource> {
  return new LocalSource(await openBlock(await merge(blocks.map(block => block.file)), 'compacted'))
}

import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile, type RangeReader } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { writeBlock } from '../storage/block/writer.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { LiveSource } from '../storage/live/live-source.ts'
import { encodeSpans, type PlainSpan } from '../storage/live/plain-spans-fixture.ts'
import { LocalSource } from './query-source.ts'

/** Plain spans as sources of queries. */

export function segmentOf(spans: readonly PlainSpan[]): LiveSegment {
  const segment = new LiveSegment()
  // Several requests, as clients send them.
  for (let from = 0; from < spans.length; from += 5) {
    appendOtlp(segment, encodeSpans(spans.slice(from, from + 5)))
  }
  return segment
}

export function liveSource(segment: LiveSegment, name = 'live'): LocalSource {
  return new LocalSource(new LiveSource(segment, name))
}

export function blockBytes(segment: LiveSegment): Buffer {
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  return Buffer.concat(parts)
}

export function memoryReader(bytes: Uint8Array): RangeReader {
  return {
    object: 'memory',
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  }
}

export async function openBlock(bytes: Uint8Array, name = 'block'): Promise<BlockSource> {
  return new BlockSource(await BlockFile.open(name, memoryReader(bytes), createBlockCache(64e6)))
}

export async function blockSource(segment: LiveSegment, name = 'block'): Promise<LocalSource> {
  return new LocalSource(await openBlock(blockBytes(segment), name))
}

/** Two live segments and three blocks; `places` says by bits in which of them each span lies. */
export async function dealt(
  spans: readonly PlainSpan[],
  places: readonly number[],
): Promise<LocalSource[]> {
  const sources: LocalSource[] = []
  for (let source = 0; source < 5; source++) {
    const own = spans.filter((_, i) => (places[i % places.length]! >> source) & 1)
    const segment = segmentOf(own)
    if (source < 2) sources.push(liveSource(segment, `live-${source}`))
    else if (own.length > 0) sources.push(await blockSource(segment, `block-${source}`))
  }
  return sources
}

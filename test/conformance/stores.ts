import type { TraceQueries } from '../../src/contract/queries.ts'
import {
  composeMetrics,
  composeOperations,
  composeSearch,
  composeTagNames,
  composeTagValues,
  composeTrace,
} from '../../src/search/compose.ts'
import { LocalSource, type QuerySource } from '../../src/search/query-source.ts'
import { createBlockCache } from '../../src/storage/block/block-cache.ts'
import { BlockFile } from '../../src/storage/block/block-file.ts'
import { BlockSource } from '../../src/storage/block/block-source.ts'
import { writeBlock } from '../../src/storage/block/writer.ts'
import { appendOtlp } from '../../src/storage/live/decode-otlp.ts'
import { LiveSegment } from '../../src/storage/live/live-segment.ts'
import { LiveSource } from '../../src/storage/live/live-source.ts'
import { otlpJsonToProtobuf } from '../../src/wire/otlp-json-decode.ts'
import type { Json } from './corpus.ts'

/** The same spans in different places: every answer must be the same. */

export function segmentOf(requests: readonly Json[]): LiveSegment {
  const segment = new LiveSegment()
  for (const request of requests) {
    appendOtlp(segment, otlpJsonToProtobuf(Buffer.from(JSON.stringify(request))))
  }
  return segment
}

export function liveSource(segment: LiveSegment, name: string): QuerySource {
  return new LocalSource(new LiveSource(segment, name))
}

export async function blockSource(segment: LiveSegment, name: string): Promise<LocalSource> {
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  const bytes = Buffer.concat(parts)
  const reader = {
    object: name,
    size: bytes.length,
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
  }
  return new LocalSource(
    new BlockSource(await BlockFile.open(name, reader, createBlockCache(64e6))),
  )
}

/** One block in place of several, in which a trace that they split is whole. */
export async function mergedSource(
  blocks: readonly LocalSource[],
  name: string,
): Promise<QuerySource> {
  const segment = new LiveSegment()
  for (const { columns } of blocks) {
    const index = await columns.index()
    for (let i = 0; i < index.count; i++) {
      const place = { group: index.group[i]!, trace: index.trace[i]! }
      appendOtlp(segment, await columns.readTrace(place))
    }
  }
  return blockSource(segment, name)
}

/** Reads each trace once: the queries put the same traces together again and again. */
export function keepTraces(source: QuerySource): QuerySource {
  const kept = new Map<string, Promise<Uint8Array[]>>()
  const read = source.tracesByHash.bind(source)
  source.tracesByHash = (high, low) => {
    const key = `${high}:${low}`
    const traces = kept.get(key) ?? read(high, low)
    kept.set(key, traces)
    return traces
  }
  return source
}

/** The spans of each request at random over `count` requests; the same seed, the same parts. */
export function dealSpans(requests: readonly Json[], count: number, seed: number): Json[][] {
  const random = mulberry32(seed)
  return requests
    .map(request => {
      const dealt: Json[][] = Array.from({ length: count }, () => [])
      for (const { scopeSpans, ...resourceSpans } of request.resourceSpans) {
        for (const { spans, ...scope } of scopeSpans) {
          for (const span of spans) {
            const part = { ...resourceSpans, scopeSpans: [{ ...scope, spans: [span] }] }
            dealt[Math.floor(random() * count)]!.push(part)
          }
        }
      }
      return dealt.map(resourceSpans => ({ resourceSpans }))
    })
    .reduce(
      (parts, dealt) => parts.map((part, i) => [...part, dealt[i]!]),
      Array.from({ length: count }, (): Json[] => []),
    )
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}

export function queriesOf(sources: readonly QuerySource[]): TraceQueries {
  return {
    traceById: (_tenant, request) => composeTrace(sources, request),
    search: (_tenant, request, signal) => composeSearch(sources, request, signal),
    metrics: (_tenant, request, signal) => composeMetrics(sources, request, signal),
    tagNames: (_tenant, request, signal) => composeTagNames(sources, request, signal),
    tagValues: (_tenant, request, signal) => composeTagValues(sources, request, signal),
    operations: (_tenant, request, signal) => composeOperations(sources, request, signal),
  }
}

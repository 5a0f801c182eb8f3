import { merge } from '../../src/compactor/merge-fixture.ts'
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
import { blockBytes, openBlock } from '../../src/search/sources-fixture.ts'
import { appendOtlp } from '../../src/storage/live/decode-otlp.ts'
import { LiveSegment } from '../../src/storage/live/live-segment.ts'
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

/** What compaction makes of several blocks. */
export async function mergedSource(blocks: readonly LiveSegment[]): Promise<QuerySource> {
  const inputs = await Promise.all(blocks.map((block, i) => openBlock(blockBytes(block), `${i}`)))
  return new LocalSource(await openBlock(await merge(inputs.map(input => input.file))))
}

/** Reads the same traces once: the queries put them together again and again. */
export function keepTraces(source: QuerySource): QuerySource {
  const kept = new Map<string, Promise<Uint8Array[]>>()
  const read = source.tracesByHash.bind(source)
  source.tracesByHash = (hashes, signal) => {
    const key = hashes.map(({ high, low }) => `${high}:${low}`).join()
    const traces = kept.get(key) ?? read(hashes, signal)
    kept.set(key, traces)
    return traces
  }
  return source
}

/**
 * The spans of each request at random over `count` requests; the same seed, the same parts. Of
 * `tracesInOne` traces only the first is dealt span by span, the others lie whole in one part.
 */
export function dealSpans(
  requests: readonly Json[],
  count: number,
  seed: number,
  tracesInOne = 1,
): Json[][] {
  const random = mulberry32(seed)
  const places = new Map<string, number | null>()
  const placeOf = (traceId: string): number => {
    let place = places.get(traceId)
    if (place === undefined) {
      place = places.size % tracesInOne === 0 ? null : Math.floor(random() * count)
      places.set(traceId, place)
    }
    return place ?? Math.floor(random() * count)
  }
  const parts: Json[][] = Array.from({ length: count }, () => [])
  for (const request of requests) {
    const dealt: Json[][] = Array.from({ length: count }, () => [])
    for (const { scopeSpans, ...resourceSpans } of request.resourceSpans) {
      for (const { spans, ...scope } of scopeSpans) {
        for (const span of spans) {
          const part = { ...resourceSpans, scopeSpans: [{ ...scope, spans: [span] }] }
          dealt[placeOf(span.traceId)]!.push(part)
        }
      }
    }
    for (const [i, resourceSpans] of dealt.entries()) parts[i]!.push({ resourceSpans })
  }
  return parts
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

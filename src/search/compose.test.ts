import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure, fail } from '../base/errors.ts'
import type { SearchRequest } from '../contract/queries.ts'
import { everySpan, type Predicate } from '../model/predicate.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import {
  encodeSpans,
  hexId,
  type PlainSpan,
  plainSpan,
} from '../storage/live/plain-spans-fixture.ts'
import { composeIndex, composeSearch, composeTrace } from './compose.ts'
import { CompositeSource } from './composite-source.ts'
import { LocalSource, type QuerySource } from './query-source.ts'
import { blockSource, liveSource, segmentOf } from './sources-fixture.ts'

const test = suite('composed queries')

const never = new AbortController().signal
const hour = 3_600_000_000_000n
const base = plainSpan().startNs

function request(more: Partial<SearchRequest> = {}): SearchRequest {
  return { spans: everySpan, traceAll: [], limit: 20, spansPerSpanSet: 3, select: [], ...more }
}

function at(offset: bigint, more: Partial<PlainSpan> = {}): PlainSpan {
  return plainSpan({ startNs: base + offset, endNs: base + offset + 1000n, ...more })
}

async function search(sources: readonly QuerySource[], more: Partial<SearchRequest> = {}) {
  return (await composeSearch(sources, request(more), never)).hits
}

function named(name: string): Predicate {
  return {
    kind: 'compare',
    operand: { kind: 'intrinsic', name: 'name' },
    op: '=',
    literal: { type: 'string', value: name },
  }
}

test('a trace whose parts lie hours apart, in sources that do not touch, is one', async () => {
  const root = at(0n, { name: 'root' })
  const late = at(5n * hour, { name: 'late', spanId: hexId(2, 8), parentId: root.spanId })
  const sources = [await blockSource(segmentOf([root]), 'a'), liveSource(segmentOf([late]))]
  const [hit, ...more] = await search(sources)
  assert.equal(more, [])
  assert.is(hit!.spanCount, 2)
  assert.is(hit!.rootName, 'root')
  assert.is(hit!.durationNs, String(5n * hour + 1000n))
  assert.is((await search(sources, { spans: named('late') }))[0]!.rootName, 'root')
  const childOfRoot: Predicate = {
    kind: 'and',
    parts: [
      named('root'),
      {
        kind: 'compare',
        operand: { kind: 'intrinsic', name: 'childCount' },
        op: '=',
        literal: { type: 'int', value: '1' },
      },
    ],
  }
  assert.is((await search(sources, { spans: childOfRoot })).length, 1)
})

test('a trace that spans a range without a span inside it overlaps the range', async () => {
  const early = at(0n)
  const late = at(5n * hour, { spanId: hexId(2, 8) })
  const sources = [await blockSource(segmentOf([early])), liveSource(segmentOf([late]))]
  const range = (from: bigint, to: bigint) => ({
    range: { startNs: String(base + from), endNs: String(base + to), of: 'trace' as const },
  })
  assert.is((await search(sources, range(hour, 2n * hour))).length, 1)
  assert.is((await search(sources, range(6n * hour, 7n * hour))).length, 0)
})

test('of traces that start together those with the least ids fill the limit', async () => {
  const order = [7, 3, 9, 1, 5, 8, 2, 6, 4]
  const spans = order.map(n => at(0n, { traceId: hexId(n, 16) }))
  const newer = at(9n, { traceId: hexId(99, 16) })
  const ids = (hits: readonly { traceId: string }[]) => hits.map(hit => Number(`0x${hit.traceId}`))
  const all = [...spans, newer]
  const halves = [liveSource(segmentOf(all.slice(0, 5))), liveSource(segmentOf(all.slice(5)))]
  for (const sources of [
    [liveSource(segmentOf(all))],
    [await blockSource(segmentOf(all))],
    halves,
  ]) {
    assert.equal(ids(await search(sources, { limit: 4 })), [99, 1, 2, 3])
  }
})

test('sources inside a composite that split a trace never count as copies of another', async () => {
  const span = (id: number, name: string) => at(0n, { spanId: hexId(id, 8), name })
  // Each of the two has the trace in two parts, and all four parts differ.
  const pair = async (first: number) =>
    new CompositeSource(`ingester ${first}`, [
      await blockSource(segmentOf([span(first, 'a')]), `block ${first}`),
      liveSource(segmentOf([span(first + 1, 'b')])),
    ])
  const sources = [await pair(1), await pair(3)]
  const [hit, ...more] = await search(sources, { spansPerSpanSet: 10 })
  assert.equal(more, [])
  assert.is(hit!.spanCount, 4)
  assert.is(hit!.spanSets[0]!.spans.length, 4)
  const index = await composeIndex(sources)
  assert.is(index.count, 1)
})

test('equal copies in many sources are answered once, without reading a trace', async () => {
  const spans = [at(0n), at(5n, { spanId: hexId(2, 8) })]
  let traces = 0
  class Counting extends LocalSource {
    override async tracesByHash(): Promise<Uint8Array[]> {
      traces++
      return []
    }
  }
  const counting = async (name: string) =>
    new Counting((await blockSource(segmentOf(spans), name)).columns)
  const sources = [await counting('a'), await counting('b'), await counting('c')]
  const hits = await search(sources)
  assert.is(hits.length, 1)
  assert.is(hits[0]!.spanSets[0]!.matched, 2)
  assert.is(traces, 0)
})

test('a source that fails fails the query, and nothing is left unheard', async () => {
  const unheard: unknown[] = []
  const listen = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', listen)
  const broken = (): QuerySource => ({
    ...{ name: 'broken', range: { minNs: 0n, maxNs: base * 2n }, storedBytes: 1, identity: null },
    index: async () => liveSource(segmentOf([at(0n)])).index(),
    search: async () => {
      throw fail('UNAVAILABLE', 'gone')
    },
    metrics: async () => {
      throw fail('UNAVAILABLE', 'gone')
    },
    tracesByHash: async () => {
      throw fail('UNAVAILABLE', 'gone')
    },
    traceById: async () => {
      throw fail('UNAVAILABLE', 'gone')
    },
    tagNames: async () => new Map(),
    tagValues: async () => undefined,
    operations: async () => undefined,
  })
  const other = liveSource(segmentOf([at(0n, { name: 'other' })]))
  for (const sources of [
    [broken(), broken(), other],
    [broken(), other],
    [other, broken()],
  ]) {
    for (const query of [
      () => search(sources),
      () => composeTrace(sources, { traceId: hexId(1, 16) }),
    ]) {
      let code = ''
      try {
        await query()
      } catch (error) {
        assert.instance(error, Failure)
        code = (error as Failure).code
      }
      assert.is(code, 'UNAVAILABLE')
    }
  }
  await new Promise(resolve => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  assert.equal(unheard, [])
})

test('a query whose client has gone ends', async () => {
  const gone = new AbortController()
  gone.abort()
  const sources = [liveSource(segmentOf([at(0n)]))]
  try {
    await composeSearch(sources, request(), gone.signal)
    assert.unreachable()
  } catch (error) {
    assert.is((error as Failure).code, 'CANCELED')
  }
})

test('spans that arrive while a query runs do not disturb it', async () => {
  const spans = Array.from({ length: 6 }, (_, i) =>
    at(BigInt(10 + i), {
      spanId: hexId(i + 2, 8),
      parentId: i === 0 ? '' : hexId(2, 8),
      name: `s${i}`,
    }),
  )
  const segment = segmentOf(spans)
  const source = liveSource(segment)
  // Sorts before everything that is there.
  appendOtlp(segment, encodeSpans([at(0n, { spanId: hexId(1, 8), name: 'early' })]))
  const childless: Predicate = {
    kind: 'compare',
    operand: { kind: 'intrinsic', name: 'childCount' },
    op: '=',
    literal: { type: 'int', value: '5' },
  }
  const [hit] = await search([source], { spans: childless })
  assert.equal(
    hit!.spanSets[0]!.spans.map(span => span.name),
    ['s0'],
  )
})

test.run()

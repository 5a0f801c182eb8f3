// time limit: 300 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TraceHit } from '../contract/queries.ts'
import { neverEqual } from '../model/column-batch.ts'
import { hexToBytes } from '../model/ids.ts'
import type { SpansetStage } from '../model/spanset.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { decodeSpans } from '../storage/live/plain-decode-fixture.ts'
import { encodeSpans, type PlainSpan } from '../storage/live/plain-spans-fixture.ts'
import { plainSpans, requests } from './arbitraries-fixture.ts'
import { composeSearch } from './compose.ts'
import { blockSource, liveSource, segmentOf } from './sources-fixture.ts'

/** A source of live data is what it was when it was made, whatever is pushed during a query. */

const test = suite('a segment that grows under a query')

const never = new AbortController().signal
const share = fc.double({ min: 0, max: 1, noNaN: true })

const all = { kind: 'filter', spans: { kind: 'constant', value: true } } as const
const descendants: SpansetStage = {
  kind: 'spansets',
  expression: { kind: 'structural', relation: '>>', form: 'both', left: all, right: all },
}
const byName: SpansetStage = {
  kind: 'by',
  expression: { kind: 'intrinsic', name: 'name' },
  shownAs: 'by(name)',
}
const someSpans: SpansetStage = {
  kind: 'aggregate',
  function: 'count',
  ...{ argument: null, op: '>', literal: { type: 'int', value: '1' } },
  ...{ shownAs: 'count()', isDuration: false },
}

/** The spans before and behind a place. */
function cut(spans: readonly PlainSpan[], at: number): [PlainSpan[], PlainSpan[]] {
  const first = Math.max(1, Math.floor(spans.length * at))
  return [spans.slice(0, first), spans.slice(first)]
}

/** Services come in the order of their rows, which is not that of the copy. */
function byService(hits: readonly TraceHit[]): TraceHit[] {
  return hits.map(hit => {
    const serviceStats = hit.serviceStats.toSorted((a, b) => (a.service < b.service ? -1 : 1))
    return { ...hit, serviceStats }
  })
}

test('is searched as if it had not', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, share, requests, async (spans, at, request) => {
      const [first, later] = cut(spans, at)
      const segment = segmentOf(first)
      const source = liveSource(segment)
      if (later.length > 0) appendOtlp(segment, encodeSpans(later))
      const expected = await composeSearch([liveSource(segmentOf(first))], request, never)
      assert.equal((await composeSearch([source], request, never)).hits, expected.hits)
    }),
    { numRuns: 2000 },
  )
})

test('is searched as if it had not when it grows between two steps', async () => {
  const ticks = fc.integer({ min: 0, max: 60 })
  const staged = fc
    .tuple(requests, fc.constantFrom([], [descendants], [byName, someSpans], [descendants, byName]))
    .map(([request, stages]) => ({ ...request, stages }))
  await fc.assert(
    fc.asyncProperty(plainSpans, share, ticks, staged, async (spans, at, wait, request) => {
      const [first, later] = cut(spans, at)
      const segment = segmentOf(first)
      const found = composeSearch([liveSource(segment)], request, never)
      for (let tick = 0; tick < wait; tick++) await null
      if (later.length > 0) appendOtlp(segment, encodeSpans(later))
      const expected = await composeSearch([liveSource(segmentOf(first))], request, never)
      assert.equal((await found).hits, expected.hits)
    }),
    { numRuns: 2000 },
  )
})

test('has the traces that it had, and those that have grown equal no copy', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, share, async (spans, at) => {
      const [first, later] = cut(spans, at)
      const segment = segmentOf(first)
      const source = liveSource(segment)
      if (later.length > 0) appendOtlp(segment, encodeSpans(later))
      const before = liveSource(segmentOf(first))
      const [index, expected] = [await source.index(), await before.index()]
      assert.equal(index.hashHigh, expected.hashHigh)
      index.spans.forEach((count, i) => {
        assert.ok(count === expected.spans[i] || count === neverEqual)
      })
      for (const { traceId } of spans) {
        const [found, known] = await Promise.all(
          [source, before].map(each => each.traceById(hexToBytes(traceId))),
        )
        assert.equal(found && decodeSpans(found), known && decodeSpans(known))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a copy that has what came during the query is not left out for it', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, share, requests, async (spans, at, asked) => {
      // Of several values of a span any may be shown, and it may come from either.
      const request = { ...asked, select: [] }
      const [first, later] = cut(spans, at)
      const segment = segmentOf(first)
      const source = liveSource(segment)
      if (later.length > 0) appendOtlp(segment, encodeSpans(later))
      const copy = await blockSource(segmentOf(spans))
      const expected = await composeSearch([copy], request, never)
      const found = await composeSearch([source, copy], request, never)
      assert.equal(byService(found.hits), byService(expected.hits))
    }),
    { numRuns: 2000 },
  )
})

test.run()

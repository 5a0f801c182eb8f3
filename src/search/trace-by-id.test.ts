// time limit: 300 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hexToBytes } from '../model/ids.ts'
import { decodeSpans } from '../storage/live/plain-decode-fixture.ts'
import { canonical, type PlainSpan } from '../storage/live/plain-spans-fixture.ts'
import { plainSpans, traceIdOf } from './arbitraries-fixture.ts'
import { composeTrace } from './compose.ts'
import { CompositeSource } from './composite-source.ts'
import { identity } from './naive-trace-fixture.ts'
import type { QuerySource } from './query-source.ts'
import { blockSource, dealt, liveSource, segmentOf } from './sources-fixture.ts'

const test = suite('trace by id')

const never = new AbortController().signal

/** All that a span says, the order of its attributes included. */
function exactly(span: PlainSpan): string {
  const order = (attributes: PlainSpan['attributes']) =>
    attributes.map(({ key, value }) => `${key}=${canonical(value)}`)
  const lists = [span.attributes, span.resource, span.scope].map(order)
  const items = [...span.events, ...span.links].map(item => order(item.attributes))
  return JSON.stringify([identity(span), lists, items])
}

async function check(sources: readonly QuerySource[], spans: readonly PlainSpan[]): Promise<void> {
  for (let trace = 0; trace < 6; trace++) {
    const traceId = traceIdOf(trace)
    const own = spans.filter(span => span.traceId === traceId)
    const wanted = new Map(own.map(span => [identity(span), exactly(span)]))
    const { trace: bytes } = await composeTrace(sources, { traceId })
    assert.is(bytes === null, own.length === 0, traceId)
    const found = bytes === null ? [] : decodeSpans(bytes)
    assert.equal(found.map(exactly).sort(), [...wanted.values()].sort())
  }
}

const runs = { numRuns: 2000 }

test('a live segment and a block give back every span as it was sent', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, async spans => {
      const segment = segmentOf(spans)
      await check([liveSource(segment)], spans)
      await check([await blockSource(segment)], spans)
    }),
    runs,
  )
})

test('of spans dealt over many sources each comes once', async () => {
  const places = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 24 })
  await fc.assert(
    fc.asyncProperty(plainSpans, places, async (spans, bits) => {
      const sources = await dealt(spans, bits)
      await check(sources, spans)
      await check([new CompositeSource('all', sources)], spans)
    }),
    runs,
  )
})

test('an index finds each trace of a source by its hash, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, async spans => {
      const block = await blockSource(segmentOf(spans))
      const index = await block.index()
      assert.is(index.count, new Set(spans.map(span => span.traceId)).size)
      for (let i = 0; i < index.count; i++) {
        const hash = { high: index.hashHigh[i]!, low: index.hashLow[i]! }
        const parts = await block.tracesByHash([hash], never)
        assert.is(parts.length, 1)
        assert.is(decodeSpans(parts[0]!).length, index.spans[i])
      }
      assert.is(await block.traceById(hexToBytes('ff'.repeat(16))), null)
    }),
    runs,
  )
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SearchRequest } from '../contract/queries.ts'
import { Scope } from '../model/columns.ts'
import { hexToBytes } from '../model/ids.ts'
import { everySpan, type Literal, type Predicate } from '../model/predicate.ts'
import { dictionaryValuesMax, groupLimits } from '../storage/block/format.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { encodeSpans, hexId, int, plainSpan, text } from '../storage/live/plain-spans-fixture.ts'
import { composeSearch } from './compose.ts'
import { LocalSource } from './query-source.ts'
import { blockBytes, openBlock } from './sources-fixture.ts'

/**
 * One block with what only large ones have: nine row groups, a dictionary per group, dictionaries
 * that know in which groups a value is. Traces of eight spans, a millisecond apart.
 */

const test = suite('search of a large block')

const { groupSpansTarget } = groupLimits
const spanCount = dictionaryValuesMax + 10_000
const spansPerTrace = 8
const startNs = 1_700_000_000_000_000_000n

const resource = [{ key: 'service.name', value: text('shop') }]
const scope: never[] = []

function makeSpan(i: number) {
  const trace = Math.floor(i / spansPerTrace)
  const start = startNs + BigInt(trace) * 1_000_000n + BigInt(i % spansPerTrace)
  return plainSpan({
    traceId: hexId(trace + 1, 16),
    spanId: hexId(i + 1, 8),
    startNs: start,
    endNs: start + 1000n,
    resource,
    scope,
    attributes: [
      { key: 'unique', value: text(`u-${i}`) },
      { key: 'often', value: text(`o-${i % 6000}`) },
      ...(i > spanCount - 6000 ? [{ key: 'late', value: text(`l-${i}`) }] : []),
      ...(i % 1000 === 7 ? [{ key: 'rare', value: int(i) }] : []),
    ],
  })
}

const segment = new LiveSegment()
for (let from = 0; from < spanCount; from += 2000) {
  const count = Math.min(2000, spanCount - from)
  appendOtlp(segment, encodeSpans(Array.from({ length: count }, (_, i) => makeSpan(from + i))))
}
const block = await openBlock(blockBytes(segment))
const source = new LocalSource(block)

function compare(key: string, op: '=' | '=~' | '>', literal: Literal): Predicate {
  return { kind: 'compare', operand: { kind: 'attribute', scope: 'span', key }, op, literal }
}

const string = (value: string): Literal => ({ type: 'string', value })

async function search(spans: Predicate, more: Partial<SearchRequest> = {}) {
  const request = { spans, traceAll: [], limit: 10, spansPerSpanSet: 10, select: [], ...more }
  const { hits, stats } = await composeSearch([source], request, new AbortController().signal)
  const matched = hits.flatMap(hit =>
    hit.spanSets[0]!.spans.map(span => Number(`0x${span.spanId}`) - 1),
  )
  return { hits, matched, inspectedSpans: stats.inspectedSpans }
}

test('the block is what the test is about', () => {
  assert.is(block.groups.length, Math.ceil(spanCount / groupSpansTarget))
  const [unique] = block.columns(Scope.span, 'unique')
  assert.is(block.file.f.columnDictionaryPerGroup[unique!.id], 1)
  const [often] = block.columns(Scope.span, 'often')
  assert.is(block.file.f.columnDictionaryPerGroup[often!.id], 0)
})

test('a unique value is found, in one group only', async () => {
  for (const i of [0, 1, 32_767, 32_768, 100_000, spanCount - 1]) {
    const { matched, inspectedSpans } = await search(compare('unique', '=', string(`u-${i}`)))
    assert.equal(matched, [i])
    assert.ok(inspectedSpans <= groupSpansTarget, `${inspectedSpans} spans read`)
  }
  assert.equal((await search(compare('unique', '=', string('u-x')))).inspectedSpans, 0)
})

test('a pattern meets the dictionaries of all groups', async () => {
  const { matched } = await search(compare('unique', '=~', string('u-(5|77777|262145)')))
  assert.equal(matched, [262_145, 77_777, 5])
})

test('a value of a large dictionary leads to the groups that have it', async () => {
  const late = await search(compare('late', '=', string(`l-${spanCount - 3}`)))
  assert.equal(late.matched, [spanCount - 3])
  assert.ok(late.inspectedSpans <= groupSpansTarget)
  const often = await search(compare('often', '=', string('o-5999')), { limit: 100 })
  const wanted = Math.floor((spanCount - 5999 - 1) / 6000) + 1
  assert.is(often.matched.length, wanted)
  assert.ok(often.matched.every(i => i % 6000 === 5999))
})

test('the newest come first, and older groups are not read for them', async () => {
  const { hits, inspectedSpans } = await search(everySpan, { limit: 3 })
  const last = Math.floor((spanCount - 1) / spansPerTrace) + 1
  assert.equal(
    hits.map(hit => Number(`0x${hit.traceId}`)),
    [last, last - 1, last - 2],
  )
  assert.ok(inspectedSpans <= groupSpansTarget)
})

test('rare numbers of all groups are found, and a range keeps its own', async () => {
  const rare = await search(compare('rare', '>', { type: 'int', value: '-1' }), { limit: 1000 })
  assert.is(rare.matched.length, Math.ceil((spanCount - 7) / 1000))
  const at = (trace: number) => String(startNs + BigInt(trace) * 1_000_000n)
  const range = { startNs: at(10_000), endNs: at(10_999), of: 'trace' as const }
  const inRange = await search(everySpan, { range, limit: 5000, spansPerSpanSet: 0 })
  assert.is(inRange.hits.length, 1000)
})

test('every trace is located by its id', async () => {
  for (let trace = 0; trace < spanCount / spansPerTrace; trace += 97) {
    const bytes = await source.traceById(hexToBytes(hexId(trace + 1, 16)))
    assert.ok(bytes, `trace ${trace}`)
  }
  for (let i = 0; i < 500; i++) {
    assert.is(await source.traceById(hexToBytes(hexId(i * 7919 + 1, 15).padStart(32, 'a'))), null)
  }
})

test.run()

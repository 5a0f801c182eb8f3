// time limit: 120 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Corruption } from '../base/errors.ts'
import { attributeColumnsMax, Scope } from '../model/columns.ts'
import { everySpan, type Operand, type Predicate } from '../model/predicate.ts'
import { plainSpans, requests } from '../search/arbitraries-fixture.ts'
import { composeSearch, composeTagNames, composeTagValues } from '../search/compose.ts'
import { LocalSource, type QuerySource } from '../search/query-source.ts'
import { openBlock } from '../search/sources-fixture.ts'
import type { BlockSource } from '../storage/block/block-source.ts'
import { dictionaryValuesMax } from '../storage/block/format.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import {
  attributes,
  hexId,
  int,
  type PlainSpan,
  plainSpan,
  text,
} from '../storage/live/plain-spans-fixture.ts'
import { blockOf, blocksOf, merge, mergeOptions } from './merge-fixture.ts'

const test = suite('merged blocks')

const never = new AbortController().signal

/** Everything that can be read of the traces, in the order in which the index has them. */
async function contents(block: BlockSource): Promise<string[]> {
  const index = await block.index()
  const traces: string[] = []
  for (let i = 0; i < index.count; i++) {
    const place = { group: index.group[i]!, trace: index.trace[i]! }
    const bytes = await block.readTrace(place)
    const lanes = [index.hashHigh, index.hashLow, index.spans, index.group, index.trace]
    const prints = [index.fingerprintLow, index.fingerprintHigh]
    const numbers = [...lanes, ...prints].map(lane => lane[i]!)
    traces.push(`${numbers.join()} ${Buffer.from(bytes).toString('latin1')}`)
    const [summary] = await block.summaries(place.group, [place.trace])
    traces.push(JSON.stringify(summary))
  }
  return traces
}

const places = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 24 })

test('a merge of blocks is the block that their spans would have made', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, places, fc.boolean(), async (spans, where, spills) => {
      const inputs = await blocksOf(spans, where)
      const options = spills ? mergeOptions(0, 0) : mergeOptions()
      const merged = await openBlock(
        await merge(
          inputs.map(block => block.file),
          options,
        ),
        'm',
      )
      const expected = await blockOf(spans, 'expected')
      assert.equal(await contents(merged), await contents(expected))
      assert.equal(merged.groups, expected.groups)
    }),
    { numRuns: 300 },
  )
})

test('searches and tags find the same in a merge as in its inputs', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, places, requests, async (spans, where, request) => {
      const inputs = await blocksOf(spans, where)
      const merged = await openBlock(await merge(inputs.map(block => block.file)), 'm')
      const before = inputs.map(block => new LocalSource(block))
      const after = [new LocalSource(merged)]
      const hits = async (sources: readonly QuerySource[]) =>
        (await composeSearch(sources, request, never)).hits.map(hit => ({
          ...hit,
          // In no particular order.
          serviceStats: [...hit.serviceStats].sort((a, b) => (a.service < b.service ? -1 : 1)),
        }))
      assert.equal(await hits(after), await hits(before))
      const tags = { scopes: [] }
      const names = (await composeTagNames(after, tags, never)).scopes
      assert.equal(names, (await composeTagNames(before, tags, never)).scopes)
      const values = { operand: keyed('k1'), limit: 0 }
      const found = (await composeTagValues(after, values, never)).values
      assert.equal(found, (await composeTagValues(before, values, never)).values)
    }),
    { numRuns: 300 },
  )
})

function keyed(key: string): Operand {
  return { kind: 'attribute', scope: 'any', key }
}

/** Spans and content of each trace, whatever the order of attributes. */
async function fingerprints(blocks: readonly BlockSource[]): Promise<Map<string, string>> {
  const prints = new Map<string, string>()
  for (const block of blocks) {
    const index = await block.index()
    for (let i = 0; i < index.count; i++) {
      const segment = new LiveSegment()
      const place = { group: index.group[i]!, trace: index.trace[i]! }
      appendOtlp(segment, await block.readTrace(place))
      const { traces } = segment
      const print = [traces.spans[0], traces.fingerprintLow[0], traces.fingerprintHigh[0]].join()
      const stored = [index.spans[i], index.fingerprintLow[i], index.fingerprintHigh[i]].join()
      assert.is(print, stored)
      prints.set(`${index.hashHigh[i]}:${index.hashLow[i]}`, print)
    }
  }
  return prints
}

test('attributes beyond the column limit go to the overflow column', async () => {
  const keysEach = Math.floor(attributeColumnsMax * 0.7)
  const spansWith = (first: number) =>
    Array.from({ length: keysEach }, (_, i): PlainSpan => {
      const key = `key ${first + i}`
      return plainSpan({
        traceId: hexId(1 + first + (i >> 3), 16),
        spanId: hexId(1 + i, 8),
        attributes: attributes({ common: text('c'), [key]: int(i), last: text(key) }),
        resource: i === 3 ? attributes({ [`owner ${key}`]: text('o') }) : [],
        scope: i === 5 ? attributes({ [`scope ${key}`]: text('s') }) : [],
        events: [{ timeNs: 5n, name: 'e', attributes: i === 7 ? attributes({ e: int(1) }) : [] }],
      })
    })
  const inputs = [await blockOf(spansWith(0), 'a'), await blockOf(spansWith(keysEach), 'b')]
  const merged = await openBlock(await merge(inputs.map(block => block.file)), 'm')
  assert.equal(await fingerprints([merged]), await fingerprints(inputs))
  assert.ok(merged.overflow(Scope.span))
  assert.is(merged.columns(Scope.span, 'common').length, 1)
  const limited = merged.file.columns.filter(({ scope, key }) => {
    return scope !== Scope.intrinsic && key !== ''
  })
  assert.is(limited.length, attributeColumnsMax)
  const every = { spans: everySpan, traceAll: [], limit: 10, spansPerSpanSet: 1, select: [] }
  for (const key of [`key ${keysEach - 1}`, `key ${2 * keysEach - 1}`, 'key 0']) {
    const spans: Predicate = { kind: 'exists', operand: keyed(key) }
    const { hits } = await composeSearch([new LocalSource(merged)], { ...every, spans }, never)
    assert.equal(
      hits.map(hit => hit.spanSets[0]!.matched),
      [1],
      key,
    )
  }
})

test('a root span that comes late gives the trace its name and duration', async () => {
  const ns = plainSpan().startNs
  const child = plainSpan({ spanId: hexId(2, 8), parentId: hexId(1, 8), name: 'child' })
  const service = attributes({ 'service.name': text('shop') })
  const endNs = ns + 60_000_000_000n
  const root = plainSpan({ name: 'checkout', startNs: ns - 5n, endNs, resource: service })
  const inputs = [await blockOf([child], 'a'), await blockOf([root], 'b')]
  const merged = await openBlock(await merge(inputs.map(block => block.file)), 'm')
  const every = { spans: everySpan, traceAll: [], limit: 10, spansPerSpanSet: 1, select: [] }
  const { hits } = await composeSearch([new LocalSource(merged)], every, never)
  assert.is(hits.length, 1)
  const { rootName, rootServiceName, durationNs, spanCount, startNs } = hits[0]!
  assert.equal([rootName, rootServiceName, spanCount], ['checkout', 'shop', 2])
  assert.equal([startNs, durationNs], [String(ns - 5n), '60000000005'])
})

test('columns with more values than a dictionary may have get one for each group', async () => {
  const eachBlock = Math.ceil(dictionaryValuesMax * 0.6)
  const spansWith = (block: number) =>
    Array.from({ length: eachBlock }, (_, i): PlainSpan => {
      const number = block * eachBlock * 0.9 + i
      return plainSpan({
        traceId: hexId(1 + block + 2 * (i >> 4), 16),
        spanId: hexId(1 + i, 8),
        startNs: plainSpan().startNs + BigInt(i) * 1000n,
        attributes: attributes({ unique: text(`value ${Math.floor(number)}`), few: int(i % 3) }),
      })
    })
  const inputs = [await blockOf(spansWith(0), 'a'), await blockOf(spansWith(1), 'b')]
  const merged = await openBlock(await merge(inputs.map(block => block.file)), 'm')
  const [unique] = merged.file.columns.flatMap((name, id) => (name.key === 'unique' ? [id] : []))
  assert.is(merged.file.f.columnDictionaryPerGroup[unique!], 1)
  assert.is(merged.spans, 2 * eachBlock)
  const again = await openBlock(await merge([merged.file]), 'n')
  for (const block of [merged, again]) {
    for (const trace of [1, 2, 501, 16_000]) {
      const id = Buffer.from(hexId(trace, 16), 'hex')
      const [before] = await Promise.all(
        inputs.map(input => new LocalSource(input).traceById(id)),
      ).then(found => found.filter(bytes => bytes !== null))
      assert.equal(Buffer.from((await new LocalSource(block).traceById(id))!), Buffer.from(before!))
    }
  }
})

test('a damaged input is named, with the place of the damage', async () => {
  const input = await blockOf([plainSpan({ name: 'x'.repeat(300) })], 'good')
  const bytes = Buffer.from(await input.file.read(0, input.storedBytes))
  const at = input.file.f.groupOffset[0]! + 3
  bytes[at] = bytes[at]! ^ 1
  const damaged = await openBlock(bytes, 'damaged')
  try {
    await merge([input.file, damaged.file])
    assert.unreachable()
  } catch (error) {
    assert.instance(error, Corruption)
    assert.equal((error as Corruption).fields, { object: 'memory', offset: 8 })
  }
})

test.run()

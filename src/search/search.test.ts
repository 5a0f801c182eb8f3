// time limit: 300 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttributeValue, SearchRequest, TraceHit } from '../contract/queries.ts'
import { everySpan, type Operand } from '../model/predicate.ts'
import {
  canonical,
  decodeValue,
  hexId,
  type PlainSpan,
  type PlainValue,
  plainSpan,
} from '../storage/live/plain-spans-fixture.ts'
import { plainSpans, requests } from './arbitraries-fixture.ts'
import { composeSearch } from './compose.ts'
import { durationText } from './duration-text.ts'
import { shownKey } from './materialise.ts'
import { type NaiveHit, naiveSearch, valuesOf } from './naive-search-fixture.ts'
import { durationOf, type NaiveSpan, serviceOf, tracesOf } from './naive-trace-fixture.ts'
import type { LocalSource } from './query-source.ts'
import { kindNames, statusNames } from './read-values.ts'
import { blockSource, dealt, liveSource, segmentOf } from './sources-fixture.ts'

const test = suite('search')

const never = new AbortController().signal

function searchAll(sources: readonly LocalSource[], request: SearchRequest): Promise<TraceHit[]> {
  return composeSearch(sources, request, never).then(({ hits }) => [...hits])
}

/** The naive answer in the form of the real one, but for the attributes of spans. */
function expectedHit({ trace, matched, spans }: NaiveHit) {
  const services = new Map<string, { service: string; spans: number; errors: number }>()
  for (const span of trace.spans) {
    const service = serviceOf(span)
    const entry = services.get(service) ?? { service, spans: 0, errors: 0 }
    services.set(service, entry)
    entry.spans++
    if (span.status === 2) entry.errors++
  }
  return {
    traceId: trace.traceId,
    rootServiceName: trace.root ? serviceOf(trace.root) : '',
    rootName: trace.root?.name ?? '',
    hasRoot: trace.root !== null,
    startNs: String(trace.startNs),
    durationNs: String(trace.durationNs),
    spanCount: trace.spans.length,
    serviceStats: byService([...services.values()]),
    matched,
    spans: spans.map(span => ({
      spanId: span.spanId,
      name: span.name,
      startNs: String(span.startNs),
      durationNs: String(durationOf(span)),
    })),
  }
}

function byService<T extends { service: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.service < b.service ? -1 : 1))
}

function actualHit(hit: TraceHit) {
  const { spanSets, ...rest } = hit
  const [set, ...more] = spanSets
  assert.equal(more, [])
  return {
    ...rest,
    serviceStats: byService(hit.serviceStats),
    matched: set!.matched,
    spans: set!.spans.map(({ attributes, ...span }) => span),
  }
}

function plainOf(value: AttributeValue): PlainValue {
  switch (value.type) {
    case 'int':
      return { type: 'int', value: BigInt(value.value) }
    case 'any':
      return decodeValue(Buffer.from(value.value, 'base64'))
    default:
      return value as PlainValue
  }
}

/** What may be shown for an operand: any of its values; status, kind and times as text. */
function shown(span: NaiveSpan, hit: NaiveHit, operand: Operand): string[] {
  const values = shownValues(span, hit, operand)
  if (operand.kind === 'intrinsic' && (operand.name === 'status' || operand.name === 'kind')) {
    const names = operand.name === 'status' ? statusNames : kindNames
    return values.map(value => `string:"${names[Number((value as { value: bigint }).value)]}"`)
  }
  if (operand.kind === 'intrinsic' && operand.name === 'eventTimeSinceStart') {
    return values.map(value => `string:"${durationText((value as { value: bigint }).value)}"`)
  }
  return values.flatMap(shownValue).map(canonical)
}

/** An array of one value shows as that value, an empty one not at all. */
function shownValue(value: PlainValue): PlainValue[] {
  // Times of more than 104 days are shown as doubles.
  if (value.type === 'int' && BigInt.asIntN(54, value.value) !== value.value)
    return [value, { type: 'double', value: Number(value.value) }]
  return value.type === 'array' && value.value.length < 2 ? [...value.value] : [value]
}

/** Of an unscoped attribute both the span's value and that of its resource are shown. */
function bothScopes(operand: Operand): Operand[] {
  if (operand.kind === 'intrinsic' || operand.scope !== 'any') return [operand]
  return [
    { ...operand, scope: 'span' },
    { ...operand, scope: 'resource' },
  ]
}

/** What is compared and what is shown differ in absent parents and services. */
function shownValues(span: NaiveSpan, hit: NaiveHit, operand: Operand): PlainValue[] {
  if (operand.kind === 'intrinsic' && operand.name === 'parentId' && span.parentId === '')
    return [{ type: 'string', value: '0000000000000000' }]
  if (operand.kind === 'attribute' && operand.scope === 'resource') {
    return span.resource.filter(({ key }) => key === operand.key).map(({ value }) => value)
  }
  return valuesOf(span, hit.trace, operand)
}

function checkAttributes(request: SearchRequest, hit: TraceHit, wanted: NaiveHit): void {
  hit.spanSets[0]!.spans.forEach((span, i) => {
    const left = [...span.attributes]
    for (const operand of request.select.flatMap(bothScopes)) {
      const allowed = shown(wanted.spans[i]!, wanted, operand)
      if (allowed.length === 0) continue
      const next = left.shift()
      assert.is(next?.key, shownKey(operand), JSON.stringify(operand))
      assert.ok(
        shownValue(plainOf(next!.value)).some(value => allowed.includes(canonical(value))),
        `${JSON.stringify(next)} is none of ${allowed}`,
      )
    }
    assert.equal(left, [])
  })
}

async function check(
  sources: readonly LocalSource[],
  spans: readonly PlainSpan[],
  request: SearchRequest,
): Promise<void> {
  const wanted = naiveSearch(tracesOf(spans), request)
  const hits = await searchAll(sources, request)
  assert.equal(hits.map(actualHit), wanted.map(expectedHit))
  for (const [i, hit] of hits.entries()) checkAttributes(request, hit, wanted[i]!)
}

const runs = { numRuns: 2000 }

test('a live segment answers as the naive search does', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, requests, async (spans, request) => {
      await check([liveSource(segmentOf(spans))], spans, request)
    }),
    runs,
  )
})

test('a block answers as the naive search does', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, requests, async (spans, request) => {
      await check([await blockSource(segmentOf(spans))], spans, request)
    }),
    runs,
  )
})

test('spans dealt over live segments and blocks are whole traces again', async () => {
  const places = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 24 })
  await fc.assert(
    fc.asyncProperty(plainSpans, places, requests, async (spans, bits, request) => {
      await check(await dealt(spans, bits), spans, request)
    }),
    runs,
  )
})

test('nanoseconds count, however far from each other traces are', async () => {
  const base = 1_700_000_000_000_000_000n
  const starts = [base + 1n, 0n, base, base, base + 3n, base + 2n]
  const spans = starts.map((startNs, i) =>
    plainSpan({ traceId: hexId(9 - i, 16), spanId: hexId(1, 8), startNs, endNs: startNs }),
  )
  const block = await blockSource(segmentOf(spans))
  const request = { spans: everySpan, traceAll: [], spansPerSpanSet: 0, select: [] }
  for (const limit of [1, 2, 3, 4, 5, 6]) {
    const hits = await searchAll([block], { ...request, limit })
    const expected = [base + 3n, base + 2n, base + 1n, base, base, 0n].slice(0, limit)
    assert.equal(
      hits.map(({ startNs }) => startNs),
      expected.map(String),
    )
    if (limit > 3) assert.is(hits[3]!.traceId, hexId(6, 16), 'of equal ones the least id')
  }
})

test.run()

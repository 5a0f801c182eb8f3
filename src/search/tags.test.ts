// time limit: 300 s
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TagNamesRequest, TagValuesRequest } from '../contract/queries.ts'
import type { Intrinsic, Operand, Predicate } from '../model/predicate.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import {
  attributes,
  encodeSpans,
  int,
  type PlainSpan,
  type PlainValue,
  plainSpan,
  text,
} from '../storage/live/plain-spans-fixture.ts'
import { baseNs, operands, plainSpans, predicates } from './arbitraries-fixture.ts'
import { composeOperations, composeTagNames, composeTagValues } from './compose.ts'
import { spanMatches, valuesOf } from './naive-search-fixture.ts'
import { type NaiveSpan, type NaiveTrace, serviceOf, tracesOf } from './naive-trace-fixture.ts'
import type { QuerySource } from './query-source.ts'
import { blockSource, dealt, liveSource, segmentOf } from './sources-fixture.ts'
import { tagScopes } from './tags.ts'

const test = suite('tags')

const never = new AbortController().signal

interface Place {
  readonly span: NaiveSpan
  readonly trace: NaiveTrace
}

function matching(spans: readonly PlainSpan[], filter: Predicate | undefined): Place[] {
  return tracesOf(spans)
    .flatMap(trace => trace.spans.map(span => ({ span, trace })))
    .filter(({ span, trace }) => filter === undefined || spanMatches(span, trace, filter))
}

const listsOf = {
  span: (span: PlainSpan) => [span.attributes],
  resource: (span: PlainSpan) => [span.resource],
  event: (span: PlainSpan) => span.events.map(event => event.attributes),
  link: (span: PlainSpan) => span.links.map(link => link.attributes),
  instrumentation: (span: PlainSpan) => [span.scope],
}

function naiveNames(places: readonly Place[]): { scope: string; names: string[] }[] {
  return tagScopes
    .map(scope => {
      const lists = places.flatMap(({ span }) => listsOf[scope](span))
      return { scope, names: [...new Set(lists.flat().map(({ key }) => key))].sort() }
    })
    .filter(({ names }) => names.length > 0)
}

async function namesOf(sources: readonly QuerySource[], request: Partial<TagNamesRequest>) {
  const { scopes } = await composeTagNames(sources, { scopes: [], ...request }, never)
  return scopes.map(({ scope, names }) => ({ scope, names: [...names] }))
}

function floatText(number: number): string {
  return Number.isInteger(number) && Math.abs(number) < 1e21 ? number.toFixed(1) : String(number)
}

/** As `type value`; bytes, lists and empty values have no text here. */
function naiveTexts(value: PlainValue): string[] {
  switch (value.type) {
    case 'array':
      return value.value.filter(({ type }) => type !== 'array').flatMap(naiveTexts)
    case 'string':
    case 'bool':
      return [`${value.type} ${value.value}`]
    case 'int':
      return [`int ${value.value}`]
    case 'double':
      return [`float ${floatText(value.value)}`]
    default:
      return []
  }
}

/** Conditions hide a resource's value behind the span's; a list of values has both. */
function allValues({ span, trace }: Place, operand: Operand): PlainValue[] {
  if (operand.kind === 'intrinsic' || operand.scope !== 'any') {
    return valuesOf(span, trace, operand)
  }
  const scopes = ['span', 'resource'] as const
  return scopes.flatMap(scope => valuesOf(span, trace, { ...operand, scope }))
}

function naiveValues(places: readonly Place[], operand: Operand): string[] {
  const values = places.flatMap(place => allValues(place, operand))
  return [...new Set(values.flatMap(naiveTexts))].sort()
}

async function textsOf(
  sources: readonly QuerySource[],
  request: Omit<TagValuesRequest, 'limit'>,
  limit = 0,
): Promise<string[]> {
  const { values } = await composeTagValues(sources, { ...request, limit }, never)
  return values.map(({ type, value }) => `${type} ${value}`).sort()
}

const places = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 24 })
const filters = fc.option(predicates, { nil: undefined })
const runs = { numRuns: 2000 }

/** What says something of the whole trace differs where a source has only a part of it. */
const ofTraces = /trace|root|nested|childCount/i

function isLocal(value: unknown): boolean {
  return !ofTraces.test(JSON.stringify(value).replaceAll('traceState', ''))
}

function optional<T>(filter: T | undefined): { filter?: T } {
  return filter === undefined ? {} : { filter }
}

test('names are those of the matching spans, in one source and in many', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, places, filters, async (spans, bits, filter) => {
      const wanted = naiveNames(matching(spans, filter))
      const segment = segmentOf(spans)
      assert.equal(await namesOf([liveSource(segment)], optional(filter)), wanted, 'live')
      const block = await blockSource(segment)
      assert.equal(await namesOf([block], optional(filter)), wanted, 'block')
      assert.equal(await namesOf([block], optional(filter)), wanted, 'block, asked again')
      if (isLocal(filter ?? ''))
        assert.equal(await namesOf(await dealt(spans, bits), optional(filter)), wanted, 'dealt')
    }),
    runs,
  )
})

/** Ids are not listed; numbers beyond 2^53 are shown as doubles. */
const unlisted: readonly Intrinsic[] = [
  'spanId',
  'parentId',
  'traceId',
  'linkTraceId',
  'linkSpanId',
]

function isListed(operand: Operand): boolean {
  return operand.kind === 'attribute' || !unlisted.includes(operand.name)
}

function withoutOddTimes(spans: readonly PlainSpan[]): PlainSpan[] {
  return spans.filter(span => span.startNs > 0n && span.endNs < baseNs * 2n)
}

test('values are those of the matching spans, in one source and in many', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, places, operands, filters, async (all, bits, operand, filter) => {
      const spans = withoutOddTimes(all)
      if (spans.length === 0) return
      const wanted = isListed(operand) ? naiveValues(matching(spans, filter), operand) : []
      const request = { operand, ...optional(filter) }
      const segment = segmentOf(spans)
      const block = await blockSource(segment)
      assert.equal(await textsOf([liveSource(segment)], request), wanted, 'live')
      assert.equal(await textsOf([block], request), wanted, 'block')
      if (isLocal(request))
        assert.equal(await textsOf(await dealt(spans, bits), request), wanted, 'dealt')
      const limited = await textsOf([block], request, 2)
      assert.is(limited.length, Math.min(2, wanted.length))
      assert.ok(limited.every(value => wanted.includes(value)))
    }),
    runs,
  )
})

test('operations are the names and kinds of the spans of a service', async () => {
  await fc.assert(
    fc.asyncProperty(plainSpans, places, async (spans, bits) => {
      const service = serviceOf(spans[0]!)
      const wanted = new Set(
        spans
          .filter(span => serviceOf(span) === service)
          .map(({ name, kind }) => JSON.stringify([name, kind])),
      )
      const segment = segmentOf(spans)
      for (const sources of [
        [liveSource(segment)],
        [await blockSource(segment)],
        await dealt(spans, bits),
      ]) {
        const { operations } = await composeOperations(sources, { service }, never)
        const found = operations.map(({ name, kind }) => JSON.stringify([name, kind]))
        assert.equal(found.toSorted(), [...wanted].toSorted())
      }
    }),
    runs,
  )
})

test('a range keeps what overlaps it and skips sources outside', async () => {
  const hour = 3_600_000_000_000n
  const old = plainSpan({ attributes: attributes({ old: int(1) }) })
  const fresh = plainSpan({
    startNs: old.startNs + hour,
    endNs: old.startNs + hour + 5n,
    attributes: attributes({ fresh: int(2) }),
  })
  const sources = [liveSource(segmentOf([old])), await blockSource(segmentOf([fresh]))]
  const range = (from: bigint, to: bigint) => ({
    range: { startNs: String(old.startNs + from), endNs: String(old.startNs + to) },
  })
  assert.equal(await namesOf(sources, range(0n, 5n)), [{ scope: 'span', names: ['old'] }])
  assert.equal(await namesOf(sources, range(hour + 5n, hour * 2n)), [
    { scope: 'span', names: ['fresh'] },
  ])
  assert.equal(await namesOf(sources, range(hour + 6n, hour * 2n)), [])
  const operand: Operand = { kind: 'attribute', scope: 'any', key: 'fresh' }
  assert.equal(await textsOf(sources, { operand, ...range(0n, 5n) }), [])
  assert.equal(await textsOf(sources, { operand, ...range(0n, hour) }), ['int 2'])
})

test('keys beyond the column limit are listed, filtered and searched', async () => {
  const wide = Array.from({ length: 2100 }, (_, i) => ({ key: `key-${i}`, value: int(i) }))
  const late = { key: 'late', value: text('here') }
  const spans = [
    plainSpan({ attributes: wide.slice(0, 1050) }),
    plainSpan({ spanId: '00000000000000aa', attributes: wide.slice(1050) }),
    plainSpan({ spanId: '00000000000000bb', name: 'b', attributes: [late] }),
  ]
  const segment = segmentOf([])
  appendOtlp(segment, encodeSpans(spans))
  for (const source of [liveSource(segment), await blockSource(segment)]) {
    for (let again = 0; again < 2; again++) {
      const [all] = await namesOf([source], {})
      assert.is(all!.names.length, 2101)
    }
    const filter: Predicate = {
      kind: 'compare',
      operand: { kind: 'intrinsic', name: 'name' },
      op: '=',
      literal: { type: 'string', value: 'b' },
    }
    assert.equal(await namesOf([source], { filter }), [{ scope: 'span', names: ['late'] }])
    const operand: Operand = { kind: 'attribute', scope: 'span', key: 'late' }
    assert.equal(await textsOf([source], { operand }), ['string here'])
    assert.equal(await textsOf([source], { operand: { ...operand, key: 'key-2099' } }), [
      'int 2099',
    ])
  }
})

test.run()

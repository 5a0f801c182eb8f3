import * as assert from 'uvu/assert'
import type { tempoApi } from '../conformance/api.ts'
import { type CorpusQuery, type Json, urlOf } from '../conformance/corpus.ts'
import { comparable, normalise } from '../conformance/normalise.ts'
import { baseSeconds } from './pools.ts'
import { search } from './search.ts'
import type { ShownAttribute } from './shown.ts'
import { goodQuery, rangeOf, renderSearch, renderValue, tempoAnswer } from './tempo-answer.ts'
import type { Trace } from './trace.ts'

/** Holds answers of the API, in JSON, against the reference. */

type Api = ReturnType<typeof tempoApi>

/** Fails when an API does not answer as it should. */
export type Check = (api: Api) => Promise<void>

/** Everything but the attributes of spans is equal; of these every value has to be a right one. */
export function searchCheck(query: CorpusQuery, traces: readonly Trace[]): Check {
  const { url, params } = requestOf(query)
  const hits = search(goodQuery(query.q), traces, rangeOf(params))
  const wanted = renderSearch(hits, params).map(withoutAttributes)
  const allowed = new Map<string, readonly ShownAttribute[]>()
  for (const { trace, spansets } of hits) {
    for (const { span, attributes } of spansets.flatMap(spanset => spanset.spans)) {
      allowed.set(placeOf(trace.traceId, span.spanId, String(span.startNs)), attributes)
    }
  }
  return onceEach(url, found => {
    assert.equal(found.traces.map(withoutAttributes), wanted)
    for (const { traceID, spanSets } of found.traces) {
      for (const span of spanSets.flatMap((spanset: Json) => spanset.spans)) {
        const place = placeOf(traceID, span.spanID, span.startTimeUnixNano)
        checkAttributes(place, span.attributes ?? [], allowed.get(place)!)
      }
    }
  })
}

/** Of metrics, and of tag names and values. */
export function plainCheck(query: CorpusQuery, traces: readonly Trace[]): Check {
  const { url, params } = requestOf(query)
  const form = (answer: Json) => normalise(query, 200, JSON.stringify(answer), baseSeconds)
  const wanted = form(tempoAnswer(query.kind, query.tag ?? '', params, traces))
  return onceEach(url, found => {
    const [expected, actual] = comparable(wanted, form(found))
    assert.equal(actual, expected)
  })
}

function requestOf(query: CorpusQuery): { url: string; params: URLSearchParams } {
  const url = urlOf(query, baseSeconds)
  return { url, params: new URL(url, 'http://localhost').searchParams }
}

/** An answer that was right in one place is right in every other. */
function onceEach(url: string, check: (found: Json) => void): Check {
  const right = new Set<string>()
  return async api => {
    const response = await api.request(url)
    const body = await response.text()
    assert.is(response.status, 200, body)
    const answer = body.replace(/"metrics":\{[^{}]*\}/, '"metrics":{}')
    if (right.has(answer)) return
    check(JSON.parse(answer))
    right.add(answer)
  }
}

/** Spansets in an order of their own: that of an answer says nothing. */
function withoutAttributes({ traceID, spanSets, ...trace }: Json): Json {
  const { spanSet: _first, durationMs = 0, ...rest } = trace
  const bare = spanSets.map(({ spans, attributes = [], matched = 0 }: Json) => ({
    matched,
    attributes: attributes.map(aggregateText).sort(),
    spans: spans.map(({ spanID, name = '', startTimeUnixNano, durationNanos = '0' }: Json) => ({
      ...{ spanID: spanID.padStart(16, '0'), name, startTimeUnixNano, durationNanos },
    })),
  }))
  const orderOf = (spanset: Json) => JSON.stringify(spanset)
  return {
    ...rest,
    traceID: traceID.padStart(32, '0'),
    durationMs,
    rootTraceName: trace.rootTraceName ?? '',
    rootServiceName: trace.rootServiceName ?? '',
    serviceStats: statsOf(trace.serviceStats),
    spanSets: bare.sort((a: Json, b: Json) => (orderOf(a) < orderOf(b) ? -1 : 1)),
  }
}

/** Sums of floats depend on their order. */
function aggregateText(attribute: Json): string {
  return JSON.stringify(attribute, (key, member) =>
    key === 'doubleValue' ? Number(member).toPrecision(12) : member,
  )
}

/** Counts of 0 are left out of JSON. */
function statsOf(stats: Json = {}): Json {
  const entries = Object.entries<Json>(stats).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, { spanCount = 0, errorCount = 0 }]) => [name, spanCount, errorCount])
}

function placeOf(traceId: string, spanId: string, startNs: string): string {
  return `${traceId.padStart(32, '0')} ${spanId.padStart(16, '0')} ${startNs}`
}

/** Every attribute that is shown is one that should be, and none is missing. */
function checkAttributes(place: string, shown: readonly Json[], wanted: readonly ShownAttribute[]) {
  const isOneOf = ({ key, value }: Json, { key: wantedKey, oneOf }: ShownAttribute) =>
    key === wantedKey &&
    oneOf.some(one => one.type === 'opaque' || textOf(renderValue(one)) === textOf(value))
  const unexpected = shown.filter(one => !wanted.some(other => isOneOf(one, other)))
  const missing = wanted.filter(other => !shown.some(one => isOneOf(one, other)))
  assert.equal({ place, unexpected, missing }, { place, unexpected: [], missing: [] })
}

/** What JSON has no number for is written in several ways. */
function textOf(value: Json): string {
  return JSON.stringify(value, (key, member) =>
    key === 'doubleValue' ? String(Number(member)) : member,
  )
}

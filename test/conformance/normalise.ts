import { createHash } from 'node:crypto'
import type { CorpusQuery, Json } from './corpus.ts'

/** Answers in the form of the corpus: times after the base time, lists without order sorted. */

/** An answer with more spans in all has digests of its span lists. */
const digestSpansMin = 120

export function normalise(
  query: CorpusQuery,
  status: number,
  body: string,
  baseSeconds: number,
): Json {
  if (status !== 200) return { status }
  const found = JSON.parse(body)
  const ignored = new Set(query.ignore)
  const names = (list: string[] = []) => list.filter(name => !ignored.has(name))
  switch (query.kind) {
    case 'search':
      return { status, ...search(query, found, baseSeconds) }
    case 'range':
    case 'instant':
      return { status, series: series(query, found, baseSeconds) }
    case 'tags1':
      return { status, tags: names(found.tagNames) }
    case 'tags2':
      return {
        status,
        scopes: Object.fromEntries(found.scopes.map((s: Json) => [s.name, names(s.tags)])),
      }
    case 'values1':
      return { status, values: found.tagValues }
    case 'values2':
      return { status, values: found.tagValues.map((v: Json) => [v.type ?? '', v.value ?? '']) }
  }
}

function series(query: CorpusQuery, found: Json, baseSeconds: number): Json[] {
  const list: Json[] = (found.series ?? []).map(({ labels, samples, value }: Json) => ({
    labels: attributes(labels ?? []),
    ...(query.kind === 'instant'
      ? { value: number(value) }
      : {
          samples: (samples ?? []).map((sample: Json) => [
            Number(sample.timestampMs ?? 0) - baseSeconds * 1000,
            number(sample.value),
          ]),
        }),
  }))
  return query.q?.includes('compare(') ? withoutAbsent(list) : list
}

/** A value of 0 is left out of JSON. */
function number(value: Json = 0): number | string {
  const result = Number(value)
  if (Number.isFinite(result)) return result
  return Number.isNaN(result) ? 'NaN' : result > 0 ? '+Inf' : '-Inf'
}

/** Without the attributes that no span has: `compare()` may list them. */
function withoutAbsent(list: Json[]): Json[] {
  const own = ({ labels }: Json): Json[] => labels.filter(([key]: Json) => !key.startsWith('__'))
  const present = new Set(
    list.flatMap(own).flatMap(([key, [, value]]: Json) => (value === 'nil' ? [] : [key])),
  )
  return list.filter(one => own(one).every(([key]: Json) => present.has(key)))
}

function search(query: CorpusQuery, found: Json, baseSeconds: number): Json {
  const traces = (found.traces ?? []).map((trace: Json) => traceOf(query, trace, baseSeconds))
  const lists = traces.flatMap((trace: Json) => trace.spanSets.map((set: Json) => set.spans))
  if (query.count_only) {
    return { n: traces.length, max_spans: Math.max(0, ...lists.map((list: Json) => list.length)) }
  }
  const order = query.ordered ? { order: traces.map((trace: Json) => trace.id) } : {}
  const spans = lists.reduce((sum: number, list: Json) => sum + list.length, 0)
  if (query.detail || spans <= digestSpansMin) return { traces, ...order }
  for (const set of traces.flatMap((trace: Json) => trace.spanSets)) {
    set.n = set.spans.length
    set.sha = createHash('sha256').update(set.spans.join()).digest('hex').slice(0, 12)
    delete set.spans
  }
  return { traces, ...order }
}

function traceOf(query: CorpusQuery, trace: Json, baseSeconds: number): Json {
  const baseNs = BigInt(baseSeconds) * 1_000_000_000n
  const sinceBase = (ns = '0') => Number(BigInt(ns) - baseNs)
  const spanSets = (trace.spanSets ?? []).map((set: Json) => {
    const spans = set.spans ?? []
    return {
      matched: set.matched ?? 0,
      spans: spans.map(spanId).sort(),
      ...(set.attributes?.length > 0 ? { attributes: attributes(set.attributes) } : {}),
      ...(query.detail
        ? {
            detail: Object.fromEntries(
              spans.map((span: Json) => [spanId(span), spanDetail(span, sinceBase)]),
            ),
          }
        : {}),
    }
  })
  const id = trace.traceID.padStart(32, '0')
  if (!query.detail) return { id, spanSets }
  const stats = Object.entries(trace.serviceStats ?? {}).map(([service, counts]: Json) => {
    return [service, [counts.spanCount ?? 0, counts.errorCount ?? 0]]
  })
  return {
    id,
    spanSets,
    rootServiceName: trace.rootServiceName ?? '',
    rootTraceName: trace.rootTraceName ?? '',
    durationMs: trace.durationMs ?? 0,
    start: sinceBase(trace.startTimeUnixNano),
    ...(query.detail === 'stats' ? { serviceStats: Object.fromEntries(stats) } : {}),
  }
}

function spanId(span: Json): string {
  return span.spanID.padStart(16, '0')
}

function spanDetail(span: Json, sinceBase: (ns?: string) => number): Json {
  return {
    name: span.name ?? '',
    dur: Number(span.durationNanos ?? 0),
    start: sinceBase(span.startTimeUnixNano),
    attributes: attributes(span.attributes ?? []),
  }
}

function attributes(list: Json[]): Json[] {
  return list.map(({ key, value }) => [key, plainValue(value)])
}

function plainValue(value: Json): Json {
  if ('intValue' in value) return ['int', Number(value.intValue)]
  if ('doubleValue' in value) return ['double', number(value.doubleValue)]
  if ('boolValue' in value) return ['bool', value.boolValue]
  if ('stringValue' in value) return ['string', value.stringValue]
  if ('arrayValue' in value) return ['array', (value.arrayValue.values ?? []).map(plainValue)]
  return ['none', null]
}

/** Both answers with their unordered lists sorted, and without names that may differ. */
export function comparable(expected: Json, found: Json): [Json, Json] {
  const nameless = new Set<string>()
  for (const trace of expected.traces ?? []) {
    for (const set of trace.spanSets) {
      for (const [id, detail] of Object.entries<Json>(set.detail ?? {})) {
        if (detail.name === '') nameless.add(`${trace.id}/${id}`)
      }
    }
  }
  for (const trace of found.traces ?? []) {
    for (const set of trace.spanSets) {
      for (const [id, detail] of Object.entries<Json>(set.detail ?? {})) {
        if (nameless.has(`${trace.id}/${id}`)) detail.name = ''
      }
    }
  }
  const want = sorted(withoutEmptySeries(expected), '')
  return [want, nearby(want, sorted(withoutEmptySeries(found), ''))]
}

/** Whether a count of nothing is a series of zeros depends on where the server has looked. */
function withoutEmptySeries(answer: Json): Json {
  if (answer.series === undefined) return answer
  const isEmpty = ({ labels, samples, value }: Json) =>
    labels.every(([key]: Json) => key === '__name__') &&
    (samples?.every(([, sample]: Json) => sample === 0) ?? value === 0)
  return { ...answer, series: answer.series.filter((one: Json) => !isEmpty(one)) }
}

/** Of the greater of two numbers: sums of floats depend on their order. */
const toleranceRelative = 1e-9

/** What was found, with the expected number wherever it is close enough to that. */
function nearby(expected: Json, found: Json): Json {
  if (typeof expected === 'number' && typeof found === 'number') {
    const apart = Math.abs(expected - found)
    const allowed = toleranceRelative * Math.max(Math.abs(expected), Math.abs(found))
    return !Number.isInteger(expected) && apart <= allowed ? expected : found
  }
  if (Array.isArray(found)) {
    return Array.isArray(expected) ? found.map((one, i) => nearby(expected[i], one)) : found
  }
  if (found === null || typeof found !== 'object') return found
  return Object.fromEntries(
    Object.entries(found).map(([key, value]) => [key, nearby(expected?.[key], value)]),
  )
}

/** Lists whose order says nothing. */
const setNames = new Set([
  ...['traces', 'spanSets', 'spans', 'attributes', 'series', 'labels'],
  ...['tags', 'values', 'scopes'],
])

/** Keys of objects in one order, and elements of sets. A value under a set's key is one as well. */
function sorted(value: Json, name: string): Json {
  if (Array.isArray(value)) {
    const elements = value.map(element => sorted(element, ''))
    if (!setNames.has(name)) return elements
    const keyed = elements.map(element => [JSON.stringify(element), element])
    return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, element]) => element)
  }
  if (value === null || typeof value !== 'object') return value
  const names = Object.keys(value).sort()
  const nameOf = (key: string) => (name === 'scopes' ? 'tags' : key)
  return Object.fromEntries(names.map(key => [key, sorted(value[key], nameOf(key))]))
}

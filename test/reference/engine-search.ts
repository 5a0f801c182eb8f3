import * as assert from 'uvu/assert'
import type {
  AttributeValue,
  SearchRequest,
  SpanHit,
  TraceHit,
} from '../../src/contract/queries.ts'
import { composeSearch } from '../../src/search/compose.ts'
import type { QuerySource } from '../../src/search/query-source.ts'
import { decodeValue, type PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { compileSpansetFilter } from '../../src/traceql/compile-filter.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { durationOf, serviceOf } from './field.ts'
import { type FoundSpan, type FoundTrace, search, serviceStatsOf } from './search.ts'
import { tracesOf } from './trace.ts'
import { type Scalar, textOf, type Value, valuesOfPlain } from './value.ts'

/** Holds a search of the engine against the reference. */

const never = new AbortController().signal

/** Fails with what differs. */
export async function checkSearch(
  sources: readonly QuerySource[],
  spans: readonly PlainSpan[],
  text: string,
  limit: number,
): Promise<void> {
  const query = validateQuery(parseQuery(text))
  const { spans: predicate, select } = compileSpansetFilter(query)
  const request: SearchRequest = {
    spans: predicate,
    ...{ traceAll: [], limit, spansPerSpanSet: spansMax, select },
  }
  const { hits } = await composeSearch(sources, request, never)
  const wanted = search(query, tracesOf(spans)).slice(0, limit)
  assert.equal(hits.map(answered), wanted.map(expected))
  for (const [i, hit] of hits.entries()) {
    const shown = wanted[i]!.spansets.flatMap(spanset => spanset.spans)
    for (const [at, span] of hit.spans.entries()) checkAttributes(span, shown[at]!)
  }
}

/** More than a random trace has. */
const spansMax = 100

/** A hit without the attributes of its spans. */
function answered(hit: TraceHit) {
  return {
    ...hit,
    serviceStats: hit.serviceStats.toSorted((a, b) => (a.service < b.service ? -1 : 1)),
    spans: hit.spans.map(({ attributes: _, ...span }) => span),
  }
}

/** What is found, in the form of a hit. */
function expected({ trace, spansets }: FoundTrace): ReturnType<typeof answered> {
  const [spanset] = spansets
  const { root } = trace
  return {
    traceId: trace.traceId,
    rootServiceName: root === null ? '' : serviceOf(root),
    rootName: root?.name ?? '',
    hasRoot: root !== null,
    startNs: String(trace.startNs),
    durationNs: String(trace.durationNs),
    spanCount: trace.spans.length,
    serviceStats: [...serviceStatsOf(trace)]
      .map(([service, { spans, errors }]) => ({ service, spans, errors }))
      .sort((a, b) => (a.service < b.service ? -1 : 1)),
    matched: spanset!.spans.length,
    spans: spanset!.spans.map(({ span }) => ({
      spanId: span.spanId,
      name: span.name,
      startNs: String(span.startNs),
      durationNs: String(durationOf(span)),
    })),
  }
}

/** Every attribute that is shown is one that should be, and none is missing. */
function checkAttributes(hit: SpanHit, { attributes }: FoundSpan): void {
  const allowed = attributes.map(({ key, oneOf }) => ({ key, texts: oneOf.map(shownText) }))
  const shown = hit.attributes.map(({ key, value }) => ({ key, text: answeredText(value) }))
  const fits = (one: (typeof shown)[number], other: (typeof allowed)[number]) =>
    one.key === other.key && other.texts.includes(one.text)
  const unexpected = shown.filter(one => !allowed.some(other => fits(one, other)))
  const missing = allowed.filter(other => !shown.some(one => fits(one, other)))
  assert.equal(
    { span: hit.spanId, unexpected, missing },
    { span: hit.spanId, unexpected: [], missing: [] },
  )
}

/** A value with its type as an answer shows it: an array of one element is that element. */
function shownText(value: Value): string {
  if (value.type === 'opaque') return 'opaque'
  if (value.type !== 'array') return scalarText(value)
  const elements = value.elements.map(shownText)
  return elements.length === 1 ? elements[0]! : `[${elements.join(', ')}]`
}

function scalarText(value: Scalar): string {
  switch (value.type) {
    case 'duration':
    case 'status':
    case 'kind':
      return `string ${textOf(value)}`
    case 'float':
      return `float ${Object.is(value.value, -0) ? '-0' : value.value}`
    default:
      return `${value.type} ${value.value}`
  }
}

function answeredText(value: AttributeValue): string {
  switch (value.type) {
    case 'int':
      return `int ${value.value}`
    case 'double':
      return scalarText({ type: 'float', value: value.value })
    case 'any':
      return valuesOfPlain(decodeValue(Buffer.from(value.value, 'base64')))
        .map(shownText)
        .join()
    default:
      return `${value.type} ${value.value}`
  }
}

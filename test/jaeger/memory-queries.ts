import type {
  AttributeValue,
  ReadStats,
  SearchRequest,
  SpanHit,
  TagValue,
  TimeRange,
  TraceHit,
  TraceQueries,
} from '../../src/contract/queries.ts'
import type { Operand } from '../../src/model/predicate.ts'
import { holds, valuesOf } from './memory-predicate.ts'
import type { MemorySpan, MemorySpans } from './memory-spans.ts'

/** The store that the Jaeger API asks, for tests: everything is looked at every time. */
export function memoryQueries(store: MemorySpans): TraceQueries {
  return {
    traceById: async (_tenant, { traceId }) => ({ trace: store.encoded(traceId), stats }),
    search: async (_tenant, request) => ({ hits: search(store, request), stats }),
    metrics: async () => ({ series: [], steps: 0, lanes: [], exemplars: [], stats }),
    tagNames: async () => ({ scopes: [], stats }),
    tagValues: async (_tenant, { operand, filter, range, limit }) => {
      const spans = store.all().filter(span => {
        return startsIn(span, range) && (filter === undefined || holds(store, span, filter))
      })
      const values = spans
        .flatMap(span => valuesOf(store, span, operand).map(toTagValue))
        // As in the store, a value that was never sent is not listed.
        .filter(({ value }) => value !== '')
      const distinct = new Map(values.map(value => [`${value.type} ${value.value}`, value]))
      const sorted = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
      return { values: limit === 0 ? sorted : sorted.slice(0, limit), stats }
    },
    operations: async (_tenant, { service, range }) => {
      const spans = store.all().filter(span => span.service === service && startsIn(span, range))
      const all = spans.map(({ sent }) => ({ name: sent.name, kind: sent.kind ?? 0 }))
      const distinct = new Map(all.map(each => [`${each.name}\0${each.kind}`, each]))
      return { operations: [...distinct.values()], stats }
    },
  }
}

const stats: ReadStats = {
  inspectedBytes: 0,
  storeReads: 0,
  inspectedTraces: 0,
  inspectedSpans: 0,
  totalBlocks: 0,
  totalBlockBytes: 0,
}

function startsIn(span: MemorySpan, range: TimeRange | undefined): boolean {
  if (range === undefined) return true
  return span.startNs >= BigInt(range.startNs) && span.startNs <= BigInt(range.endNs)
}

function toTagValue(value: unknown): TagValue {
  const types = { string: 'string', bigint: 'int', number: 'float', boolean: 'bool' } as const
  return { type: types[typeof value as keyof typeof types], value: String(value) }
}

function search(store: MemorySpans, request: SearchRequest): TraceHit[] {
  const { range } = request
  const hits: TraceHit[] = []
  for (const spans of store.byTrace.values()) {
    const matching = spans.filter(span => {
      return holds(store, span, request.spans) && (range?.of !== 'span' || startsIn(span, range))
    })
    const all = request.traceAll.every(each => spans.some(span => holds(store, span, each)))
    if (matching.length > 0 && all && overlaps(spans, range)) {
      hits.push(toHit(store, spans, matching, request))
    }
  }
  hits.sort((a, b) => (BigInt(a.startNs) > BigInt(b.startNs) ? -1 : 1))
  return hits.slice(0, request.limit)
}

function overlaps(spans: readonly MemorySpan[], range: TimeRange | undefined): boolean {
  if (range === undefined) return true
  const { startNs, endNs } = bounds(spans)
  return startNs <= BigInt(range.endNs) && endNs >= BigInt(range.startNs)
}

function bounds(spans: readonly MemorySpan[]): { startNs: bigint; endNs: bigint } {
  return {
    startNs: spans.map(span => span.startNs).sort((a, b) => Number(a - b))[0]!,
    endNs: spans.map(span => span.endNs).sort((a, b) => Number(b - a))[0]!,
  }
}

function toHit(
  store: MemorySpans,
  spans: readonly MemorySpan[],
  matching: readonly MemorySpan[],
  request: SearchRequest,
): TraceHit {
  const { startNs, endNs } = bounds(spans)
  const root = spans.find(span => span.parentId === '')
  const byService = Map.groupBy(spans, span => span.service)
  return {
    traceId: spans[0]!.traceId,
    rootServiceName: root?.service ?? '',
    rootName: root?.sent.name ?? '',
    hasRoot: root !== undefined,
    startNs: String(startNs),
    durationNs: String(endNs - startNs),
    spanCount: spans.length,
    serviceStats: [...byService].map(([service, members]) => ({
      service,
      spans: members.length,
      errors: members.filter(({ sent }) => sent.status?.code === 2).length,
    })),
    spanSets: [
      {
        matched: matching.length,
        spans: matching
          .slice(0, request.spansPerSpanSet)
          .map(span => toSpanHit(store, span, request.select)),
        attributes: [],
      },
    ],
  }
}

/** The names that the store gives to what is selected here. */
const shownKeys = new Map([['parentId', 'span:parentID']])

function toSpanHit(store: MemorySpans, span: MemorySpan, select: readonly Operand[]): SpanHit {
  return {
    spanId: span.spanId,
    name: span.sent.name,
    startNs: String(span.startNs),
    durationNs: String(span.endNs - span.startNs),
    attributes: select.flatMap(operand => {
      const key =
        operand.kind === 'attribute' ? operand.key : (shownKeys.get(operand.name) ?? operand.name)
      return valuesOf(store, span, operand)
        .slice(0, 1)
        .map(value => ({ key, value: { type: 'string', value: String(value) } as AttributeValue }))
    }),
  }
}

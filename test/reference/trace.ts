import {
  canonical,
  type PlainAttribute,
  type PlainSpan,
} from '../../src/storage/live/plain-spans-fixture.ts'

/** A span with its place in the tree of its trace. */
export interface TreeSpan extends PlainSpan {
  /** The whole trace, this span too. */
  readonly trace: Trace
  readonly childCount: number
  /** Nested-set numbers; 0 for what has no way up to a root. */
  readonly left: number
  readonly right: number
  /** `left` of the parent, -1 for a root. */
  readonly parentLeft: number
}

export interface Trace {
  readonly traceId: string
  /** By start, then id. */
  readonly spans: readonly TreeSpan[]
  readonly startNs: bigint
  readonly durationNs: bigint
  /** The earliest span without a parent. */
  readonly root: TreeSpan | null
}

/** Whole traces, by id. A span that was sent twice is there once. */
export function tracesOf(spans: readonly PlainSpan[]): Trace[] {
  const byTrace = new Map<string, Map<string, PlainSpan>>()
  for (const span of spans) {
    const known = byTrace.get(span.traceId) ?? new Map()
    byTrace.set(span.traceId, known.set(contentOf(span), span))
  }
  return [...byTrace.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([traceId, distinct]) => traceOf(traceId, [...distinct.values()]))
}

/** All that a span says, apart from the order of its attributes. */
function contentOf(span: PlainSpan): string {
  const list = (attributes: readonly PlainAttribute[]) =>
    attributes.map(({ key, value }) => `${JSON.stringify(key)}=${canonical(value)}`).sort()
  const { attributes, events, links, resource, scope, ...plain } = span
  const parts = [
    plain,
    [attributes, resource, scope].map(list),
    events.map(event => [event.timeNs, event.name, list(event.attributes)]),
    links.map(link => [link.traceId, link.spanId, list(link.attributes)]),
  ]
  return JSON.stringify(parts, (_key, part) => (typeof part === 'bigint' ? String(part) : part))
}

function traceOf(traceId: string, unsorted: readonly PlainSpan[]): Trace {
  const sorted = unsorted.toSorted(byStart)
  const startNs = sorted[0]!.startNs
  let endNs = startNs
  for (const span of sorted) {
    for (const timeNs of [span.startNs, span.endNs]) if (timeNs > endNs) endNs = timeNs
  }
  const spans: TreeSpan[] = []
  const trace = {
    traceId,
    spans,
    startNs,
    durationNs: endNs - startNs,
    root: null as TreeSpan | null,
  }
  for (const [i, place] of placesInTree(sorted).entries()) {
    spans.push({ ...sorted[i]!, ...place, trace })
  }
  trace.root = spans.find(span => span.parentId === '') ?? null
  return trace
}

/** By start, then id. */
export function byStart(a: PlainSpan, b: PlainSpan): number {
  if (a.startNs !== b.startNs) return a.startNs < b.startNs ? -1 : 1
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0
}

interface Place {
  childCount: number
  left: number
  right: number
  parentLeft: number
}

/**
 * Numbers the trees depth first, children in the order of `spans`. Of several spans with the id of
 * a parent the first is the parent. A cycle has no root; it counts as cut at its first span.
 */
function placesInTree(spans: readonly PlainSpan[]): Place[] {
  const places = spans.map((): Place => ({ childCount: 0, left: 0, right: 0, parentLeft: 0 }))
  const parents = spans.map((span, i) => {
    const parent = spans.findIndex(other => span.parentId !== '' && other.spanId === span.parentId)
    return parent === i ? -1 : parent
  })
  const seen = new Set<number>()
  let counter = 1
  const visit = (at: number, parentLeft: number, isRooted: boolean): void => {
    seen.add(at)
    const place = places[at]!
    if (isRooted) {
      place.left = counter++
      place.parentLeft = parentLeft
    }
    for (const [child, parent] of parents.entries()) {
      if (parent !== at || seen.has(child)) continue
      place.childCount++
      visit(child, place.left, isRooted)
    }
    if (isRooted) place.right = counter++
  }
  for (const [i, span] of spans.entries()) if (parents[i] === -1) visit(i, -1, span.parentId === '')
  for (const i of spans.keys()) if (!seen.has(i)) visit(i, -1, false)
  return places
}

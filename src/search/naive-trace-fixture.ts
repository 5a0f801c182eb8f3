import { canonical, type PlainSpan, type PlainValue } from '../storage/live/plain-spans-fixture.ts'

/** Whole traces over plain objects: what trees and search results say of them, the slow way. */

export interface NaiveSpan extends PlainSpan {
  readonly childCount: number
  readonly left: number
  readonly right: number
  /** Left of the parent, -1 for a root, 0 for what has no way to a root. */
  readonly parentLeft: number
}

export interface NaiveTrace {
  readonly traceId: string
  /** By start, then id. */
  readonly spans: readonly NaiveSpan[]
  readonly startNs: bigint
  readonly durationNs: bigint
  readonly root: PlainSpan | null
}

export function serviceOf(span: PlainSpan): string {
  for (const { key, value } of span.resource) {
    if (key === 'service.name' && value.type === 'string') return value.value
  }
  return ''
}

/** Signed 64-bit difference; a span that ends before it starts has 0. */
export function durationOf(span: PlainSpan): bigint {
  const difference = BigInt.asIntN(64, span.endNs - span.startNs)
  return difference < 0n ? 0n : difference
}

/** Two spans are one when all they say is the same; the order of attributes says nothing. */
export function identity(span: PlainSpan): string {
  const list = (attributes: PlainSpan['attributes']) =>
    attributes.map(a => `${JSON.stringify(a.key)}=${canonical(a.value as PlainValue)}`).sort()
  return JSON.stringify([
    span.traceId,
    span.spanId,
    span.parentId,
    span.name,
    span.kind,
    span.status,
    span.statusMessage,
    span.traceState,
    String(span.startNs),
    String(span.endNs),
    list(span.attributes),
    span.events.map(e => [String(e.timeNs), e.name, list(e.attributes)]),
    span.links.map(l => [l.traceId, l.spanId, list(l.attributes)]),
    list(span.resource),
    span.scopeName,
    span.scopeVersion,
    list(span.scope),
  ])
}

export function tracesOf(spans: readonly PlainSpan[]): NaiveTrace[] {
  const distinct = new Map(spans.map(span => [identity(span), span]))
  const byTrace = new Map<string, PlainSpan[]>()
  for (const span of distinct.values()) {
    byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span])
  }
  return [...byTrace.values()].map(makeTrace)
}

function byStart(a: PlainSpan, b: PlainSpan): number {
  if (a.startNs !== b.startNs) return a.startNs < b.startNs ? -1 : 1
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0
}

function makeTrace(unsorted: readonly PlainSpan[]): NaiveTrace {
  const sorted = [...unsorted].sort(byStart)
  const startNs = sorted[0]!.startNs
  let endNs = startNs
  for (const span of sorted) {
    for (const time of [span.startNs, span.endNs]) if (time > endNs) endNs = time
  }
  return {
    traceId: sorted[0]!.traceId,
    spans: numberTree(sorted),
    startNs,
    durationNs: endNs - startNs,
    root: sorted.find(span => span.parentId === '') ?? null,
  }
}

interface Numbers {
  childCount: number
  left: number
  right: number
  parentLeft: number
}

/** Depth-first numbers; what hangs below no root has zeros. */
function numberTree(sorted: readonly PlainSpan[]): NaiveSpan[] {
  const numbers: Numbers[] = sorted.map(() => ({
    childCount: 0,
    left: 0,
    right: 0,
    parentLeft: 0,
  }))
  const parentOf = sorted.map((span, i) => {
    const parent = sorted.findIndex(other => other.spanId === span.parentId)
    return span.parentId === '' || parent === i ? -1 : parent
  })
  const visited = new Set<number>()
  let counter = 1
  const visit = (at: number, parent: number, rooted: boolean): void => {
    visited.add(at)
    const own = numbers[at]!
    if (parent >= 0) numbers[parent]!.childCount++
    if (rooted) {
      own.left = counter++
      own.parentLeft = parent < 0 ? -1 : numbers[parent]!.left
    }
    for (let child = 0; child < sorted.length; child++) {
      if (parentOf[child] === at && !visited.has(child)) visit(child, at, rooted)
    }
    if (rooted) own.right = counter++
  }
  for (let i = 0; i < sorted.length; i++) {
    if (parentOf[i] === -1) visit(i, -1, sorted[i]!.parentId === '')
  }
  // Cycles: cut at their earliest span, which is an orphan.
  for (let i = 0; i < sorted.length; i++) if (!visited.has(i)) visit(i, -1, false)
  return sorted.map((span, i) => ({ ...span, ...numbers[i]! }))
}

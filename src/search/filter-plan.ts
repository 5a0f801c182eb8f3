import type { ColumnRef, ColumnSource, GroupNeed } from '../model/column-batch.ts'
import { Scope, type ScopeCode, ValueType } from '../model/columns.ts'
import type { AttributeScope, Intrinsic, Predicate } from '../model/predicate.ts'

/**
 * A predicate bound to the columns of one source: which columns each comparison reads, and what
 * has to be loaded for it. Pure data; nothing is read here.
 */

/** What a leaf has one value for. */
export type LeafDomain = 'span' | 'trace' | 'resource' | 'instrumentation' | 'event' | 'link'

export interface Leaf {
  readonly kind: 'leaf'
  readonly domain: LeafDomain
  readonly test: Extract<Predicate, { kind: 'compare' | 'exists' }>
  readonly key: string
  readonly refs: readonly ColumnRef[]
  /** Values that are computed instead of stored. */
  readonly computed: Intrinsic | null
  /** The text that an absent value stands for; null: absent values match nothing. */
  readonly absentText: string | null
}

export type PlanNode =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly PlanNode[] }
  | { readonly kind: 'not'; readonly part: PlanNode }
  /** Conditions that must hold on the same event or link. */
  | {
      readonly kind: 'sameItem'
      readonly domain: 'event' | 'link'
      readonly leaves: readonly Leaf[]
    }
  /** TraceQL's unscoped attribute: the span's value where it has one, else the resource's. */
  | {
      readonly kind: 'spanElseResource'
      readonly present: Leaf
      readonly span: Leaf
      readonly resource: Leaf
    }
  | Leaf

export interface FilterPlan {
  readonly root: PlanNode
  readonly columns: readonly ColumnRef[]
  readonly ownerColumns: readonly { readonly scope: ScopeCode; readonly ref: ColumnRef }[]
  readonly needs: ReadonlySet<GroupNeed>
}

export const scopeCodes: Record<AttributeScope, ScopeCode> = {
  span: Scope.span,
  resource: Scope.resource,
  event: Scope.event,
  link: Scope.link,
  instrumentation: Scope.instrumentation,
}

/** Depth of predicates: the parser refuses deeper ones, so recursion here is bounded. */
export function planFilter(source: ColumnSource, predicate: Predicate): FilterPlan {
  const root = planNode(source, predicate)
  const columns = new Map<number, ColumnRef>()
  const ownerColumns: { scope: ScopeCode; ref: ColumnRef }[] = []
  const needs = new Set<GroupNeed>()
  for (const leaf of leavesOf(root)) {
    collectNeeds(leaf, needs)
    for (const ref of leaf.refs) {
      if (leaf.domain === 'resource') ownerColumns.push({ scope: Scope.resource, ref })
      else if (leaf.domain === 'instrumentation')
        ownerColumns.push({ scope: Scope.instrumentation, ref })
      else columns.set(ref.id, ref)
    }
  }
  return { root, columns: [...columns.values()], ownerColumns, needs }
}

function planNode(source: ColumnSource, predicate: Predicate): PlanNode {
  switch (predicate.kind) {
    case 'constant':
      return predicate
    case 'or':
      return { kind: 'or', parts: predicate.parts.map(part => planNode(source, part)) }
    case 'not':
      return { kind: 'not', part: planNode(source, predicate.part) }
    case 'and':
      return planAnd(source, predicate.parts)
    default:
      return planTest(source, predicate)
  }
}

/**
 * Conditions on events (or links) that are direct parts of one `and` must meet on the same item;
 * one that stands alone is wrapped in an `and` of its own.
 */
function planAnd(source: ColumnSource, parts: readonly Predicate[]): PlanNode {
  const nodes: PlanNode[] = []
  const items: Record<'event' | 'link', Leaf[]> = { event: [], link: [] }
  for (const part of parts) {
    const node = planNode(source, part)
    if (node.kind === 'leaf' && (node.domain === 'event' || node.domain === 'link'))
      items[node.domain].push(node)
    else nodes.push(node)
  }
  for (const domain of ['event', 'link'] as const) {
    if (items[domain].length > 0) nodes.push({ kind: 'sameItem', domain, leaves: items[domain] })
  }
  return { kind: 'and', parts: nodes }
}

type Test = Leaf['test']

function planTest(source: ColumnSource, test: Test): PlanNode {
  const { operand } = test
  if (operand.kind === 'intrinsic') return intrinsicLeaf(source, test, operand.name)
  if (operand.scope !== 'any') return attributeLeaf(source, test, operand.scope, operand.key)
  const exists: Test = {
    kind: 'exists',
    operand: { kind: 'attribute', scope: 'span', key: operand.key },
  }
  const span = attributeLeaf(source, test, 'span', operand.key)
  const resource = attributeLeaf(source, test, 'resource', operand.key)
  if (span.refs.length === 0) return resource
  return {
    kind: 'spanElseResource',
    present: attributeLeaf(source, exists, 'span', operand.key),
    span,
    resource,
  }
}

function attributeLeaf(source: ColumnSource, test: Test, scope: AttributeScope, key: string): Leaf {
  // A resource without service.name counts as one with an empty name, as in Tempo.
  if (scope === 'resource' && key === 'service.name') {
    return leaf('resource', test, key, [source.intrinsic('resource.service')])
  }
  const code = scopeCodes[scope]
  return leaf(scope, test, key, [...source.columns(code, key), source.overflow(code)])
}

function leaf(
  domain: LeafDomain,
  test: Test,
  key: string,
  refs: readonly (ColumnRef | null)[],
  computed: Intrinsic | null = null,
  absentText: string | null = null,
): Leaf {
  return {
    kind: 'leaf',
    domain,
    test,
    key,
    refs: refs.filter(ref => ref !== null),
    computed,
    absentText,
  }
}

/** Where each intrinsic is stored, or that it is computed. */
export const intrinsicPlaces: Record<
  Intrinsic,
  { domain: LeafDomain; column: string | null; absentText?: string }
> = {
  name: { domain: 'span', column: 'span.name' },
  status: { domain: 'span', column: 'span.status' },
  statusMessage: { domain: 'span', column: 'statusMessage', absentText: '' },
  kind: { domain: 'span', column: 'span.kind' },
  duration: { domain: 'span', column: null },
  spanId: { domain: 'span', column: 'span.id' },
  parentId: { domain: 'span', column: null },
  childCount: { domain: 'span', column: null },
  traceId: { domain: 'trace', column: 'trace.id' },
  traceDuration: { domain: 'trace', column: null },
  rootName: { domain: 'trace', column: 'trace.rootName' },
  rootServiceName: { domain: 'trace', column: 'trace.rootService' },
  eventName: { domain: 'event', column: 'event.name' },
  eventTimeSinceStart: { domain: 'event', column: null },
  linkTraceId: { domain: 'link', column: 'link.ids' },
  linkSpanId: { domain: 'link', column: 'link.ids' },
  instrumentationName: { domain: 'instrumentation', column: 'scope.name' },
  instrumentationVersion: { domain: 'instrumentation', column: 'scope.version' },
  nestedSetLeft: { domain: 'span', column: null },
  nestedSetRight: { domain: 'span', column: null },
  nestedSetParent: { domain: 'span', column: null },
  traceState: { domain: 'span', column: 'traceState', absentText: '' },
}

function intrinsicLeaf(source: ColumnSource, test: Test, name: Intrinsic): Leaf {
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : source.intrinsic(place.column)
  const isFixed =
    ref !== null && ref.name.type >= ValueType.fixed8 && ref.name.type <= ValueType.fixed24
  const computed = place.column === null || isFixed ? name : null
  return leaf(place.domain, test, name, [ref], computed, place.absentText ?? null)
}

function collectNeeds(leaf: Leaf, needs: Set<GroupNeed>): void {
  if (leaf.domain === 'resource') needs.add('resources')
  if (leaf.domain === 'instrumentation') needs.add('scopes')
  if (leaf.domain === 'event') needs.add('events')
  if (leaf.domain === 'link') needs.add('links')
  if (leaf.domain === 'trace') needs.add('traceOfRow')
  switch (leaf.computed) {
    case 'duration':
      needs.add('durations')
      break
    case 'traceDuration':
      needs.add('traces')
      break
    case 'eventTimeSinceStart':
      needs.add('eventOffsets')
      break
    case 'parentId':
      needs.add('parents')
      break
    case 'childCount':
    case 'nestedSetLeft':
    case 'nestedSetRight':
    case 'nestedSetParent':
      needs.add('tree')
      break
    default:
  }
}

/** All leaves of a plan, in no particular order. */
export function leavesOf(root: PlanNode): Leaf[] {
  const leaves: Leaf[] = []
  const pending: PlanNode[] = [root]
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.kind === 'leaf') leaves.push(node)
    else if (node.kind === 'and' || node.kind === 'or') pending.push(...node.parts)
    else if (node.kind === 'not') pending.push(node.part)
    else if (node.kind === 'sameItem') leaves.push(...node.leaves)
    else if (node.kind === 'spanElseResource') leaves.push(node.present, node.span, node.resource)
  }
  return leaves
}

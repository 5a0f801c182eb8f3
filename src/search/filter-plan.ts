import type { ColumnRef, ColumnSource, GroupNeed } from '../model/column-batch.ts'
import { Scope, type ScopeCode, ValueType } from '../model/columns.ts'
import type {
  ArithmeticOp,
  AttributeScope,
  CompareOp,
  Intrinsic,
  Predicate,
  ValueExpression,
} from '../model/predicate.ts'
import { type AmongTest, comparesOf, joinComparisons } from './among.ts'
import { intrinsicPlaces, type LeafDomain, needsOf, scopeCodes } from './places.ts'
import { type Purpose, type ReadContext, type VectorReader, vectorReader } from './value/read.ts'

/**
 * A predicate bound to the columns of one source: which columns each comparison reads, and what
 * has to be loaded for it. Pure data; nothing is read here.
 */

export interface Leaf {
  readonly kind: 'leaf'
  readonly domain: LeafDomain
  readonly test: Extract<Predicate, { kind: 'compare' | 'exists' }> | AmongTest
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
  /** Some event or link passes, and none is denied. */
  | { readonly kind: 'noneOf'; readonly some: Leaf; readonly denied: Leaf }
  /** A comparison of two values that are read from the span. */
  | ValuesNode
  | Leaf

export interface ValuesNode {
  readonly kind: 'values'
  readonly op: Extract<Predicate, { kind: 'compareValues' }>['op']
  readonly left: ValueNode
  readonly right: ValueNode
}

export type ValueNode =
  | { readonly kind: 'operand'; readonly reader: VectorReader }
  | Extract<ValueExpression, { kind: 'literal' }>
  | {
      readonly kind: 'arithmetic'
      readonly op: ArithmeticOp
      readonly left: ValueNode
      readonly right: ValueNode
    }
  | { readonly kind: 'negative' | 'opposite'; readonly part: ValueNode }
  | { readonly kind: 'condition'; readonly root: PlanNode }

export interface FilterPlan {
  readonly root: PlanNode
  readonly columns: readonly ColumnRef[]
  readonly ownerColumns: readonly { readonly scope: ScopeCode; readonly ref: ColumnRef }[]
  readonly needs: ReadonlySet<GroupNeed>
}

/** Depth of predicates: the parser refuses deeper ones, so recursion here is bounded. */
export function planFilter(context: ReadContext, predicate: Predicate): FilterPlan {
  return describePlan(planNode(context, predicate))
}

/** The plan of a value: a `FilterPlan` for what has to be loaded, and how to compute it. */
export function planValue(
  context: ReadContext,
  expression: ValueExpression,
  purpose: 'computation' | 'grouping',
): { readonly node: ValueNode; readonly plan: FilterPlan } {
  const node = valueNode(context, expression, purpose)
  const nothing = { kind: 'literal', literal: { type: 'bool', value: false } } as const
  return { node, plan: describePlan({ kind: 'values', op: '=', left: node, right: nothing }) }
}

function describePlan(root: PlanNode): FilterPlan {
  const columns = new Map<number, ColumnRef>()
  const ownerColumns: { scope: ScopeCode; ref: ColumnRef }[] = []
  const needs = new Set<GroupNeed>()
  for (const leaf of leavesOf(root)) {
    for (const need of needsOf(leaf.domain, leaf.computed)) needs.add(need)
    for (const ref of leaf.refs) {
      if (leaf.domain === 'resource') ownerColumns.push({ scope: Scope.resource, ref })
      else if (leaf.domain === 'instrumentation')
        ownerColumns.push({ scope: Scope.instrumentation, ref })
      else columns.set(ref.id, ref)
    }
  }
  for (const reader of readersOf(root)) {
    for (const ref of reader.columns) columns.set(ref.id, ref)
    for (const need of reader.needs) needs.add(need)
  }
  return { root, columns: [...columns.values()], ownerColumns, needs }
}

function planNode(context: ReadContext, predicate: Predicate | AmongTest): PlanNode {
  switch (predicate.kind) {
    case 'constant':
      return predicate
    case 'or':
      return {
        kind: 'or',
        parts: joinComparisons(predicate.parts, '=').map(part => planNode(context, part)),
      }
    case 'not':
      return { kind: 'not', part: planNode(context, predicate.part) }
    case 'and':
      return planAnd(context, predicate.parts)
    case 'compareValues':
      return {
        kind: 'values',
        op: predicate.op,
        left: valueNode(context, predicate.left, 'comparison'),
        right: valueNode(context, predicate.right, 'comparison'),
      }
    default: {
      const node = planTest(context.source, predicate)
      const isItem = node.kind === 'leaf' && (node.domain === 'event' || node.domain === 'link')
      return isItem ? aloneNode(node) : node
    }
  }
}

/**
 * Conditions on events (or links) that are direct parts of one `and` must meet on the same item;
 * one that stands alone is wrapped in an `and` of its own.
 */
function planAnd(context: ReadContext, parts: readonly Predicate[]): PlanNode {
  const nodes: PlanNode[] = []
  const items: Record<'event' | 'link', Leaf[]> = { event: [], link: [] }
  const joined = joinComparisons(parts, '!=').flatMap((part): readonly (Predicate | AmongTest)[] =>
    part.kind === 'among' && mayHaveSeveral(planTest(context.source, part))
      ? comparesOf(part)
      : [part],
  )
  for (const part of joined) {
    const isTest = part.kind === 'compare' || part.kind === 'exists' || part.kind === 'among'
    const node = isTest ? planTest(context.source, part) : planNode(context, part)
    if (node.kind === 'leaf' && (node.domain === 'event' || node.domain === 'link'))
      items[node.domain].push(node)
    else nodes.push(node)
  }
  for (const domain of ['event', 'link'] as const) {
    const [only, ...more] = items[domain]
    if (only && more.length === 0) nodes.push(aloneNode(only))
    else if (only) nodes.push({ kind: 'sameItem', domain, leaves: items[domain] })
  }
  return { kind: 'and', parts: nodes }
}

/** Several values may be there, each of them not equal to another literal. */
function mayHaveSeveral(node: PlanNode): boolean {
  return leavesOf(node).some(
    ({ refs }) => refs.length > 1 || refs.some(({ name }) => name.type === ValueType.overflow),
  )
}

/** Alone, a negative condition on events (or links) holds when it does for all that compare. */
function aloneNode(leaf: Leaf): PlanNode {
  const { test } = leaf
  const opposite = test.kind === 'compare' ? opposites.get(test.op) : undefined
  if (test.kind !== 'compare' || opposite === undefined) return leaf
  return { kind: 'noneOf', some: leaf, denied: { ...leaf, test: { ...test, op: opposite } } }
}

const opposites: ReadonlyMap<CompareOp, CompareOp> = new Map([
  ['!=', '='],
  ['!~', '=~'],
])

/** Lists count as values only where they are compared as they are. */
function valueNode(context: ReadContext, expression: ValueExpression, purpose: Purpose): ValueNode {
  switch (expression.kind) {
    case 'literal':
      return expression
    case 'arithmetic':
      return {
        kind: 'arithmetic',
        op: expression.op,
        left: valueNode(context, expression.left, 'computation'),
        right: valueNode(context, expression.right, 'computation'),
      }
    case 'negative':
    case 'opposite':
      return { kind: expression.kind, part: valueNode(context, expression.part, 'computation') }
    case 'condition':
      return { kind: 'condition', root: planNode(context, expression.condition) }
    default:
      return { kind: 'operand', reader: vectorReader(context, expression, purpose) }
  }
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
  if (resource.refs.length === 0) return span
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

function intrinsicLeaf(source: ColumnSource, test: Test, name: Intrinsic): Leaf {
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : source.intrinsic(place.column)
  const isFixed =
    ref !== null && ref.name.type >= ValueType.fixed8 && ref.name.type <= ValueType.fixed24
  const computed = place.column === null || isFixed ? name : null
  return leaf(place.domain, test, name, [ref], computed, place.absentText ?? null)
}

/** All leaves of a plan, in no particular order. */
export function leavesOf(root: PlanNode): Leaf[] {
  const leaves: Leaf[] = []
  for (const node of nodesOf(root)) {
    if (node.kind === 'leaf') leaves.push(node)
    else if (node.kind === 'sameItem') leaves.push(...node.leaves)
    else if (node.kind === 'noneOf') leaves.push(node.some, node.denied)
    else if (node.kind === 'spanElseResource') leaves.push(node.present, node.span, node.resource)
  }
  return leaves
}

/** Comparisons between values, those inside others first. */
export function valuesNodesOf(root: PlanNode | ValueNode): ValuesNode[] {
  // Nodes are met before what is inside them.
  return nodesOf(root)
    .filter(node => node.kind === 'values')
    .reverse()
}

function readersOf(root: PlanNode): VectorReader[] {
  return nodesOf(root).flatMap(node => (node.kind === 'operand' ? [node.reader] : []))
}

/** All nodes of a plan, in no particular order. */
function nodesOf(root: PlanNode | ValueNode): (PlanNode | ValueNode)[] {
  const nodes: (PlanNode | ValueNode)[] = []
  const pending: (PlanNode | ValueNode)[] = [root]
  for (let node = pending.pop(); node; node = pending.pop()) {
    nodes.push(node)
    if (node.kind === 'and' || node.kind === 'or') pending.push(...node.parts)
    else if (node.kind === 'not' || node.kind === 'negative' || node.kind === 'opposite')
      pending.push(node.part)
    else if (node.kind === 'values' || node.kind === 'arithmetic')
      pending.push(node.left, node.right)
    else if (node.kind === 'condition') pending.push(node.root)
  }
  return nodes
}

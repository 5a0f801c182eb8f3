import type { ColumnGroup, ColumnSource, OwnerGroup, Vector } from '../model/column-batch.ts'
import { Scope } from '../model/columns.ts'
import { textAmongTest } from './among.ts'
import { type BoundTests, markTest } from './bound-tests.ts'
import { markComputed } from './computed.ts'
import type { FilterPlan, Leaf, PlanNode, ValuesNode } from './filter-plan.ts'
import type { Mask } from './kernels.ts'
import * as kernels from './kernels.ts'
import type { Pause } from './scan-watch.ts'
import { textTest } from './value-test.ts'

/** Owner tables that a plan needs, loaded once per source. */
export interface Owners {
  readonly resource: OwnerGroup | null
  readonly instrumentation: OwnerGroup | null
}

export async function loadOwners(source: ColumnSource, plan: FilterPlan): Promise<Owners> {
  const of = async (scope: typeof Scope.resource | typeof Scope.instrumentation) => {
    const refs = plan.ownerColumns
      .filter(column => column.scope === scope)
      .map(column => column.ref)
    return refs.length > 0 ? source.owners(scope, refs) : null
  }
  return { resource: await of(Scope.resource), instrumentation: await of(Scope.instrumentation) }
}

/** What is known of a plan in one group before its rows are looked at. */
export interface Evaluation {
  readonly bound: BoundTests
  readonly owners: Owners
  /** Results of comparisons between values. */
  readonly values: ReadonlyMap<ValuesNode, Mask>
  readonly pause: Pause
}

/** One byte per row of the group: 1 where the plan holds. */
export async function evaluate(
  node: PlanNode,
  group: ColumnGroup,
  known: Evaluation,
): Promise<Mask> {
  const { bound, owners, pause } = known
  switch (node.kind) {
    case 'constant':
      return new Uint8Array(group.rows).fill(node.value ? 1 : 0)
    case 'not': {
      const mask = await evaluate(node.part, group, known)
      kernels.not(mask)
      return mask
    }
    case 'and': {
      if (node.parts.some(holdsNowhere)) return new Uint8Array(group.rows)
      const mask = new Uint8Array(group.rows).fill(1)
      for (const part of node.parts) {
        await pause()
        kernels.and(mask, await evaluate(part, group, known))
        // Nothing is left that another column could take away.
        if (!mask.includes(1)) break
      }
      return mask
    }
    case 'or': {
      const mask = new Uint8Array(group.rows)
      for (const part of node.parts) {
        if (holdsNowhere(part)) continue
        await pause()
        kernels.or(mask, await evaluate(part, group, known))
      }
      return mask
    }
    case 'sameItem':
      return sameItem(node.domain, node.leaves, group, bound)
    case 'noneOf': {
      const mask = evaluateLeaf(node.some, group, bound, owners)
      kernels.andNot(mask, evaluateLeaf(node.denied, group, bound, owners))
      return mask
    }
    case 'spanElseResource': {
      const mask = evaluateLeaf(node.resource, group, bound, owners)
      kernels.andNot(mask, evaluateLeaf(node.present, group, bound, owners))
      kernels.or(mask, evaluateLeaf(node.span, group, bound, owners))
      return mask
    }
    case 'values':
      // A copy: masks are changed in place.
      return known.values.get(node)!.slice()
    default:
      return evaluateLeaf(node, group, bound, owners)
  }
}

/** A condition on what no span of the source has. */
function holdsNowhere(node: PlanNode): boolean {
  if (node.kind === 'constant') return !node.value
  if (node.kind !== 'leaf') return false
  return node.refs.length === 0 && node.computed === null && node.absentText === null
}

function evaluateLeaf(leaf: Leaf, group: ColumnGroup, bound: BoundTests, owners: Owners): Mask {
  const out = new Uint8Array(group.rows)
  switch (leaf.domain) {
    case 'event':
    case 'link':
      return sameItem(leaf.domain, [leaf], group, bound)
    case 'resource':
      markOwners(leaf, owners.resource, bound, group.ownerOfRow(Scope.resource), out)
      return out
    case 'instrumentation':
      markOwners(leaf, owners.instrumentation, bound, group.ownerOfRow(Scope.instrumentation), out)
      return out
    case 'trace': {
      const marked = new Uint8Array(group.traces)
      markItems(leaf, group, bound, marked)
      kernels.markByTrace(group.traceOfRow(), marked, out)
      return out
    }
    default:
      markItems(leaf, group, bound, out)
      return out
  }
}

function markItems(leaf: Leaf, group: ColumnGroup, bound: BoundTests, out: Mask): void {
  if (leaf.computed !== null) {
    markComputed(leaf, group, out)
    return
  }
  if (leaf.absentText !== null) markAbsent(leaf, group, out)
  const tests = bound.get(leaf)!
  for (const ref of leaf.refs) {
    const vector = group.vector(ref)
    if (vector) markTest(tests.get(ref.id)!, vector, out)
  }
}

/** Items without a stored value count as having `absentText`. */
function markAbsent(leaf: Leaf, group: ColumnGroup, out: Mask): void {
  const { test } = leaf
  const absent = Buffer.from(leaf.absentText ?? '')
  const holds =
    test.kind === 'exists' ||
    (test.kind === 'among' ? textAmongTest(test) : textTest(test.op, test.literal))(absent)
  if (!holds) return
  out.fill(1)
  for (const ref of leaf.refs) {
    const vector = group.vector(ref)
    if (!vector) continue
    const present = new Uint8Array(out.length)
    kernels.markPresent(vector, present)
    kernels.andNot(out, present)
  }
}

function markOwners(
  leaf: Leaf,
  owners: OwnerGroup | null,
  bound: BoundTests,
  ownerOfRow: Vector,
  out: Mask,
): void {
  if (!owners) return
  const marked = new Uint8Array(owners.count)
  const tests = bound.get(leaf)!
  for (const ref of leaf.refs) {
    const vector = owners.vector(ref)
    if (vector) markTest(tests.get(ref.id)!, vector, marked)
  }
  kernels.markByOwner(ownerOfRow, marked, out)
}

/** Rows with an event (link) on which every leaf holds. */
function sameItem(
  domain: 'event' | 'link',
  leaves: readonly Leaf[],
  group: ColumnGroup,
  bound: BoundTests,
): Mask {
  const out = new Uint8Array(group.rows)
  const rows = group.itemRows(domain)
  const all = new Uint8Array(rows.length).fill(1)
  for (const leaf of leaves) {
    const marked = new Uint8Array(rows.length)
    markItems(leaf, group, bound, marked)
    kernels.and(all, marked)
  }
  kernels.markByItem(rows, all, out)
  return out
}

import type { Relation, StructuralOp } from '../../src/traceql/ast.ts'
import type { TreeSpan } from './trace.ts'

/** Spans of the right side, and of the left one too where the operator begins with `&`. */
export function joinByStructure(
  op: StructuralOp,
  left: readonly TreeSpan[],
  right: readonly TreeSpan[],
): TreeSpan[] {
  const isRelated = relations[relationOf(op)]
  const hasLeft = (span: TreeSpan) => left.some(other => isRelated(span, other))
  if (op.startsWith('!')) return right.filter(span => !hasLeft(span))
  const found = right.filter(hasLeft)
  if (!op.startsWith('&')) return found
  return [...found, ...left.filter(other => right.some(span => isRelated(span, other)))]
}

function relationOf(op: StructuralOp): Relation {
  return op.replace(/^[!&]/, '') as Relation
}

/**
 * What a span of the right side is of one of the left side. Spans without a way up to a root have
 * zeros for their places, and are in no relation to any.
 */
const relations: Readonly<Record<Relation, (span: TreeSpan, other: TreeSpan) => boolean>> = {
  '>': isChild,
  '<': (span, other) => isChild(other, span),
  '>>': isDescendant,
  '<<': (span, other) => isDescendant(other, span),
  '~': (span, other) =>
    span !== other && span.parentLeft !== 0 && span.parentLeft === other.parentLeft,
}

function isChild(span: TreeSpan, other: TreeSpan): boolean {
  return other.left !== 0 && span.parentLeft === other.left
}

function isDescendant(span: TreeSpan, other: TreeSpan): boolean {
  return span.left !== 0 && other.left !== 0 && span.left > other.left && span.right < other.right
}

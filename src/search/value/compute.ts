import type { ColumnGroup } from '../../model/column-batch.ts'
import type { Literal } from '../../model/predicate.ts'
import type { BoundTests } from '../bound-tests.ts'
import { evaluate, type Owners } from '../evaluate.ts'
import { type PlanNode, type ValueNode, type ValuesNode, valuesNodesOf } from '../filter-plan.ts'
import type { Mask } from '../kernels.ts'
import { combine, negative, opposite } from './arithmetic.ts'
import { compareVectors } from './compare.ts'
import type { ReadContext } from './read.ts'
import { constantVector, Kind, type ValueVector, VectorBuilder } from './value-vector.ts'

interface Known {
  readonly bound: BoundTests
  readonly owners: Owners
}

/** Results of all comparisons between values in a plan; the inner ones first. */
export async function compareValuesIn(
  place: ComparePlace,
  root: PlanNode | ValueNode,
): Promise<Map<ValuesNode, Mask>> {
  const values = new Map<ValuesNode, Mask>()
  for (const node of valuesNodesOf(root)) {
    const inner = { ...place, known: { ...place.known, values } }
    const left = await computeValue(inner, node.left)
    const right = await computeValue(inner, node.right)
    values.set(node, compareVectors(node.op, left, right, place.group.rows, place.context.texts))
  }
  return values
}

interface ComparePlace {
  readonly context: ReadContext
  readonly group: ColumnGroup
  readonly index: number
  readonly known: Known
}

interface ValuePlace extends ComparePlace {
  readonly known: Known & { readonly values: ReadonlyMap<ValuesNode, Mask> }
  /** Rows whose values are needed; absent: all. */
  readonly mask?: Mask
}

/** The values of an expression in a loaded group. Recursion is bounded by the parser. */
export async function computeValue(place: ValuePlace, node: ValueNode): Promise<ValueVector> {
  const { context, group, index, known, mask } = place
  switch (node.kind) {
    case 'operand':
      return node.reader.read(group, index, mask ?? null)
    case 'literal':
      return literalVector(context, node.literal, group.rows)
    case 'negative':
      return negative(await computeValue(place, node.part))
    case 'opposite':
      return opposite(await computeValue(place, node.part))
    case 'condition': {
      const holds = evaluate(node.root, group, known)
      return {
        ...constantVector(group.rows, Kind.bool, 0),
        numbers: Float64Array.from(holds),
      }
    }
    default: {
      const left = await computeValue(place, node.left)
      return combine(node.op, left, await computeValue(place, node.right))
    }
  }
}

function literalVector({ texts }: ReadContext, literal: Literal, rows: number): ValueVector {
  switch (literal.type) {
    case 'string':
      return constantVector(rows, Kind.text, texts.internText(literal.value))
    case 'float':
      return constantVector(rows, Kind.float, literal.value)
    case 'bool':
      return constantVector(rows, Kind.bool, literal.value ? 1 : 0)
    default: {
      const value = BigInt(literal.value)
      if (Number.isSafeInteger(Number(value))) return constantVector(rows, Kind.int, Number(value))
      const out = new VectorBuilder(rows)
      for (let row = 0; row < rows; row++) out.setInt(row, value)
      return out.finish()
    }
  }
}

import type { ColumnGroup } from '../../model/column-batch.ts'
import type { BoundTests } from '../bound-tests.ts'
import { evaluate, type Owners } from '../evaluate.ts'
import { type PlanNode, type ValueNode, type ValuesNode, valuesNodesOf } from '../filter-plan.ts'
import type { Mask } from '../kernels.ts'
import { combine, negative, opposite } from './arithmetic.ts'
import { compareVectors } from './compare.ts'
import type { ReadContext, VectorReader } from './read.ts'
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
  const inner = { ...place, known: { ...place.known, values }, read: new Map() }
  for (const node of valuesNodesOf(root)) {
    const [left, right] = await computeBoth(inner, node)
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
  /** Operands that were read before. */
  readonly read?: Map<VectorReader, ValueVector>
}

/** Vectors that are kept for another place of the same expression. */
const operandsKeptMax = 16

/** The values of an expression in a loaded group. Recursion is bounded by the parser. */
export async function computeValue(place: ValuePlace, node: ValueNode): Promise<ValueVector> {
  const { context, group, index, known, mask } = place
  switch (node.kind) {
    case 'operand': {
      const known = place.read?.get(node.reader)
      if (known) return known
      const vector = await node.reader.read(group, index, mask ?? null)
      if (place.read && place.read.size < operandsKeptMax) place.read.set(node.reader, vector)
      return vector
    }
    case 'literal':
      return literalVector(context, node, group.rows)
    case 'negative':
      return negative(await computeValue(place, node.part))
    case 'opposite':
      return opposite(await computeValue(place, node.part))
    case 'condition': {
      const holds = await evaluate(node.root, group, { ...known, pause: context.pause })
      return {
        ...constantVector(group.rows, Kind.bool, 0),
        numbers: Float64Array.from(holds),
      }
    }
    default: {
      const [left, right] = await computeBoth(place, node)
      const spare = isOwn(node.left) ? left : isOwn(node.right) ? right : null
      return combine(node.op, left, right, spare)
    }
  }
}

/** Made for the expression around it alone. */
function isOwn(node: ValueNode): boolean {
  return node.kind === 'arithmetic' || node.kind === 'negative'
}

/** The side that needs more vectors at a time first, so that a few are enough for any expression. */
async function computeBoth(
  place: ValuePlace,
  { left, right }: { readonly left: ValueNode; readonly right: ValueNode },
): Promise<[ValueVector, ValueVector]> {
  await place.context.pause()
  if (vectorsOf(right) <= vectorsOf(left)) {
    const first = await computeValue(place, left)
    return [first, await computeValue(place, right)]
  }
  const second = await computeValue(place, right)
  return [await computeValue(place, left), second]
}

const vectorsOfNodes = new WeakMap<ValueNode, number>()

/** How many vectors exist at a time while a value is computed. */
function vectorsOf(node: ValueNode): number {
  const known = vectorsOfNodes.get(node)
  if (known !== undefined) return known
  let count = 1
  if (node.kind === 'negative' || node.kind === 'opposite') count = vectorsOf(node.part)
  if (node.kind === 'arithmetic') {
    const [left, right] = [vectorsOf(node.left), vectorsOf(node.right)]
    count = left === right ? left + 1 : Math.max(left, right)
  }
  vectorsOfNodes.set(node, count)
  return count
}

function literalVector(
  { texts }: ReadContext,
  { literal, isDuration }: Extract<ValueNode, { kind: 'literal' }>,
  rows: number,
): ValueVector {
  switch (literal.type) {
    case 'string':
      return constantVector(rows, Kind.text, texts.internText(literal.value))
    case 'float':
      return constantVector(rows, Kind.float, literal.value)
    case 'bool':
      return constantVector(rows, Kind.bool, literal.value ? 1 : 0)
    default: {
      const value = BigInt(literal.value)
      const kind = isDuration ? Kind.duration : Kind.int
      if (Number.isSafeInteger(Number(value))) return constantVector(rows, kind, Number(value))
      const out = new VectorBuilder(rows)
      for (let row = 0; row < rows; row++) out.setInt(row, value, kind)
      return out.finish()
    }
  }
}

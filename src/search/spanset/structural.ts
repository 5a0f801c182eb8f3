import type { TreeColumns } from '../../model/column-batch.ts'
import type { Relation, StructuralForm } from '../../model/spanset.ts'
import { type Mask, or } from '../kernels.ts'
import type { Spansets } from './spansets.ts'
import { related } from './tree-relations.ts'

const reversed: Readonly<Record<Relation, Relation>> = {
  '>': '<',
  '>>': '<<',
  '<': '>',
  '<<': '>>',
  '~': '~',
}

/** The rows that `left relation right` leaves. */
export function structural(
  relation: Relation,
  form: StructuralForm,
  tree: TreeColumns,
  left: Mask,
  right: Mask,
  sets: Spansets,
): Mask {
  const out = related(relation, tree, { left, right, sets })
  switch (form) {
    case 'right':
      return out
    case 'not':
      for (let row = 0; row < out.length; row++) out[row] = right[row]! & (out[row]! ^ 1)
      return out
    default:
      // Who of the left took part: those that are in the reversed relation with some of the right.
      or(out, related(reversed[relation], tree, { left: right, right: left, sets }))
      return out
  }
}

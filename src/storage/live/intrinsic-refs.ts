import type { ColumnRef } from '../../model/column-batch.ts'
import { Scope } from '../../model/columns.ts'
import { type IntrinsicColumn, intrinsicColumns } from '../block/format.ts'

/** Built-in columns of a live segment under the names they have in blocks. */

const keys = Object.keys(intrinsicColumns) as IntrinsicColumn[]

/** Ids of intrinsic columns lie above those of attribute columns. */
export const intrinsicIdBase = 100_000

export function intrinsicKeyOf(ref: ColumnRef): IntrinsicColumn {
  return keys[ref.id - intrinsicIdBase]!
}

export function intrinsicRef(key: string): ColumnRef | null {
  const index = keys.indexOf(key as IntrinsicColumn)
  if (index < 0) return null
  const type = intrinsicColumns[key as IntrinsicColumn]
  return { id: intrinsicIdBase + index, name: { scope: Scope.intrinsic, key, type, occurrence: 0 } }
}

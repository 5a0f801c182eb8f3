import type { ColumnRef, Values, Vector } from '../../model/column-batch.ts'
import { Scope } from '../../model/columns.ts'
import type { BlockFile } from './block-file.ts'
import type { DecodedChunk } from './decode.ts'
import { isOwnerScope } from './format.ts'

export function toVector(chunk: DecodedChunk, items: Uint32Array | null): Vector {
  const count = chunk.width > 0 ? chunk.values.length / chunk.width : chunk.values.length
  return {
    count,
    values: chunk.values,
    base: chunk.base,
    divisor: chunk.divisor,
    items,
    width: chunk.width,
  }
}

/** True for columns whose chunks lie in the owner group. */
export function isOwnerColumn(ref: ColumnRef): boolean {
  const { scope, key } = ref.name
  if (scope !== Scope.intrinsic) return isOwnerScope(scope)
  return key.startsWith('resource.') || key.startsWith('scope.')
}

/** Gives each value of an attribute column its item, from the items' shapes. */
export function presentVector(
  file: BlockFile,
  ref: ColumnRef,
  values: Vector,
  shapes: Vector,
): Vector {
  if (values.count === shapes.count) return values
  const { has } = presenceOf(file, ref.id)
  const items = new Uint32Array(values.count)
  let n = 0
  for (let i = 0; i < shapes.count; i++)
    if (has[shapes.values[i]! + shapes.base] === 1) items[n++] = i
  return { ...values, items }
}

/** Which items carry a column. */
interface Presence {
  /** Shape -> 1 where it has the column. */
  readonly has: Uint8Array
  /** A column that the same items carry: what is known of it holds for all of these. */
  readonly like: number
}

const presences = new WeakMap<BlockFile, readonly Presence[]>()

export function presenceOf(file: BlockFile, column: number): Presence {
  let known = presences.get(file)
  if (known === undefined) {
    known = allPresences(file)
    presences.set(file, known)
  }
  return known[column]!
}

function allPresences({ f: { shapeEnd, shapeColumn }, columns }: BlockFile): Presence[] {
  const shapesOf: number[][] = columns.map(() => [])
  for (let shape = 0, at = 0; shape < shapeEnd.length; shape++) {
    for (; at < shapeEnd[shape]!; at++) shapesOf[shapeColumn[at]!]!.push(shape)
  }
  const known = new Map<string, Presence>()
  return shapesOf.map((shapes, column) => {
    const key = shapes.join()
    let presence = known.get(key)
    if (presence === undefined) {
      const has = new Uint8Array(shapeEnd.length)
      for (const shape of shapes) has[shape] = 1
      presence = { has, like: column }
      known.set(key, presence)
    }
    return presence
  })
}

/** Plain numbers, one per item. */
export function dense(values: Values): Vector {
  return { count: values.length, values, base: 0, divisor: 1, items: null, width: 0 }
}

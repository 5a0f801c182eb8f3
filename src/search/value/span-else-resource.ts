import { copyValue, Kind, type ValueVector, VectorBuilder } from './value-vector.ts'

/** The span's values where it has any, else those of its resource. */
export function spanElseResource(
  span: ValueVector,
  resource: ValueVector,
  rows: number,
): ValueVector {
  if (span.items === null && resource.items === null) {
    const out = new VectorBuilder(rows)
    for (let row = 0; row < rows; row++) {
      copyValue(span.kinds[row] === Kind.none ? resource : span, row, out, row)
    }
    return out.finish()
  }
  const own = new Uint8Array(rows)
  const rowOf = (vector: ValueVector, i: number) => vector.items?.rows[i] ?? i
  for (let i = 0; i < span.kinds.length; i++) {
    if (span.kinds[i] !== Kind.none) own[rowOf(span, i)] = 1
  }
  const parts: { row: number; from: ValueVector; at: number }[] = []
  for (const from of [span, resource]) {
    for (let at = 0; at < from.kinds.length; at++) {
      const row = rowOf(from, at)
      const counts = from === span || own[row] === 0
      if (counts && from.kinds[at] !== Kind.none) parts.push({ row, from, at })
    }
  }
  parts.sort((a, b) => a.row - b.row)
  const out = new VectorBuilder(parts.length)
  for (const [i, { from, at }] of parts.entries()) copyValue(from, at, out, i)
  const itemRows = Uint32Array.from(parts, part => part.row)
  const ofList = Uint8Array.from(parts, ({ from, at }) => from.ofList?.[at] ?? 0)
  return { ...out.finish({ of: 'element', rows: itemRows }), ofList }
}

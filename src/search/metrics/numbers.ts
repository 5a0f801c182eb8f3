import type { ColumnGroup, Vector } from '../../model/column-batch.ts'
import type { Operand } from '../../model/predicate.ts'
import type { Room } from '../room.ts'
import type { VectorReader } from '../value/read.ts'
import { firstPerRow, isNumberKind, Kind } from '../value/value-vector.ts'

/** The numbers of an operand at some rows; durations in nanoseconds. */
export interface RowNumbers {
  /** NaN: no number. */
  readonly numbers: Float64Array
  /** 1 where the number is a float; null: none is. */
  readonly isFloat: Uint8Array | null
}

/** `room`: for the numbers. */
export async function readNumbers(
  room: Room<Float64Array>,
  operand: Operand,
  reader: VectorReader,
  group: ColumnGroup,
  index: number,
  rows: Uint32Array,
): Promise<RowNumbers> {
  // Every span has a duration: no need to ask each.
  if (operand.kind === 'intrinsic' && operand.name === 'duration') {
    return { numbers: numbersAt(room.take(rows.length), group.durations(), rows), isFloat: null }
  }
  const values = firstPerRow(await reader.read(group, index, null), group.rows)
  const numbers = room.take(rows.length)
  const isFloat = new Uint8Array(rows.length)
  for (let i = 0; i < numbers.length; i++) {
    const row = rows[i]!
    const kind = values.kinds[row]!
    numbers[i] = isNumberKind(kind) ? values.numbers[row]! : Number.NaN
    if (kind === Kind.float) isFloat[i] = 1
  }
  return { numbers, isFloat }
}

function numbersAt(out: Float64Array, { values, base }: Vector, rows: Uint32Array): Float64Array {
  if (rows.length === values.length) {
    for (let i = 0; i < out.length; i++) out[i] = values[i]! + base
    return out
  }
  for (let i = 0; i < out.length; i++) out[i] = values[rows[i]!]! + base
  return out
}

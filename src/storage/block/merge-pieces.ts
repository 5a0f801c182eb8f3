import { assert } from '../../base/assert.ts'
import type { Values } from '../../model/column-batch.ts'
import { ValueType } from '../../model/columns.ts'
import type { DecodedChunk } from './decode.ts'
import { fixedBytes } from './format.ts'
import type { MergeColumn } from './merge-columns.ts'
import type { MergeSlot } from './merge-slot.ts'

/** A piece is four numbers: slot, first value, count, and what is added to values that are rows. */
const pieceNumbers = 4

/** Stretches of a column's values, one after another in the order of the output. */
export class Pieces {
  readonly #numbers: number[] = []
  count = 0

  add(slot: number, first: number, count: number, shift: number): void {
    if (count === 0) return
    const numbers = this.#numbers
    const last = numbers.length - pieceNumbers
    this.count += count
    if (
      last >= 0 &&
      numbers[last] === slot &&
      numbers[last + 1]! + numbers[last + 2]! === first &&
      numbers[last + 3] === shift
    ) {
      numbers[last + 2] = numbers[last + 2]! + count
    } else numbers.push(slot, first, count, shift)
  }

  /** Calls `visit` for each piece with the place in the output of its first value. */
  each(
    visit: (slot: number, first: number, count: number, shift: number, at: number) => void,
  ): void {
    const numbers = this.#numbers
    let at = 0
    for (let i = 0; i < numbers.length; i += pieceNumbers) {
      const count = numbers[i + 2]!
      visit(numbers[i]!, numbers[i + 1]!, count, numbers[i + 3]!, at)
      at += count
    }
  }
}

export function chunkOfPiece(column: MergeColumn, slot: MergeSlot): DecodedChunk {
  const chunk = slot.chunk(column.inputs[slot.input]!)
  assert(chunk, 'an input has the chunk that its rows need')
  return chunk
}

/** Whole numbers as they are; those that are rows (`moves`) by the shift of their piece. */
export function gatherWhole(
  column: MergeColumn,
  slots: readonly MergeSlot[],
  pieces: Pieces,
  moves: boolean,
): Uint32Array {
  const out = new Uint32Array(pieces.count)
  pieces.each((slot, first, count, shift, at) => {
    const { values, base } = chunkOfPiece(column, slots[slot]!)
    copyWhole(values, moves ? base + shift : base, first, count, out, at)
  })
  return out
}

/** Codes of an input through the table that `tableOf` gives for it. */
export function gatherCodes(
  column: MergeColumn,
  slots: readonly MergeSlot[],
  pieces: Pieces,
  tableOf: (slot: number) => Uint32Array,
): Uint32Array {
  const tables: Uint32Array[] = []
  const out = new Uint32Array(pieces.count)
  pieces.each((slot, first, count, _shift, at) => {
    const { values, base } = chunkOfPiece(column, slots[slot]!)
    tables[slot] ??= tableOf(slot)
    copyCodes(values, base, first, count, tables[slot]!, out, at)
  })
  return out
}

export function gatherNumbers(
  column: MergeColumn,
  slots: readonly MergeSlot[],
  pieces: Pieces,
): Float64Array {
  const out = new Float64Array(pieces.count)
  pieces.each((slot, first, count, _shift, at) => {
    const { values, base, divisor } = chunkOfPiece(column, slots[slot]!)
    copyNumbers(values, base, divisor, first, count, out, at)
  })
  return out
}

export function gatherFixed(
  column: MergeColumn,
  slots: readonly MergeSlot[],
  pieces: Pieces,
): Uint8Array {
  const width = fixedBytes(column.name.type)
  const out = new Uint8Array(pieces.count * width)
  pieces.each((slot, first, count, _shift, at) => {
    const bytes = chunkOfPiece(column, slots[slot]!).values as Uint8Array
    out.set(bytes.subarray(first * width, (first + count) * width), at * width)
  })
  return out
}

export function isFixed({ name: { type } }: MergeColumn): boolean {
  return type === ValueType.fixed8 || type === ValueType.fixed16 || type === ValueType.fixed24
}

function copyWhole(
  from: Values,
  base: number,
  first: number,
  count: number,
  out: Uint32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) out[at + i] = from[first + i]! + base
}

function copyCodes(
  from: Values,
  base: number,
  first: number,
  count: number,
  table: Uint32Array,
  out: Uint32Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) out[at + i] = table[from[first + i]! + base]!
}

function copyNumbers(
  from: Values,
  base: number,
  divisor: number,
  first: number,
  count: number,
  out: Float64Array,
  at: number,
): void {
  if (divisor === 1) for (let i = 0; i < count; i++) out[at + i] = from[first + i]! + base
  else for (let i = 0; i < count; i++) out[at + i] = (from[first + i]! + base) / divisor
}

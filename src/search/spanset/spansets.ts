import { ascending } from '../../base/ascending.ts'
import type { ColumnGroup } from '../../model/column-batch.ts'
import { type Mask, markedRanges, markedRows } from '../kernels.ts'
import type { ValueVector } from '../value/value-vector.ts'

/**
 * The spansets of a row group: each is some rows of one trace, and a row is in at most one of them.
 * A set without rows does not exist any more.
 */
export interface Spansets {
  /** 1: the row is in the set that `setOfRow` says; elsewhere that means nothing. */
  readonly mask: Mask
  readonly setOfRow: Uint32Array
  readonly count: number
  /** Set -> trace of the group. */
  readonly traceOfSet: Uint32Array
  /** First row of each trace, as `ColumnGroup.traceRows` gives it. */
  readonly traceRows: Uint32Array | null
  /** Several sets of a trace are possible. */
  readonly isGrouped: boolean
  /** What stages have found out about each set: one value per set. */
  readonly attributes: readonly SetAttribute[]
}

export interface SetAttribute {
  readonly shownAs: string
  readonly values: ValueVector
  /** Numbers are nanoseconds. */
  readonly isDuration: boolean
}

/** Values that are made when a set is shown: most are not. */
export class LazyAttribute implements SetAttribute {
  readonly shownAs: string
  readonly isDuration: boolean
  readonly #make: () => ValueVector
  #values: ValueVector | undefined

  constructor(shownAs: string, isDuration: boolean, make: () => ValueVector) {
    this.shownAs = shownAs
    this.isDuration = isDuration
    this.#make = make
  }

  get values(): ValueVector {
    this.#values ??= this.#make()
    return this.#values
  }
}

/** With one more attribute, in place of an earlier one of this name. */
export function withAttribute(
  attributes: readonly SetAttribute[],
  added: SetAttribute,
): SetAttribute[] {
  return [...attributes.filter(({ shownAs }) => shownAs !== added.shownAs), added]
}

/** One set per trace: the rows of the mask. */
export function ungrouped(mask: Mask, group: ColumnGroup): Spansets {
  return {
    mask,
    // Made on demand: a filter alone needs no sets of rows.
    get setOfRow() {
      return group.traceOfRow()
    },
    count: group.traces,
    traceOfSet: ascending(group.traces),
    traceRows: group.traceRows(),
    isGrouped: false,
    attributes: [],
  }
}

/** Rows per set. */
export function countBySet(sets: Spansets): Uint32Array {
  const { mask, setOfRow } = sets
  const counts = new Uint32Array(sets.count)
  for (const row of markedRows(mask)) counts[setOfRow[row]!] = counts[setOfRow[row]!]! + 1
  return counts
}

/** 1 for each set that has a row of the mask. */
export function setsOf(mask: Mask, sets: Spansets): Uint8Array {
  const { setOfRow, traceRows } = sets
  if (traceRows !== null && !sets.isGrouped) return markedRanges(mask, traceRows)
  const found = new Uint8Array(sets.count)
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) found[setOfRow[row]!] = 1
  return found
}

/** Takes rows out of the mask whose set is not kept. */
export function keepSets(mask: Mask, sets: Spansets, kept: Uint8Array): void {
  const { setOfRow } = sets
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 1 && kept[setOfRow[row]!] === 0) mask[row] = 0
  }
}

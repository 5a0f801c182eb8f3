import type { LabelValue } from '../../contract/queries.ts'
import type { Vector } from '../../model/column-batch.ts'

/** One series of `compare`: null is the total of the attribute. */
export interface ComparedValue {
  readonly isSelection: boolean
  readonly value: LabelValue
  readonly counts: Float64Array
}

/** Above this many cells an attribute is counted without steps first: 4 MiB. */
const cellsMax = 1 << 20

/**
 * Spans by (value, side, step) in one flat array. Side 0 is the baseline, 1 the selection; a slot is
 * side × steps + step. With many values they are counted by side alone; then a second pass over the
 * spans, after `choose`, counts the steps of the values that are shown.
 */
export class CompareCells {
  readonly #steps: number
  /** Spans with any value, by slot. */
  readonly #totals: Float64Array
  #values = 0
  #isBySide = false
  #cells = new Uint32Array(0)
  #shown: readonly (readonly number[])[] = [[], []]
  /** Second pass: value -> its place among the shown ones + 1. */
  #places: Uint32Array | null = null
  #placed = new Uint32Array(0)

  constructor(steps: number) {
    this.#steps = steps
    this.#totals = new Float64Array(2 * steps)
  }

  /** Makes room for values 0 … count - 1. */
  reserve(count: number): void {
    this.#values = Math.max(this.#values, count)
    if (!this.#isBySide && this.#values * 2 * this.#steps > cellsMax) this.#forgetSteps()
    const wanted = this.#values * this.#width
    if (wanted <= this.#cells.length) return
    const grown = new Uint32Array(Math.max(wanted, this.#cells.length * 2))
    grown.set(this.#cells)
    this.#cells = grown
  }

  /** A value for each row; rows whose value is not `usable`, or with a negative slot, do not count. */
  count(values: Uint32Array, slots: Int16Array, usable: Uint8Array): void {
    if (!usable.includes(0)) {
      this.#countAll({ values, base: 0, items: null, count: values.length }, slots)
      return
    }
    for (let row = 0; row < values.length; row++) {
      const slot = slots[row]!
      if (slot >= 0 && usable[values[row]!] === 1) this.#add(values[row]!, slot, 1)
    }
  }

  /** Spans by (owner, slot), where each owner has a value. */
  addByOwner(values: Uint32Array, spans: Uint32Array, usable: Uint8Array): void {
    const slots = 2 * this.#steps
    for (let at = 0; at < spans.length; at++) {
      const value = values[Math.floor(at / slots)]!
      if (spans[at]! > 0 && usable[value] === 1) this.#add(value, at % slots, spans[at]!)
    }
  }

  /** Codes of a column of spans. */
  countVector(vector: Vector, slots: Int16Array): void {
    this.#countAll(vector, slots)
  }

  /** Decides which values are shown. True when their steps have to be counted in a second pass. */
  choose(valuesMax: number): boolean {
    this.#shown = [this.#top(0, valuesMax), this.#top(1, valuesMax)]
    if (!this.#isBySide) return false
    const all = [...new Set(this.#shown.flat())]
    const places = new Uint32Array(this.#values)
    for (const [place, value] of all.entries()) places[value] = place + 1
    this.#places = places
    this.#placed = new Uint32Array(all.length * 2 * this.#steps)
    return true
  }

  async finish(
    labelsOf: (values: readonly number[]) => Promise<ReadonlyMap<number, LabelValue>>,
  ): Promise<ComparedValue[]> {
    const out: ComparedValue[] = []
    for (const [side, shown] of this.#shown.entries()) {
      if (shown.length === 0) continue
      const isSelection = side === 1
      const total = this.#totals.slice(side * this.#steps, (side + 1) * this.#steps)
      out.push({ isSelection, value: null, counts: total })
      const labels = await labelsOf(shown)
      for (const value of shown) {
        out.push({ isSelection, value: labels.get(value)!, counts: this.#countsOf(value, side) })
      }
    }
    return out
  }

  get #width(): number {
    return this.#isBySide ? 2 : 2 * this.#steps
  }

  #countAll(
    { values, base, items, count }: Pick<Vector, 'values' | 'base' | 'items' | 'count'>,
    slots: Int16Array,
  ): void {
    const steps = this.#steps
    if (this.#places !== null) {
      const places = this.#places
      const placed = this.#placed
      for (let i = 0; i < count; i++) {
        const slot = slots[items === null ? i : items[i]!]!
        const place = slot < 0 ? 0 : places[values[i]! + base]!
        if (place === 0) continue
        const at = (place - 1) * 2 * steps + slot
        placed[at] = placed[at]! + 1
      }
      return
    }
    const cells = this.#cells
    const totals = this.#totals
    const width = this.#width
    const isBySide = this.#isBySide
    for (let i = 0; i < count; i++) {
      const slot = slots[items === null ? i : items[i]!]!
      if (slot < 0) continue
      const at = (values[i]! + base) * width + (isBySide ? (slot >= steps ? 1 : 0) : slot)
      cells[at] = cells[at]! + 1
      totals[slot] = totals[slot]! + 1
    }
  }

  #add(value: number, slot: number, spans: number): void {
    if (this.#places !== null) {
      const place = this.#places[value]!
      if (place === 0) return
      const at = (place - 1) * 2 * this.#steps + slot
      this.#placed[at] = this.#placed[at]! + spans
      return
    }
    const side = slot >= this.#steps ? 1 : 0
    const at = value * this.#width + (this.#isBySide ? side : slot)
    this.#cells[at] = this.#cells[at]! + spans
    this.#totals[slot] = this.#totals[slot]! + spans
  }

  #forgetSteps(): void {
    const old = this.#cells
    const oldWidth = this.#width
    this.#isBySide = true
    this.#cells = new Uint32Array(this.#values * 2)
    for (let at = 0; at < old.length; at++) {
      const side = at % oldWidth >= this.#steps ? 1 : 0
      const to = Math.floor(at / oldWidth) * 2 + side
      if (old[at]! > 0) this.#cells[to] = this.#cells[to]! + old[at]!
    }
  }

  /** The values with most spans, of equal ones the first. */
  #top(side: number, valuesMax: number): number[] {
    const ranked = new Float64Array(this.#values)
    const perSide = this.#width / 2
    let n = 0
    for (let value = 0; value < this.#values; value++) {
      let sum = 0
      const at = value * this.#width + side * perSide
      for (let i = 0; i < perSide; i++) sum += this.#cells[at + i]!
      // The count, and behind it the value: one sort of numbers, without a comparison function.
      if (sum > 0) ranked[n++] = sum * valuesBound + (valuesBound - 1 - value)
    }
    const sorted = ranked.subarray(0, n).sort()
    const best = sorted.subarray(Math.max(0, n - valuesMax)).toReversed()
    return Array.from(best, rank => valuesBound - 1 - (rank % valuesBound))
  }

  #countsOf(value: number, side: number): Float64Array {
    const [cells, first] = this.#places
      ? [this.#placed, (this.#places[value]! - 1) * 2 * this.#steps]
      : [this.#cells, value * 2 * this.#steps]
    const at = first + side * this.#steps
    return Float64Array.from(cells.subarray(at, at + this.#steps))
  }
}

/** More values than a source has of one attribute; counts below 2^28 stay exact beside it. */
const valuesBound = 1 << 25

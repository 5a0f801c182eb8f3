import type { LabelValue } from '../../contract/queries.ts'
import type { Values } from '../../model/column-batch.ts'

/** One series of `compare`: null is the total of the attribute. */
export interface ComparedValue {
  readonly isSelection: boolean
  readonly value: LabelValue
  readonly counts: Float64Array
}

/** Codes of values at rows; of row i where `items` is null, else of row `items[i]`. */
export interface CountedCodes {
  readonly values: Values
  readonly base: number
  readonly items: Uint32Array | null
  readonly count: number
}

/** Above this many cells an attribute is counted without steps first: 1 MiB. */
const cellsMax = 1 << 18

/**
 * Spans by (value, side, step) in one flat array. Side 0 is the baseline, 1 the selection; a slot is
 * side × steps + step. With many values they are counted by side alone; then a second pass over the
 * spans, after `choose`, counts the steps of the values that are shown.
 */
export class CompareCells {
  readonly #steps: number
  /** Spans with any value, by slot; while there are steps, the cells say it. */
  readonly #totals: Float64Array
  #values = 0
  #isBySide = false
  #cells = new Uint32Array(0)
  /** Value -> 1 where it counts as one. */
  #usable = new Uint8Array(0)
  #shown: readonly (readonly number[])[] = [[], []]
  /** Second pass: value -> its place among the shown ones + 1. */
  #places: Uint32Array | null = null
  #placed = new Uint32Array(0)

  constructor(steps: number) {
    this.#steps = steps
    this.#totals = new Float64Array(2 * steps)
  }

  /** Makes room for values 0 … count - 1. */
  reserve(count: number, isUsable?: (value: number) => boolean): void {
    if (count <= this.#values) return
    if (this.#usable.length < count) {
      const grown = new Uint8Array(Math.max(count, this.#usable.length * 2))
      grown.set(this.#usable)
      this.#usable = grown
    }
    for (let value = this.#values; value < count; value++) {
      this.#usable[value] = isUsable && !isUsable(value) ? 0 : 1
    }
    if (!this.#isBySide && count * 2 * this.#steps > cellsMax) this.#forgetSteps()
    this.#values = count
    const wanted = count * this.#width
    if (wanted <= this.#cells.length) return
    const grown = new Uint32Array(Math.max(wanted, this.#cells.length * 2))
    grown.set(this.#cells)
    this.#cells = grown
  }

  /** Rows with a negative slot, or a value that is not usable, do not count. */
  count(codes: CountedCodes, slots: Int16Array): void {
    const width = 2 * this.#steps
    if (this.#places !== null) countPlaced(codes, slots, this.#places, width, this.#placed)
    else if (!this.#isBySide) countBySlot(codes, slots, width, this.#cells)
    else countBySide(codes, slots, this.#usable, this.#cells, this.#totals)
  }

  /** Spans by (owner, slot), where each owner has a value. */
  addByOwner(values: Uint32Array, spans: Uint32Array): void {
    const slots = 2 * this.#steps
    for (let at = 0; at < spans.length; at++) {
      if (spans[at] === 0) continue
      this.#add(values[Math.floor(at / slots)]!, at % slots, spans[at]!)
    }
  }

  /** Decides which values are shown. True when their steps have to be counted in a second pass. */
  choose(valuesMax: number): boolean {
    this.#shown = [this.#top(0, valuesMax), this.#top(1, valuesMax)]
    if (!this.#isBySide) {
      this.#addTotals()
      return false
    }
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
    if (this.#isBySide && this.#usable[value] === 1) {
      this.#totals[slot] = this.#totals[slot]! + spans
    }
  }

  #forgetSteps(): void {
    this.#addTotals()
    const old = this.#cells
    const oldWidth = this.#width
    this.#isBySide = true
    this.#cells = new Uint32Array(this.#values * 2)
    for (let at = 0; at < this.#values * oldWidth; at++) {
      const side = at % oldWidth >= this.#steps ? 1 : 0
      const to = Math.floor(at / oldWidth) * 2 + side
      if (old[at]! > 0) this.#cells[to] = this.#cells[to]! + old[at]!
    }
  }

  #addTotals(): void {
    const width = this.#width
    for (let value = 0; value < this.#values; value++) {
      if (this.#usable[value] === 0) continue
      const at = value * width
      for (let slot = 0; slot < width; slot++) {
        this.#totals[slot] = this.#totals[slot]! + this.#cells[at + slot]!
      }
    }
  }

  /** The values with most spans, of equal ones the first. */
  #top(side: number, valuesMax: number): number[] {
    const best = new Uint32Array(valuesMax)
    const sums = new Float64Array(valuesMax)
    const perSide = this.#width / 2
    let n = 0
    for (let value = 0; value < this.#values; value++) {
      if (this.#usable[value] === 0) continue
      let sum = 0
      const at = value * this.#width + side * perSide
      for (let i = 0; i < perSide; i++) sum += this.#cells[at + i]!
      if (sum === 0 || (n === valuesMax && sum <= sums[n - 1]!)) continue
      if (n < valuesMax) n++
      let place = n - 1
      for (; place > 0 && sums[place - 1]! < sum; place--) {
        sums[place] = sums[place - 1]!
        best[place] = best[place - 1]!
      }
      sums[place] = sum
      best[place] = value
    }
    return Array.from(best.subarray(0, n))
  }

  #countsOf(value: number, side: number): Float64Array {
    const [cells, first] = this.#places
      ? [this.#placed, (this.#places[value]! - 1) * 2 * this.#steps]
      : [this.#cells, value * 2 * this.#steps]
    const at = first + side * this.#steps
    return new Float64Array(cells.subarray(at, at + this.#steps))
  }
}

function countBySlot(
  { values, base, items, count }: CountedCodes,
  slots: Int16Array,
  width: number,
  cells: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const slot = slots[items === null ? i : items[i]!]!
    if (slot < 0) continue
    const at = (values[i]! + base) * width + slot
    cells[at] = cells[at]! + 1
  }
}

function countBySide(
  { values, base, items, count }: CountedCodes,
  slots: Int16Array,
  usable: Uint8Array,
  cells: Uint32Array,
  totals: Float64Array,
): void {
  const steps = totals.length / 2
  for (let i = 0; i < count; i++) {
    const slot = slots[items === null ? i : items[i]!]!
    const value = values[i]! + base
    if (slot < 0 || usable[value] === 0) continue
    const at = value * 2 + (slot >= steps ? 1 : 0)
    cells[at] = cells[at]! + 1
    totals[slot] = totals[slot]! + 1
  }
}

function countPlaced(
  { values, base, items, count }: CountedCodes,
  slots: Int16Array,
  places: Uint32Array,
  width: number,
  placed: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const slot = slots[items === null ? i : items[i]!]!
    const place = slot < 0 ? 0 : places[values[i]! + base]!
    if (place === 0) continue
    const at = (place - 1) * width + slot
    placed[at] = placed[at]! + 1
  }
}

import type { MetricsExemplar } from '../../contract/queries.ts'
import type { ColumnGroup, ColumnSource } from '../../model/column-batch.ts'
import { bytesToHex } from '../../model/ids.ts'
import type { ValueVector } from '../value/value-vector.ts'
import type { Rows } from './accumulators.ts'

/** A slot of time has at most this many, so that they spread over the range. */
const perSlotMax = 2

/** Collects a few spans of those that are counted: spread over time, one per trace. */
export class ExemplarPicker {
  readonly found: MetricsExemplar[] = []
  readonly #max: number
  readonly #steps: number
  readonly #perSlot: Uint8Array
  readonly #traces = new Set<string>()

  constructor(max: number, steps: number) {
    this.#max = max
    this.#steps = steps
    this.#perSlot = new Uint8Array(Math.min(steps, Math.max(1, Math.ceil(max / perSlotMax))))
  }

  get isFull(): boolean {
    return this.found.length >= this.#max
  }

  async add(
    source: ColumnSource,
    index: number,
    group: ColumnGroup,
    rows: Rows,
    values: ValueVector | null,
  ): Promise<void> {
    const picked = this.#pick(rows)
    if (picked.length === 0) return
    const ref = source.intrinsic('trace.id')!
    const loaded = await source.load(index, [ref], new Set(['traceOfRow', 'starts', 'traces']))
    const ids = loaded.vector(ref)!.values as Uint8Array
    const traceOfRow = group.traceOfRow()
    const { baseNs, offsets } = loaded.startOffsets()
    for (const row of picked) {
      const trace = traceOfRow[row]!
      const traceId = bytesToHex(ids, trace * 16, trace * 16 + 16)
      const slot = this.#slotOf(bucketOf(rows, row))
      if (this.isFull || this.#perSlot[slot]! >= perSlotMax || this.#traces.has(traceId)) continue
      this.#perSlot[slot] = this.#perSlot[slot]! + 1
      this.#traces.add(traceId)
      this.found.push({
        series: rows.series[row]!,
        timeNs: String(baseNs + BigInt(offsets[row]!)),
        traceId,
        value: values ? values.numbers[row]! : 1,
      })
    }
  }

  /** Rows of slots with room; some more than needed, as several may be of one trace. */
  #pick(rows: Rows): number[] {
    const picked: number[] = []
    const taken = this.#perSlot.slice()
    let room = taken.reduce((sum, count) => sum + pickedPerSlot - count, 0)
    for (let row = 0; row < rows.mask.length && room > 0; row++) {
      if (rows.mask[row] === 0) continue
      const slot = this.#slotOf(bucketOf(rows, row))
      if (taken[slot]! >= pickedPerSlot) continue
      taken[slot] = taken[slot]! + 1
      room--
      if (this.#perSlot[slot]! < perSlotMax) picked.push(row)
    }
    return picked
  }

  #slotOf(bucket: number): number {
    return Math.floor((bucket * this.#perSlot.length) / this.#steps)
  }
}

/** Spans that are looked at per slot and group. */
const pickedPerSlot = 16

function bucketOf({ bucket }: Rows, row: number): number {
  return typeof bucket === 'number' ? bucket : bucket[row]!
}

import type { MetricsExemplar } from '../../contract/queries.ts'
import type { ColumnSource } from '../../model/column-batch.ts'
import { bytesToHex } from '../../model/ids.ts'
import { placesOf } from '../row-places.ts'
import type { Additions } from './accumulators.ts'

interface Counted extends Additions {
  readonly rows: Uint32Array
}

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

  async add(source: ColumnSource, index: number, counted: Counted): Promise<void> {
    const picked = this.#pick(counted)
    if (picked.length === 0) return
    const ref = source.intrinsic('trace.id')!
    const loaded = await source.load(index, [ref], new Set(['traceOfRow', 'starts', 'traces']))
    const ids = loaded.vector(ref)!.values as Uint8Array
    const { rows, series, numbers } = counted
    const places = placesOf(
      loaded,
      picked.map(({ at }) => rows[at]!),
    )
    for (const [place, { at: i, slot }] of picked.entries()) {
      const { trace, startNs } = places[place]!
      const traceId = bytesToHex(ids, trace * 16, trace * 16 + 16)
      if (this.isFull || this.#perSlot[slot]! >= perSlotMax || this.#traces.has(traceId)) continue
      this.#perSlot[slot] = this.#perSlot[slot]! + 1
      this.#traces.add(traceId)
      this.found.push({
        series: series === null ? 0 : series[i]!,
        timeNs: String(startNs),
        traceId,
        value: numbers ? numbers[i]! : 1,
      })
    }
  }

  /** Places of rows in slots with room; more than needed, as several may be of one trace. */
  #pick({ runs, numbers }: Counted): Picked[] {
    const picked: Picked[] = []
    const taken = this.#perSlot.slice()
    for (let run = 0, from = 0; run < runs.count; run++) {
      const end = runs.ends[run]!
      const slot = Math.floor((runs.buckets[run]! * taken.length) / this.#steps)
      if (this.#perSlot[slot]! < perSlotMax) {
        for (let at = from; at < end && taken[slot]! < pickedPerSlot; at++) {
          if (numbers && Number.isNaN(numbers[at])) continue
          taken[slot] = taken[slot]! + 1
          picked.push({ at, slot })
        }
      }
      from = end
    }
    return picked
  }
}

interface Picked {
  /** Place of the row. */
  readonly at: number
  readonly slot: number
}

/** Spans that are looked at per slot and group. */
const pickedPerSlot = 16

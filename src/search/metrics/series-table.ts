import type { LabelValue } from '../../contract/queries.ts'
import { type KeyValue, PairEncoder } from '../value/key-encoder.ts'
import { shownValue } from '../value/show.ts'
import type { TextTable } from '../value/text-table.ts'

/** Numbers the combinations of label codes that are met, over all groups of a source. */
export class SeriesTable {
  readonly #columns: number
  /** Pair encoder i joins columns 0…i with column i + 1. */
  readonly #pairs: readonly PairEncoder[]
  #count: number

  constructor(columns: number) {
    this.#columns = columns
    this.#pairs = Array.from({ length: Math.max(0, columns - 1) }, () => new PairEncoder())
    this.#count = columns === 0 ? 1 : 0
  }

  /** There are no labels. */
  get isSingle(): boolean {
    return this.#columns === 0
  }

  get count(): number {
    return this.#count
  }

  /**
   * The series of each row from the codes of its labels; null without labels. `sizes`: distinct
   * values of each label.
   */
  assign(codes: readonly Uint32Array[], sizes: readonly number[]): Uint32Array | null {
    const [first, ...rest] = codes
    if (first === undefined) return null
    const series = rest.reduce(
      (joined, more, i) => this.#pairs[i]!.encode(joined, more, sizes[i + 1]!),
      first,
    )
    this.#count = this.#pairs[this.#pairs.length - 1]?.pairs.length ?? sizes[0]!
    return series
  }

  labels(series: number, values: readonly (readonly KeyValue[])[], texts: TextTable): LabelValue[] {
    const out: LabelValue[] = []
    let code = series
    for (let i = this.#columns - 1; i >= 0; i--) {
      const pair = i > 0 ? this.#pairs[i - 1]!.pairs[code]! : undefined
      out.unshift(shownValue(values[i]![pair ? pair.second : code]!, texts))
      code = pair ? pair.first : 0
    }
    return out
  }
}

import type { LabelValue } from '../../contract/queries.ts'
import type { Mask } from '../kernels.ts'
import { KeyEncoder, PairEncoder } from '../value/key-encoder.ts'
import { shownValue } from '../value/show.ts'
import type { TextTable } from '../value/text-table.ts'
import type { ValueVector } from '../value/value-vector.ts'

/** Numbers the combinations of label values that are met, over all groups of a source. */
export class SeriesTable {
  readonly #columns: readonly KeyEncoder[]
  /** Pair encoder i joins columns 0…i with column i + 1. */
  readonly #pairs: readonly PairEncoder[]

  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => new KeyEncoder())
    this.#pairs = Array.from({ length: Math.max(0, columns - 1) }, () => new PairEncoder())
  }

  get count(): number {
    if (this.#columns.length === 0) return 1
    const last = this.#pairs[this.#pairs.length - 1]
    return last ? last.pairs.length : this.#columns[0]!.values.length
  }

  /** Row -> series, for rows of the mask. */
  assign(labels: readonly ValueVector[], mask: Mask): Uint32Array {
    const [first, ...rest] = labels.map((vector, i) => this.#columns[i]!.encode(vector, mask))
    if (first === undefined) return new Uint32Array(mask.length)
    return rest.reduce((codes, more, i) => this.#pairs[i]!.encode(codes, more, mask), first)
  }

  labels(series: number, texts: TextTable): LabelValue[] {
    const out: LabelValue[] = []
    let code = series
    for (let i = this.#columns.length - 1; i >= 0; i--) {
      const pair = i > 0 ? this.#pairs[i - 1]!.pairs[code]! : undefined
      out.unshift(shownValue(this.#columns[i]!.values[pair ? pair.second : code]!, texts))
      code = pair ? pair.first : 0
    }
    return out
  }
}

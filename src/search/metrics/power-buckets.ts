import type { Room } from '../room.ts'
import type { KeyValue } from '../value/key-encoder.ts'
import { Kind } from '../value/value-vector.ts'
import { keptRuns } from './bucket-runs.ts'
import type { RowNumbers } from './numbers.ts'
import type { BucketedRows } from './time-buckets.ts'

/** Numbers the exponents that are met, over all groups: codes count cells, so they are few. */
export class ExponentCodes {
  /** Code -> exponent. */
  readonly values: KeyValue[] = []
  /** Exponent + `exponentShift` -> code + 1. */
  readonly #codes = new Uint16Array(exponentCount)

  codeOf(exponent: number): number {
    const at = exponent + exponentShift
    if (this.#codes[at] === 0) {
      this.#codes[at] = this.values.push({ kind: Kind.int, number: exponent })
    }
    return this.#codes[at]! - 1
  }
}

/** Makes the least exponent of a double positive. */
const exponentShift = 1100
const exponentCount = 2200

/** In place of a code: the row leaves. */
const noCode = 0xffffffff

/**
 * The exponent e of each number's bucket (2^(e-1), 2^e] as a code. Rows leave whose number is an int
 * or a duration below 2, a float that is not positive, or none at all.
 */
export function powerBuckets(
  room: Room<Uint32Array>,
  exponents: ExponentCodes,
  counted: BucketedRows,
  { numbers, isFloat }: RowNumbers,
): BucketedRows & { readonly codes: Uint32Array; readonly numbers: Float64Array } {
  const codes = room.take(numbers.length)
  let kept = 0
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!
    const float = isFloat !== null && isFloat[i] === 1
    // Also false for NaN.
    const counts = float ? value > 0 && value < Number.POSITIVE_INFINITY : value >= 2
    if (!counts) codes[i] = noCode
    else {
      codes[i] = exponents.codeOf(float ? floatExponent(value) : wholeExponent(value))
      kept++
    }
  }
  if (kept === numbers.length) return { ...counted, codes, numbers }
  const keep = Uint8Array.from(codes, code => (code === noCode ? 0 : 1))
  return {
    rows: counted.rows.filter((_, i) => keep[i] === 1),
    runs: keptRuns(counted.runs, keep),
    codes: codes.filter(code => code !== noCode),
    numbers: numbers.filter((_, i) => keep[i] === 1),
  }
}

/** For whole numbers from 2 on, exactly. */
function wholeExponent(value: number): number {
  const below = value - 1
  if (below < 4294967296) return 32 - Math.clz32(below)
  return 64 - Math.clz32(below / 4294967296)
}

function floatExponent(value: number): number {
  const exponent = Math.ceil(Math.log2(value))
  // The logarithm is rounded: the exact powers decide.
  if (2 ** (exponent - 1) >= value) return exponent - 1
  return 2 ** exponent < value ? exponent + 1 : exponent
}

import type { KeyValue } from '../value/key-encoder.ts'
import { Kind } from '../value/value-vector.ts'
import type { RowNumbers } from './numbers.ts'
import type { BucketedRows } from './time-buckets.ts'

/**
 * The exponent e of each number's bucket (2^(e-1), 2^e] as a code: e + `exponentShift`. Rows leave
 * whose number is an int or a duration below 2, a float that is not positive, or none at all.
 */
export function powerBuckets(
  { rows, buckets }: BucketedRows,
  { numbers, isFloat }: RowNumbers,
): BucketedRows & { readonly codes: Uint32Array; readonly numbers: Float64Array } {
  const kept = new Uint32Array(rows.length)
  const keptBuckets = typeof buckets === 'number' ? buckets : new Uint32Array(rows.length)
  const codes = new Uint32Array(rows.length)
  const keptNumbers = new Float64Array(rows.length)
  let n = 0
  for (let i = 0; i < rows.length; i++) {
    const value = numbers[i]!
    const float = isFloat !== null && isFloat[i] === 1
    // Also false for NaN.
    const counts = float ? value > 0 && value < Number.POSITIVE_INFINITY : value >= 2
    if (!counts) continue
    kept[n] = rows[i]!
    keptNumbers[n] = value
    codes[n] = (float ? floatExponent(value) : wholeExponent(value)) + exponentShift
    if (typeof keptBuckets !== 'number') keptBuckets[n] = (buckets as Uint32Array)[i]!
    n++
  }
  const shown = typeof keptBuckets === 'number' ? keptBuckets : keptBuckets.subarray(0, n)
  return {
    rows: kept.subarray(0, n),
    buckets: shown,
    codes: codes.subarray(0, n),
    numbers: keptNumbers.subarray(0, n),
  }
}

/** Makes the least exponent of a double positive. */
const exponentShift = 1100

/** Code -> exponent. */
export const exponentValues: readonly KeyValue[] = Array.from({ length: 2200 }, (_, code) => ({
  kind: Kind.int,
  number: code - exponentShift,
}))

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

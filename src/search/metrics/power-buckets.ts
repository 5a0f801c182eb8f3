import type { Mask } from '../kernels.ts'
import { isNumberKind, Kind, type ValueVector } from '../value/value-vector.ts'

/**
 * The exponent e of each number's bucket (2^(e-1), 2^e], as a vector of ints. Ints and durations
 * below 2, floats that are not positive, and what is no number leave the mask.
 */
export function powerBuckets(values: ValueVector, mask: Mask): ValueVector {
  const { kinds, numbers } = values
  const exponents = new Float64Array(mask.length)
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue
    const kind = kinds[row]!
    const value = numbers[row]!
    const counts = isNumberKind(kind) && value >= (kind === Kind.float ? Number.MIN_VALUE : 2)
    if (!counts || value === Number.POSITIVE_INFINITY) mask[row] = 0
    else exponents[row] = kind === Kind.float ? floatExponent(value) : wholeExponent(value)
  }
  return {
    kinds: new Uint8Array(mask.length).fill(Kind.int),
    numbers: exponents,
    wide: null,
    items: null,
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

/** Typed arrays that grow together: one capacity, one row count, no object per row. */

type NumericArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array

/** A copy of `from` with room for `length` elements; new elements are 0. */
export function enlarge<T extends NumericArray>(from: T, length: number): T {
  const larger = new (from.constructor as new (length: number) => T)(length)
  larger.set(from as never)
  return larger
}

/** The next capacity that holds `needed`: half as much again, so that little is wasted. */
export function nextCapacity(capacity: number, needed: number): number {
  return Math.max(needed, Math.ceil(capacity * 1.5), 32)
}

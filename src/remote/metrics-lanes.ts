/** Lanes of a metrics result as bytes: float64, little-endian, one lane behind the other. */

export function encodeMetricsLanes(lanes: readonly Float64Array[]): Uint8Array {
  return Buffer.concat(
    lanes.map(lane => new Uint8Array(lane.buffer, lane.byteOffset, lane.byteLength)),
  )
}

/** `cells` are the numbers of one lane. */
export function decodeMetricsLanes(body: Uint8Array, cells: number): Float64Array[] {
  // A copy begins where 64-bit numbers may.
  const all = new Float64Array(new Uint8Array(body).buffer)
  if (cells === 0) return []
  return Array.from({ length: all.length / cells }, (_, i) =>
    all.subarray(i * cells, (i + 1) * cells),
  )
}

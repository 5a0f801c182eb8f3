/**
 * A copy at the start of a buffer of its own, so that any typed array can view it. (`slice` is no
 * substitute: on a Buffer it gives a view, not a copy.)
 */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

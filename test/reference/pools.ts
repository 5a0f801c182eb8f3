/** Few keys, values and names, of which random traces and queries are made, so that they meet. */

/** `wide` has the numbers whose sums depend on the order in which they are added. */
export const wideKey = 'wide'
export const keys = ['k', 'n', 'http.status', 'user name', 'service.name'] as const

export const texts = ['', 'a', 'ab', 'B', 'é', '5', 'true', '5.0'] as const

export const ints = [0n, 1n, -1n, 2n, 3n, 5n, 200n, 1_000_000n] as const

export const wideInts = [
  // Neighbours here are one number as floats.
  ...[2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n],
  ...[2n ** 63n - 1n, -(2n ** 63n)],
] as const

export const floats = [
  ...[0, -0, 0.5, 1, 2.5, 5, -1e300, 1e-5, 2 ** 53],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
] as const

export const spanNames = ['get', 'put', 'é', ''] as const
export const services = ['api', 'db', 'cache'] as const
export const eventNames = ['log', 'exception', ''] as const

/** Nanoseconds, of durations and between starts: close together and far apart. */
export const durations = [0n, 1n, 999n, 5_000_000n, 2_000_000_000n, 3_600_000_000_000n] as const

/** A multiple of every step that queries use. */
export const baseSeconds = 1_764_000_000
export const baseNs = BigInt(baseSeconds) * 1_000_000_000n

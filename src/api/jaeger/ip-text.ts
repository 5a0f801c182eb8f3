/** Attributes in which some clients send an IPv4 address as a number. */
export const ipKeys: ReadonlySet<string> = new Set(['ip', 'peer.ipv4'])

/** The lowest 32 bits as `10.0.0.1`. */
export function dottedIp(value: number | string): string {
  const bits =
    typeof value === 'string'
      ? Number(BigInt.asUintN(32, BigInt(value)))
      : Number(BigInt.asUintN(32, BigInt(Math.trunc(value))))
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.')
}

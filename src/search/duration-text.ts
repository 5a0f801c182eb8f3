const units = [
  { name: 'h', ns: 3_600_000_000_000n },
  { name: 'm', ns: 60_000_000_000n },
] as const

/** `1h2m3.5s`, `12ms`, `1.5µs`, `0s`: how TraceQL prints durations. */
export function durationText(durationNs: bigint): string {
  if (durationNs < 0n) return `-${durationText(-durationNs)}`
  if (durationNs === 0n) return '0s'
  if (durationNs < 1_000n) return `${durationNs}ns`
  if (durationNs < 1_000_000n) return `${decimal(durationNs, 3)}µs`
  if (durationNs < 1_000_000_000n) return `${decimal(durationNs, 6)}ms`
  let text = ''
  let restNs = durationNs
  for (const { name, ns } of units) {
    if (text !== '' || restNs >= ns) text += `${restNs / ns}${name}`
    restNs %= ns
  }
  return `${text}${decimal(restNs, 9)}s`
}

/** With the point moved to the left by `places`, without zeros at the end. */
function decimal(number: bigint, places: number): string {
  const digits = String(number).padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '')
}

import type { Range } from './search.ts'

/** Bucket i is (start + i * step, start + (i + 1) * step]; its sample is at the right edge. */
export interface Timing {
  readonly startNs: bigint
  readonly stepNs: bigint
  readonly steps: number
  /** The first bucket has its left edge too. */
  readonly includesStart: boolean
}

/** Widened to multiples of the step, with one bucket more on the left. */
export function rangeTiming(startNs: bigint, endNs: bigint, stepNs: bigint): Timing {
  const firstEdgeNs = (startNs / stepNs) * stepNs
  const lastEdgeNs = ((endNs + stepNs - 1n) / stepNs) * stepNs
  const steps = Number((lastEdgeNs - firstEdgeNs) / stepNs) + 1
  return { startNs: firstEdgeNs - stepNs, stepNs, steps, includesStart: false }
}

const second = 1_000_000_000n
const roundSteps = [3600n, 300n, 60n, 15n, 5n, 1n].map(seconds => seconds * second)

/** About 240 samples, at round times. */
export function defaultStepNs({ startNs, endNs }: Range): bigint {
  const idealNs = (endNs - startNs) / 240n
  const isShort = endNs - startNs < 60n * second
  const unitNs = isShort ? 50_000_000n : (roundSteps.find(step => step <= idealNs) ?? second)
  const stepNs = (idealNs / unitNs) * unitNs
  return stepNs > 0n ? stepNs : unitNs
}

/** One bucket, closed on both sides. */
export function instantTiming(startNs: bigint, endNs: bigint): Timing {
  return { startNs, stepNs: endNs - startNs, steps: 1, includesStart: true }
}

/** Undefined for what lies outside. */
export function bucketOf(timeNs: bigint, timing: Timing): number | undefined {
  const { startNs, stepNs, steps, includesStart } = timing
  if (timeNs === startNs) return includesStart ? 0 : undefined
  if (timeNs < startNs || timeNs > startNs + stepNs * BigInt(steps)) return undefined
  return Number((timeNs - startNs - 1n) / stepNs)
}

export function sampleTimeNs(bucket: number, { startNs, stepNs }: Timing): bigint {
  return startNs + stepNs * BigInt(bucket + 1)
}

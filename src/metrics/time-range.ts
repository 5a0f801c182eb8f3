import { fail } from '../base/errors.ts'
import type { MetricsRequest } from '../contract/queries.ts'
import { printDuration } from '../traceql/print-literal.ts'

/**
 * The buckets of a metrics query. Those of a range query are aligned to multiples of the step since
 * 1970, closed on the right and named by their right edge, and one more is put in front: samples
 * of neighbouring requests then fall on the same times.
 */

const nsPerSecond = 1_000_000_000n
const nsPerMs = 1_000_000n

/** Points that a default step aims at. */
const defaultPoints = 240n

/** Default steps are multiples of the largest of these that is smaller than them. */
const stepUnitsNs = [3600n, 300n, 60n, 15n, 5n, 1n].map(seconds => seconds * nsPerSecond)

/** The unit for ranges of less than a minute. */
const shortStepUnitNs = 50n * nsPerMs

/** Whatever is configured: a series has eight bytes per step, and more would not fit a screen. */
const stepsMax = 1_000_000

/** Bucket i is (startNs + i * stepNs, startNs + (i + 1) * stepNs]. */
export interface TimeGrid {
  readonly startNs: bigint
  readonly stepNs: bigint
  readonly steps: number
  /** The first bucket has its left edge too. */
  readonly includesStart: boolean
}

export interface TimeLimits {
  /** Longest range; 0 = any. */
  readonly durationMaxMs: number
  /** Steps that a range may be divided into; 0 = as many as there can be. */
  readonly intervalsMax: number
}

/** Without `stepNs` a default is chosen. Fails with BAD_REQUEST. */
export function rangeGrid(
  startNs: bigint,
  endNs: bigint,
  stepNs: bigint | undefined,
  limits: TimeLimits,
): TimeGrid {
  checkRange(startNs, endNs, limits)
  const step = stepNs ?? defaultStepNs(endNs - startNs)
  checkStep(step, endNs - startNs, limits.intervalsMax)
  const first = floorTo(startNs, step) - step
  const last = -floorTo(-endNs, step)
  const steps = Number((last - first) / step)
  return { startNs: first, stepNs: step, steps, includesStart: false }
}

/** One bucket with both its edges. Fails with BAD_REQUEST. */
export function instantGrid(startNs: bigint, endNs: bigint, limits: TimeLimits): TimeGrid {
  checkRange(startNs, endNs, limits)
  return { startNs, stepNs: endNs - startNs, steps: 1, includesStart: true }
}

function checkRange(startNs: bigint, endNs: bigint, { durationMaxMs }: TimeLimits): void {
  if (startNs >= endNs) throw fail('BAD_REQUEST', 'end must be greater than start')
  const maxNs = BigInt(Math.round(durationMaxMs)) * nsPerMs
  if (maxNs === 0n || endNs - startNs <= maxNs) return
  const max = printDuration(String(maxNs))
  const what = 'metrics query time range exceeds the maximum allowed duration of'
  throw fail('BAD_REQUEST', `${what} ${max}`)
}

function checkStep(stepNs: bigint, rangeNs: bigint, intervalsMax: number): void {
  const minNs = rangeNs / BigInt(Math.min(intervalsMax || stepsMax, stepsMax))
  if (stepNs > 0n && stepNs >= minNs) return
  const minimum = `minimum step for given range is ${printDuration(String(minNs > 0n ? minNs : 1n))}`
  throw fail('BAD_REQUEST', `step of ${printDuration(String(stepNs))} is too small, ${minimum}`)
}

function defaultStepNs(rangeNs: bigint): bigint {
  const ideal = rangeNs / defaultPoints
  if (rangeNs < 60n * nsPerSecond) {
    return ideal > shortStepUnitNs ? floorTo(ideal, shortStepUnitNs) : shortStepUnitNs
  }
  const unit = stepUnitsNs.find(unitNs => ideal > unitNs)
  return unit === undefined ? nsPerSecond : floorTo(ideal, unit)
}

function floorTo(value: bigint, multiple: bigint): bigint {
  const rest = value % multiple
  return value - (rest < 0n ? rest + multiple : rest)
}

/** The part of a request that says which buckets are wanted. */
export function gridRequest(
  grid: TimeGrid,
): Pick<MetricsRequest, 'startNs' | 'stepNs' | 'steps' | 'includesStart'> {
  const { startNs, stepNs, steps, includesStart } = grid
  const buckets = { startNs: String(startNs), stepNs: String(stepNs), steps }
  return includesStart ? { ...buckets, includesStart } : buckets
}

/** The bucket of a point in time, or -1. */
export function bucketOf(grid: TimeGrid, timeNs: bigint): number {
  const sinceStart = timeNs - grid.startNs
  if (sinceStart === 0n) return grid.includesStart ? 0 : -1
  const bucket = Number((sinceStart - 1n) / grid.stepNs)
  return sinceStart > 0n && bucket < grid.steps ? bucket : -1
}

/** The right edges of the buckets, milliseconds since 1970, rounded down. */
export function sampleTimesMs(grid: TimeGrid): Float64Array {
  const times = new Float64Array(grid.steps)
  for (let step = 0; step < times.length; step++) {
    const edgeNs = grid.startNs + BigInt(step + 1) * grid.stepNs
    times[step] = Number(floorTo(edgeNs, nsPerMs) / nsPerMs)
  }
  return times
}

import type { MetricsLeaf } from '../model/metrics-plan.ts'

/** What the values of an answer are divided by to become those of its series. */
export function unitOf(leaf: MetricsLeaf): number {
  return leaf.isDuration ? 1e9 : 1
}

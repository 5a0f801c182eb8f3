import type { LabelValue } from '../contract/queries.ts'
import type { MetricsLeaf } from '../model/metrics-plan.ts'
import { type Label, nameKey, textLabel } from './series.ts'

/** How a label shows that the spans have no such attribute, where it has to show something. */
const nilText = 'nil'

export function nilLabel(key: string): Label {
  return textLabel(key, nilText)
}

/**
 * Labels of a series from the values of its `by` attributes, and the label of its function if that
 * has one. Missing values are left out; when nothing else is left the first is shown as nil.
 */
export function seriesLabels(
  leaf: MetricsLeaf,
  byValues: readonly LabelValue[],
  own?: Label,
): readonly Label[] {
  const labels: Label[] = []
  for (const [i, key] of leaf.labelKeys.entries()) {
    const value = byValues[i] ?? null
    if (value !== null) labels.push({ key, value })
  }
  if (own !== undefined) labels.push(own)
  if (labels.length > 0) return labels
  const [firstKey] = leaf.labelKeys
  return [firstKey === undefined ? textLabel(nameKey, leaf.name) : nilLabel(firstKey)]
}

import { keyOf, type Scalar } from './value.ts'

/** Null: the spans have no value. */
export interface Label {
  readonly key: string
  readonly value: Scalar | null
}

export interface Series {
  readonly labels: readonly Label[]
  /** One per bucket; undefined where there is none. */
  readonly samples: readonly (number | undefined)[]
}

/** What names a series that is not grouped. */
export const nameLabel = '__name__'

export function nameOf(series: Series): string {
  const value = series.labels.find(({ key }) => key === nameLabel)?.value
  return value?.type === 'string' ? value.value : ''
}

export function named(name: string): Label[] {
  return [{ key: nameLabel, value: { type: 'string', value: name } }]
}

/** Of the functions themselves, behind those of `by`. */
const ownLabels: readonly string[] = ['p', '__bucket']

/**
 * As answers list them: of the labels of a group those without a value are left out, but one of
 * them stays where none has a value. Totals of `compare()` have a label without a value.
 */
export function shownLabels({ labels }: Series): readonly Label[] {
  if (labels.some(({ key }) => key === '__meta_type')) return labels
  const by = labels.filter(({ key }) => !ownLabels.includes(key))
  const present = by.filter(({ value }) => value !== null)
  const shown = present.length === 0 ? by.slice(0, 1) : present
  return [...shown, ...labels.filter(label => !by.includes(label))]
}

/** Equal for series with equal labels, whatever they are called. */
export function identityOf({ labels }: Series): string {
  const grouping = labels.filter(({ key }) => key !== nameLabel)
  return JSON.stringify(grouping.map(({ key, value }) => [key, keyOf(value)]).sort())
}

/** Decides ties: by the keys and the typed text of the labels. */
export function byLabels(a: Series, b: Series): number {
  const [x, y] = [identityOf(a), identityOf(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** With other samples; nothing when none is left. */
export function withSamples(series: Series, samples: Series['samples']): Series[] {
  return samples.some(sample => sample !== undefined) ? [{ ...series, samples }] : []
}

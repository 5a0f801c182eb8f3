import { compare } from './comparison.ts'
import { keyOf, type Scalar, textOf } from './value.ts'

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

/**
 * As answers list them: of several labels those without a value are left out, but one of them stays
 * where none has a value. Totals of `compare()` have a label without a value.
 */
export function shownLabels({ labels }: Series): readonly Label[] {
  if (labels.some(({ key }) => key === '__meta_type')) return labels
  const present = labels.filter(({ value }) => value !== null)
  return present.length === 0 ? labels.slice(0, 1) : present
}

/** Equal for series with equal labels, whatever they are called. */
export function identityOf({ labels }: Series): string {
  const grouping = labels.filter(({ key }) => key !== nameLabel)
  return JSON.stringify(grouping.map(({ key, value }) => [key, keyOf(value)]).sort())
}

/** The order of labels, which decides ties: by key, type and value, one label after the other. */
export function byLabels(a: Series, b: Series): number {
  const [others, labels] = [shownLabels(b), shownLabels(a)]
  for (const [i, label] of labels.entries()) {
    const other = others[i]
    if (other === undefined) break
    const order = compareTexts(label.key, other.key) || compareValues(label.value, other.value)
    if (order !== 0) return order
  }
  return labels.length - others.length
}

const typeOrder = ['int', 'float', 'string', 'bool']

function compareValues(a: Scalar | null, b: Scalar | null): number {
  const [one, other] = [a, b].map(shownValue)
  const byType = typeOrder.indexOf(one!.type) - typeOrder.indexOf(other!.type)
  if (byType !== 0) return byType
  // NaN is before all other numbers.
  const [first, second] = [one, other].map(value => Number.isNaN(value!.value))
  if (first || second) return Number(second) - Number(first)
  if (compare('<', [one!], [other!])) return -1
  if (compare('>', [one!], [other!])) return 1
  return Number(one!.value === true) - Number(other!.value === true)
}

/** Labels have four types only. */
function shownValue(value: Scalar | null): Scalar {
  if (value === null) return { type: 'string', value: 'nil' }
  return typeOrder.includes(value.type) ? value : { type: 'string', value: textOf(value) }
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** With other samples, of which NaN is none; nothing when none is left. */
export function withSamples(series: Series, samples: Series['samples']): Series[] {
  const numbers = samples.map(sample => (Number.isNaN(sample) ? undefined : sample))
  return numbers.some(sample => sample !== undefined) ? [{ ...series, samples: numbers }] : []
}

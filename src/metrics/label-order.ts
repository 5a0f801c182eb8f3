import type { AttributeValue, LabelValue } from '../contract/queries.ts'
import type { Label } from './series.ts'

/** The order of series, and which of them are the same. An int 5 and a text `5` are different. */

/** Text that is the same for the same labels only: each part begins with its length. */
export function labelsIdentity(labels: readonly LabelValue[]): string {
  let identity = ''
  for (const label of labels) {
    if (label === null) identity += '-'
    else {
      const text = String(label.value)
      identity += `${text.length}${label.type}:${text}`
    }
  }
  return identity
}

export function seriesIdentity(labels: readonly Label[]): string {
  return JSON.stringify(labels.map(({ key, value }) => [key, ...typeAndText(value)]))
}

function typeAndText({ type, value }: AttributeValue): [string, string] {
  return [type, String(value)]
}

/** Label by label; missing values come first. */
export function compareLabelValues(a: readonly LabelValue[], b: readonly LabelValue[]): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

export function compareLabels(a: readonly Label[], b: readonly Label[]): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const order = compareTexts(a[i]!.key, b[i]!.key) || compareValues(a[i]!.value, b[i]!.value)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const typeRank = { int: 0, double: 1, string: 2, bool: 3, any: 4 } as const

function compareValues(a: LabelValue, b: LabelValue): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (a.type === 'int' && b.type === 'int') return compareInts(a.value, b.value)
  if (a.type !== b.type) return typeRank[a.type] - typeRank[b.type]
  if (typeof a.value === 'string') return compareTexts(a.value, String(b.value))
  return compareDoubles(Number(a.value), Number(b.value))
}

/** NaN comes first, and equals itself. */
function compareDoubles(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a))
  return a === b ? 0 : a < b ? -1 : 1
}

/** Decimal text of 64 bits. */
function compareInts(a: string, b: string): number {
  if (a.length < exactDigits && b.length < exactDigits) return Number(a) - Number(b)
  const difference = BigInt(a) - BigInt(b)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** Numbers of fewer digits are exact as doubles. */
const exactDigits = 16

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

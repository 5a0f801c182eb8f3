import type { Hint, ParsedQuery } from './ast.ts'

/** The hints that are honoured, where the query gives them with the right type. */
export interface QueryHints {
  /** The newest traces, rather than the first that are found. */
  readonly mostRecent?: boolean
  /** False for none, true for the default, or how many. */
  readonly exemplars?: boolean | number
  /** True to let the server choose, or the fraction to look at, 0…1. */
  readonly sample?: boolean | number
  readonly traceSample?: number
  readonly spanSample?: number
  readonly extrapolate?: boolean
}

/** Unknown names and values of a wrong type are ignored; of two with a name the last one counts. */
export function readHints(query: Pick<ParsedQuery, 'hints'>): QueryHints {
  const hints: { -readonly [Key in keyof QueryHints]: QueryHints[Key] } = {}
  for (const { name, value } of query.hints) {
    const flag = value.type === 'bool' ? value.value : undefined
    const fraction = fractionOf(value)
    if (name === 'most_recent' && flag !== undefined) hints.mostRecent = flag
    if (name === 'extrapolate' && flag !== undefined) hints.extrapolate = flag
    if (name === 'trace_sample' && fraction !== undefined) hints.traceSample = fraction
    if (name === 'span_sample' && fraction !== undefined) hints.spanSample = fraction
    const sample = flag ?? fraction
    if (name === 'sample' && sample !== undefined) hints.sample = sample
    const exemplars = flag ?? (value.type === 'int' ? Number(value.value) : undefined)
    if (name === 'exemplars' && exemplars !== undefined) hints.exemplars = exemplars
  }
  return hints
}

function fractionOf(value: Hint['value']): number | undefined {
  if (value.type !== 'float' && value.type !== 'int') return undefined
  const fraction = Number(value.value)
  return fraction >= 0 && fraction <= 1 ? fraction : undefined
}

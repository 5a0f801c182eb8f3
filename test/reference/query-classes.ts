import type { Arbitrary } from 'fast-check'
import * as queries from './random-query.ts'

/** Random queries by what they need of an engine. */
export interface QueryClass {
  readonly name: string
  readonly kind: 'search' | 'metrics'
  readonly query: Arbitrary<string>
}

export const queryClasses: readonly QueryClass[] = [
  { name: 'conditions on a field and a literal', kind: 'search', query: queries.positiveFilter },
  {
    name: 'filters one after the other, and select',
    kind: 'search',
    query: queries.filterPipeline,
  },
  {
    name: 'negative comparisons of events and links',
    kind: 'search',
    query: queries.literalFilter,
  },
  {
    name: 'arithmetic, and fields compared with each other',
    kind: 'search',
    query: queries.computedFilter,
  },
  { name: 'unions and intersections', kind: 'search', query: queries.logicalSpansets },
  { name: 'structural operators', kind: 'search', query: queries.structuralSpansets },
  { name: 'aggregates', kind: 'search', query: queries.aggregatePipeline },
  { name: 'groups', kind: 'search', query: queries.groupPipeline },
  { name: 'pipelines as operands', kind: 'search', query: queries.wrappedPipelines },
  { name: 'counts and rates', kind: 'metrics', query: queries.countMetrics },
  { name: 'values over time', kind: 'metrics', query: queries.overTimeMetrics },
  { name: 'histograms and quantiles', kind: 'metrics', query: queries.distributionMetrics },
  { name: 'compare', kind: 'metrics', query: queries.compareMetrics },
  { name: 'second stages', kind: 'metrics', query: queries.stagedMetrics },
  { name: 'arithmetic of metrics', kind: 'metrics', query: queries.metricsArithmetic },
]

export const tagsTestName = 'names and values of tags'

/** Each can be run alone. */
export const engineTests = [...queryClasses, { name: tagsTestName, kind: 'search' } as const].map(
  ({ name, kind }) => ({ name, file: `test/reference/engine-${kind}.test.ts` }),
)

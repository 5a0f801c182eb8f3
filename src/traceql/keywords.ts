import type { AggregateName, KindName, OverTimeName, StatusName } from './ast.ts'
import { intrinsicOfWord } from './intrinsics.ts'

export const statusNames: ReadonlySet<string> = new Set<StatusName>(['error', 'ok', 'unset'])

export const kindNames: ReadonlySet<string> = new Set<KindName>([
  'unspecified',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
])

export const aggregateNames: ReadonlySet<string> = new Set<AggregateName>([
  'count',
  'avg',
  'max',
  'min',
  'sum',
])

export const overTimeNames: ReadonlySet<string> = new Set<OverTimeName>([
  'min_over_time',
  'max_over_time',
  'avg_over_time',
  'sum_over_time',
  'histogram_over_time',
])

export const metricsNames: ReadonlySet<string> = new Set([
  'rate',
  'count_over_time',
  'quantile_over_time',
  'compare',
  ...overTimeNames,
])

/** What a condition can be made of, for suggestions. */
export const conditionWords: readonly string[] = [
  ...['true', 'false', 'nil', 'minInt', 'maxInt'],
  ...statusNames,
  ...kindNames,
  ...[...intrinsicOfWord.keys()].filter(word => word !== 'parent'),
]

/** What may follow a pipe, for suggestions. */
export const stageWords: readonly string[] = [
  ...['by', 'coalesce', 'select', 'topk', 'bottomk'],
  ...aggregateNames,
  ...metricsNames,
]

export const reservedWords: ReadonlySet<string> = new Set([
  ...conditionWords,
  ...stageWords,
  'parent',
  'with',
])

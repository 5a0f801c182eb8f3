import { fail } from '../base/errors.ts'
import type { QueryBudget, ReadStats } from './queries.ts'

/** Ends queries that use more than they may, whoever works on them. */

export function throwIfOverBudget(budget: QueryBudget | undefined, stats: ReadStats): void {
  if (!budget) return
  throwIfAbove(stats.inspectedSpans, budget.spansMax, 'spans', 'max_spans_scanned')
  throwIfAbove(stats.inspectedBytes, budget.bytesMax, 'bytes', 'max_bytes_read')
}

/** A metrics result holds a number for each series and step. */
export function throwIfTooManyCells(
  budget: QueryBudget | undefined,
  series: number,
  steps: number,
): void {
  if (budget) throwIfAbove(series * steps, budget.cellsMax, 'series × steps', 'max_metrics_cells')
}

/** Fails with QUERY_TOO_EXPENSIVE; a limit of 0 is none. */
function throwIfAbove(value: number, limit: number, what: string, key: string): void {
  if (limit === 0 || value <= limit) return
  const setting = `vivace.query.${key}`
  throw fail(
    'QUERY_TOO_EXPENSIVE',
    `the query needs more than ${limit} ${what} (${setting}), it was ended at ${value}`,
    { setting, limit, value },
  )
}

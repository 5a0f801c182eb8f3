import type { SearchRequest } from '../contract/queries.ts'
import type { Predicate } from '../model/predicate.ts'

/**
 * True when statistics and a look-up of each text in a sorted dictionary tell where something may be
 * found. A regex or an order of texts asks every value of a dictionary: that is for query threads.
 */
export function isCheapSearch({ spans, traceAll, stages = [] }: SearchRequest): boolean {
  return stages.length === 0 && [spans, ...traceAll].every(isCheapFilter)
}

function isCheapFilter(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'constant':
    case 'exists':
      return true
    case 'and':
    case 'or':
      return predicate.parts.every(isCheapFilter)
    case 'not':
      return isCheapFilter(predicate.part)
    case 'compare': {
      const { op, literal } = predicate
      return literal.type !== 'string' || op === '=' || op === '!='
    }
    default:
      return false
  }
}

import { Corruption, fail } from '../base/errors.ts'
import type { QuerySource } from '../search/query-source.ts'

/**
 * A source that reports its damage: `left` is told what is wrong, and the query fails as one that
 * may be asked again, since the next one finds the source no more.
 */
export function guardedSource(
  source: QuerySource,
  left: (reason: Corruption) => void,
): QuerySource {
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof Corruption)) throw error
      left(error)
      throw fail('UNAVAILABLE', `${error.message}: it is left out from now on`, error.fields)
    }
  }
  return {
    name: source.name,
    range: source.range,
    storedBytes: source.storedBytes,
    identity: source.identity,
    index: () => guard(source.index()),
    search: (...args) => guard(source.search(...args)),
    metrics: (...args) => guard(source.metrics(...args)),
    tracesByHash: (...args) => guard(source.tracesByHash(...args)),
    traceById: id => guard(source.traceById(id)),
    tagNames: (...args) => guard(source.tagNames(...args)),
    tagValues: (...args) => guard(source.tagValues(...args)),
    operations: (...args) => guard(source.operations(...args)),
  }
}

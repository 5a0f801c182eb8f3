import { Corruption, fail } from '../base/errors.ts'
import { type QuerySource, withGuard } from '../search/query-source.ts'

export interface SourceGuard {
  /** Told what is wrong with a source that is damaged. */
  left(reason: Corruption): void
  /** True when its files were removed. */
  removed(): boolean
}

/**
 * A source that reports its damage. The query fails as one that may be asked again, since the next
 * one finds the source no more; so it does when the source was removed under it.
 */
export function guardedSource(source: QuerySource, { left, removed }: SourceGuard): QuerySource {
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (removed()) throw fail('SNAPSHOT_GONE', `${source.name} was removed during the query`)
      if (!(error instanceof Corruption)) throw error
      left(error)
      throw fail('UNAVAILABLE', `${error.message}: it is left out from now on`, error.fields)
    }
  }
  return withGuard(source, guard)
}

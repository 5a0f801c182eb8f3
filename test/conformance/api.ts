import { tempoRoutes } from '../../src/api/tempo/routes.ts'
import type { QuerySource } from '../../src/search/query-source.ts'
import { compileMetrics } from '../../src/traceql/compile-metrics.ts'
import { compileSearch } from '../../src/traceql/compile-search.ts'
import { extractFilter } from '../../src/traceql/extract-filter.ts'
import { parseTagName } from '../../src/traceql/parse-tag-name.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { keepLast } from '../tools/keep-last.ts'
import { queriesOf } from './stores.ts'

const parseMetrics = keepLast(query => compileMetrics(validateQuery(parseQuery(query))))
const parseSearch = keepLast(query => compileSearch(validateQuery(parseQuery(query))))

/** Tempo's API over sources, with its default settings. */
export function tempoApi(sources: readonly QuerySource[]) {
  const queries = queriesOf(sources)
  return tempoRoutes({
    queries,
    metrics: {
      queries,
      parseMetrics,
      settings: { exemplarsMax: 100, intervalsMax: 10_000, seriesMax: 1000 },
      durationMaxMsFor: () => 86_400_000,
      clock: { nowMs: () => 1_764_000_000_000 },
    },
    parseQuery: parseSearch,
    parseTagName,
    extractFilter,
    settings: {
      defaultResultLimit: 20,
      maxResultLimit: 262_144,
      defaultSpansPerSpanSet: 3,
      maxSpansPerSpanSet: 100,
      maxSearchDurationMs: 168 * 3_600_000,
      queryBytesMax: 131_072,
    },
    limitsFor: () => ({ maxSearchDurationMs: 0, tagAnswerBytesMax: 0 }),
    resolveTenant: () => ['tenant'],
    log: { warn: () => undefined },
  })
}

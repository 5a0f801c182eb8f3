import fc, { type Arbitrary } from 'fast-check'
import type { Test } from 'uvu'
import type { QuerySource } from '../../src/search/query-source.ts'
import { tempoApi } from '../conformance/api.ts'
import type { CorpusQuery } from '../conformance/corpus.ts'
import { randomTest } from '../tools/random-runs.ts'
import { type Check, plainCheck, searchCheck } from './engine-check.ts'
import { openPlaces } from './places.ts'
import { type QueryClass, queryClasses, tagsTestName } from './query-classes.ts'
import { positiveFilter, tagField } from './random-query.ts'
import { randomSpans } from './random-traces.ts'
import { several } from './several.ts'
import { type Trace, tracesOf } from './trace.ts'

/**
 * The engine answers as the reference does, wherever the spans are. A run is a query over random
 * spans, asked in every place. What fails prints its seed, the spans, how they were dealt, one
 * query, the place and both answers. `RUNS` says how many each test has, `SEED` repeats them, and
 * `TEST` is the name of the only one to run.
 */

/** Of the same spans: to write, merge and open blocks takes longer than to ask. */
const queriesAtOnce = 20

const bits = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 24 })

/** Seconds after the base time; every span lies in the first. */
const wide = { from: -60, to: 7300 }
const second = { from: 1, to: 2 }
const ranges = fc.constantFrom(wide, wide, second, { from: 3, to: 3000 }, { from: 3600, to: 3601 })

/** Few points in most answers: it is the spans that differ. */
const rangesAndSteps = fc.oneof(
  { weight: 9, arbitrary: fc.record({ range: ranges, step: fc.constantFrom('10m', '1h') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      range: fc.constantFrom(second, { from: 0, to: 30 }, { from: 3590, to: 3605 }),
      step: fc.constantFrom('1s500ms', '2s', '60s'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ range: wide, step: '60s' }) },
)

const requests = {
  search: fc.record({
    ...{ kind: fc.constant('search' as const), range: ranges },
    params: fc.record({ limit: fc.constantFrom(1, 2, 20) }),
  }),
  metrics: fc.oneof(
    rangesAndSteps.map(({ range, step }) => ({ kind: 'range' as const, range, params: { step } })),
    fc.record({
      ...{ kind: fc.constant('instant' as const), range: ranges, params: fc.constant({}) },
    }),
  ),
}

/** Over all spans; a filter is left out half of the time. */
const tagRequests = fc.tuple(fc.option(tagField), fc.option(positiveFilter)).map(([tag, q]) => ({
  ...(tag === null ? { kind: 'tags2' as const } : { kind: 'values2' as const, tag }),
  ...(q === null ? {} : { q }),
  ...{ id: 'random', from: -60, to: 7300 },
}))

/** Adds the tests of all classes of one kind. */
export function testClasses(test: Test, kind: QueryClass['kind']): void {
  for (const { name, query } of queryClasses.filter(one => one.kind === kind)) {
    const asked = fc
      .tuple(query, requests[kind])
      .map(([q, { range, ...request }]) => ({ ...request, ...range, id: 'random', q }))
    testEverywhere(test, name, asked, kind === 'search' ? searchCheck : plainCheck, () => true)
  }
}

/** Sources are asked one by one for these: of a trace that is split each sees its part. */
export function testTags(test: Test): void {
  const isOne = (sources: readonly QuerySource[]) => sources.length === 1
  testEverywhere(test, tagsTestName, tagRequests, plainCheck, isOne)
}

function testEverywhere(
  test: Test,
  name: string,
  asked: Arbitrary<CorpusQuery>,
  checkOf: (query: CorpusQuery, traces: readonly Trace[]) => Check,
  isAsked: (sources: readonly QuerySource[]) => boolean,
): void {
  if (name !== (process.env['TEST'] ?? name)) return
  const property = fc.asyncProperty(
    ...([randomSpans, bits, several(asked, queriesAtOnce)] as const),
    async ({ spans }, where, queries) => {
      const traces = tracesOf(spans)
      const apis = (await openPlaces(spans, where))
        .filter(({ sources }) => isAsked(sources))
        .map(place => ({ name: place.name, api: tempoApi(place.sources) }))
      for (const query of queries) {
        const check = checkOf(query, traces)
        for (const place of apis) await named(place.name, () => check(place.api))
      }
    },
  )
  randomTest(test, name, property, queriesAtOnce)
}

/** What fails says where, with both answers. */
async function named(place: string, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    const { message, details = '' } = error as Error & { details?: string }
    throw new Error(`${place}: ${message}\n${details}`, { cause: error })
  }
}

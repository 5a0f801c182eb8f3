// time limit: 600 s
import fc from 'fast-check'
import { suite } from 'uvu'
import type { QuerySource } from '../../src/search/query-source.ts'
import { blockSource, dealt, liveSource, segmentOf } from '../../src/search/sources-fixture.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { tempoApi } from '../conformance/api.ts'
import { checkAll, checkSearch } from './engine-check.ts'
import { queryClasses } from './query-classes.ts'
import { positiveFilter, tagField } from './random-query.ts'
import { randomSpans } from './random-traces.ts'
import { tracesOf } from './trace.ts'

/** The engine answers as the reference does, wherever the spans are. */

interface Place {
  readonly name: string
  /** `bits` say in which of five sources each span lies. */
  readonly open: (
    spans: readonly PlainSpan[],
    bits: readonly number[],
  ) => Promise<readonly QuerySource[]>
}

const places: readonly Place[] = [
  { name: 'live', open: async spans => [liveSource(segmentOf(spans))] },
  { name: 'a block', open: async spans => [await blockSource(segmentOf(spans))] },
  { name: 'live segments and blocks, traces split and repeated', open: dealt },
]

/** `SEED` repeats a run, `RUNS` says how many; what fails prints its seed, query and spans. */
const seed = Number(process.env['SEED'] ?? Date.now() & 0x7fffffff)
const runs = { numRuns: Number(process.env['RUNS'] ?? 200), seed }
console.log(`SEED=${seed} RUNS=${runs.numRuns}`)

const bits = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 24 })

/** Seconds after the base time; the first holds every span. */
const ranges = fc.constantFrom(
  { from: -60, to: 7300 },
  { from: 1, to: 2 },
  { from: 3, to: 3000 },
  { from: 3600, to: 3601 },
)

const requests = {
  search: fc.record({
    ...{ kind: fc.constant('search' as const), range: ranges },
    params: fc.record({ limit: fc.constantFrom(1, 2, 20) }),
  }),
  metrics: fc.oneof(
    fc.record({
      ...{ kind: fc.constant('range' as const), range: ranges },
      params: fc.record({ step: fc.constantFrom('60s', '1h', '1s500ms') }),
    }),
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

const test = suite('engine and reference')

for (const { name, query, kind } of queryClasses) {
  const check = kind === 'search' ? checkSearch : checkAll
  for (const place of places) {
    test(`${name}: ${place.name}`, async () => {
      const property = fc.asyncProperty(
        ...([randomSpans, query, requests[kind], bits] as const),
        async ({ spans }, text, { range, ...request }, where) => {
          const api = tempoApi(await place.open(spans, where))
          const asked = { ...request, ...range, id: 'random', q: text }
          await check(api, asked, tracesOf(spans))
        },
      )
      await fc.assert(property, runs)
    })
  }
}

// Sources are asked one by one for these: of a trace that is split each sees its part.
for (const place of places.filter(({ open }) => open !== dealt)) {
  test(`names and values of tags: ${place.name}`, async () => {
    const property = fc.asyncProperty(
      ...([randomSpans, tagRequests, bits] as const),
      async ({ spans }, request, where) => {
        await checkAll(tempoApi(await place.open(spans, where)), request, tracesOf(spans))
      },
    )
    await fc.assert(property, runs)
  })
}

test.run()

// time limit: 600 s
import fc, { type Arbitrary } from 'fast-check'
import { suite } from 'uvu'
import type { QuerySource } from '../../src/search/query-source.ts'
import { blockSource, dealt, liveSource, segmentOf } from '../../src/search/sources-fixture.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { tempoApi } from '../conformance/api.ts'
import { checkMetrics, checkSearch } from './engine-check.ts'
import * as queries from './random-query.ts'
import { randomSpans } from './random-traces.ts'
import { tracesOf } from './trace.ts'

/** The engine answers as the reference does, wherever the spans are. */

interface QueryClass {
  readonly name: string
  readonly query: Arbitrary<string>
  readonly kind: 'search' | 'metrics'
  /** What the engine cannot do yet; without it the class is tried. */
  readonly waitsFor?: string
}

const classes: readonly QueryClass[] = [
  {
    name: 'conditions on a field and a literal',
    query: queries.positiveFilter,
    kind: 'search',
  },
  {
    name: 'filters one after the other, and select',
    query: queries.filterPipeline,
    kind: 'search',
  },
  {
    name: 'negative comparisons of events and links',
    query: queries.literalFilter,
    kind: 'search',
    waitsFor: 'none-of over events and links',
  },
  {
    name: 'arithmetic, and fields compared with each other',
    query: queries.computedFilter,
    kind: 'search',
    waitsFor: 'arithmetic',
  },
  {
    name: 'unions and intersections',
    query: queries.logicalSpansets,
    kind: 'search',
    waitsFor: 'spansets',
  },
  {
    name: 'structural operators',
    query: queries.structuralSpansets,
    kind: 'search',
    waitsFor: 'spansets',
  },
  {
    name: 'aggregates',
    query: queries.aggregatePipeline,
    kind: 'search',
    waitsFor: 'pipelines',
  },
  {
    name: 'groups',
    query: queries.groupPipeline,
    kind: 'search',
    waitsFor: 'pipelines',
  },
  {
    name: 'pipelines as operands',
    query: queries.wrappedPipelines,
    kind: 'search',
    waitsFor: 'pipelines',
  },
  {
    name: 'counts and rates',
    query: queries.countMetrics,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
  {
    name: 'values over time',
    query: queries.overTimeMetrics,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
  {
    name: 'histograms and quantiles',
    query: queries.distributionMetrics,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
  {
    name: 'compare',
    query: queries.compareMetrics,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
  {
    name: 'second stages',
    query: queries.stagedMetrics,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
  {
    name: 'arithmetic of metrics',
    query: queries.metricsArithmetic,
    kind: 'metrics',
    waitsFor: 'metrics',
  },
]

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

/** `SEED` repeats a run; what fails prints the seed, the query and the spans. */
const seed = process.env['SEED']
const runs = { numRuns: 200, ...(seed === undefined ? {} : { seed: Number(seed) }) }

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

const test = suite('engine and reference')

for (const { name, query, kind, waitsFor } of classes) {
  const check = kind === 'search' ? checkSearch : checkMetrics
  for (const place of places) {
    const run = waitsFor === undefined ? test : test.skip
    run(`${name}: ${place.name}`, async () => {
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

test.run()

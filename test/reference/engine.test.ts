import fc, { type Arbitrary } from 'fast-check'
import { suite } from 'uvu'
import type { QuerySource } from '../../src/search/query-source.ts'
import { blockSource, dealt, liveSource, segmentOf } from '../../src/search/sources-fixture.ts'
import type { PlainSpan } from '../../src/storage/live/plain-spans-fixture.ts'
import { checkSearch } from './engine-search.ts'
import * as queries from './random-query.ts'
import { randomSpans } from './random-traces.ts'

/** The engine answers as the reference does, wherever the spans are. */

interface QueryClass {
  readonly name: string
  readonly query: Arbitrary<string>
}

/** What the engine can do. */
const classes: readonly QueryClass[] = [
  { name: 'conditions on a field and a literal', query: queries.positiveFilter },
  { name: 'filters one after the other, and select', query: queries.filterPipeline },
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

const runs = { numRuns: 300 }
const bits = fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 24 })
const limit = fc.constantFrom(1, 2, 20)

const test = suite('engine and reference')

for (const { name, query } of classes) {
  for (const place of places) {
    test(`${name}: ${place.name}`, async () => {
      const property = fc.asyncProperty(
        ...([randomSpans, query, bits, limit] as const),
        async ({ spans }, text, where, most) => {
          await checkSearch(await place.open(spans, where), spans, text, most)
        },
      )
      await fc.assert(property, runs)
    })
  }
}

test.run()

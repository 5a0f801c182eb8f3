import { suite } from 'uvu'
import {
  attributes,
  double,
  hexId,
  int,
  type PlainSpan,
  type PlainValue,
  plainSpan,
} from '../../src/storage/live/plain-spans-fixture.ts'
import { tempoApi } from '../conformance/api.ts'
import type { CorpusQuery } from '../conformance/corpus.ts'
import { plainCheck, searchCheck } from './engine-check.ts'
import { openPlaces } from './places.ts'
import { baseNs } from './pools.ts'
import { tracesOf } from './trace.ts'

/** Examples that random tests have found: engine and reference answer them alike, everywhere. */

/** Of one trace, a second apart; each has one value. */
function spansWith(...values: readonly PlainValue[]): PlainSpan[] {
  return values.map((value, i) => {
    const startNs = baseNs + BigInt(i) * 1_000_000_000n
    const spanId = hexId(i + 1, 8)
    return plainSpan({ spanId, startNs, endNs: startNs, attributes: attributes({ k: value }) })
  })
}

/** So many that they become one test. */
function manyBetween(op: '=' | '!='): string[] {
  return Array.from({ length: 12 }, (_, i) => `.k ${op} ${2n ** 53n + 1n + 2n * BigInt(i)}`)
}

const wide = spansWith(double(2 ** 53), double(2 ** 53 + 2), double(2 ** 60), double(Number.NaN))
const mixed = spansWith(int(2n ** 53n + 1n), double(2 ** 60), int(2n ** 63n - 1n))
const zeros = [...spansWith(double(0), int(0))].reverse()
const endless = spansWith(double(Number.NEGATIVE_INFINITY), double(Number.POSITIVE_INFINITY))
const apart = spansWith(double(Number.NEGATIVE_INFINITY), double(Number.NaN)).map((span, i) => ({
  ...span,
  traceId: hexId(i + 1, 16),
}))

const examples: readonly {
  readonly name: string
  readonly spans: readonly PlainSpan[]
  readonly kind?: CorpusQuery['kind']
  readonly queries: readonly string[]
}[] = [
  {
    name: 'ints between two doubles',
    spans: wide,
    queries: ['=', '!=', '<', '<=', '>', '>='].flatMap(op => [
      `{ .k ${op} 9007199254740993 }`,
      `{ .k ${op} 9007199254740995 }`,
      `{ .k ${op} 1152921504606846977 }`,
    ]),
  },
  {
    name: 'many ints between doubles at once',
    spans: wide,
    queries: [
      `{ ${manyBetween('=').join(' || ')} }`,
      `{ ${manyBetween('!=').join(' && ')} }`,
      `{ ${[...manyBetween('='), '.k = 9007199254740992'].join(' || ')} }`,
    ],
  },
  {
    name: 'ints between two doubles, in filters of tags',
    spans: wide,
    kind: 'tags2',
    queries: ['{ .k = 9007199254740993 }', '{ .k > 9007199254740991 }'],
  },
  {
    name: 'the least and the greatest of ints and doubles',
    spans: mixed,
    queries: [
      '{ } | min(.k) = 9007199254740993',
      '{ } | max(.k) = 9223372036854775807',
      '{ } | max(.k) > 9223372036854775807',
    ],
  },
  {
    name: 'an int and a double that are equal',
    spans: zeros,
    queries: ['{ } | min(.k) = 0', '{ } | max(.k) = 0', '{ } | max(.k) < 9007199254740993'],
  },
  {
    name: 'an average that is not a number',
    spans: endless,
    queries: ['=', '!=', '<=', '>='].map(op => `{ } | avg(.k) ${op} 0`),
  },
  {
    name: 'a trace with a sum that is not exact, and another without a number',
    spans: apart,
    queries: ['{ } | min(.k) = 0s', '{ } | min(.k) < 9007199254740993', '{ } | sum(.k) != 1'],
  },
]

const test = suite('examples found by random tests')

for (const { name, spans, kind = 'search', queries } of examples) {
  const traces = tracesOf(spans)
  const places = await openPlaces(spans, [1, 2, 4, 8])
  for (const q of queries) {
    test(`${name}: ${q}`, async () => {
      const query = { kind, q, id: 'found', from: -60, to: 7300 }
      const check = (kind === 'search' ? searchCheck : plainCheck)(query, traces)
      for (const { sources } of places) await check(tempoApi(sources))
    })
  }
}

test.run()

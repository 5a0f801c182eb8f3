import fc, { type Arbitrary } from 'fast-check'
import {
  hexId,
  type PlainAttribute,
  type PlainSpan,
  type PlainValue,
} from '../../src/storage/live/plain-spans-fixture.ts'
import {
  baseNs,
  durations,
  eventNames,
  floats,
  ints,
  keys,
  services,
  spanNames,
  texts,
  wideInts,
  wideKey,
} from './pools.ts'
import { shortForm } from './short-form.ts'

const scalar: Arbitrary<PlainValue> = fc.oneof(
  fc.constantFrom(...texts).map(value => ({ type: 'string' as const, value })),
  fc.constantFrom(...ints).map(value => ({ type: 'int' as const, value })),
  fc.constantFrom(...floats).map(value => ({ type: 'double' as const, value })),
  fc.boolean().map(value => ({ type: 'bool' as const, value })),
)

const array: Arbitrary<PlainValue> = fc
  .oneof(
    fc.array(scalar, { maxLength: 3 }),
    fc.array(
      fc.constantFrom(...texts).map(value => ({ type: 'string' as const, value })),
      { maxLength: 3 },
    ),
  )
  .map(value => ({ type: 'array', value }))

const opaque: Arbitrary<PlainValue> = fc.oneof(
  fc.uint8Array({ maxLength: 3 }).map(value => ({ type: 'bytes' as const, value })),
  scalar.map(value => ({ type: 'list' as const, value: [{ key: 'inside', value }] })),
)

const value = fc.oneof(
  { weight: 12, arbitrary: scalar },
  { weight: 3, arbitrary: array },
  { weight: 1, arbitrary: opaque },
)

const wideInt: Arbitrary<PlainValue> = fc
  .constantFrom(...wideInts)
  .map(number => ({ type: 'int', value: number }))

const attribute: Arbitrary<PlainAttribute> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ key: fc.constantFrom(...keys), value }) },
  {
    weight: 1,
    arbitrary: fc.record({ key: fc.constant(wideKey), value: fc.oneof(wideInt, value) }),
  },
)

/** Each key at most once. */
function attributes(maxLength: number): Arbitrary<PlainAttribute[]> {
  return fc.uniqueArray(attribute, { maxLength, selector: ({ key }) => key })
}

const service = fc.option(
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...services) },
    { weight: 1, arbitrary: fc.constant('') },
  ),
  { freq: 6 },
)

const resource: Arbitrary<PlainAttribute[]> = fc
  .tuple(service, attributes(2))
  .map(([name, more]) => [
    ...(name === null
      ? []
      : [{ key: 'service.name', value: { type: 'string' as const, value: name } }]),
    ...more.filter(({ key }) => key !== 'service.name'),
  ])

const event = fc.record({
  offsetNs: fc.constantFrom(-1_000n, 0n, 5n, 1_000_000n),
  name: fc.constantFrom(...eventNames),
  attributes: attributes(2),
})

const link = fc.record({
  traceId: fc.integer({ min: 1, max: 3 }).map(traceIdOf),
  spanId: fc.integer({ min: 1, max: 4 }).map(spanIdOf),
  attributes: attributes(2),
})

const spanIdMax = 7

/** The parent may be absent, unknown, the span itself, or below it; ids may come twice. */
const spanParts = fc.record({
  spanId: fc.integer({ min: 1, max: spanIdMax }).map(spanIdOf),
  parentId: fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: spanIdMax + 1 }).map(spanIdOf) },
  ),
  name: fc.constantFrom(...spanNames),
  kind: fc.integer({ min: 0, max: 5 }),
  status: fc.integer({ min: 0, max: 2 }),
  statusMessage: fc.constantFrom('', '', 'bad'),
  traceState: fc.constantFrom('', 'a=1'),
  startNs: fc.constantFrom(...durations).map(offset => baseNs + offset),
  durationNs: fc.constantFrom(...durations, -5n),
  attributes: attributes(4),
  events: fc.array(event, { maxLength: 2 }),
  links: fc.array(link, { maxLength: 2 }),
  resource: fc.nat({ max: 2 }),
  scopeName: fc.constantFrom('', 'library'),
  scopeVersion: fc.constantFrom('', '1.0'),
  scope: attributes(1),
})

function traceIdOf(number: number): string {
  // With leading zeros, and without.
  return number < 3 ? hexId(number, 16) : `ab${hexId(number, 15)}`
}

function spanIdOf(number: number): string {
  return hexId(number, 8)
}

type Parts = typeof spanParts extends Arbitrary<infer Made> ? Made : never

function spanOf(trace: number, parts: Parts, resources: PlainAttribute[][]): PlainSpan {
  const { durationNs, startNs, events, resource: owner, ...rest } = parts
  return {
    ...rest,
    traceId: traceIdOf(trace + 1),
    startNs,
    endNs: startNs + durationNs,
    events: events.map(({ offsetNs, ...more }) => ({ ...more, timeNs: startNs + offsetNs })),
    resource: resources[owner]!,
  }
}

/** Spans of a few traces, in no order, some of them sent twice. It prints itself in short form. */
export interface RandomSpans {
  readonly spans: readonly PlainSpan[]
}

export const randomSpans: Arbitrary<RandomSpans> = fc
  .tuple(
    fc.array(resource, { minLength: 3, maxLength: 3 }),
    fc.array(fc.array(spanParts, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
    fc.array(fc.nat(), { maxLength: 2 }),
  )
  .map(([resources, traces, repeated]) => {
    const made = traces.flatMap((parts, trace) => parts.map(one => spanOf(trace, one, resources)))
    // Two of a trace with the same id and start would have no order.
    const place = ({ traceId, spanId, startNs }: PlainSpan) => `${traceId} ${spanId} ${startNs}`
    const spans = [...new Map(made.map(span => [place(span), span])).values()]
    for (const at of repeated) spans.push(spans[at % spans.length]!)
    return { spans, [fc.toStringMethod]: () => shortForm(spans) }
  })

import fc from 'fast-check'
import type { SearchRequest } from '../contract/queries.ts'
import type { CompareOp, Intrinsic, Literal, Operand, Predicate } from '../model/predicate.ts'
import {
  bool,
  double,
  hexId,
  int,
  type PlainAttribute,
  type PlainSpan,
  type PlainValue,
  text,
} from '../storage/live/plain-spans-fixture.ts'

/** Random spans and requests over few keys, values and times, so that they meet. */

export const baseNs = 1_700_000_000_000_000_000n

const texts = ['', 'a', 'ab', 'GET', 'é', '500', 'true', '5.0', 'x'.repeat(70)]
const ints = [
  0n,
  1n,
  -1n,
  5n,
  500n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) + 1n,
  -(2n ** 53n),
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
const doubles = [0, -0, 5, 2.5, 0.1, 500, -1e300, 1e-5, Number.NaN, 2 ** 53, 123456.7891]

const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.constantFrom(...texts).map(text),
  fc.constantFrom(...ints).map(int),
  fc.constantFrom(...doubles).map(double),
  fc.boolean().map(bool),
)

const rare: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.array(scalar, { maxLength: 3 }).map(value => ({ type: 'array' as const, value })),
  fc.array(fc.constantFrom(...texts).map(text), { maxLength: 3 }).map(value => {
    return { type: 'array' as const, value }
  }),
  fc.uint8Array({ maxLength: 3 }).map(value => ({ type: 'bytes' as const, value })),
  fc.constant<PlainValue>({ type: 'empty' }),
  scalar.map(value => ({ type: 'list' as const, value: [{ key: 'in', value }] })),
)

export const anyValue = fc.oneof({ arbitrary: scalar, weight: 4 }, { arbitrary: rare, weight: 1 })

export const keys = ['k1', 'k2', 'http.status', 'é/ü', '', 'service.name']

/** Each key once, but `again`, which may come more often. */
function attributeList(maxLength: number): fc.Arbitrary<PlainAttribute[]> {
  const once = fc.uniqueArray(fc.record({ key: fc.constantFrom(...keys), value: anyValue }), {
    maxLength,
    selector: ({ key }) => key,
  })
  const again = fc.array(fc.record({ key: fc.constant('again'), value: anyValue }), {
    maxLength: 2,
  })
  return fc.tuple(once, again).map(([a, b]) => [...a, ...b])
}

const offsets = [0n, 1n, 1_000n, 3_000_000n, 1_000_000_000n, 60_000_000_000n]
const durations = [0n, 1n, 999n, 5_000_000n, 2_000_000_000n, 5_000_000_000n, 3_600_000_000_000n]

const times = fc
  .record({
    offset: fc.constantFrom(...offsets),
    duration: fc.constantFrom(...durations, -5n),
    odd: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ offset, duration, odd }) => {
    if (odd === 0) return { startNs: 0n, endNs: 0n }
    if (odd === 1) return { startNs: baseNs + offset, endNs: 2n ** 64n - 1n }
    return { startNs: baseNs + offset, endNs: baseNs + offset + duration }
  })

const resources = fc.array(attributeList(3), { minLength: 3, maxLength: 3 })

const oneSpan = fc.record({
  trace: fc.integer({ min: 0, max: 5 }),
  id: fc.integer({ min: 1, max: 6 }),
  parent: fc.integer({ min: -3, max: 8 }),
  time: times,
  name: fc.constantFrom('op', 'GET', 'é', ''),
  kind: fc.integer({ min: 0, max: 5 }),
  status: fc.integer({ min: 0, max: 2 }),
  statusMessage: fc.constantFrom('', '', 'bad'),
  traceState: fc.constantFrom('', '', 'a=1'),
  attributes: attributeList(4),
  events: fc.array(
    fc.record({
      offset: fc.constantFrom(-1_000n, 0n, 5n, 1_000_000n, 5_000_000_000n),
      name: fc.constantFrom('exception', 'log', ''),
      attributes: attributeList(2),
    }),
    { maxLength: 2 },
  ),
  links: fc.array(
    fc.record({
      trace: fc.integer({ min: 0, max: 5 }),
      span: fc.integer({ min: 1, max: 6 }),
      attributes: attributeList(2),
    }),
    { maxLength: 2 },
  ),
  resource: fc.integer({ min: 0, max: 2 }),
  scopeName: fc.constantFrom('', 'lib'),
  scopeVersion: fc.constantFrom('', 'v1'),
  scope: attributeList(1),
})

/** Trace ids are short, as some clients send them, or full. */
export function traceIdOf(number: number): string {
  return number < 3 ? hexId(number + 1, 16) : `ab${hexId(number * 0x1234567, 15)}`
}

export const plainSpans: fc.Arbitrary<PlainSpan[]> = fc
  .tuple(resources, fc.array(oneSpan, { minLength: 1, maxLength: 24 }))
  .map(([owners, spans]) => {
    const made = spans.map(span => {
      const startNs = span.time.startNs
      return {
        ...span,
        ...span.time,
        traceId: traceIdOf(span.trace),
        spanId: hexId(span.id, 8),
        parentId: span.parent <= 0 ? '' : hexId(span.parent, 8),
        events: span.events.map(event => {
          const timeNs = startNs + event.offset
          return { ...event, timeNs: timeNs < 0n ? 0n : timeNs }
        }),
        links: span.links.map(link => ({
          ...link,
          traceId: traceIdOf(link.trace),
          spanId: hexId(link.span, 8),
        })),
        resource: owners[span.resource]!,
      }
    })
    // Spans of one trace that agree in id and start would have no order.
    const order = (span: PlainSpan) => `${span.traceId}/${span.spanId}/${span.startNs}`
    return [...new Map(made.map(span => [order(span), span])).values()]
  })

const intrinsicNames: readonly Intrinsic[] = [
  'name',
  'status',
  'statusMessage',
  'kind',
  'duration',
  'spanId',
  'parentId',
  'childCount',
  'traceId',
  'traceDuration',
  'rootName',
  'rootServiceName',
  'eventName',
  'eventTimeSinceStart',
  'linkTraceId',
  'linkSpanId',
  'instrumentationName',
  'instrumentationVersion',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
  'traceState',
]

const scopes = ['span', 'resource', 'event', 'link', 'instrumentation', 'any'] as const

export const operands: fc.Arbitrary<Operand> = fc.oneof(
  fc.record({
    kind: fc.constant('attribute' as const),
    scope: fc.constantFrom(...scopes),
    key: fc.constantFrom(...keys, 'again', 'missing'),
  }),
  fc.record({
    kind: fc.constant('intrinsic' as const),
    name: fc.constantFrom(...intrinsicNames),
  }),
)

const stringOps: CompareOp[] = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '=~',
  '!~',
  'contains',
  'textEquals',
]
const numberOps: CompareOp[] = ['=', '!=', '<', '<=', '>', '>=']

const stringLiterals = [
  ...texts,
  ...['op', 'log', 'lib', 'bad', 'a=1', 'v1', 'ab|GET', '.*', 'G.T', 'é.*', '[]', '["a"]', '00'],
  ...['1', '5', '-1', '2.5', '9007199254740993', hexId(2, 8), hexId(2, 16), '2', 'zz', 'AB'],
  ...[traceIdOf(3), traceIdOf(4).toUpperCase(), '{"in":5}'],
]
/** Patterns must compile. */
const patterns = new Set(['[]', '["a"]', '{"in":5}'])

export const literals: fc.Arbitrary<{ op: CompareOp; literal: Literal }> = fc.oneof(
  fc
    .record({
      op: fc.constantFrom(...stringOps),
      value: fc.constantFrom(...stringLiterals),
    })
    .map(({ op, value }) => {
      const safe = (op === '=~' || op === '!~') && patterns.has(value) ? 'a' : value
      return { op, literal: { type: 'string' as const, value: safe } }
    }),
  fc.record({
    op: fc.constantFrom(...numberOps),
    literal: fc.record({
      type: fc.constant('int' as const),
      value: fc.constantFrom(...ints, 2n, 999n, 5_000_000n, 60_000_000_000n).map(String),
    }),
  }),
  fc.record({
    op: fc.constantFrom(...numberOps),
    literal: fc.record({
      type: fc.constant('float' as const),
      value: fc.constantFrom(...doubles.filter(value => !Number.isNaN(value))),
    }),
  }),
  fc.record({
    op: fc.constantFrom<CompareOp>('=', '!='),
    literal: fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
  }),
)

const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  { arbitrary: operands.map(operand => ({ kind: 'exists' as const, operand })), weight: 1 },
  {
    arbitrary: fc
      .tuple(operands, literals)
      .map(([operand, rest]) => ({ kind: 'compare' as const, operand, ...rest })),
    weight: 6,
  },
  { arbitrary: fc.boolean().map(value => ({ kind: 'constant' as const, value })), weight: 1 },
)

export const predicates: fc.Arbitrary<Predicate> = fc.letrec<{ node: Predicate }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }).map(parts => ({ kind: 'and' as const, parts })),
    fc.array(tie('node'), { maxLength: 3 }).map(parts => ({ kind: 'or' as const, parts })),
    tie('node').map(part => ({ kind: 'not' as const, part })),
  ),
})).node

const bounds = fc.constantFrom(...offsets, -1n, 2n, 4_000_000_000n, 3_700_000_000_000n)

const ranges = fc
  .record({ a: bounds, b: bounds, of: fc.constantFrom('trace' as const, 'span' as const) })
  .map(({ a, b, of }) => {
    const [start, end] = a < b ? [a, b] : [b, a]
    return { startNs: String(baseNs + start), endNs: String(baseNs + end), of }
  })

export const requests: fc.Arbitrary<SearchRequest> = fc
  .record({
    spans: fc.oneof(fc.constant<Predicate>({ kind: 'constant', value: true }), predicates),
    traceAll: fc.array(predicates, { maxLength: 2 }).map(list => (list.length === 2 ? list : [])),
    min: fc.option(fc.constantFrom(...durations)),
    max: fc.option(fc.constantFrom(...durations)),
    range: fc.option(ranges),
    limit: fc.constantFrom(1, 2, 3, 20),
    spansPerSpanSet: fc.constantFrom(0, 1, 3, 100),
    select: fc.array(
      operands.filter(operand => operand.kind === 'intrinsic' || operand.key !== 'again'),
      { maxLength: 3 },
    ),
  })
  .map(({ min, max, range, ...rest }) => ({
    ...rest,
    ...(min === null ? {} : { traceDurationMinNs: String(min) }),
    ...(max === null ? {} : { traceDurationMaxNs: String(max) }),
    ...(range === null ? {} : { range }),
  }))

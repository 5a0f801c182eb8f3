import {
  array,
  attributes,
  bool,
  double,
  hexId,
  int,
  type PlainSpan,
  plainSpan,
  text,
} from '../../src/storage/live/plain-spans-fixture.ts'

/** What the examples of docs/traceql.md are about: two requests to a shop, and an order. */

const second = 1_000_000_000n
const millisecond = 1_000_000n

export const exampleStartNs = 1_764_000_000n * second
export const exampleEndNs = exampleStartNs + 100n * second

/** Service, kind and status as OTLP's numbers, and milliseconds. */
interface Place {
  readonly trace: number
  readonly id: number
  readonly parent: number | null
  readonly startSeconds: bigint
  readonly durationMs: bigint
}

function at({ trace, id, parent, startSeconds, durationMs }: Place): Partial<PlainSpan> {
  const startNs = exampleStartNs + startSeconds * second
  return {
    traceId: hexId(trace, 16),
    spanId: hexId(id, 8),
    parentId: parent === null ? '' : hexId(parent, 8),
    startNs,
    endNs: startNs + durationMs * millisecond,
  }
}

function service(name: string, more: Parameters<typeof attributes>[0] = {}) {
  return attributes({ 'service.name': text(name), region: text('eu'), ...more })
}

const checkout = at({ trace: 2, id: 4, parent: null, startSeconds: 40n, durationMs: 2500n })

export const exampleSpans: readonly PlainSpan[] = [
  {
    ...at({ trace: 1, id: 1, parent: null, startSeconds: 10n, durationMs: 300n }),
    name: 'GET /cart',
    kind: 2,
    attributes: attributes({
      'http.method': text('GET'),
      'http.status_code': int(200),
      'user name': text('ann'),
    }),
    resource: service('frontend', { environment: text('production') }),
    ...{ scopeName: 'express', scopeVersion: '4.1', scope: attributes({ language: text('js') }) },
  },
  {
    ...at({ trace: 1, id: 2, parent: 1, startSeconds: 10n, durationMs: 120n }),
    name: 'load cart',
    kind: 1,
    attributes: attributes({
      'cache.hit': bool(true),
      items: int(3),
      labels: array(text('vip'), text('web')),
    }),
    resource: service('cart'),
  },
  {
    ...at({ trace: 1, id: 3, parent: 2, startSeconds: 10n, durationMs: 80n }),
    name: 'SELECT cart',
    kind: 3,
    status: 1,
    attributes: attributes({ 'db.system': text('postgresql'), items: int(4) }),
    resource: service('postgres'),
  },
  {
    ...checkout,
    name: 'POST /checkout',
    kind: 2,
    status: 2,
    statusMessage: 'payment failed',
    attributes: attributes({ 'http.method': text('POST'), 'http.status_code': int(502) }),
    resource: service('frontend', { environment: text('production') }),
    ...{ scopeName: 'express', scopeVersion: '4.1', scope: attributes({ language: text('js') }) },
  },
  {
    ...at({ trace: 2, id: 5, parent: 4, startSeconds: 40n, durationMs: 2000n }),
    name: 'pay',
    kind: 3,
    status: 2,
    attributes: attributes({ price: double(19.5), attempts: int(3) }),
    events: [
      ['retry', 500n, { attempt: int(1), reason: text('timeout') }] as const,
      ['retry', 1000n, { attempt: int(2), reason: text('refused') }] as const,
      ['exception', 1900n, { 'exception.type': text('TimeoutError') }] as const,
    ].map(([name, afterMs, members]) => ({
      timeNs: checkout.startNs! + afterMs * millisecond,
      name,
      attributes: attributes(members as Parameters<typeof attributes>[0]),
    })),
    resource: service('payment'),
  },
  {
    ...at({ trace: 2, id: 6, parent: 4, startSeconds: 42n, durationMs: 5n }),
    name: 'send order',
    kind: 4,
    attributes: attributes({ region: text('eu-2'), attempts: text('one') }),
    resource: service('shipping'),
  },
  {
    ...at({ trace: 3, id: 7, parent: null, startSeconds: 70n, durationMs: 50n }),
    name: 'process order',
    kind: 5,
    status: 1,
    attributes: attributes({ attempts: int(1), price: double(19.5) }),
    links: [
      {
        ...{ traceId: hexId(2, 16), spanId: hexId(6, 8) },
        attributes: attributes({ cause: text('order') }),
      },
    ],
    resource: service('shipping'),
  },
  {
    ...at({ trace: 3, id: 8, parent: 99, startSeconds: 75n, durationMs: 1n }),
    name: 'late step',
    kind: 1,
    resource: attributes({ region: text('eu') }),
  },
].map(plainSpan)

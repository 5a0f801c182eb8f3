import { ProtoWriter } from '../src/wire/protobuf.ts'

/**
 * A deterministic, realistic set of traces: 5-50 spans each, 24 services on some 130 pods, 12 span
 * and 10 resource attributes, 2 % errors with an exception event, unique request ids and paths.
 */

export interface GeneratorOptions {
  readonly spans: number
  readonly seed?: number
  /** First trace's start, ms since 1970. */
  readonly startMs: number
  /** Traces are spread evenly over this time. */
  readonly durationMs: number
  readonly spansPerRequest?: number
}

export interface GeneratedRequest {
  readonly body: Uint8Array
  readonly spans: number
}

type Random = () => number

function xorshift(seed: number): Random {
  let state = seed || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

const services = Array.from(
  { length: 24 },
  (_, i) =>
    ['frontend', 'cart', 'checkout', 'payment', 'shipping', 'catalog', 'search', 'auth'][i % 8] +
    (i < 8 ? '' : `-${i >> 3}`),
)
const kinds = ['http', 'rpc', 'db', 'messaging', 'internal'] as const
const methods = ['GET', 'POST', 'PUT', 'DELETE']
const statusCodes = [200, 200, 200, 200, 201, 204, 301, 400, 404, 500, 503]
const dbSystems = ['postgresql', 'redis', 'mysql', 'mongodb']

interface Span {
  readonly service: number
  readonly bytes: Uint8Array
}

function attribute(w: ProtoWriter, key: string, value: string | number | boolean, field = 9): void {
  w.messageField(field, inner => {
    inner.textField(1, key)
    inner.messageField(2, any => {
      if (typeof value === 'string') any.textField(1, value)
      else if (typeof value === 'boolean') any.boolField(2, value)
      else if (Number.isInteger(value)) any.varintField(3, value)
      else any.doubleField(4, value)
    })
  })
}

function hex(random: Random, digits: number): string {
  let text = ''
  while (text.length < digits) text += Math.floor(random() * 16).toString(16)
  return text
}

function spanAttributes(w: ProtoWriter, random: Random, requestId: string): void {
  const kind = kinds[Math.floor(random() * 5)]!
  attribute(w, 'request.id', requestId)
  attribute(w, 'user.id', `user-${Math.floor(random() ** 4 * 200_000)}`)
  attribute(w, 'thread.id', Math.floor(random() * 64))
  attribute(w, 'app.kind', kind)
  attribute(w, 'app.retry', random() < 0.05)
  attribute(w, 'app.weight', Math.round(random() * 1000) / 10)
  if (kind === 'http' || kind === 'internal') {
    attribute(w, 'http.request.method', methods[Math.floor(random() * 4)]!)
    attribute(w, 'http.route', `/api/v1/things/${Math.floor(random() * 40)}/{id}`)
    attribute(w, 'url.path', `/api/v1/things/${Math.floor(random() * 150_000)}`)
    attribute(w, 'http.response.status_code', statusCodes[Math.floor(random() * 11)]!)
    attribute(w, 'http.response.body.size', Math.floor(random() ** 3 * 100_000))
    attribute(w, 'user_agent.original', `agent/${Math.floor(random() * 30)}.0`)
  } else {
    attribute(w, 'db.system', dbSystems[Math.floor(random() * 4)]!)
    attribute(w, 'db.operation', ['select', 'insert', 'update'][Math.floor(random() * 3)]!)
    attribute(w, 'db.collection.name', `table_${Math.floor(random() * 60)}`)
    attribute(w, 'server.address', `db-${Math.floor(random() * 20)}.local`)
    attribute(w, 'server.port', 5432 + Math.floor(random() * 4))
    attribute(w, 'messaging.message.id', `message-${Math.floor(random() * 18_000)}`)
  }
}

function buildSpan(
  random: Random,
  ids: { trace: Uint8Array; span: Uint8Array; parent: Uint8Array | undefined },
  startNs: bigint,
  durationNs: bigint,
  requestId: string,
): Uint8Array {
  const w = new ProtoWriter(700)
  w.bytesField(1, ids.trace)
  w.bytesField(2, ids.span)
  if (ids.parent) w.bytesField(4, ids.parent)
  w.textField(
    5,
    ids.parent ? `op-${Math.floor(random() ** 2 * 400)}` : `GET /page/${Math.floor(random() * 50)}`,
  )
  w.varintField(6, 1 + Math.floor(random() * 5))
  w.fixed64Field(7, startNs)
  w.fixed64Field(8, startNs + durationNs)
  spanAttributes(w, random, requestId)
  const failed = random() < 0.02
  if (failed || random() < 0.06) {
    w.messageField(11, event => {
      event.fixed64Field(1, startNs + durationNs / 2n)
      event.textField(2, failed ? 'exception' : 'log')
      attribute(
        event,
        failed ? 'exception.type' : 'message',
        failed ? `Error${Math.floor(random() * 9)}` : 'retrying',
        3,
      )
    })
  }
  if (failed) {
    w.messageField(15, status => {
      status.textField(2, 'something went wrong')
      status.varintField(3, 2)
    })
  }
  return w.finish()
}

function randomBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = Math.floor(random() * 256)
  bytes[0] = bytes[0]! | 1
  return bytes
}

function buildTrace(random: Random, startNs: bigint): Span[] {
  const count = 5 + Math.floor(random() * 28)
  const trace = randomBytes(random, 16)
  const requestId = hex(random, 16)
  const ids = Array.from({ length: count }, () => randomBytes(random, 8))
  const spans: Span[] = []
  let service = Math.floor(random() * 24)
  for (let i = 0; i < count; i++) {
    const parent = i === 0 ? undefined : ids[Math.floor(random() ** 2 * i)]
    if (random() < 0.3) service = Math.floor(random() * 24)
    const durationNs = BigInt(
      Math.floor(Math.exp(random() * 12) * 5_000) + (i === 0 ? 50_000_000 : 0),
    )
    const offsetNs = BigInt(i * 150_000 + Math.floor(random() * 100_000))
    const bytes = buildSpan(
      random,
      { trace, span: ids[i]!, parent },
      startNs + offsetNs,
      durationNs,
      requestId,
    )
    spans.push({ service, bytes })
  }
  return spans
}

function resource(service: number, pod: number): Uint8Array {
  const w = new ProtoWriter(600)
  const name = services[service]!
  attribute(w, 'service.name', name, 1)
  attribute(w, 'service.version', `1.${service}.0`, 1)
  attribute(w, 'service.namespace', 'shop', 1)
  attribute(w, 'k8s.pod.name', `${name}-${pod}`, 1)
  attribute(w, 'k8s.namespace.name', 'prod', 1)
  attribute(w, 'k8s.node.name', `node-${pod % 9}`, 1)
  attribute(w, 'cloud.region', pod % 2 ? 'eu-west-1' : 'us-east-1', 1)
  attribute(w, 'telemetry.sdk.language', service % 2 ? 'go' : 'java', 1)
  attribute(w, 'host.cpus', 4 + (pod % 4), 1)
  attribute(w, 'deployment.environment', 'production', 1)
  return w.finish()
}

function buildRequest(spans: Span[], random: Random): Uint8Array {
  const byService = new Map<number, Span[]>()
  for (const span of spans) {
    const list = byService.get(span.service)
    if (list) list.push(span)
    else byService.set(span.service, [span])
  }
  const w = new ProtoWriter(spans.length * 600)
  for (const [service, list] of byService) {
    w.messageField(1, resourceSpans => {
      resourceSpans.bytesField(1, resource(service, Math.floor(random() * 6)))
      resourceSpans.messageField(2, scope => {
        scope.messageField(1, s => {
          s.textField(1, 'bench/instrumentation')
          s.textField(2, '1.4.0')
        })
        for (const span of list) scope.bytesField(2, span.bytes)
      })
    })
  }
  return w.finish()
}

/** Requests of about `spansPerRequest` spans, whole traces each, in order of time. */
export function* generate(options: GeneratorOptions): Generator<GeneratedRequest> {
  const random = xorshift(options.seed ?? 42)
  const perRequest = options.spansPerRequest ?? 2000
  let made = 0
  let pending: Span[] = []
  while (made < options.spans) {
    const atMs = options.startMs + (made / options.spans) * options.durationMs
    const trace = buildTrace(random, BigInt(Math.floor(atMs)) * 1_000_000n)
    made += trace.length
    pending.push(...trace)
    if (pending.length >= perRequest) {
      yield { body: buildRequest(pending, random), spans: pending.length }
      pending = []
    }
  }
  if (pending.length > 0) yield { body: buildRequest(pending, random), spans: pending.length }
}

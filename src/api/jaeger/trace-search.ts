import type { SearchRequest } from '../../contract/queries.ts'
import {
  everySpan,
  type Intrinsic,
  type Literal,
  type Operand,
  type Predicate,
} from '../../model/predicate.ts'
import { missingServiceName, spanKindWords } from '../../wire/jaeger-model.ts'

/**
 * A search of either API as a request to the store. All conditions are about one span: service,
 * operation, duration, start, and every tag.
 */
export interface TraceSearch {
  /** Empty = any. */
  readonly service: string
  /** Empty = any. */
  readonly operation: string
  readonly tags: ReadonlyMap<string, string>
  /** Start of the span, ns since 1970, both inclusive. */
  readonly startNs: bigint
  readonly endNs: bigint
  /** Duration of the span, both inclusive; 0 = no bound. */
  readonly durationMinNs: bigint
  readonly durationMaxNs: bigint
  readonly limit: number
  /** Without adjusters. */
  readonly raw: boolean
}

export function toSearchRequest(search: TraceSearch): SearchRequest {
  return {
    spans: spanPredicate(search),
    traceAll: [],
    range: { startNs: String(search.startNs), endNs: String(search.endNs), of: 'span' },
    limit: search.limit,
    spansPerSpanSet: 0,
    select: [],
  }
}

export function spanPredicate(search: TraceSearch): Predicate {
  const parts: Predicate[] = []
  if (search.service !== '') parts.push(ofService(search.service))
  if (search.operation !== '') parts.push(compare(intrinsic('name'), '=', text(search.operation)))
  const { durationMinNs, durationMaxNs } = search
  if (durationMinNs !== 0n) parts.push(compare(intrinsic('duration'), '>=', int(durationMinNs)))
  if (durationMaxNs !== 0n) parts.push(compare(intrinsic('duration'), '<=', int(durationMaxNs)))
  for (const [key, value] of search.tags) parts.push(tagPredicate(key, value))
  return parts.length === 0 ? everySpan : { kind: 'and', parts }
}

/**
 * The store does not tell an absent `service.name` from an empty one: both are found under the
 * name that an absent one is shown with.
 */
export function storedServices(service: string): readonly string[] {
  return service === missingServiceName ? ['', service] : [service]
}

export function shownService(stored: string): string {
  return stored === '' ? missingServiceName : stored
}

export function ofService(service: string): Predicate {
  const parts = storedServices(service).map(name => compare(serviceOperand, '=', text(name)))
  return parts.length === 1 ? parts[0]! : { kind: 'or', parts }
}

export const serviceOperand: Operand = {
  kind: 'attribute',
  scope: 'resource',
  key: 'service.name',
}

/** A tag may be what was sent with the span, its resource or an event, or what is made of them. */
function tagPredicate(key: string, value: string): Predicate {
  const parts: Predicate[] = [textOf('span', key, value)]
  if (key !== 'service.name') parts.push(textOf('resource', key, value))
  parts.push(alone(textOf('event', key, value)))
  const generated = generatedTag(key, value)
  if (generated !== undefined) parts.push(generated)
  return { kind: 'or', parts }
}

function textOf(scope: 'span' | 'resource' | 'event', key: string, value: string): Predicate {
  return compare({ kind: 'attribute', scope, key }, 'textEquals', text(value))
}

/** A condition on an event is a part of its own, so that it is not tied to other tags' events. */
function alone(part: Predicate): Predicate {
  return { kind: 'and', parts: [part] }
}

function generatedTag(key: string, value: string): Predicate | undefined {
  if (value === '') return undefined
  switch (key) {
    case 'event':
      return alone(compare(intrinsic('eventName'), '=', text(value)))
    case 'span.kind': {
      const kind = spanKindWords.indexOf(value as (typeof spanKindWords)[number])
      return kind < 1 ? undefined : compare(intrinsic('kind'), '=', int(kind))
    }
    case 'error':
      return value === 'true' ? compare(intrinsic('status'), '=', int(2)) : undefined
    case 'otel.status_code': {
      const status = ['OK', 'ERROR'].indexOf(value) + 1
      return status === 0 ? undefined : compare(intrinsic('status'), '=', int(status))
    }
    default: {
      const name = textIntrinsics.get(key)
      return name && compare(intrinsic(name), '=', text(value))
    }
  }
}

const textIntrinsics: ReadonlyMap<string, Intrinsic> = new Map([
  ['otel.status_description', 'statusMessage'],
  ['otel.scope.name', 'instrumentationName'],
  ['otel.scope.version', 'instrumentationVersion'],
  ['w3c.tracestate', 'traceState'],
])

export function compare(
  operand: Operand,
  op: '=' | '>=' | '<=' | 'textEquals',
  literal: Literal,
): Predicate {
  return { kind: 'compare', operand, op, literal }
}

export function intrinsic(name: Intrinsic): Operand {
  return { kind: 'intrinsic', name }
}

export function text(value: string): Literal {
  return { type: 'string', value }
}

export function int(value: number | bigint): Literal {
  return { type: 'int', value: String(value) }
}

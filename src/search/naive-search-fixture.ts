import { RE2JS } from 're2js'
import type { SearchRequest } from '../contract/queries.ts'
import type { CompareOp, Intrinsic, Literal, Operand, Predicate } from '../model/predicate.ts'
import {
  int,
  type PlainAttribute,
  type PlainEvent,
  type PlainLink,
  type PlainValue,
  text,
} from '../storage/live/plain-spans-fixture.ts'
import { durationOf, type NaiveSpan, type NaiveTrace, serviceOf } from './naive-trace-fixture.ts'

/**
 * What a search must answer, over plain objects and without any index, column or code of the
 * search itself: the oracle of its tests.
 */

/** The values that an operand has on a span: none when it is missing. */
export function valuesOf(span: NaiveSpan, trace: NaiveTrace, operand: Operand): PlainValue[] {
  if (operand.kind === 'intrinsic') return intrinsicValues(span, trace, operand.name)
  const { key } = operand
  switch (operand.scope) {
    case 'span':
      return ofKey(span.attributes, key)
    case 'resource':
      return key === 'service.name' ? [text(serviceOf(span))] : ofKey(span.resource, key)
    case 'instrumentation':
      return ofKey(span.scope, key)
    case 'event':
      return span.events.flatMap(event => eventValues(span, event, operand))
    case 'link':
      return span.links.flatMap(link => linkValues(link, operand))
    default: {
      const own = ofKey(span.attributes, key)
      return own.length > 0 ? own : valuesOf(span, trace, { ...operand, scope: 'resource' })
    }
  }
}

function ofKey(attributes: readonly PlainAttribute[], key: string): PlainValue[] {
  return attributes
    .filter(attribute => attribute.key === key)
    .map(({ value }) => value)
    .filter(value => value.type !== 'array' || value.value.length > 0)
}

function eventValues(span: NaiveSpan, event: PlainEvent, operand: Operand): PlainValue[] {
  if (operand.kind === 'attribute') return ofKey(event.attributes, operand.key)
  return [operand.name === 'eventName' ? text(event.name) : int(event.timeNs - span.startNs)]
}

function linkValues(link: PlainLink, operand: Operand): PlainValue[] {
  if (operand.kind === 'attribute') return ofKey(link.attributes, operand.key)
  return [text(operand.name === 'linkTraceId' ? link.traceId : link.spanId)]
}

function intrinsicValues(span: NaiveSpan, trace: NaiveTrace, name: Intrinsic): PlainValue[] {
  const operand = { kind: 'intrinsic', name } as const
  const one: Record<Intrinsic, () => PlainValue[]> = {
    name: () => [text(span.name)],
    status: () => [int(span.status)],
    statusMessage: () => [text(span.statusMessage)],
    kind: () => [int(span.kind)],
    duration: () => [int(durationOf(span))],
    spanId: () => [text(span.spanId)],
    parentId: () => (span.parentId === '' ? [] : [text(span.parentId)]),
    childCount: () => [int(span.childCount)],
    traceId: () => [text(span.traceId)],
    traceDuration: () => [int(trace.durationNs)],
    rootName: () => [text(trace.root?.name ?? '')],
    rootServiceName: () => [text(trace.root ? serviceOf(trace.root) : '')],
    eventName: () => span.events.flatMap(event => eventValues(span, event, operand)),
    eventTimeSinceStart: () => span.events.flatMap(event => eventValues(span, event, operand)),
    linkTraceId: () => span.links.flatMap(link => linkValues(link, operand)),
    linkSpanId: () => span.links.flatMap(link => linkValues(link, operand)),
    instrumentationName: () => [text(span.scopeName)],
    instrumentationVersion: () => [text(span.scopeVersion)],
    nestedSetLeft: () => [int(span.left)],
    nestedSetRight: () => [int(span.right)],
    nestedSetParent: () => [int(span.parentLeft)],
    traceState: () => [text(span.traceState)],
  }
  return one[name]()
}

type Test = Extract<Predicate, { kind: 'compare' | 'exists' }>

function passes(test: Test, values: readonly PlainValue[]): boolean {
  if (test.kind === 'exists') return values.length > 0
  const { operand, op, literal } = test
  const isTraceId = operand.kind === 'intrinsic' && operand.name === 'traceId'
  const padded =
    isTraceId && (op === '=' || op === '!=') && literal.type === 'string'
      ? { ...literal, value: literal.value.padStart(32, '0') }
      : literal
  return values.some(value => holds(value, op, padded))
}

/** An array matches when an element does; negative operators ask all elements. */
function holds(value: PlainValue, op: CompareOp, literal: Literal): boolean {
  if (op === 'textEquals') return textEquals(value, String(literal.value))
  if (value.type !== 'array') return scalarHolds(value, op, literal)
  const comparable = value.value.filter(element => isComparable(element, literal))
  if (comparable.length === 0) return false
  return op === '!=' || op === '!~'
    ? comparable.every(element => scalarHolds(element, op, literal))
    : comparable.some(element => scalarHolds(element, op, literal))
}

function isComparable({ type }: PlainValue, literal: Literal): boolean {
  if (type === 'string' || type === 'bool') return literal.type === type
  return (type === 'int' || type === 'double') && /int|float/.test(literal.type)
}

function scalarHolds(value: PlainValue, op: CompareOp, literal: Literal): boolean {
  if (!isComparable(value, literal)) return false
  if (value.type === 'string') return textHolds(value.value, op, String(literal.value))
  if (value.type === 'int' && literal.type === 'int') {
    return ordered(op, value.value, BigInt(literal.value))
  }
  if (value.type === 'bool') return ordered(op, Number(value.value), Number(literal.value))
  if (value.type === 'int' || value.type === 'double')
    return ordered(op, mixedOrder(value.value, numberOf(literal)), 0)
  return false
}

function numberOf({ type, value }: Literal): bigint | number {
  return type === 'int' ? BigInt(value) : Number(value)
}

/** JavaScript compares a bigint and a number exactly. */
function mixedOrder(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number.isNaN(Number(b)) || Number.isNaN(Number(a)) ? Number.NaN : 0
}

function textHolds(value: string, op: CompareOp, literal: string): boolean {
  if (op === 'contains') return value.includes(literal)
  if (op === '=~' || op === '!~') {
    return RE2JS.compile(literal, RE2JS.DOTALL).matches(value) === (op === '=~')
  }
  return ordered(op, Buffer.compare(Buffer.from(value), Buffer.from(literal)), 0)
}

function ordered<T extends number | bigint>(op: CompareOp, a: T, b: T): boolean {
  switch (op) {
    case '=':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    default:
      return false
  }
}

const numeric = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

function textEquals(value: PlainValue, wanted: string): boolean {
  switch (value.type) {
    case 'string':
    case 'bool':
      return String(value.value) === wanted
    case 'int':
      if (BigInt.asIntN(54, value.value) !== value.value) return String(value.value) === wanted
      return numeric.test(wanted) && Number(wanted) === Number(value.value)
    case 'double':
      return numeric.test(wanted) && Number(wanted) === value.value
    case 'bytes':
      return Buffer.from(value.value).toString('hex') === wanted
    case 'empty':
      return wanted === ''
    default:
      return JSON.stringify(plain(value)) === wanted
  }
}

function plain(value: PlainValue): unknown {
  switch (value.type) {
    case 'array':
      return value.value.map(plain)
    case 'list':
      return Object.fromEntries(value.value.map(entry => [entry.key, plain(entry.value)]))
    case 'int':
      return Number(value.value)
    case 'bytes':
      return Buffer.from(value.value).toString('base64')
    case 'empty':
      return ''
    default:
      return value.value
  }
}

function itemDomain(predicate: Predicate): 'event' | 'link' | null {
  if (predicate.kind !== 'compare' && predicate.kind !== 'exists') return null
  const { operand } = predicate
  if (operand.kind === 'attribute') {
    return operand.scope === 'event' || operand.scope === 'link' ? operand.scope : null
  }
  if (operand.name.startsWith('event')) return 'event'
  return operand.name.startsWith('link') ? 'link' : null
}

/** Predicates of tests are a few levels deep. */
export function spanMatches(span: NaiveSpan, trace: NaiveTrace, predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'constant':
      return predicate.value
    case 'not':
      return !spanMatches(span, trace, predicate.part)
    case 'or':
      return predicate.parts.some(part => spanMatches(span, trace, part))
    case 'and': {
      const events = predicate.parts.filter(part => itemDomain(part) === 'event') as Test[]
      const links = predicate.parts.filter(part => itemDomain(part) === 'link') as Test[]
      const others = predicate.parts.filter(part => itemDomain(part) === null)
      const event = (e: PlainEvent) =>
        events.every(test => passes(test, eventValues(span, e, test.operand)))
      const link = (l: PlainLink) => links.every(test => passes(test, linkValues(l, test.operand)))
      const items = (tests: Test[], some: () => boolean) => {
        const [first] = tests
        if (first === undefined) return true
        return tests.length === 1 ? loneItemPasses(span, trace, first) : some()
      }
      return (
        items(events, () => span.events.some(event)) &&
        items(links, () => span.links.some(link)) &&
        others.every(part => spanMatches(span, trace, part))
      )
    }
    case 'compareValues':
      throw new TypeError('not in random predicates')
    default:
      return itemDomain(predicate) === null
        ? passes(predicate, valuesOf(span, trace, predicate.operand))
        : loneItemPasses(span, trace, predicate)
  }
}

/** A negative condition on events or links that stands alone is denied by any of them. */
function loneItemPasses(span: NaiveSpan, trace: NaiveTrace, test: Test): boolean {
  const values = valuesOf(span, trace, test.operand)
  if (test.kind === 'exists' || (test.op !== '!=' && test.op !== '!~')) return passes(test, values)
  const opposite: Test = { ...test, op: test.op === '!=' ? '=' : '=~' }
  return passes(test, values) && !passes(opposite, values)
}

export interface NaiveHit {
  readonly trace: NaiveTrace
  readonly matched: number
  readonly spans: readonly NaiveSpan[]
}

export function naiveSearch(traces: readonly NaiveTrace[], request: SearchRequest): NaiveHit[] {
  const range = request.range && {
    of: request.range.of,
    startNs: BigInt(request.range.startNs),
    endNs: BigInt(request.range.endNs),
  }
  const hits: NaiveHit[] = []
  for (const trace of traces) {
    const spans = trace.spans.filter(span => {
      const inRange =
        range?.of !== 'span' || (span.startNs >= range.startNs && span.startNs <= range.endNs)
      return inRange && spanMatches(span, trace, request.spans)
    })
    const all = request.traceAll.every(predicate =>
      trace.spans.some(span => spanMatches(span, trace, predicate)),
    )
    const overlaps =
      range?.of !== 'trace' ||
      (trace.startNs <= range.endNs && trace.startNs + trace.durationNs >= range.startNs)
    const { traceDurationMinNs: min, traceDurationMaxNs: max } = request
    const inBounds =
      (min === undefined || trace.durationNs >= BigInt(min)) &&
      (max === undefined || trace.durationNs <= BigInt(max))
    if (spans.length === 0 || !all || !overlaps || !inBounds) continue
    hits.push({ trace, matched: spans.length, spans: spans.slice(0, request.spansPerSpanSet) })
  }
  hits.sort((a, b) => {
    if (a.trace.startNs !== b.trace.startNs) return a.trace.startNs > b.trace.startNs ? -1 : 1
    return a.trace.traceId < b.trace.traceId ? -1 : 1
  })
  return hits.slice(0, request.limit)
}

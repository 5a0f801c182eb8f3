import type { Literal, Operand, Predicate } from '../../src/model/predicate.ts'
import type { Json } from './corpus.ts'
import type { Attribute, MemorySpan, MemorySpans } from './memory-spans.ts'

/** A predicate on one span, evaluated value by value. Events only ever stand alone here. */
export function holds(store: MemorySpans, span: MemorySpan, predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'constant':
      return predicate.value
    case 'and':
      return predicate.parts.every(part => holds(store, span, part))
    case 'or':
      return predicate.parts.some(part => holds(store, span, part))
    case 'not':
      return !holds(store, span, predicate.part)
    case 'exists':
      return valuesOf(store, span, predicate.operand).length > 0
    case 'compareValues':
      throw new TypeError('Jaeger has no queries that compare two values')
    case 'compare': {
      const { op, literal } = predicate
      return valuesOf(store, span, predicate.operand).some(value => compares(value, op, literal))
    }
  }
}

type Plain = string | number | bigint | boolean

/** Every value that an operand has on a span; of an event attribute, those of all events. */
export function valuesOf(store: MemorySpans, span: MemorySpan, operand: Operand): Plain[] {
  if (operand.kind === 'intrinsic') return intrinsicValues(store, span, operand.name)
  const { scope, key } = operand
  if (scope === 'resource' && key === 'service.name') return [span.service]
  const lists: readonly Attribute[][] =
    scope === 'resource'
      ? [[...span.resource]]
      : scope === 'event'
        ? (span.sent.events ?? []).map((event: Json) => event.attributes ?? [])
        : [span.sent.attributes ?? []]
  return lists.flat().flatMap(attribute => {
    return attribute.key === key ? plainOf(attribute.value) : []
  })
}

function intrinsicValues(store: MemorySpans, span: MemorySpan, name: string): Plain[] {
  const { sent, scope } = span
  switch (name) {
    case 'name':
      return [sent.name]
    case 'duration':
      return [span.endNs - span.startNs]
    case 'kind':
      return [sent.kind ?? 0]
    case 'status':
      return [sent.status?.code ?? 0]
    case 'statusMessage':
      return [sent.status?.message ?? '']
    case 'traceState':
      return [sent.traceState ?? '']
    case 'instrumentationName':
      return [scope.name ?? '']
    case 'instrumentationVersion':
      return [scope.version ?? '']
    case 'eventName':
      return (sent.events ?? []).map((event: Json) => event.name)
    case 'parentId':
      return span.parentId === '' ? [] : [span.parentId]
    case 'nestedSetLeft':
      return [store.hangsTogether(span) ? 1 : 0]
    default:
      throw new Error(`no intrinsic ${name} here`)
  }
}

function plainOf(value: Json): Plain[] {
  if (value.stringValue !== undefined) return [value.stringValue]
  if (value.boolValue !== undefined) return [value.boolValue]
  if (value.intValue !== undefined) return [BigInt(value.intValue)]
  if (value.doubleValue !== undefined) return [value.doubleValue]
  if (value.bytesValue !== undefined)
    return [Buffer.from(value.bytesValue, 'base64').toString('hex')]
  if (value.arrayValue || value.kvlistValue) return [JSON.stringify(jsonOf(value))]
  return ['']
}

function jsonOf(value: Json): unknown {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(jsonOf)
  if (value.kvlistValue) {
    const entries = (value.kvlistValue.values ?? []).map((each: Json) => [each.key, each.value])
    return Object.fromEntries(entries.map(([key, inner]: [string, Json]) => [key, jsonOf(inner)]))
  }
  return value.intValue === undefined ? Object.values(value)[0] : Number(value.intValue)
}

function compares(value: Plain, op: string, literal: Literal): boolean {
  if (op === 'textEquals') return textEquals(value, String(literal.value))
  const wanted = literal.type === 'int' ? BigInt(literal.value) : literal.value
  switch (op) {
    case '=':
      return typeof value === typeof wanted ? value === wanted : Number(value) === Number(wanted)
    case '>=':
      return value >= wanted
    case '<=':
      return value <= wanted
    default:
      throw new Error(`no operator ${op} here`)
  }
}

/** Numbers are equal however they are written. */
function textEquals(value: Plain, text: string): boolean {
  if (String(value) === text) return true
  const numeric = typeof value === 'number' || typeof value === 'bigint'
  return numeric && text.trim() !== '' && Number(text) === Number(value)
}

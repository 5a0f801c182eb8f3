import type {
  PlainAttribute,
  PlainSpan,
  PlainValue,
} from '../../src/storage/live/plain-spans-fixture.ts'
import { baseNs } from './pools.ts'

/** Spans as a failing test prints them: one a line, without what is empty. */
export function shortForm(spans: readonly PlainSpan[]): string {
  return `\n${spans.map(lineOf).join('\n')}\n`
}

function lineOf(span: PlainSpan): string {
  const parent = span.parentId === '' ? 'root' : `below ${shortId(span.parentId)}`
  const words = [
    `${shortId(span.traceId)}/${shortId(span.spanId)} ${parent}`,
    `"${span.name}"`,
    `start ${span.startNs - baseNs} end ${span.endNs - baseNs}`,
    `kind ${span.kind} status ${span.status} ${span.statusMessage}`.trimEnd(),
    list('span', span.attributes),
    list('resource', span.resource),
    list(`scope "${span.scopeName}" "${span.scopeVersion}"`, span.scope),
    ...span.events.map(event =>
      list(`event "${event.name}" ${event.timeNs - span.startNs}`, event.attributes),
    ),
    ...span.links.map(link =>
      list(`link ${shortId(link.traceId)}/${shortId(link.spanId)}`, link.attributes),
    ),
  ]
  return words.filter(word => word !== '').join(', ')
}

function shortId(id: string): string {
  return id.replace(/^0+(?=.)/, '')
}

function list(title: string, attributes: readonly PlainAttribute[]): string {
  const pairs = attributes.map(({ key, value }) => `${JSON.stringify(key)}: ${textOf(value)}`)
  return `${title} {${pairs.join(', ')}}`
}

function textOf(value: PlainValue): string {
  switch (value.type) {
    case 'string':
      return JSON.stringify(value.value)
    case 'double':
      return `${Object.is(value.value, -0) ? '-0' : value.value}d`
    case 'array':
      return `[${value.value.map(textOf).join(', ')}]`
    case 'list':
      return list('', value.value)
    case 'bytes':
      return `bytes ${Buffer.from(value.value).toString('hex')}`
    case 'empty':
      return 'empty'
    default:
      return String(value.value)
  }
}

import type {
  PlainAttribute,
  PlainSpan,
  PlainValue,
} from '../src/storage/live/plain-spans-fixture.ts'
import { type Difference, differences } from '../src/traceql/differences.ts'
import type { Feature, FeatureSection } from '../src/traceql/feature.ts'
import { featureTable } from '../src/traceql/feature-table.ts'
import { printLiteral } from '../src/traceql/print-literal.ts'
import { exampleSpans, exampleStartNs } from '../test/reference/example-spans.ts'
import { kindNames, statusNames } from '../test/reference/field.ts'

/** docs/traceql.md: the language for users, with examples that the tests run. */
export function traceqlPage(): string {
  return [
    ...introduction,
    ...featureTable.flatMap(sectionLines),
    '## Differences from Tempo',
    '',
    'Everything else answers as Tempo does.',
    '',
    ...differences.flatMap(differenceLines),
    '',
    '## The spans of the examples',
    '',
    'Ids are written without their leading zeros. Every resource has `region = "eu"`.',
    '',
    '| trace | span | below | name | service | kind | status | start | duration | attributes |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...exampleSpans.map(spanLine),
    '',
  ].join('\n')
}

const introduction = [
  '# TraceQL',
  '',
  'Generated from `src/traceql/feature-table.ts` by `node scripts/generate-traceql-docs.ts`:',
  'do not edit.',
  '',
  'A query picks spans by conditions in braces, joins and groups them in a pipeline, and may end',
  'in a metrics function. It is sent as `q` to `/api/search`, or to `/api/metrics/query_range`',
  'and `/api/metrics/query`.',
  '',
  'Each example stands with what it gives over the spans at the end of this page: the names of the',
  'spans, with a semicolon between spansets, or the values of an instant query. "Tempo" is the',
  'release that has the feature first.',
  '',
]

function sectionLines({ title, text, features }: FeatureSection): string[] {
  return [
    `## ${title}`,
    '',
    ...text.flatMap(paragraph => [paragraph, '']),
    '| what | Tempo | | example | gives |',
    '|---|---|---|---|---|',
    ...features.map(featureLine),
    '',
  ]
}

function featureLine({ what, since, state, note, example, gives }: Feature): string {
  const about = state === 'refused' && !note.startsWith('Refused') ? `Refused. ${note}` : note
  const cells = [what, since === '' ? '–' : since, about, code(example), plain(gives)]
  return `| ${cells.map(cell).join(' | ')} |`
}

function differenceLines({ text, example }: Difference): string[] {
  if (example === null) return [`- ${text}`]
  return [`- ${text}`, `  ${code(example.query)} gives ${plain(example.gives)}.`]
}

/** `__name__` would be set in bold. */
function plain(text: string): string {
  return text.replaceAll('__', '\\_\\_')
}

/** Between as many back quotes as the text needs. */
function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** A bar would end the cell, even in code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function spanLine(span: PlainSpan): string {
  const service = span.resource.find(({ key }) => key === 'service.name')?.value
  const duration = (ns: bigint) => printLiteral({ type: 'duration', value: String(ns) })
  const cells = [
    shortId(span.traceId),
    shortId(span.spanId),
    shortId(span.parentId),
    span.name,
    service === undefined ? '' : valueText(service),
    kindNames[span.kind]!,
    [statusNames[span.status]!, span.statusMessage].filter(text => text !== '').join(': '),
    duration(span.startNs - exampleStartNs),
    duration(span.endNs - span.startNs),
    attributesText(span),
  ]
  return `| ${cells.join(' | ')} |`
}

function shortId(id: string): string {
  return id.replace(/^0+(?=.)/, '')
}

function attributesText(span: PlainSpan): string {
  const known = ['service.name', 'region']
  const lists = [
    pairs('', span.attributes),
    pairs(
      'resource ',
      span.resource.filter(({ key }) => !known.includes(key)),
    ),
    span.scopeName === ''
      ? ''
      : pairs(`scope ${span.scopeName} ${span.scopeVersion}: `, span.scope),
    ...span.events.map(({ timeNs, name, attributes }) => {
      const after = printLiteral({ type: 'duration', value: String(timeNs - span.startNs) })
      return pairs(`event ${name} after ${after}: `, attributes)
    }),
    ...span.links.map(({ traceId, spanId, attributes }) =>
      pairs(`link to ${shortId(traceId)}/${shortId(spanId)}: `, attributes),
    ),
  ]
  return lists.filter(text => text !== '').join('; ')
}

function pairs(title: string, attributes: readonly PlainAttribute[]): string {
  const list = attributes.map(({ key, value }) => `\`${key} = ${valueText(value)}\``)
  return list.length === 0 ? '' : `${title}${list.join(', ')}`
}

function valueText(value: PlainValue): string {
  switch (value.type) {
    case 'string':
      return value.value
    case 'array':
      return `[${value.value.map(valueText).join(', ')}]`
    case 'int':
    case 'double':
    case 'bool':
      return String(value.value)
    default:
      throw new Error(`no example has a value of the type ${value.type}`)
  }
}

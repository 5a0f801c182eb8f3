import type { CompareFunction, Field } from '../../src/traceql/ast.ts'
import { printField } from '../../src/traceql/print-field.ts'
import { isMatch } from './condition.ts'
import { groupValueOf } from './field.ts'
import type { Label, Series } from './series.ts'
import type { TreeSpan } from './trace.ts'
import { keyOf, type Scalar } from './value.ts'

const topDefault = 10

/** What is compared of every span, besides the attributes of the span and its resource. */
const intrinsicFields: readonly Field[] = (
  [
    ...(['name', 'kind', 'status', 'statusMessage', 'rootName', 'rootServiceName'] as const),
    ...(['childCount', 'instrumentationName', 'instrumentationVersion'] as const),
  ] as const
).map(name => ({ kind: 'intrinsic', name, at: 0 }))

type Buckets = readonly (readonly TreeSpan[])[]

/**
 * How often each value of each attribute occurs among the selected spans and among the others: the
 * most frequent values only, and the spans that have the attribute at all.
 */
export function compareSeries(call: CompareFunction, buckets: Buckets): Series[] {
  const isSelected = (span: TreeSpan) => {
    const { range, selection } = call
    const inRange =
      range === null ||
      (span.startNs > BigInt(range.startNs) && span.startNs <= BigInt(range.endNs))
    return inRange && isMatch(selection.condition, span)
  }
  const top = call.top === null ? topDefault : Number(call.top)
  return [
    ...seriesOfSide(
      'selection',
      buckets.map(spans => spans.filter(isSelected)),
      top,
    ),
    ...seriesOfSide(
      'baseline',
      buckets.map(spans => spans.filter(span => !isSelected(span))),
      top,
    ),
  ]
}

function seriesOfSide(side: 'selection' | 'baseline', buckets: Buckets, top: number): Series[] {
  return fieldsOfSpans(buckets.flat()).flatMap(field => {
    const values = new Map<string, Scalar>()
    for (const span of buckets.flat()) {
      const value = groupValueOf(field, span)
      if (value !== null) values.set(keyOf(value), value)
    }
    const count = (test: (key: string) => boolean) =>
      buckets.map(spans => spans.filter(span => test(keyOf(groupValueOf(field, span)))).length)
    const total = count(key => key !== keyOf(null))
    const label = (value: Scalar | null): Label => ({ key: printField(field), value })
    const inOrder = [...values].sort(([, a], [, b]) => valueOrder(a, b))
    const ofValues = inOrder.map(([wanted, value]) => ({
      labels: [metaType(side), label(value)],
      samples: count(key => key === wanted),
    }))
    return [
      // Values that are as frequent stay in order.
      ...ofValues.sort((a, b) => sum(b.samples) - sum(a.samples)).slice(0, top),
      { labels: [metaType(`${side}_total`), label(null)], samples: total },
    ]
  })
}

const typeOrder = ['int', 'float', 'string', 'bool']

/** Ints, floats, texts, bools; names of statuses and kinds are texts. */
function valueOrder(a: Scalar, b: Scalar): number {
  const rank = ({ type }: Scalar) => {
    const place = typeOrder.indexOf(type)
    return place < 0 ? typeOrder.indexOf('string') : place
  }
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

function metaType(value: string): Label {
  return { key: '__meta_type', value: { type: 'string', value } }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** The fields of which some span has a value. */
function fieldsOfSpans(spans: readonly TreeSpan[]): Field[] {
  const attributes = spans.flatMap(span => [
    ...span.attributes.map(({ key }) => attributeField('span', key)),
    ...span.resource.map(({ key }) => attributeField('resource', key)),
  ])
  const distinct = new Map(
    // Where there is no service name, it counts as empty.
    [...intrinsicFields, attributeField('resource', 'service.name'), ...attributes].map(field => [
      printField(field),
      field,
    ]),
  )
  return [...distinct.values()].filter(field =>
    spans.some(span => groupValueOf(field, span) !== null),
  )
}

function attributeField(scope: 'span' | 'resource', key: string): Field {
  return { kind: 'attribute', parent: false, scope, key, at: 0 }
}

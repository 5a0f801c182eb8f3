import { Failure } from '../../src/base/errors.ts'
import type { PlainAttribute } from '../../src/storage/live/plain-spans-fixture.ts'
import type { Field, FieldExpression, Stage } from '../../src/traceql/ast.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import { isMatch } from './condition.ts'
import { resourceField, valuesOfField } from './field.ts'
import { overlaps, type Range } from './search.ts'
import { pipelinesOf } from './shown.ts'
import type { Trace, TreeSpan } from './trace.ts'
import { type Scalar, textOf } from './value.ts'

export const tagScopes = ['span', 'resource', 'event', 'link', 'instrumentation'] as const
export type TagScope = (typeof tagScopes)[number]

/** Which spans a request about tags looks at. */
export interface TagFilter {
  readonly range?: Range | undefined
  /** TraceQL. */
  readonly query?: string | undefined
}

/** Spans of traces in the range that pass every filter of the query. */
function spansOf(traces: readonly Trace[], { range, query }: TagFilter): TreeSpan[] {
  const conditions = query === undefined ? [] : conditionsOf(query)
  return traces
    .filter(trace => range === undefined || overlaps(trace, range))
    .flatMap(trace => trace.spans)
    .filter(span => conditions.every(condition => isMatch(condition, span)))
}

/** The conditions of the plain filters of a query. One that is refused is ignored as a whole. */
function conditionsOf(text: string): FieldExpression[] {
  try {
    const query = validateQuery(parseQuery(text))
    return pipelinesOf(query)
      .flatMap(({ stages }) => stages)
      .flatMap(stage => {
        const isFilter = stage.kind === 'spansets' && stage.expression.kind === 'filter'
        return isFilter ? [stage.expression.condition] : []
      })
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}

/** The names of the attributes of each scope that has some, sorted. */
export function tagNames(
  traces: readonly Trace[],
  scopes: readonly TagScope[],
  filter: TagFilter,
): Map<TagScope, string[]> {
  const spans = spansOf(traces, filter)
  const names = scopes.map(scope => {
    const keys = spans.flatMap(span => attributesOf(span, scope)).map(({ key }) => key)
    return [scope, [...new Set(keys)].sort()] as const
  })
  return new Map(names.filter(([, keys]) => keys.length > 0))
}

function attributesOf(span: TreeSpan, scope: TagScope): readonly PlainAttribute[] {
  switch (scope) {
    case 'span':
      return span.attributes
    case 'resource':
      return span.resource
    case 'instrumentation':
      return span.scope
    case 'event':
      return span.events.flatMap(event => event.attributes)
    case 'link':
      return span.links.flatMap(link => link.attributes)
  }
}

export interface TagValue {
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'duration' | 'keyword'
  readonly value: string
}

/** `.x`, `span.x`, `status`, as queries write them. Fails with BAD_QUERY. */
export function fieldOfTag(name: string): Field {
  const [stage] = pipelinesOf(parseQuery(`{} | select(${name})`))[0]!.stages.slice(1)
  return (stage as Extract<Stage, { kind: 'select' }>).fields[0]!
}

/** The distinct values of a field, elements of arrays among them; sorted by type and text. */
export function tagValues(traces: readonly Trace[], field: Field, filter: TagFilter): TagValue[] {
  const fields: Field[] =
    field.kind === 'attribute' && field.scope === 'any'
      ? [{ ...field, scope: 'span' }, resourceField(field.key)]
      : [field]
  const values = spansOf(traces, filter)
    .flatMap(span => fields.flatMap(one => valuesOfField(one, span)))
    .flatMap(value => (value.type === 'array' ? value.elements : [value]))
    .flatMap(value => (value.type === 'opaque' ? [] : [tagValueOf(value)]))
  const distinct = new Map(values.map(value => [`${value.type} ${value.value}`, value]))
  return [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

function tagValueOf(value: Scalar): TagValue {
  switch (value.type) {
    case 'status':
    case 'kind':
      return { type: 'keyword', value: value.value }
    case 'float':
      return { type: 'float', value: floatText(value.value) }
    default:
      return { type: value.type, value: textOf(value) }
  }
}

/** Whole numbers keep a decimal, so that they stay floats when they are typed in again. */
function floatText(number: number): string {
  return Number.isInteger(number) && Math.abs(number) < 1e21 ? number.toFixed(1) : String(number)
}

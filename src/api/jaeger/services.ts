import { fail } from '../../base/errors.ts'
import type { TimeRange } from '../../contract/queries.ts'
import type { Operand, Predicate } from '../../model/predicate.ts'
import { spanKindWords } from '../../wire/jaeger-model.ts'
import type { Reply } from '../tempo/request.ts'
import { envelope, jsonReply } from './envelope.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'
import { type TenantQueries, tenantQueries } from './tenant-queries.ts'
import {
  compare,
  int,
  intrinsic,
  ofService,
  serviceOperand,
  shownService,
  storedServices,
  text,
} from './trace-search.ts'

/** Lists of services and of their operations, for both APIs. */

export interface Operation {
  readonly name: string
  /** Empty when the span says nothing of its kind. */
  readonly spanKind: string
}

/** `/api/services`. */
export async function services(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const queries = tenantQueries(deps, request)
  const names = await serviceNames(queries, listRange(deps))
  return jsonReply(envelope(JSON.stringify(names), names.length), queries)
}

/** `/api/services/{service}/operations`: null for an unknown service. */
export async function operationNames(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const queries = tenantQueries(deps, request)
  const operations = await shownOperations(queries, request.subject, listRange(deps))
  const names = [...new Set(operations.map(({ name }) => name))]
  const data = names.length === 0 ? 'null' : JSON.stringify(names)
  return jsonReply(envelope(data, names.length), queries)
}

/** `/api/operations`. */
export async function operations(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const service = request.params.get('service') ?? ''
  if (service === '') throw fail('BAD_REQUEST', "parameter 'service' is required")
  const queries = tenantQueries(deps, request)
  const all = await shownOperations(queries, service, listRange(deps))
  const found = ofKind(all, request.params.get('spanKind') ?? '')
  return jsonReply(envelope(JSON.stringify(found), found.length), queries)
}

export function listRange({ clock, settings }: JaegerDeps): TimeRange | undefined {
  const { listLookbackMs } = settings
  if (listLookbackMs === 0) return undefined
  const nowMs = clock.nowMs()
  return { startNs: `${Math.trunc(nowMs - listLookbackMs)}000000`, endNs: `${nowMs}000000` }
}

/** Sorted. Spans without a service name count as a service, though no value of theirs is stored. */
export async function serviceNames(
  queries: TenantQueries,
  range: TimeRange | undefined,
): Promise<string[]> {
  const ranged = range === undefined ? {} : { range }
  const nameless = {
    spans: compare(serviceOperand, '=', text('')),
    traceAll: [],
    limit: 1,
    spansPerSpanSet: 0,
    select: [],
    ...(range === undefined ? {} : { range: { ...range, of: 'span' as const } }),
  }
  const [{ values }, { hits }] = await Promise.all([
    queries.tagValues({ operand: serviceOperand, limit: 0, ...ranged }),
    queries.search(nameless),
  ])
  const names = values.filter(({ type }) => type === 'string').map(({ value }) => value)
  if (hits.length > 0) names.push('')
  return [...new Set(names.map(shownService))].sort()
}

/** By the kind that the span was sent with. Sorted by name, then kind; each once. */
export async function sentOperations(
  queries: TenantQueries,
  service: string,
  range: TimeRange | undefined,
): Promise<Operation[]> {
  const ranged = range === undefined ? {} : { range }
  const parts = await Promise.all(
    storedServices(service).map(stored => queries.operations({ service: stored, ...ranged })),
  )
  const found = parts.flat().map(({ name, kind }) => operation(name, spanKindWords[kind] ?? ''))
  return sortedOnce(found)
}

/** `spanKind` empty: all. */
export function ofKind(all: readonly Operation[], spanKind: string): readonly Operation[] {
  return spanKind === '' ? all : all.filter(operation => operation.spanKind === spanKind)
}

function operation(name: string, spanKind: string): Operation {
  return { name, spanKind }
}

export function sortedOnce(operations: readonly Operation[]): Operation[] {
  const distinct = new Map(operations.map(each => [`${each.name}\0${each.spanKind}`, each]))
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
}

const kindAttribute: Operand = { kind: 'attribute', scope: 'span', key: 'span.kind' }

/** Above this the service does not use the attribute for kinds. */
const kindValuesMax = 16

/**
 * By the kind that the classic model shows: an attribute `span.kind` wins over what the span was
 * sent with. One question tells that nobody has such an attribute, which is the rule.
 */
async function shownOperations(
  queries: TenantQueries,
  service: string,
  range: TimeRange | undefined,
): Promise<Operation[]> {
  const ranged = range === undefined ? {} : { range }
  const withAttribute: Predicate = { kind: 'exists', operand: kindAttribute }
  const filter = and(ofService(service), withAttribute)
  const asked = { operand: kindAttribute, filter, limit: kindValuesMax, ...ranged }
  const [sent, { values }] = await Promise.all([
    sentOperations(queries, service, range),
    queries.tagValues(asked),
  ])
  if (values.length === 0) return sent
  const namesWhere = async (...conditions: Predicate[]): Promise<string[]> => {
    const matching = and(ofService(service), ...conditions)
    const name = { operand: intrinsic('name'), filter: matching, limit: 0, ...ranged }
    return (await queries.tagValues(name)).values.map(({ value }) => value)
  }
  const fromAttribute = values.map(async ({ value }) => {
    const names = await namesWhere(compare(kindAttribute, 'textEquals', text(value)))
    const known = spanKindWords.some(word => word === value)
    return names.map(name => operation(name, known ? value : ''))
  })
  const fromSpan = spanKindWords.map(async (word, kind) => {
    const without: Predicate = { kind: 'not', part: withAttribute }
    const names = await namesWhere(compare(intrinsic('kind'), '=', int(kind)), without)
    return names.map(name => operation(name, word))
  })
  return sortedOnce((await Promise.all([...fromAttribute, ...fromSpan])).flat())
}

function and(...parts: Predicate[]): Predicate {
  return { kind: 'and', parts }
}

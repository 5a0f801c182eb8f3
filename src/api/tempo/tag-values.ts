import { fail } from '../../base/errors.ts'
import type { TagValuesResult } from '../../contract/queries.ts'
import type { Intrinsic, Operand } from '../../model/predicate.ts'
import {
  encodeSearchTagValuesResponse,
  encodeSearchTagValuesV2Response,
} from '../../wire/tempo-proto.ts'
import { acrossTenants } from './across-tenants.ts'
import { parseTagValuesParams, type TagValuesParams } from './params.ts'
import { renderTagValues, renderTagValuesV2 } from './render.ts'
import {
  encodedReply,
  type Reply,
  searchDurationMaxMs,
  type TempoDeps,
  type TempoRequest,
  tagAnswerBytesMax,
} from './request.ts'
import { prefixed } from './search.ts'
import { SizeCut, toMetadataMetrics } from './tag-names.ts'

/** Names of the v1 form that are not attributes. */
const v1Intrinsics = new Map<string, Intrinsic>([
  ['name', 'name'],
  ['root.service.name', 'rootServiceName'],
  ['rootServiceName', 'rootServiceName'],
  ['root.name', 'rootName'],
  ['rootName', 'rootName'],
])

/** Names of the legacy search whose values are known beforehand. */
const v1Static = new Map<string, readonly string[]>([
  ['status.code', ['0', '1', '2', 'error', 'ok', 'unset']],
  ['error', ['true']],
])

/** `/api/search/tag/{tag}/values`: bare names, values as text. */
export async function tagValuesV1(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const tag = tagName(request)
  const params = parseTagValuesParams(request.params, searchDurationMaxMs(deps, request.tenants))
  const known = v1Static.get(tag)
  if (known !== undefined) return textReply(request, known, undefined)
  const intrinsic = v1Intrinsics.get(tag)
  const operand: Operand =
    intrinsic === undefined
      ? { kind: 'attribute', scope: tag === 'service.name' ? 'resource' : 'any', key: tag }
      : { kind: 'intrinsic', name: intrinsic }
  // A query narrows the v2 form only.
  const { query: _, ...unfiltered } = params
  const result = await askForValues(deps, request, operand, unfiltered)
  const values = [...new Set(result.values.map(({ value }) => value))].sort()
  return textReply(request, values, result)
}

function textReply(
  request: TempoRequest,
  tagValues: readonly string[],
  result: TagValuesResult | undefined,
): Reply {
  const metrics = result === undefined ? {} : toMetadataMetrics(result.stats)
  const response = { tagValues, metrics }
  return encodedReply(
    request,
    () => renderTagValues(response),
    () => encodeSearchTagValuesResponse(response),
    result?.partial,
  )
}

const keywordValues = new Map<Intrinsic, readonly string[]>([
  ['status', ['error', 'ok', 'unset']],
  ['kind', ['client', 'consumer', 'internal', 'producer', 'server', 'unspecified']],
])

/** Nearly every span has another value: a list to choose from helps nobody. */
const valuelessNames: ReadonlySet<string> = new Set([
  'duration',
  'span:duration',
  'traceDuration',
  'trace:id',
  'span:id',
  'span:parentID',
  'link:traceID',
  'link:spanID',
])

/** `/api/v2/search/tag/{tag}/values`: names as in TraceQL, values with their type. */
export async function tagValuesV2(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const tag = tagName(request)
  const params = parseTagValuesParams(request.params, searchDurationMaxMs(deps, request.tenants))
  const operand = prefixed('please provide a valid tagName', () => deps.parseTagName(tag))
  const keywords = operand.kind === 'intrinsic' ? keywordValues.get(operand.name) : undefined
  if (keywords !== undefined) {
    return typedReply(
      request,
      keywords.map(value => ({ type: 'keyword', value })),
      undefined,
    )
  }
  if (valuelessNames.has(tag)) return typedReply(request, [], undefined)
  const result = await askForValues(deps, request, operand, params)
  return typedReply(request, result.values, result)
}

function typedReply(
  request: TempoRequest,
  tagValues: readonly { readonly type: string; readonly value: string }[],
  result: TagValuesResult | undefined,
): Reply {
  const metrics = result === undefined ? {} : toMetadataMetrics(result.stats)
  const response = { tagValues, metrics }
  return encodedReply(
    request,
    () => renderTagValuesV2(response),
    () => encodeSearchTagValuesV2Response(response),
    result?.partial,
  )
}

function tagName(request: TempoRequest): string {
  if (request.subject === '') throw fail('BAD_REQUEST', 'please provide a non-empty tagName')
  return request.subject
}

async function askForValues(
  deps: TempoDeps,
  request: TempoRequest,
  operand: Operand,
  params: TagValuesParams,
): Promise<TagValuesResult> {
  const { range, limit, query } = params
  const filter = query === undefined ? undefined : deps.extractFilter(query)
  const queries = acrossTenants(deps.queries, request.tenants, request.signal)
  const result = await queries.tagValues({
    operand,
    limit,
    ...(range === undefined ? {} : { range }),
    ...(filter === undefined ? {} : { filter }),
  })
  const cut = new SizeCut(tagAnswerBytesMax(deps, request.tenants))
  const values = result.values.filter(({ value }) => cut.fits(value))
  const partial = cut.describe(result.partial)
  return { values, stats: result.stats, ...(partial === undefined ? {} : { partial }) }
}

import type { ReadStats, TagNamesResult, TagScope } from '../../contract/queries.ts'
import type { Predicate } from '../../model/predicate.ts'
import {
  encodeSearchTagsResponse,
  encodeSearchTagsV2Response,
  type MetadataMetrics,
} from '../../wire/tempo-proto.ts'
import { acrossTenants } from './across-tenants.ts'
import { parseTagNamesParams, type TagNamesParams } from './params.ts'
import { renderTags, renderTagsV2 } from './render.ts'
import {
  encodedReply,
  type Reply,
  searchDurationMaxMs,
  type TempoDeps,
  type TempoRequest,
  tagAnswerBytesMax,
} from './request.ts'

/** The intrinsics that tag names list: what can be typed in a query without an attribute. */
export const intrinsicNames: readonly string[] = [
  'duration',
  'event:name',
  'event:timeSinceStart',
  'instrumentation:name',
  'instrumentation:version',
  'kind',
  'link:spanID',
  'link:traceID',
  'name',
  'rootName',
  'rootServiceName',
  'span:duration',
  'span:id',
  'span:kind',
  'span:name',
  'span:parentID',
  'span:status',
  'span:statusMessage',
  'status',
  'statusMessage',
  'trace:duration',
  'trace:id',
  'trace:rootName',
  'trace:rootService',
  'traceDuration',
]

/** `/api/search/tags`: one flat list, intrinsics only when asked for; `q` is ignored. */
export async function tagNamesV1(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const params = parseTagNamesParams(request.params, searchDurationMaxMs(deps, request.tenants))
  const result = await askForNames(deps, request, params, undefined)
  const names = new Set(params.scope === 'intrinsic' ? intrinsicNames : [])
  for (const scope of result.scopes) for (const name of scope.names) names.add(name)
  const response = { tagNames: [...names].sort(), metrics: toMetadataMetrics(result.stats) }
  return encodedReply(
    request,
    () => renderTags(response),
    () => encodeSearchTagsResponse(response),
    result.partial,
  )
}

/** `/api/v2/search/tags`: by scope, narrowed by what of `q` can be used. */
export async function tagNamesV2(deps: TempoDeps, request: TempoRequest): Promise<Reply> {
  const params = parseTagNamesParams(request.params, searchDurationMaxMs(deps, request.tenants))
  const filter = params.query === undefined ? undefined : deps.extractFilter(params.query)
  const result = await askForNames(deps, request, params, filter)
  const scopes = result.scopes.map(({ scope, names }) => ({ name: scope as string, tags: names }))
  if (params.scope === 'none' || params.scope === 'intrinsic') {
    scopes.push({ name: 'intrinsic', tags: intrinsicNames })
  }
  const response = { scopes, metrics: toMetadataMetrics(result.stats) }
  return encodedReply(
    request,
    () => renderTagsV2(response),
    () => encodeSearchTagsV2Response(response),
    result.partial,
  )
}

const nothingRead: ReadStats = {
  inspectedBytes: 0,
  storeReads: 0,
  inspectedTraces: 0,
  inspectedSpans: 0,
  totalBlocks: 0,
  totalBlockBytes: 0,
}

/** `intrinsic` and `trace` have no attributes: nothing is asked. */
async function askForNames(
  deps: TempoDeps,
  request: TempoRequest,
  params: TagNamesParams,
  filter: Predicate | undefined,
): Promise<TagNamesResult> {
  const { scope, range, limit } = params
  if (scope === 'intrinsic' || scope === 'trace') return { scopes: [], stats: nothingRead }
  const scopes: TagScope[] = scope === 'none' ? [] : [scope]
  const queries = acrossTenants(deps.queries, request.tenants, request.signal)
  const result = await queries.tagNames({
    scopes,
    ...(range === undefined ? {} : { range }),
    ...(filter === undefined ? {} : { filter }),
  })
  return cutNames(result, limit, tagAnswerBytesMax(deps, request.tenants))
}

/** `limit` is what the client asked for, per scope; the size limit is ours, so it is told. */
function cutNames(result: TagNamesResult, limit: number, bytesMax: number): TagNamesResult {
  const cut = new SizeCut(bytesMax)
  const scopes = result.scopes
    .map(({ scope, names }) => {
      const wanted = limit === 0 ? names : names.slice(0, limit)
      return { scope, names: wanted.filter(name => cut.fits(name)) }
    })
    .filter(({ names }) => names.length > 0)
  const partial = cut.describe(result.partial)
  return { scopes, stats: result.stats, ...(partial === undefined ? {} : { partial }) }
}

/** Counts the bytes of an answer; what comes after the first text that does not fit is dropped. */
export class SizeCut {
  readonly #bytesMax: number
  #bytes = 0
  #dropped = false

  /** 0 = no limit. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  fits(text: string): boolean {
    this.#bytes += Buffer.byteLength(text)
    if (this.#bytesMax !== 0 && this.#bytes > this.#bytesMax) this.#dropped = true
    return !this.#dropped
  }

  /** `partial` with the cut added to it. */
  describe(partial: string | undefined): string | undefined {
    if (!this.#dropped) return partial
    const reason = `the answer is cut at ${this.#bytesMax} bytes`
    return partial === undefined ? reason : `${partial}; ${reason}`
  }
}

export function toMetadataMetrics(stats: ReadStats): MetadataMetrics {
  return {
    inspectedBytes: stats.inspectedBytes,
    totalBlocks: stats.totalBlocks,
    totalBlockBytes: stats.totalBlockBytes,
  }
}

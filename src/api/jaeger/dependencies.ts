import type { SearchRequest, SpanHit, TraceHit } from '../../contract/queries.ts'
import { everySpan } from '../../model/predicate.ts'
import type { Reply } from '../tempo/request.ts'
import { envelope, jsonReply } from './envelope.ts'
import { type DependencyParams, parseDependencyParams } from './params.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'
import { type TenantQueries, tenantQueries } from './tenant-queries.ts'
import { intrinsic, serviceOperand, shownService } from './trace-search.ts'

/**
 * Which service calls which, counted from spans: every span whose parent is of another service is
 * a call. The traces that count have a span that starts strictly inside the range; of such a trace
 * all spans count. Only three small columns are read, not whole traces.
 *
 * Bounds: `dependencyTracesMax` of the newest traces, and `spansPerTraceMax` spans of each. What
 * they cut off is told as a partial answer.
 */

export interface Dependency {
  readonly parent: string
  readonly child: string
  callCount: number
}

/** Holds one page of traces with their spans in memory, some tens of megabytes at worst. */
const pageTraces = 500
const spansPerTraceMax = 10_000

/** `/api/dependencies`. */
export async function dependencies(deps: JaegerDeps, request: JaegerRequest): Promise<Reply> {
  const params = parseDependencyParams(request.params, deps.clock.nowMs())
  const queries = tenantQueries(deps, request)
  const found = await countDependencies(queries, params, deps.settings.dependencyTracesMax)
  return jsonReply(envelope(JSON.stringify(found)), queries)
}

/** Sorted by parent, then child. */
export async function countDependencies(
  queries: TenantQueries,
  params: DependencyParams,
  tracesMax: number,
): Promise<Dependency[]> {
  const startNs = params.startMs * 1_000_000n
  const endNs = params.endMs * 1_000_000n
  const counts = new Map<string, Dependency>()
  for await (const hit of tracesInRange(queries, startNs, endNs, tracesMax)) {
    const spans = hit.spanSets.flatMap(set => set.spans)
    if (!spans.some(({ startNs: at }) => BigInt(at) > startNs && BigInt(at) < endNs)) continue
    if (hit.spanSets.some(set => set.matched > set.spans.length)) {
      queries.tell(`only the first ${spansPerTraceMax} spans of trace ${hit.traceId} were counted`)
    }
    countCalls(spans, counts)
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, dependency]) => dependency)
    .filter(({ parent, child }) => [parent, child, ''].includes(params.service))
}

/** Newest first, page by page: each ends where the one before began to repeat. */
async function* tracesInRange(
  queries: TenantQueries,
  startNs: bigint,
  endNs: bigint,
  tracesMax: number,
): AsyncGenerator<TraceHit> {
  const seen = new Set<string>()
  let untilNs = endNs
  while (startNs < untilNs) {
    const { hits } = await queries.search(pageRequest(startNs, untilNs))
    const unseen = hits.filter(({ traceId }) => !seen.has(traceId))
    for (const hit of unseen) {
      if (seen.size === tracesMax) {
        queries.tell(`only the newest ${tracesMax} traces were counted`)
        return
      }
      seen.add(hit.traceId)
      yield hit
    }
    if (hits.length < pageTraces) return
    const oldestNs = BigInt(hits[hits.length - 1]!.startNs)
    if (unseen.length === 0) queries.tell(`not all traces that start at ${oldestNs} were counted`)
    untilNs = unseen.length === 0 ? oldestNs - 1n : oldestNs
  }
}

const parentOperand = intrinsic('parentId')

/** How a hit names what `parentOperand` selects. */
const parentKey = 'span:parentID'

/** A trace that overlaps the range without a start in it is sorted out by the caller. */
function pageRequest(startNs: bigint, endNs: bigint): SearchRequest {
  return {
    spans: everySpan,
    traceAll: [],
    range: { startNs: String(startNs), endNs: String(endNs), of: 'trace' },
    limit: pageTraces,
    spansPerSpanSet: spansPerTraceMax,
    select: [parentOperand, serviceOperand],
  }
}

function countCalls(spans: readonly SpanHit[], counts: Map<string, Dependency>): void {
  const serviceById = new Map<string, string>()
  for (const span of spans) {
    if (!serviceById.has(span.spanId)) serviceById.set(span.spanId, serviceOf(span))
  }
  for (const span of spans) {
    const parent = serviceById.get(textOf(span, parentKey))
    const child = serviceOf(span)
    if (parent === undefined || parent === child) continue
    const key = `${parent}\0${child}`
    const dependency = counts.get(key) ?? { parent, child, callCount: 0 }
    dependency.callCount++
    counts.set(key, dependency)
  }
}

function serviceOf(span: SpanHit): string {
  return shownService(textOf(span, 'service.name'))
}

function textOf(span: SpanHit, wanted: string): string {
  const value = span.attributes.find(({ key }) => key === wanted)?.value
  return value?.type === 'string' ? value.value : ''
}

import { fail } from '../../base/errors.ts'
import type { TimeRange, TraceHit } from '../../contract/queries.ts'
import { mapBounded } from './map-bounded.ts'
import type { JaegerSettings } from './request.ts'
import type { TenantQueries } from './tenant-queries.ts'
import { type TraceSearch, toSearchRequest } from './trace-search.ts'

/** Whole traces, as both APIs answer a search with them. */

/** More would only make one client's request crowd out others. */
const loadsRunningMax = 8

type LoadSettings = Pick<JaegerSettings, 'answerBytesMax' | 'traceSlackMs'>

/** Newest first; the list is empty, without a look at the store, when the range is. */
export async function searchHits(
  queries: TenantQueries,
  search: TraceSearch,
): Promise<readonly TraceHit[]> {
  if (search.startNs > search.endNs) return []
  const { hits } = await queries.search(toSearchRequest(search))
  return hits
}

/**
 * `render` of each trace's OTLP bytes, in the order of the hits. It is called as soon as a trace
 * is there, so that not all of them are held twice. A trace that cannot be had fails the request:
 * a client could not tell the answer without it from a complete one.
 */
export async function loadHits<R>(
  queries: TenantQueries,
  hits: readonly TraceHit[],
  settings: LoadSettings,
  render: (trace: Uint8Array) => R,
): Promise<R[]> {
  let bytes = 0
  return mapBounded(hits, loadsRunningMax, async hit => {
    const { traceId } = hit
    const range = readRange(hit, settings.traceSlackMs)
    const request = range === undefined ? { traceId } : { traceId, range }
    const { trace } = await queries.traceById(request)
    if (trace === null) {
      throw fail('UNAVAILABLE', `trace ${traceId} was found but could not be read`, { traceId })
    }
    bytes += trace.length
    refuseTooMuch(bytes, settings)
    return render(trace)
  })
}

/** `render` gets null for an unknown trace. */
export async function loadIds<R>(
  queries: TenantQueries,
  traceIds: readonly string[],
  settings: LoadSettings,
  render: (trace: Uint8Array | null) => R,
): Promise<R[]> {
  let bytes = 0
  return mapBounded(traceIds, loadsRunningMax, async traceId => {
    const { trace } = await queries.traceById({ traceId })
    bytes += trace?.length ?? 0
    refuseTooMuch(bytes, settings)
    return render(trace)
  })
}

function refuseTooMuch(bytes: number, { answerBytesMax }: LoadSettings): void {
  if (bytes <= answerBytesMax) return
  const what = `the traces found are larger than ${answerBytesMax} bytes; lower the limit`
  throw fail('QUERY_TOO_EXPENSIVE', what, { answerBytesMax })
}

function readRange(hit: TraceHit, slackMs: number): TimeRange | undefined {
  if (slackMs === 0) return undefined
  const slackNs = BigInt(slackMs) * 1_000_000n
  const startNs = BigInt(hit.startNs)
  const endNs = startNs + BigInt(hit.durationNs) + slackNs
  return { startNs: String(startNs > slackNs ? startNs - slackNs : 0n), endNs: String(endNs) }
}

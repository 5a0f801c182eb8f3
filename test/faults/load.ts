import { setTimeout as pause } from 'node:timers/promises'
import { encodeSpans, hexId, type SentSpan } from '../tools/spans.ts'
import { pushSpans } from '../tools/tempo-api.ts'

/**
 * Clients that send spans whatever happens to the server. A request that was not acknowledged is
 * sent again by every second client, as exporters do; the others drop it, so what it held may be
 * found or not.
 */

export interface Load {
  /** Per trace id, the ids of the spans that were acknowledged. */
  readonly acknowledged: ReadonlyMap<string, ReadonlySet<string>>
  readonly requests: { sent: number; acknowledged: number; repeated: number; dropped: number }
  stop(): Promise<void>
}

const clients = 4
const spansPerRequest = 100
/** Requests share a trace, so that its spans lie in several blocks and in live data. */
const requestsPerTrace = 5
/** Texts that all differ fill memory, so that live data is frozen often. */
const text = 'a text that makes spans larger '.repeat(40)
const retryMs = 30
/** Between the requests of a client: what was sent is read back in the end. */
const pauseMs = 20

export function startLoad(host: string, random: () => number): Load {
  const acknowledged = new Map<string, Set<string>>()
  const requests = { sent: 0, acknowledged: 0, repeated: 0, dropped: 0 }
  let stopping = false
  let nextRequest = 0

  async function client(number: number): Promise<void> {
    while (!stopping) {
      const request = nextRequest++
      const { traceId, spans } = spansOf(request, random)
      const body = encodeSpans('load', spans)
      requests.sent++
      let taken = await isTaken(host, body)
      while (!taken && number % 2 === 0 && !stopping) {
        requests.repeated++
        await pause(retryMs)
        taken = await isTaken(host, body)
      }
      if (taken) add(traceId, spans)
      else requests.dropped++
      await pause(pauseMs)
    }
  }

  function add(traceId: string, spans: readonly SentSpan[]): void {
    requests.acknowledged++
    const known = acknowledged.get(traceId) ?? new Set()
    for (const { spanId } of spans) known.add(spanId)
    acknowledged.set(traceId, known)
  }

  const running = Promise.all(Array.from({ length: clients }, (_, i) => client(i)))
  return {
    acknowledged,
    requests,
    async stop() {
      stopping = true
      await running
    },
  }
}

/** False when the server refused it for now, or went away: it may have been taken all the same. */
async function isTaken(host: string, body: Uint8Array): Promise<boolean> {
  try {
    const answer = await pushSpans(host, body)
    if (answer.status === 429 || answer.status === 503) return false
    if (answer.status !== 200 || answer.body.length > 2) {
      throw new WrongAnswer(`${answer.status}: ${answer.body}`)
    }
    return true
  } catch (error) {
    if (error instanceof WrongAnswer) throw error
    return false
  }
}

class WrongAnswer extends Error {}

function spansOf(request: number, random: () => number): { traceId: string; spans: SentSpan[] } {
  const traceId = hexId(Math.floor(request / requestsPerTrace), 32)
  const startNs = BigInt(Date.now()) * 1_000_000n
  const spans = Array.from({ length: spansPerRequest }, (_, i) => ({
    traceId,
    spanId: hexId(request * spansPerRequest + i, 16),
    name: `step ${Math.floor(random() * 50)}`,
    startNs: startNs + BigInt(i),
    durationNs: BigInt(Math.floor(random() * 1e9)),
    attributes: { text: `${random()} ${text}` },
  }))
  return { traceId, spans }
}

/** The same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    // A linear congruence of full period; its upper bits are random enough to pick moments.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

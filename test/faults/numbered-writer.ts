import { setTimeout as pause } from 'node:timers/promises'
import type { Server } from '../tools/server.ts'
import { encodeSpans, hexId, type SentSpan, spansIn } from '../tools/spans.ts'
import { pushSpans, traceBytes } from '../tools/tempo-api.ts'

/**
 * Exporters that send numbered spans and send the same again until it is acknowledged, and what of
 * it can be read. Half of a request's spans belong to the trace of the request before: traces are
 * written over several acknowledgements, kills and freezes.
 */

const spansPerRequest = 20
const textBytes = 2000
const retryMs = 20
/** Of the first span: not so long ago that blocks with it are expired. */
const firstStartNs = BigInt(Date.now()) * 1_000_000n

export interface Missed {
  readonly lost: number
  readonly duplicates: number
  /** Traces and spans that nobody sent. */
  readonly strange: number
}

export class NumberedWriter {
  readonly #host: string
  readonly #retryMs: number
  /** Span ids by the number of their trace. */
  readonly #acknowledged = new Map<number, Set<string>>()
  #nextRequest = 0
  #isStopped = false
  #running: Promise<void>[] = []
  acknowledgedSpans = 0
  refusals = new Map<string, number>()

  constructor(host: string, options: { retryMs?: number } = {}) {
    this.#host = host
    this.#retryMs = options.retryMs ?? retryMs
  }

  get traces(): number {
    return this.#acknowledged.size
  }

  start(exporters: number): void {
    this.#isStopped = false
    this.#running = Array.from({ length: exporters }, () => this.#export())
  }

  /** Resolves when everything that was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#running)
  }

  /** Ends without waiting for acknowledgements. */
  abandon(): void {
    this.#isStopped = true
  }

  async #export(): Promise<void> {
    while (!this.#isStopped) {
      const request = this.#nextRequest++
      const spans = spansOf(request)
      const body = encodeSpans('numbered', spans)
      while (!(await this.#isTaken(body))) await pause(this.#retryMs)
      for (const { traceId, spanId } of spans) this.#remember(traceId, spanId)
      this.acknowledgedSpans += spans.length
    }
  }

  /** Only an answer of 200 is an acknowledgement. */
  async #isTaken(body: Uint8Array): Promise<boolean> {
    let reason: string
    try {
      const answer = await pushSpans(this.#host, body)
      if (answer.status === 200) return true
      reason = String(answer.status)
    } catch {
      reason = 'no answer'
    }
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
    return false
  }

  #remember(traceId: string, spanId: string): void {
    const trace = Number.parseInt(traceId, 16)
    const spans = this.#acknowledged.get(trace)
    if (spans) spans.add(spanId)
    else this.#acknowledged.set(trace, new Set([spanId]))
  }

  /** Reads every trace by its id. */
  async verify(server: Pick<Server, 'url'>): Promise<Missed> {
    const missed = { lost: 0, duplicates: 0, strange: 0 }
    const waiting = [...this.#acknowledged]
    const lane = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [trace, acknowledged] = next
        const traceId = trace.toString(16).padStart(32, '0')
        const bytes = await traceBytes(server, traceId)
        const found = bytes ? spansIn(bytes) : []
        const ids = new Set(found.map(span => span.spanId))
        missed.duplicates += found.length - ids.size
        missed.lost += [...acknowledged].filter(id => !ids.has(id)).length
        missed.strange += found.filter(span => !isSent(span.traceId, traceId, span)).length
      }
    }
    await Promise.all(Array.from({ length: 4 }, lane))
    return missed
  }
}

function isSent(found: string, asked: string, span: { spanId: string; name: string }): boolean {
  return found === asked && span.name === `span ${Number.parseInt(span.spanId, 16) - 1}`
}

/** A pure function of the request's number. */
function spansOf(request: number): SentSpan[] {
  const startNs = firstStartNs + BigInt(request) * 1_000_000n
  return Array.from({ length: spansPerRequest }, (_, i) => {
    const number = request * spansPerRequest + i
    return {
      traceId: hexId(i % 2 === 0 ? request : Math.max(0, request - 1), 32),
      spanId: hexId(number, 16),
      name: `span ${number}`,
      startNs: startNs + BigInt(i),
      durationNs: 1_000_000n,
      attributes: { text: `${number} `.repeat(textBytes).slice(0, textBytes) },
    }
  })
}

import type { CorpusRequest, Json } from './corpus.ts'

/**
 * Answers without what servers are free to choose: the order of traces, spans, tags and names, the
 * names of processes, and the base time. Idempotent, so that recorded answers pass through it too.
 */

const dayUs = 86_400_000_000

export class Normaliser {
  readonly #baseUs: number
  readonly #baseNs: bigint

  constructor(baseSeconds: number) {
    this.#baseUs = baseSeconds * 1_000_000
    this.#baseNs = BigInt(baseSeconds) * 1_000_000_000n
  }

  body(body: Json, request: CorpusRequest): Json {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
    return request.api === 'v3' ? this.#v3(body, request) : this.#classic(body, request)
  }

  #classic(body: Json, request: CorpusRequest): Json {
    const dropped = new Set(request.drop_services ?? [])
    const out = { ...body }
    if (Array.isArray(body.data)) {
      out.data = sorted(
        body.data
          .filter((item: Json) => !dropped.has(item?.parent) && !dropped.has(item?.child))
          .map((item: Json) => (item?.spans ? this.#trace(item) : item)),
      )
    }
    if (Array.isArray(body.errors)) out.errors = sorted(body.errors)
    return out
  }

  #trace(trace: Json): Json {
    const used = new Set(trace.spans.map((span: Json) => span.processID))
    const processes = new Map<string, Json>()
    for (const [id, process] of Object.entries<Json>(trace.processes ?? {})) {
      if (used.has(id)) processes.set(id, { ...process, tags: sorted(process.tags ?? []) })
    }
    const contents = [...new Set([...processes.values()].map(canonical))].sort()
    const rename = (id: string): string => {
      const process = processes.get(id)
      return process === undefined ? id : `p${contents.indexOf(canonical(process)) + 1}`
    }
    return {
      ...trace,
      processes: Object.fromEntries(contents.map((text, at) => [`p${at + 1}`, JSON.parse(text)])),
      spans: sorted(trace.spans.map((span: Json) => this.#span(span, rename))),
    }
  }

  #span(span: Json, rename: (id: string) => string): Json {
    const { flags, ...rest } = span
    return {
      ...rest,
      ...(flags ? { flags } : {}),
      startTime: this.#us(span.startTime),
      tags: sorted(span.tags ?? []),
      processID: rename(span.processID),
      logs: sorted(
        (span.logs ?? []).map((log: Json) => ({
          ...log,
          timestamp: this.#us(log.timestamp),
          fields: sorted(log.fields ?? []),
        })),
      ),
      warnings: Array.isArray(span.warnings) ? [...span.warnings].sort() : span.warnings,
    }
  }

  #v3(body: Json, request: CorpusRequest): Json {
    if (Array.isArray(body.spans)) return { spans: sorted(body.spans.map(this.#placedSpan)) }
    if (body.result !== undefined) {
      return { spans: sorted(flattened(body.result).map(this.#placedSpan)) }
    }
    const out = { ...body }
    for (const name of ['services', 'operations']) {
      if (name in body) out[name] = sorted(body[name] ?? [])
    }
    if (Array.isArray(body.summaries)) {
      out.summaries = sorted(body.summaries.map((each: Json) => this.#summary(each)))
    } else if (Object.keys(body).length === 0 && request.url.includes('trace-summaries')) {
      out.summaries = []
    }
    return out
  }

  readonly #placedSpan = ({ resource, scope, span }: Json): Json => {
    const { events, links, kind, ...rest } = span
    return {
      resource: sorted(resource ?? []),
      scope: filled({ ...scope, attributes: sorted(scope?.attributes ?? []) }),
      span: filled({
        ...rest,
        kind: kind === 'SPAN_KIND_UNSPECIFIED' || kind === 0 ? '' : kind,
        startTimeUnixNano: this.#ns(span.startTimeUnixNano),
        endTimeUnixNano: this.#ns(span.endTimeUnixNano),
        attributes: sorted(span.attributes ?? []),
        events: sorted(
          (events ?? []).map((event: Json) => {
            const timeUnixNano = this.#ns(event.timeUnixNano)
            return filled({ ...event, timeUnixNano, attributes: sorted(event.attributes ?? []) })
          }),
        ),
        links: (links ?? []).map((link: Json) => {
          return filled({ ...link, attributes: sorted(link.attributes ?? []) })
        }),
      }),
    }
  }

  #summary(summary: Json): Json {
    const counted = (each: Json): Json => {
      return Object.fromEntries(Object.entries(each).filter(([, v]) => v !== 0 && v !== ''))
    }
    return counted({
      ...summary,
      minStartTimeUnixNano: this.#ns(summary.minStartTimeUnixNano),
      maxEndTimeUnixNano: this.#ns(summary.maxEndTimeUnixNano),
      services: (summary.services ?? []).map(counted),
    })
  }

  /** `T+5` = 5 microseconds after the base time. */
  #us(value: Json): Json {
    if (typeof value !== 'number' || Math.abs(value - this.#baseUs) >= dayUs) return value
    return signed(BigInt(value - this.#baseUs))
  }

  /** `T+5ns`. */
  #ns(value: Json): Json {
    if (!/^\d+$/.test(String(value))) return value
    const offsetNs = BigInt(value) - this.#baseNs
    const near = Math.abs(Number(offsetNs / 1000n)) < dayUs
    return near ? `${signed(offsetNs)}ns` : String(value)
  }
}

function signed(offset: bigint): string {
  return `T${offset < 0n ? '' : '+'}${offset}`
}

function flattened(result: Json): Json[] {
  return (result.resourceSpans ?? []).flatMap((resourceSpans: Json) => {
    return (resourceSpans.scopeSpans ?? []).flatMap((scopeSpans: Json) => {
      return (scopeSpans.spans ?? []).map((span: Json) => {
        return { resource: resourceSpans.resource?.attributes, scope: scopeSpans.scope, span }
      })
    })
  })
}

/** Without members that say nothing. */
function filled(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => {
      return !['""', '[]', '{}', 'null', undefined].includes(JSON.stringify(member))
    }),
  )
}

function sorted(items: readonly Json[]): Json[] {
  return items
    .map(item => [canonical(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item)
}

/** The same text for equal data, whatever the order of its members. */
export function canonical(value: Json): string {
  return JSON.stringify(value, (_key, member) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

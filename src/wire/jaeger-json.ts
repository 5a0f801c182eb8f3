import {
  compareTags,
  type JaegerSpan,
  type JaegerTrace,
  type Process,
  shortTraceId,
} from './jaeger-model.ts'

/**
 * Jaeger's model -> the JSON that its UI reads. Times are whole microseconds, cut off. Equal
 * processes of a trace are written once, as p1, p2, … in order of their first use.
 */
export function jaegerTraceJson(trace: JaegerTrace): string {
  const processes = new ProcessTable()
  const spans = trace.spans.map(span => spanJson(span, processes.idOf(span.process)))
  return JSON.stringify({
    traceID: shortTraceId(trace.traceId),
    spans,
    processes: processes.toJson(),
    warnings: null,
  })
}

function spanJson(span: JaegerSpan, processID: string): object {
  return {
    traceID: shortTraceId(span.traceId),
    spanID: span.spanId,
    operationName: span.operationName,
    references: span.references.map(({ refType, traceId, spanId }) => ({
      refType,
      traceID: shortTraceId(traceId),
      spanID: spanId,
    })),
    startTime: toMicroseconds(span.startNs),
    duration: toMicroseconds(span.durationNs),
    tags: span.tags,
    logs: span.logs.map(log => ({ timestamp: toMicroseconds(log.timeNs), fields: log.fields })),
    processID,
    warnings: span.warnings.length === 0 ? null : span.warnings,
  }
}

function toMicroseconds(ns: bigint): number {
  return Number(ns / 1000n)
}

class ProcessTable {
  readonly #idByContent = new Map<string, string>()
  /** Most spans share their process object with others: content is compared once for each. */
  readonly #idByProcess = new Map<Process, string>()
  readonly #processes = new Map<string, Process>()

  idOf(process: Process): string {
    const known = this.#idByProcess.get(process)
    if (known !== undefined) return known
    const { serviceName } = process
    const sorted = { serviceName, tags: [...process.tags].sort(compareTags) }
    const content = JSON.stringify(sorted)
    const id = this.#idByContent.get(content) ?? `p${this.#processes.size + 1}`
    if (!this.#processes.has(id)) this.#processes.set(id, sorted)
    this.#idByContent.set(content, id)
    this.#idByProcess.set(process, id)
    return id
  }

  toJson(): object {
    return Object.fromEntries(this.#processes)
  }
}

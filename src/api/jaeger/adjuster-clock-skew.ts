import {
  firstTag,
  type JaegerSpan,
  type JaegerTrace,
  type Process,
  parentReference,
} from '../../wire/jaeger-model.ts'
import { correctClockSkew, type TimedSpan } from './clock-skew.ts'
import { dottedIp } from './ip-text.ts'

export function correctTraceClockSkew(trace: JaegerTrace, deltaMaxNs: bigint): void {
  correctClockSkew(trace.spans.map(toTimed), deltaMaxNs, parentId => {
    return `invalid parent span IDs=${parentId}; skipping clock skew adjustment`
  })
}

function toTimed(span: JaegerSpan): TimedSpan {
  return {
    spanId: span.spanId,
    parentId: parentReference(span)?.spanId ?? '',
    host: hostOf(span.process),
    queued: false,
    get startNs() {
      return span.startNs
    },
    durationNs: span.durationNs,
    shift: deltaNs => {
      span.startNs += deltaNs
      for (const log of span.logs) log.timeNs += deltaNs
    },
    warn: text => {
      span.warnings.push(text)
    },
  }
}

/** The process tag `ip`, in whatever type it was sent. */
function hostOf(process: Process): string {
  const { type, value } = firstTag(process.tags, 'ip') ?? {}
  if (type === 'int64' && (typeof value === 'number' || typeof value === 'string')) {
    return dottedIp(value)
  }
  return type === 'string' || type === 'binary' ? String(value ?? '') : ''
}

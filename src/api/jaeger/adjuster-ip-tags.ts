import { type JaegerTrace, type Process, stringTag, type Tag } from '../../wire/jaeger-model.ts'
import { dottedIp, ipKeys } from './ip-text.ts'

/** Addresses that were sent as numbers become readable, in spans and in processes. */
export function rewriteIpTags(trace: JaegerTrace): void {
  const rewritten = new Map<Process, Process>()
  for (const span of trace.spans) {
    if (span.tags.some(isNumericIp)) span.tags = span.tags.map(rewriteTag)
    if (!span.process.tags.some(isNumericIp)) continue
    const { serviceName, tags } = span.process
    const process = rewritten.get(span.process) ?? { serviceName, tags: tags.map(rewriteTag) }
    rewritten.set(span.process, process)
    span.process = process
  }
}

function isNumericIp({ key, type }: Tag): boolean {
  return ipKeys.has(key) && (type === 'int64' || type === 'float64')
}

function rewriteTag(tag: Tag): Tag {
  if (!isNumericIp(tag)) return tag
  return stringTag(tag.key, dottedIp(tag.value as number | string))
}

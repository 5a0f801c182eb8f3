import { compareTags, type JaegerTrace, type Tag } from '../../wire/jaeger-model.ts'

/** Tags by key, type and value; of log fields the text field `event` comes first. */
export function sortTags(trace: JaegerTrace): void {
  for (const span of trace.spans) {
    span.tags.sort(compareTags)
    for (const log of span.logs) log.fields.sort(compareFields)
  }
}

function compareFields(a: Tag, b: Tag): number {
  const difference = Number(isEventName(b)) - Number(isEventName(a))
  return difference === 0 ? compareTags(a, b) : difference
}

function isEventName({ key, type }: Tag): boolean {
  return key === 'event' && type === 'string'
}

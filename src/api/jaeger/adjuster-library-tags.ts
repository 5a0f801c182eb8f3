import type { JaegerTrace, Process, Tag } from '../../wire/jaeger-model.ts'
import { libraryKeys } from './library-keys.ts'

/** Tags about the library that made a span move from the span to its process. */
export function moveLibraryTags(trace: JaegerTrace): void {
  for (const span of trace.spans) {
    const moved = span.tags.filter(tag => libraryKeys.has(tag.key))
    if (moved.length === 0) continue
    span.tags = span.tags.filter(tag => !libraryKeys.has(tag.key))
    span.process = withTags(span.process, moved)
  }
}

function withTags(process: Process, moved: readonly Tag[]): Process {
  const isNew = (tag: Tag): boolean => {
    return !process.tags.some(
      ({ key, type, value }) => key === tag.key && type === tag.type && value === tag.value,
    )
  }
  return { serviceName: process.serviceName, tags: [...process.tags, ...moved.filter(isNew)] }
}

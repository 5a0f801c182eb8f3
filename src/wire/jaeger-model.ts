/**
 * A trace as Jaeger's classic API and its UI know it. Values are ready for JSON; times keep their
 * nanoseconds until they are printed, because clock skew is computed from them.
 */

export type TagType = 'string' | 'bool' | 'int64' | 'float64' | 'binary'

export interface Tag {
  readonly key: string
  readonly type: TagType
  /** int64 beyond 2^53 is decimal text; binary is base64, null when it is empty. */
  readonly value: string | number | boolean | null
}

export interface Reference {
  refType: 'CHILD_OF' | 'FOLLOWS_FROM'
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  spanId: string
}

export interface Process {
  readonly serviceName: string
  readonly tags: readonly Tag[]
}

export interface Log {
  timeNs: bigint
  readonly fields: Tag[]
}

export interface JaegerSpan {
  readonly traceId: string
  spanId: string
  readonly operationName: string
  references: Reference[]
  startNs: bigint
  /** Never negative. */
  readonly durationNs: bigint
  tags: Tag[]
  readonly logs: Log[]
  /** Spans of one resource share it; whoever changes it gives the span a new one. */
  process: Process
  readonly warnings: string[]
}

export interface JaegerTrace {
  readonly traceId: string
  spans: JaegerSpan[]
}

/** Shown for a resource without `service.name`, or with one that is not text. */
export const missingServiceName = 'missing-service-name'

/** Shown for a resource whose `service.name` is the empty text. */
export const emptyServiceName = 'empty-service-name'

export const noTraceId = '0'.repeat(32)
export const noSpanId = '0'.repeat(16)

/** Jaeger's word for each OTLP span kind, by number; unspecified has none. */
export const spanKindWords = ['', 'internal', 'server', 'client', 'producer', 'consumer'] as const

/** 16 digits when the upper half is zero, else 32. */
export function shortTraceId(traceId: string): string {
  return traceId.startsWith(noSpanId) ? traceId.slice(16) : traceId
}

/**
 * The span it hangs from: the first reference of its own trace that says child-of, else the first
 * other one.
 */
export function parentReference(span: JaegerSpan): Reference | undefined {
  let other: Reference | undefined
  for (const reference of span.references) {
    if (reference.traceId !== span.traceId) continue
    if (reference.refType === 'CHILD_OF') return reference
    other ??= reference
  }
  return other
}

export function firstTag(tags: readonly Tag[], key: string): Tag | undefined {
  return tags.find(tag => tag.key === key)
}

export function stringTag(key: string, value: string): Tag {
  return { key, type: 'string', value }
}

const typeRank: Record<TagType, number> = { string: 0, bool: 1, int64: 2, float64: 3, binary: 4 }

/** By key, then type, then value: the order in which Jaeger shows tags. */
export function compareTags(a: Tag, b: Tag): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  if (a.type !== b.type) return typeRank[a.type] - typeRank[b.type]
  return compareValues(a, b)
}

function compareValues(a: Tag, b: Tag): number {
  if (a.value === b.value) return 0
  if (a.type === 'int64') return BigInt(a.value ?? 0) < BigInt(b.value ?? 0) ? -1 : 1
  return (a.value ?? '') < (b.value ?? '') ? -1 : 1
}

/**
 * Zipkin gives both sides of a call one span id; the UI needs them to differ. The server's side
 * gets a new id and becomes the child of the client's side, and takes the children with it.
 */

export interface SharableSpan {
  readonly spanId: string
  /** Empty when it has no parent. */
  readonly parentId: string
  readonly side: 'client' | 'server' | 'other'
  setSpanId(spanId: string): void
  setParentId(parentId: string): void
}

/** `spans` must read through: after `setSpanId` the property `spanId` is the new one. */
export function separateSharedSpanIds(spans: readonly SharableSpan[]): void {
  const used = new Set<string>()
  const ofClients = new Set<string>()
  for (const { spanId, side } of spans) {
    used.add(spanId)
    if (side === 'client') ofClients.add(spanId)
  }
  const renamed = new Map<string, string>()
  let counter = 0n
  for (const span of spans) {
    const shared = span.spanId
    if (span.side !== 'server' || !ofClients.has(shared)) continue
    let unused: string
    do unused = (++counter).toString(16).padStart(16, '0')
    while (used.has(unused))
    renamed.set(shared, unused)
    span.setParentId(shared)
    span.setSpanId(unused)
  }
  if (renamed.size === 0) return
  for (const span of spans) {
    const parentId = renamed.get(span.parentId)
    if (parentId !== undefined && parentId !== span.spanId) span.setParentId(parentId)
  }
}

import { durationText } from '../../search/duration-text.ts'

/**
 * Clocks of hosts differ, so that a child may seem to start before its parent. Where a child runs
 * on another host and does not fit into its parent, it and what it called on its host are moved,
 * unless that is further than allowed: then a warning says what would have been done.
 */

/** A span as far as this needs it, whatever model it comes from. */
export interface TimedSpan {
  readonly spanId: string
  /** Empty when it has no parent. */
  readonly parentId: string
  /** What tells its host from others; empty = not known, which counts as another host. */
  readonly host: string
  /** It takes work from a queue, so that starting after its parent's end is no mistake. */
  readonly queued: boolean
  readonly startNs: bigint
  readonly durationNs: bigint
  /** Moves the span and its events. */
  shift(deltaNs: bigint): void
  warn(text: string): void
}

interface Node {
  readonly span: TimedSpan
  readonly children: Node[]
}

interface Step {
  readonly node: Node
  readonly parent: Node | null
  readonly skew: { readonly host: string; readonly deltaNs: bigint }
}

/** `deltaMaxNs` 0: nothing is moved. Spans in a circle of parents are left alone. */
export function correctClockSkew(
  spans: readonly TimedSpan[],
  deltaMaxNs: bigint,
  missingParentText: (parentId: string) => string,
): void {
  const open: Step[] = []
  for (const root of buildTrees(spans, missingParentText)) {
    open.push({ node: root, parent: null, skew: { host: root.span.host, deltaNs: 0n } })
  }
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const { node, parent } = step
    const { span } = node
    let { skew } = step
    if (parent !== null && (span.host !== skew.host || span.host === '')) {
      skew = { host: span.host, deltaNs: skewOf(span, parent.span) }
    }
    applySkew(span, skew.deltaNs, deltaMaxNs)
    // The parent has been moved by now: its children are compared with where it is.
    for (const child of node.children) open.push({ node: child, parent: node, skew })
  }
}

/** The roots: spans without a parent, and those whose parent is not in the trace. */
function buildTrees(
  spans: readonly TimedSpan[],
  missingParentText: (parentId: string) => string,
): Node[] {
  const byId = new Map<string, Node>()
  for (const span of spans) {
    if (byId.has(span.spanId)) span.warn('duplicate span IDs; skipping clock skew adjustment')
    else byId.set(span.spanId, { span, children: [] })
  }
  const roots: Node[] = []
  for (const node of byId.values()) {
    const { parentId } = node.span
    const parent = byId.get(parentId)
    if (parent !== undefined) parent.children.push(node)
    else {
      if (parentId !== '') node.span.warn(missingParentText(parentId))
      roots.push(node)
    }
  }
  return roots
}

/** How far the child must be moved, ns; 0 when it fits. */
function skewOf(child: TimedSpan, parent: TimedSpan): bigint {
  const early = child.startNs < parent.startNs
  if (child.queued && !early) return 0n
  // It outlived its parent, whose start is then all that can be compared with.
  if (child.durationNs > parent.durationNs) return early ? parent.startNs - child.startNs : 0n
  const late = child.startNs + child.durationNs > parent.startNs + parent.durationNs
  if (!early && !late) return 0n
  // As if the way there and the way back took equally long.
  const latencyNs = (parent.durationNs - child.durationNs) / 2n
  return parent.startNs + latencyNs - child.startNs
}

function applySkew(span: TimedSpan, deltaNs: bigint, deltaMaxNs: bigint): void {
  if (deltaNs === 0n) return
  const delta = durationText(deltaNs)
  const distanceNs = deltaNs < 0n ? -deltaNs : deltaNs
  if (distanceNs <= deltaMaxNs) {
    span.shift(deltaNs)
    span.warn(`This span's timestamps were adjusted by ${delta}`)
  } else if (deltaMaxNs === 0n) {
    span.warn(`clock skew adjustment disabled; not applying calculated delta of ${delta}`)
  } else {
    const exceeded = `max clock skew adjustment delta of ${durationText(deltaMaxNs)} exceeded`
    span.warn(`${exceeded}; not applying calculated delta of ${delta}`)
  }
}

import type { Clock } from '../base/clock.ts'
import type { Failure } from '../base/errors.ts'
import { LocalSource, type QuerySource } from '../search/query-source.ts'
import { type AppendLimits, type AppendResult, appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { LiveSource } from '../storage/live/live-source.ts'
import { guardedSource } from './guarded-source.ts'
import type { LocalBlock } from './local-block.ts'

/** Told once of each block that is left aside. */
export type LeftAside = (directory: string, reason: Failure) => void

export interface TraceLimits {
  /** 0 = off. */
  readonly traceBytesMax: number
  readonly liveTracesMax: number
}

/** Traces that got their first span within this time count as live. */
const liveTraceMs = 10_000

/** Everything an ingester holds of one tenant: live data, what is being frozen, local blocks. */
export class TenantInstance {
  readonly tenant: string
  live = new LiveSegment()
  /** When the first span of `live` arrived; undefined while it is empty. */
  liveSinceMs: number | undefined
  readonly freezing: LiveSegment[] = []
  readonly blocks: LocalBlock[] = []
  /** Blocks that cannot be read: their files stay, for a person to look at. */
  damagedBlocks = 0
  /** Uploaded blocks that are, or soon will be, served from the object store only. */
  dropsAnnounced = 0
  readonly #clock: Clock
  readonly #leftAside: LeftAside
  #source: { generation: number; segment: LiveSegment; source: LocalSource } | undefined
  /** New traces of the last seconds: (second, count). */
  readonly #newTraces: { atMs: number; traces: number }[] = []

  constructor(tenant: string, clock: Clock, leftAside: LeftAside) {
    this.tenant = tenant
    this.#clock = clock
    this.#leftAside = leftAside
  }

  append(body: Uint8Array, limits: TraceLimits): AppendResult {
    const nowMs = this.#clock.nowMs()
    this.liveSinceMs ??= nowMs
    const before = this.live.traces.count
    const result = appendOtlp(this.live, body, this.#appendLimits(limits, nowMs))
    const made = this.live.traces.count - before
    if (made > 0) this.#newTraces.push({ atMs: nowMs, traces: made })
    return result
  }

  get liveTraces(): number {
    return this.#recentTraces(this.#clock.nowMs())
  }

  /** Of data only: what an empty segment has reserved cannot be given back by a freeze. */
  get heldBytes(): number {
    const segments = this.live.spanCount > 0 ? [...this.freezing, this.live] : this.freezing
    return segments.reduce((sum, segment) => sum + segment.heldBytes, 0)
  }

  /** Takes the live segment out for freezing; it stays readable until `frozen`. */
  seal(): LiveSegment | null {
    if (this.live.spanCount === 0) return null
    const sealed = this.live
    this.freezing.push(sealed)
    this.live = new LiveSegment()
    this.liveSinceMs = undefined
    return sealed
  }

  /** Replaces a sealed segment by its block, at once for all readers. */
  frozen(segment: LiveSegment, block: LocalBlock): void {
    this.freezing.splice(this.freezing.indexOf(segment), 1)
    this.blocks.push(block)
  }

  /** Takes a block that is found damaged away from queries and uploads. */
  leaveAside(block: LocalBlock, reason: Failure): void {
    const at = this.blocks.indexOf(block)
    // Several queries may find the same damage.
    if (at < 0) return
    this.blocks.splice(at, 1)
    this.foundDamaged(block.directory, reason)
  }

  foundDamaged(directory: string, reason: Failure): void {
    this.damagedBlocks++
    this.#leftAside(directory, reason)
  }

  sources(): QuerySource[] {
    const sources = this.blocks.map(block =>
      guardedSource(block.source, {
        left: reason => this.leaveAside(block, reason),
        removed: () => block.removed,
      }),
    )
    for (const [i, segment] of this.freezing.entries()) {
      sources.push(new LocalSource(new LiveSource(segment, `freezing-${i}`)))
    }
    if (this.live.spanCount > 0) sources.push(this.#liveSource())
    return sources
  }

  /** Made anew only when the segment has changed: it caches the columns it gathers. */
  #liveSource(): LocalSource {
    const known = this.#source
    const { live } = this
    if (known?.segment === live && known.generation === live.generation) return known.source
    const source = new LocalSource(new LiveSource(live, `live-${live.generation}`))
    this.#source = { generation: live.generation, segment: live, source }
    return source
  }

  #appendLimits(limits: TraceLimits, nowMs: number): AppendLimits {
    if (limits.liveTracesMax === 0) return { traceBytesMax: limits.traceBytesMax, tracesMax: 0 }
    const room = Math.max(0, limits.liveTracesMax - this.#recentTraces(nowMs))
    return {
      traceBytesMax: limits.traceBytesMax,
      tracesMax: Math.max(1, this.live.traces.count + room),
    }
  }

  #recentTraces(nowMs: number): number {
    while (this.#newTraces.length > 0 && this.#newTraces[0]!.atMs < nowMs - liveTraceMs)
      this.#newTraces.shift()
    return this.#newTraces.reduce((sum, entry) => sum + entry.traces, 0)
  }
}

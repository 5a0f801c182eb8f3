import type { Clock } from '../base/clock.ts'
import { deleteBlock } from '../storage/blocklist/block-store.ts'
import { type BlockLog, removesMax } from '../storage/blocklist/log.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import type { StoredTenant } from '../storage/blocklist/tenants.ts'
import type { BlockListView } from '../storage/blocklist/view.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'

export interface RetentionDeps {
  readonly store: ObjectStore
  readonly clock: Clock
  logFor(tenant: string): BlockLog
  /** 0 = blocks are kept for ever. */
  retentionMs(tenant: string): number
  /** How long the objects of a removed block stay: queries may still be reading them. */
  readonly graceMs: number
}

export interface RetentionResult {
  /** Blocks taken off the list, and blocks whose objects are gone. */
  readonly expired: number
  readonly deleted: number
}

/** An end further behind the time of writing than this is a wrong clock's. */
const believedFutureMs = 24 * 3_600_000

/**
 * Takes blocks off a tenant's list that are older than its retention, and deletes the objects of
 * blocks that were taken off, for whatever reason, longer than the grace ago.
 */
export async function applyRetention(
  deps: RetentionDeps,
  { tenant, folder }: StoredTenant,
): Promise<RetentionResult> {
  const { clock, store } = deps
  const log = deps.logFor(tenant)
  const view = await log.poll()
  const retentionMs = deps.retentionMs(tenant)
  const expired = [...view.blocks.values()]
    .filter(block => isExpired(block, clock.nowMs(), retentionMs))
    .slice(0, removesMax)
  if (expired.length > 0) await log.commit({ removes: expired.map(block => block.id) })
  if (longGone(log.view(), deps).length === 0) return { expired: expired.length, deleted: 0 }
  // Read anew: what cannot be taken back must not rest on an entry that was overwritten meanwhile.
  const gone = longGone(await log.reload(), deps)
  for (const id of gone) await deleteBlock(store, folder, id)
  if (gone.length > 0) await log.commit({ deleted: gone })
  return { expired: expired.length, deleted: gone.length }
}

/**
 * Spans that were old when they came are kept as long as others: counted from when their block was
 * written. `retentionMs` 0 = nothing ever expires.
 */
export function isExpired(block: BlockMeta, nowMs: number, retentionMs: number): boolean {
  if (retentionMs === 0) return false
  const endMs = Number(BigInt(block.maxEndNs) / 1_000_000n)
  const isBelieved = endMs - block.createdMs <= believedFutureMs
  const newestMs = isBelieved ? Math.max(endMs, block.createdMs) : block.createdMs
  return nowMs - newestMs > retentionMs
}

function longGone(view: BlockListView, { clock, graceMs }: RetentionDeps): string[] {
  return [...view.removed]
    .filter(([, removed]) => clock.nowMs() - removed.atMs > graceMs)
    .map(([id]) => id)
    .slice(0, removesMax)
}

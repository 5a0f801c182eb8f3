import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { deleteBlock } from '../storage/blocklist/block-store.ts'
import type { BlockLog } from '../storage/blocklist/log.ts'
import type { StoredTenant } from '../storage/blocklist/tenants.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'

export interface RetentionDeps {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly log: Log
  logFor(tenant: string): BlockLog
  /** 0 = blocks are kept for ever. */
  retentionMs(tenant: string): number
  /** How long the objects of a removed block stay: queries may still be reading them. */
  readonly graceMs: number
}

/**
 * Takes blocks off the list whose newest span is older than the tenant's retention, and deletes
 * the objects of blocks that were taken off longer than the grace ago.
 */
export async function applyRetention(
  deps: RetentionDeps,
  tenants: readonly StoredTenant[],
): Promise<void> {
  for (const { tenant, folder } of tenants) {
    const log = deps.logFor(tenant)
    const view = await log.poll()
    const nowMs = deps.clock.nowMs()
    const retentionMs = deps.retentionMs(tenant)
    const expired = [...view.blocks.values()].filter(block => {
      return retentionMs > 0 && Number(BigInt(block.maxEndNs) / 1_000_000n) < nowMs - retentionMs
    })
    if (expired.length > 0) {
      await log.commit({ removes: expired.map(block => block.id) })
      deps.log.info({ tenant, blocks: expired.length }, 'blocks expired')
    }
    const gone = [...log.view().removed].filter(
      ([, removed]) => nowMs - removed.atMs > deps.graceMs,
    )
    for (const [id] of gone) await deleteBlock(deps.store, folder, id)
    if (gone.length > 0) await log.commit({ deleted: gone.map(([id]) => id) })
  }
}

import type { Clock } from '../../base/clock.ts'
import { isNotFound } from '../../base/disk.ts'
import { tenantFolder } from '../../model/tenant.ts'
import type { ObjectStore } from '../object/object-store.ts'
import { addsMax, type BlockLog } from './log.ts'
import { logPrefix } from './log-entry.ts'
import { isUnreadable } from './log-reader.ts'
import { type BlockMeta, blockDataKey, blockMetaKey, isBlockId, parseBlockMeta } from './meta.ts'
import type { BlockListView } from './view.ts'

/** What a pass found and did. Ids are of blocks. */
export interface RepairReport {
  /** Complete blocks that no entry named: listed again. */
  readonly added: readonly string[]
  /** Listed, but an object is not there or has the wrong size: their spans cannot be read. */
  readonly damaged: readonly string[]
  /** Not listed, and their description cannot be read. */
  readonly unreadable: readonly { readonly key: string; readonly reason: string }[]
  /** Data without description: an upload in progress, or one that never ended. */
  readonly unfinished: readonly string[]
}

export interface RepairOptions {
  readonly store: ObjectStore
  readonly folder: string
  readonly log: BlockLog
  readonly clock: Clock
  /**
   * A block is listed again only when it was seen unlisted this long before, by this process:
   * usually its writer is just about to commit it. 0 for the first pass after a start.
   */
  readonly settleMs: number
}

/** What is stored of a block, by a listing; sizes in bytes. */
interface StoredBlock {
  dataBytes: number | null
  hasMeta: boolean
}

/**
 * Compares a tenant's objects with its log, hourly: what a lying conditional put or a lost entry
 * left out comes back. A block with `replaces` has all the spans of those, so they go off the list
 * when it comes back. A block listed twice over, in its inputs and its output, is no harm: readers
 * recognize copies.
 */
export class BlockListRepair {
  readonly #options: RepairOptions
  /** Unlisted block -> when this process first saw it, monotonic. */
  #firstSeenMs = new Map<string, number>()

  constructor(options: RepairOptions) {
    this.#options = options
  }
  async pass(): Promise<RepairReport> {
    const { log } = this.#options
    const before = await log.reload()
    const stored = await this.#list()
    // Read after the listing: what was committed in between is listed, not missing.
    const after = await log.poll()
    const unfinished: string[] = []
    const unlisted: string[] = []
    for (const [id, block] of stored) {
      if (after.blocks.has(id) || after.removed.has(id)) continue
      if (block.hasMeta) unlisted.push(id)
      else if (block.dataBytes !== null) unfinished.push(id)
    }
    const unreadable: { key: string; reason: string }[] = []
    const metas = await this.#settled(unlisted, stored, unreadable)
    const added = await this.#add(metas)
    return { added, damaged: damagedBlocks(before, after, stored), unreadable, unfinished }
  }

  async #list(): Promise<Map<string, StoredBlock>> {
    const { store, folder } = this.#options
    const stored = new Map<string, StoredBlock>()
    const log = logPrefix(folder)
    // The log lies among the blocks and may be long: what comes behind it is listed on its own.
    for (const startAfter of [`${folder}/`, `${log}~`]) {
      for await (const { key, size } of store.list(`${folder}/`, { startAfter })) {
        if (key.startsWith(log)) break
        const id = key.slice(folder.length + 1).split('/')[0]!
        if (!isBlockId(id)) continue
        const block = stored.get(id) ?? { dataBytes: null, hasMeta: false }
        if (key === blockMetaKey(folder, id)) block.hasMeta = true
        else if (key === blockDataKey(folder, id)) block.dataBytes = size
        else continue
        stored.set(id, block)
      }
    }
    return stored
  }

  /** Descriptions of unlisted blocks that can be listed now. */
  async #settled(
    ids: readonly string[],
    stored: ReadonlyMap<string, StoredBlock>,
    unreadable: { key: string; reason: string }[],
  ): Promise<BlockMeta[]> {
    const { store, folder, clock, settleMs } = this.#options
    const nowMs = clock.monotonicMs()
    const seen = new Map(ids.map(id => [id, this.#firstSeenMs.get(id) ?? nowMs]))
    this.#firstSeenMs = seen
    const metas: BlockMeta[] = []
    for (const id of ids) {
      if (nowMs - seen.get(id)! < settleMs) continue
      const key = blockMetaKey(folder, id)
      try {
        const meta = parseBlockMeta(await store.get(key), key)
        const isOurs = meta.id === id && tenantFolder(meta.tenant) === folder
        if (!isOurs)
          unreadable.push({ key, reason: `it describes block ${meta.id} of another place` })
        else if (meta.bytes === stored.get(id)?.dataBytes) metas.push(meta)
        else unreadable.push({ key, reason: 'the data has not the size that it says' })
      } catch (error) {
        // Deleted since it was listed.
        if (isNotFound(error)) continue
        if (!isUnreadable(error)) throw error
        unreadable.push({ key, reason: error.message })
      }
    }
    return metas
  }

  async #add(metas: readonly BlockMeta[]): Promise<string[]> {
    const added: string[] = []
    for (let at = 0; at < metas.length; at += addsMax) {
      const adds = metas.slice(at, at + addsMax)
      const { log } = this.#options
      const listed = (id: string) => log.view().blocks.has(id)
      const removes = [...new Set(adds.flatMap(meta => meta.replaces ?? []))].filter(listed)
      const result = await log.commit({ adds, removes })
      // Refused: somebody consumed an input in this moment. The next pass looks again.
      if (result.kind === 'committed') added.push(...adds.map(({ id }) => id))
    }
    return added
  }
}

function damagedBlocks(
  before: BlockListView,
  after: BlockListView,
  stored: ReadonlyMap<string, StoredBlock>,
): string[] {
  return [...after.blocks.values()]
    .filter(({ id, bytes }) => before.blocks.has(id) && !isComplete(stored.get(id), bytes))
    .map(({ id }) => id)
}

function isComplete(block: StoredBlock | undefined, bytes: number): boolean {
  return block?.hasMeta === true && block.dataBytes === bytes
}

import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import { fail } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { tenantFolder } from '../model/tenant.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import type { BlockLog } from '../storage/blocklist/log.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import { LazyBlock, type ReadableBlock, type ScanThreads } from './lazy-block.ts'
import { openBlock } from './open-block.ts'

export interface CatalogDeps {
  readonly store: ObjectStore
  readonly cache: BlockCache
  readonly clock: Clock
  readonly log: Log
  readonly threads: ScanThreads
  /** How old the list of a tenant may be. */
  readonly pollMs: number
  logFor(tenant: string): BlockLog
}

/** Each holds the footer of its block. */
const unlistedMax = 64

interface TenantBlocks {
  readonly log: BlockLog
  polledAtMs: number
  polling: Promise<void> | undefined
  readonly blocks: Map<string, LazyBlock>
}

/** The blocks of each tenant that are in the object store, as this querier knows them. */
export class BlockCatalog {
  readonly #deps: CatalogDeps
  readonly #tenants = new Map<string, TenantBlocks>()
  /** Blocks that cannot be read; they are left out and said to be missing. */
  readonly #quarantined = new Set<string>()
  /** Blocks that another querier has named and the list here does not, by folder and id. */
  readonly #unlisted = new LRUCache<string, LazyBlock>({ max: unlistedMax })

  constructor(deps: CatalogDeps) {
    this.#deps = deps
  }

  /** The tenant's blocks; reads the list when it is unknown or older than the poll period. */
  async blocks(tenant: string): Promise<readonly LazyBlock[]> {
    const known = this.#tenantBlocks(tenant)
    const ageMs = this.#deps.clock.monotonicMs() - known.polledAtMs
    if (ageMs > this.#deps.pollMs) await this.poll(tenant)
    // What was committed in this process is in the view at once.
    this.#sync(tenant, known)
    return [...known.blocks.values()].filter(block => !this.#quarantined.has(block.meta.id))
  }

  /** A block that another querier knows, whatever the list here says. */
  block(tenant: string, meta: ReadableBlock): LazyBlock {
    if (this.#quarantined.has(meta.id))
      throw fail('CORRUPT', `block ${meta.id} is damaged`, { blockId: meta.id })
    const listed = this.#tenantBlocks(tenant).blocks.get(meta.id)
    if (listed) return listed
    const key = `${tenantFolder(tenant)}/${meta.id}`
    const known = this.#unlisted.get(key) ?? this.#lazyBlock(tenant, meta)
    this.#unlisted.set(key, known)
    return known
  }

  poll(tenant: string): Promise<void> {
    const known = this.#tenantBlocks(tenant)
    known.polling ??= known.log
      .poll()
      .then(() => {
        known.polledAtMs = this.#deps.clock.monotonicMs()
      })
      .finally(() => {
        known.polling = undefined
      })
    return known.polling
  }

  /** Number of blocks of a tenant that are left out because they cannot be read. */
  missing(tenant: string): number {
    const view = this.#tenantBlocks(tenant).log.view()
    return [...this.#quarantined].filter(id => view.blocks.has(id)).length
  }

  quarantine(id: string, reason: string): void {
    if (this.#quarantined.has(id)) return
    this.#quarantined.add(id)
    this.#deps.log.error({ blockId: id, reason }, 'block cannot be read and is left out of queries')
  }

  /** By tenant, of those that were queried. */
  quarantined(): ReadonlyMap<string, number> {
    return new Map([...this.#tenants.keys()].map(tenant => [tenant, this.missing(tenant)]))
  }

  lengths(): ReadonlyMap<string, number> {
    return new Map([...this.#tenants].map(([tenant, known]) => [tenant, known.blocks.size]))
  }

  #tenantBlocks(tenant: string): TenantBlocks {
    let known = this.#tenants.get(tenant)
    if (!known) {
      const log = this.#deps.logFor(tenant)
      known = { log, polledAtMs: Number.NEGATIVE_INFINITY, polling: undefined, blocks: new Map() }
      this.#tenants.set(tenant, known)
    }
    return known
  }

  #sync(tenant: string, known: TenantBlocks): void {
    const view = known.log.view()
    for (const id of known.blocks.keys()) if (!view.blocks.has(id)) known.blocks.delete(id)
    for (const [id, meta] of view.blocks) {
      if (!known.blocks.has(id)) known.blocks.set(id, this.#lazyBlock(tenant, meta))
    }
  }

  #lazyBlock(tenant: string, meta: ReadableBlock): LazyBlock {
    const { store, cache, threads } = this.#deps
    const folder = tenantFolder(tenant)
    return new LazyBlock(folder, meta, threads, () => openBlock(store, cache, folder, meta))
  }
}

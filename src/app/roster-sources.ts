import { fail } from '../base/errors.ts'
import type { BlockCatalog } from '../querier/block-catalog.ts'
import type { RecentData } from '../querier/querier.ts'
import type { AnsweringIngesters, IngesterPool } from '../remote/ingester-pool.ts'
import type { Members } from '../ring/members.ts'
import { listRoster, type Roster } from '../storage/blocklist/roster.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'

/** What ingesters hold of a tenant. */
export interface RecentSources {
  of(tenant: string): Promise<RecentData>
  close(): void
}

export interface RosterSourcesDeps {
  readonly pool: IngesterPool
  readonly members: Members
  readonly store: ObjectStore
  readonly catalog: BlockCatalog
  /** This many ingesters may be missing: each of their spans is on another one too. */
  readonly missingMax: number
  /** Whether a query fails when more are missing; else its answer is flagged. */
  readonly required: boolean
}

/**
 * The ingesters of a cluster as queriers see them. Not who happens to be alive must answer, but
 * who the roster says holds spans that are in no block.
 */
export class RosterSources implements RecentSources {
  readonly #deps: RosterSourcesDeps
  /** Per tenant: the roster for which the list of blocks was read. */
  readonly #listedFor = new Map<string, string>()

  constructor(deps: RosterSourcesDeps) {
    this.#deps = deps
  }

  async of(tenant: string): Promise<RecentData> {
    const { pool, store } = this.#deps
    const listing = listRoster(store)
    listing.catch(() => undefined)
    const found = await pool.sources(tenant)
    const release = () => {
      for (const each of found.releases) each()
    }
    try {
      const missing = await this.#complete(tenant, found, await listing)
      return { sources: found.sources, release, ...(missing === '' ? {} : { missing }) }
    } catch (error) {
      release()
      throw error
    }
  }

  close(): void {
    this.#deps.pool.close()
  }

  /** Asks those again that owe an answer; returns what is missing, in sentences. */
  async #complete(tenant: string, found: AnsweringIngesters, roster: Roster): Promise<string> {
    const { pool, members, missingMax, required } = this.#deps
    const { answered, missing: reasons } = found
    if (owing(roster, answered).length > 0) {
      // One that came up in this moment may not be known yet.
      await members.refresh()
      const more = await pool.sources(tenant, answered)
      found.sources.push(...more.sources)
      found.releases.push(...more.releases)
      reasons.push(...more.missing)
      for (const [instance, drops] of more.answered) answered.set(instance, drops)
    }
    await this.#listBlocks(tenant, roster, answered)
    const missing = owing(roster, answered)
    if (missing.length > missingMax) {
      const names = missing.join(', ')
      const what = `ingesters with data that is not uploaded do not answer: ${names}`
      if (required) throw fail('UNAVAILABLE', `${what} (vivace.roster.required)`)
      reasons.push(what)
    }
    const lost = roster.entries.filter(entry => entry.losses.length > 0)
    if (lost.length > 0) {
      const names = lost.map(entry => entry.instance).join(', ')
      reasons.push(`ingesters lost their disk with data that was not uploaded: ${names}`)
    }
    return reasons.join('; ')
  }

  /**
   * What an ingester does not hold any more, because it has gone, dropped it or came back on another
   * disk, is in blocks that a list from before does not name: the list is read again, once for
   * each change.
   */
  async #listBlocks(
    tenant: string,
    roster: Roster,
    answered: ReadonlyMap<string, number>,
  ): Promise<void> {
    const state = roster.entries
      .map(({ instance, uuid, epoch, atMs }) => {
        const drops = answered.get(instance) ?? `absent since ${atMs}`
        return `${instance} ${uuid} ${epoch} ${drops}`
      })
      .join('\n')
    if (this.#listedFor.get(tenant) === state) return
    await this.#deps.catalog.poll(tenant)
    this.#listedFor.set(tenant, state)
  }
}

/** Instances that owe data, or may, and did not answer. */
function owing(roster: Roster, answered: ReadonlyMap<string, number>): string[] {
  const named = roster.entries.filter(entry => entry.pending).map(entry => entry.instance)
  return [...named, ...roster.unreadable.map(({ instance }) => instance)].filter(
    instance => !answered.has(instance),
  )
}

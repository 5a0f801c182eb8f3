import { fail } from '../base/errors.ts'
import type { IngesterPush, PushResult } from '../contract/ingester.ts'
import { hashTraceId } from '../model/hash.ts'
import { CallClient } from '../net/frame-call.ts'
import { hashText, type Member, type Members, rankMembers } from '../ring/members.ts'
import type { QuerySource } from '../search/query-source.ts'
import { splitByTrace } from '../wire/otlp-split.ts'
import { remotePush, remoteSource } from './ingester-calls.ts'

export interface PoolOptions {
  readonly members: Members
  readonly recvBytesMax: number
  readonly sendBytesMax: number
  readonly replicationFactor: number
  /** How long a push, or the first question to an ingester, may take. */
  readonly timeoutMs: number
}

export interface AnsweringIngesters {
  readonly sources: QuerySource[]
  /** Instance -> drops that it has announced. */
  readonly answered: Map<string, number>
  /** Sentences about what they cannot read. */
  readonly missing: string[]
  /** Ends what the ingesters hold for the query. */
  readonly releases: (() => void)[]
}

/** The ingesters of the cluster: where traces are sent to, and who is asked for recent data. */
export class IngesterPool implements IngesterPush {
  readonly #options: PoolOptions
  readonly #clients = new Map<string, CallClient>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Sends each trace to its owners; resolves when enough of them have it on disk. */
  async push(tenant: string, body: Uint8Array): Promise<PushResult> {
    const ingesters = await this.#active()
    const places = new Map<number, Member[]>()
    const seed = hashText(tenant)
    const owners: Member[][] = []
    const ownersByKey = new Map<string, number>()
    const records = splitByTrace(body, traceIdAt => {
      const ranked = rankMembers(ingesters, hashTraceId(body, traceIdAt) ^ seed)
      const key = ranked.map(member => member.instance).join(' ')
      let place = ownersByKey.get(key)
      if (place === undefined) {
        place = owners.length
        owners.push(ranked)
        ownersByKey.set(key, place)
        places.set(place, ranked)
      }
      return place
    })
    const results = await Promise.all(
      [...records].flatMap(([place, bodies]) =>
        bodies.map(part => this.#pushToOwners(tenant, part, places.get(place)!)),
      ),
    )
    return results.reduce(addResults, {
      spans: 0,
      duplicates: 0,
      traceTooLarge: 0,
      liveTracesExceeded: 0,
    })
  }

  /** Every ingester that answers, but those named, as a source of a tenant's recent data. */
  async sources(
    tenant: string,
    except: ReadonlyMap<string, unknown> = new Map(),
  ): Promise<AnsweringIngesters> {
    const members = this.#options.members
      .withTarget('ingester')
      .filter(member => !except.has(member.instance))
    const answered = new Map<string, number>()
    const sources: QuerySource[] = []
    const missing: string[] = []
    const releases: (() => void)[] = []
    await Promise.all(
      members.map(async member => {
        try {
          const name = `ingester ${member.instance}`
          const signal = AbortSignal.timeout(this.#options.timeoutMs)
          const found = await remoteSource(this.#client(member), name, tenant, signal)
          sources.push(found.source)
          releases.push(found.release)
          answered.set(member.instance, found.dropsAnnounced)
          if (found.missing !== undefined) missing.push(found.missing)
        } catch {
          // Whether it is missed is decided by the roster, which knows who owes data.
        }
      }),
    )
    return { sources, answered, missing, releases }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
  }

  /** Any W distinct ingesters will do: reads ask all of them. The next in rank steps in. */
  async #pushToOwners(
    tenant: string,
    body: Uint8Array,
    ranked: readonly Member[],
  ): Promise<PushResult> {
    const factor = Math.min(this.#options.replicationFactor, ranked.length)
    const needed = Math.floor(this.#options.replicationFactor / 2) + 1
    const results: PushResult[] = []
    let failure: unknown
    let next = 0
    const tryOne = async (): Promise<void> => {
      while (next < ranked.length) {
        const member = ranked[next++]!
        try {
          results.push(await this.#pushTo(member, tenant, body))
          return
        } catch (error) {
          failure = error
        }
      }
    }
    await Promise.all(
      Array.from({ length: Math.max(factor, Math.min(needed, ranked.length)) }, tryOne),
    )
    if (results.length >= needed) return results[0]!
    const what = `${results.length} of ${needed} ingesters took the spans: ${(failure as Error | undefined)?.message ?? 'too few ingesters'}`
    throw failure instanceof Error && results.length === 0 && needed === 1
      ? failure
      : fail('UNAVAILABLE', what)
  }

  async #pushTo(member: Member, tenant: string, body: Uint8Array): Promise<PushResult> {
    const { timeoutMs } = this.#options
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await remotePush(this.#client(member), tenant, body, signal)
    } catch (error) {
      if (!signal.aborted) throw error
      const what = `ingester ${member.instance} did not answer within ${timeoutMs} ms (ingester_client.remote_timeout)`
      throw fail('UNAVAILABLE', what)
    }
  }

  async #active(): Promise<readonly Member[]> {
    const active = () =>
      this.#options.members.withTarget('ingester').filter(member => member.state === 'ACTIVE')
    let found = active()
    if (found.length === 0) {
      await this.#options.members.refresh()
      found = active()
    }
    if (found.length === 0) {
      throw fail('UNAVAILABLE', 'no ingester answers; see memberlist.join_members and /memberlist')
    }
    return found
  }

  #client(member: Member): CallClient {
    const known = this.#clients.get(member.address)
    if (known) return known
    const client = new CallClient(member.address, this.#options)
    this.#clients.set(member.address, client)
    return client
  }
}

function addResults(a: PushResult, b: PushResult): PushResult {
  return {
    spans: a.spans + b.spans,
    duplicates: a.duplicates + b.duplicates,
    traceTooLarge: a.traceTooLarge + b.traceTooLarge,
    liveTracesExceeded: a.liveTracesExceeded + b.liveTracesExceeded,
  }
}

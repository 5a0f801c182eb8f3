import type { Clock } from '../../base/clock.ts'
import { isNotFound } from '../../base/disk.ts'
import { type Failure, fail } from '../../base/errors.ts'
import { decodeFolder, tenantFolder } from '../../model/tenant.ts'
import type { ObjectStore } from '../object/object-store.ts'
import { numberInKey, numberOfKey } from './log-entry.ts'
import { isUnreadable } from './log-reader.ts'
import { encodeRosterEntry, parseRosterEntry, type RosterEntry } from './roster-entry.ts'

/**
 * Who holds spans that are in no block yet, and so must answer a query: not who happens to be
 * alive. The state of an instance is the object with the highest number in its folder,
 * `_vivace/roster/<instance>/<20 digits>`; a change is the next number, made with a conditional
 * put, and then the older ones are deleted.
 */
const rosterPrefix = '_vivace/roster/'

const attemptsMax = 16

interface Standing {
  readonly seq: number
  /** null when there is none. */
  readonly entry: RosterEntry | null
}

export interface Roster {
  readonly entries: readonly RosterEntry[]
  /** Instances whose entry cannot be read: they may owe data. */
  readonly unreadable: readonly { readonly instance: string; readonly reason: string }[]
}

/** All instances, sorted by name. A listing and a read for each. */
export async function listRoster(store: ObjectStore): Promise<Roster> {
  const names = new Set<string>()
  for await (const { key } of store.list(rosterPrefix, { delimiter: '/' })) {
    const name = decodeFolder(key.slice(rosterPrefix.length, -1))
    if (name !== null) names.add(name)
  }
  const entries: RosterEntry[] = []
  const unreadable: { instance: string; reason: string }[] = []
  for (const instance of [...names].sort()) {
    try {
      const { entry } = await readStanding(store, instance)
      if (entry) entries.push(entry)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      unreadable.push({ instance, reason: error.message })
    }
  }
  return { entries, unreadable }
}

/** A person says that what an instance lost is known: queries are not partial for it any more. */
export async function forgetLosses(
  store: ObjectStore,
  instance: string,
  clock: Clock,
): Promise<void> {
  await change(store, instance, entry => {
    if (!entry) throw fail('NOT_FOUND', `no instance ${instance} in the roster`, { instance })
    return { ...entry, losses: [], atMs: clock.nowMs() }
  })
}

/** A person says that an instance will not come back: whatever it owed is lost and accepted. */
export async function forgetInstance(store: ObjectStore, instance: string): Promise<void> {
  const prefix = instancePrefix(instance)
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  for (const key of keys) await store.delete(key)
}

export interface MemberOptions {
  readonly store: ObjectStore
  readonly clock: Clock
  /** Configured name, such as that of the pod. */
  readonly instance: string
  /** Of the WAL directory. */
  readonly uuid: string
  /** How often that directory was opened. */
  readonly epoch: number
  readonly address: string
}

/** What was found when an instance took its place. */
export type Joined =
  | { readonly kind: 'new' }
  /** The same directory as before. */
  | { readonly kind: 'returned' }
  /** Another directory had the name. `owed`: it had spans that are in no block; they are lost. */
  | { readonly kind: 'took over'; readonly from: RosterEntry; readonly owed: boolean }

/** This instance's own entry. */
export class RosterMember {
  readonly #options: MemberOptions
  #pending: boolean | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: MemberOptions) {
    this.#options = options
  }
  /** As last written; null before `join` and when it is not known whether a write succeeded. */
  get pending(): boolean | null {
    return this.#pending
  }
  /**
   * Takes the place of this name; `pending` says whether the directory holds spans that are in no
   * block. Before the first acknowledgement. Fails with CONFLICT when the same directory was
   * opened again by somebody else.
   */
  join(pending: boolean): Promise<Joined> {
    return this.#exclusive(() => this.#join(pending))
  }
  /**
   * Writes `pending`: true before an acknowledgement, false when everything acknowledged is in
   * the log. Nothing is written when it is so already. Calls take effect in their order. Fails
   * with CONFLICT when another directory has taken the name over: then this instance must not
   * acknowledge anything.
   */
  setPending(pending: boolean): Promise<void> {
    return this.#exclusive(() => this.#setPending(pending))
  }
  /** Looks whether the entry is still there and ours, and writes it again when a person forgot it. */
  refresh(): Promise<void> {
    return this.#exclusive(() => this.#refresh())
  }

  async #join(pending: boolean): Promise<Joined> {
    let joined: Joined = { kind: 'new' }
    await this.#write(pending, before => {
      joined = this.#joinedAs(before)
      if (joined.kind !== 'took over' || !joined.owed) return before?.losses ?? []
      const { uuid, epoch } = joined.from
      return [...joined.from.losses, { uuid, epoch, atMs: this.#options.clock.nowMs() }]
    })
    return joined
  }
  async #setPending(pending: boolean): Promise<void> {
    if (this.#pending === pending) return
    await this.#write(pending, before => {
      if (before && before.uuid !== this.#options.uuid) throw this.#replaced(before)
      if (before) this.#joinedAs(before)
      return before?.losses ?? []
    })
  }
  async #refresh(): Promise<void> {
    const { store, instance, uuid } = this.#options
    const { entry } = await readStanding(store, instance)
    if (entry && entry.uuid !== uuid) throw this.#replaced(entry)
    const pending = this.#pending
    if (pending === null || entry?.pending === pending) return
    this.#pending = null
    await this.#setPending(pending)
  }
  #joinedAs(before: RosterEntry | null): Joined {
    const { uuid, epoch } = this.#options
    if (!before) return { kind: 'new' }
    if (before.uuid !== uuid) return { kind: 'took over', from: before, owed: before.pending }
    if (before.epoch > epoch) throw this.#replaced(before)
    return { kind: 'returned' }
  }
  async #write(
    pending: boolean,
    lossesAfter: (before: RosterEntry | null) => RosterEntry['losses'],
  ): Promise<void> {
    const { store, clock, instance, uuid, epoch, address } = this.#options
    // A put whose answer was lost may have happened: then only writing again makes it known.
    this.#pending = null
    await change(store, instance, before => {
      const losses = lossesAfter(before)
      return { instance, uuid, epoch, address, pending, losses, atMs: clock.nowMs() }
    })
    this.#pending = pending
  }
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => {
      // Whoever asked for it has the failure.
    })
    return turn
  }
  #replaced(by: RosterEntry): Failure {
    const { instance } = this.#options
    const message = `instance ${instance} is in use by another data directory or process`
    return fail('CONFLICT', message, { instance, uuid: by.uuid, epoch: by.epoch })
  }
}

/** Puts the next number with what `next` makes of the present entry. */
async function change(
  store: ObjectStore,
  instance: string,
  next: (before: RosterEntry | null) => RosterEntry,
): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const before = await readStanding(store, instance)
    const seq = before.seq + 1
    const bytes = encodeRosterEntry(next(before.entry))
    if (!(await store.putIfAbsent(instancePrefix(instance) + numberInKey(seq), bytes))) continue
    // Somebody may have put this number, a higher one, and deleted this one while we looked.
    const numbers = await listNumbers(store, instance)
    if (numbers.at(-1) !== seq) continue
    for (const old of numbers.slice(0, -1)) {
      await store.delete(instancePrefix(instance) + numberInKey(old))
    }
    return
  }
  throw fail('UNAVAILABLE', `the roster entry of ${instance} is changed too often by others`, {
    instance,
  })
}

async function readStanding(store: ObjectStore, instance: string): Promise<Standing> {
  for (let attempt = 1; ; attempt++) {
    const seq = (await listNumbers(store, instance)).at(-1) ?? 0
    if (seq === 0) return { seq, entry: null }
    const key = instancePrefix(instance) + numberInKey(seq)
    try {
      return { seq, entry: parseRosterEntry(await store.get(key), key) }
    } catch (error) {
      // Replaced by a higher number since it was listed.
      if (!isNotFound(error) || attempt === attemptsMax) throw error
    }
  }
}

/** Ascending. */
async function listNumbers(store: ObjectStore, instance: string): Promise<number[]> {
  const prefix = instancePrefix(instance)
  const numbers: number[] = []
  for await (const { key } of store.list(prefix)) {
    const number = numberOfKey(key.slice(prefix.length))
    if (number !== null) numbers.push(number)
  }
  return numbers
}

/** Names are encoded as those of tenants are: they come from a configuration. */
function instancePrefix(instance: string): string {
  return `${rosterPrefix}${tenantFolder(instance)}/`
}

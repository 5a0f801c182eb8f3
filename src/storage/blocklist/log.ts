import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { isNotFound } from '../../base/disk.ts'
import { fail } from '../../base/errors.ts'
import type { ObjectStore } from '../object/object-store.ts'
import { checkpointKey, encodeCheckpoint } from './checkpoint.ts'
import { type BlockListChange, encodeLogEntry, logEntryKey } from './log-entry.ts'
import { listCheckpoints, readCheckpoint, readEntries } from './log-reader.ts'
import {
  applyEntry,
  type BlockListView,
  emptyView,
  planChange,
  type QuarantinedEntry,
} from './view.ts'

/** Readers read at most about this many entries to start. */
export const checkpointEntries = 100
/**
 * A checkpoint is written this many entries later: by then a put that was overwritten, where the
 * store lies about conditions, has been noticed.
 */
export const checkpointLag = 10
/** Older ones are for readers that are just reading one. */
const checkpointsKept = 3

/** Each lost race means that somebody else made progress. */
const attemptsMax = 64
/** Keeps an entry, at some 600 bytes a block, well below what a conditional put may have. */
export const addsMax = 1000
export const removesMax = 20_000

/** Told about what operators should see. */
export interface BlockLogEvents {
  /** An entry could not be read. Once per entry and log. */
  quarantined?(entry: QuarantinedEntry): void
  /** Somebody else put the number that was tried. */
  conflict?(): void
  /** A commit was found to be overwritten, and is made again. */
  lost?(seq: number): void
  /** A checkpoint could not be written; readers take longer to start. */
  checkpointFailed?(error: unknown): void
}

export interface BlockLogOptions {
  readonly store: ObjectStore
  /** `tenantFolder(tenant)`. */
  readonly folder: string
  /** Name of this instance, for people. */
  readonly by: string
  readonly clock: Clock
  readonly events?: BlockLogEvents
}

export type CommitResult =
  | Committed
  /** Nothing was written: the list is as if it had been. */
  | { readonly kind: 'already' }
  /** Blocks that were to be replaced are not listed any more; nothing was written. */
  | { readonly kind: 'refused'; readonly gone: readonly string[] }

export interface Committed {
  readonly kind: 'committed'
  readonly seq: number
  /** What was asked for and what was put, for `confirm`. */
  readonly wanted: BlockListChange
  readonly bytes: Uint8Array
}

/**
 * The list of one tenant's blocks, shared by all processes: a log of numbered objects, each made
 * with a conditional put. Whoever commits has read everything before, so two compactors never
 * consume the same block, and readers see the inputs of a compaction or its output.
 *
 * Where the store lies about conditional puts, two committers may both be told that a number is
 * theirs; the later one overwrites the earlier. So nobody drops a local copy or deletes an input
 * before `confirm`, called a moment later, found the entry, and readers call `reload` hourly.
 */
export class BlockLog {
  readonly #options: BlockLogOptions
  #view: BlockListView = emptyView
  #loaded = false
  /** Entries below this were reported. */
  #reportedSeq = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: BlockLogOptions) {
    this.#options = options
  }
  /** As of the last poll or commit; empty before the first. */
  view(): BlockListView {
    return this.#view
  }
  /** Reads what was committed since; one request when that is nothing. */
  poll(): Promise<BlockListView> {
    return this.#exclusive(() => this.#read())
  }
  /** Reads the newest checkpoint and everything after it again. */
  reload(): Promise<BlockListView> {
    return this.#exclusive(() => {
      this.#loaded = false
      return this.#read()
    })
  }

  /**
   * Makes a change. `check` sees the list that it is made to and may throw to stop it. Fails with
   * UNAVAILABLE when the store fails or the race is lost too often; it may then have happened or
   * not, and calling again is right in both cases. A change that replaces blocks fails with
   * UNIMPLEMENTED while the log has entries of a later version.
   */
  async commit(
    change: Partial<BlockListChange>,
    check?: (view: BlockListView) => void,
  ): Promise<CommitResult> {
    const wanted = { adds: [], removes: [], deleted: [], ...change }
    assert(wanted.adds.length <= addsMax, 'too many blocks in one commit')
    assert(wanted.removes.length + wanted.deleted.length <= removesMax, 'too many removals')
    const result = await this.#exclusive(() => this.#commit(wanted, check))
    if (result.kind === 'committed') await this.#checkpointAfter(result.seq)
    return result
  }

  /**
   * Looks whether a commit is still there, and makes it again if it is not. Call it when others
   * have had time to overwrite it: a few seconds after the commit.
   */
  async confirm(committed: Committed): Promise<CommitResult> {
    const { store, folder, events } = this.#options
    const key = logEntryKey(folder, committed.seq)
    try {
      if (Buffer.compare(await store.get(key), committed.bytes) === 0) return committed
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    events?.lost?.(committed.seq)
    await this.reload()
    return this.commit(committed.wanted)
  }

  async #commit(
    wanted: BlockListChange,
    check: ((view: BlockListView) => void) | undefined,
  ): Promise<CommitResult> {
    const { store, folder, by, clock, events } = this.#options
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const view = await this.#read()
      if (wanted.removes.length > 0) refuseNewer(view, folder)
      const plan = planChange(view, wanted)
      if (plan.kind !== 'commit') return plan
      check?.(view)
      const seq = view.seq + 1
      const entry = { ...plan.change, by, atMs: clock.nowMs() }
      const bytes = encodeLogEntry(entry)
      if (await store.putIfAbsent(logEntryKey(folder, seq), bytes)) {
        this.#view = applyEntry(view, seq, entry)
        return { kind: 'committed', seq, wanted, bytes }
      }
      events?.conflict?.()
    }
    throw fail('UNAVAILABLE', `the block list ${folder} is changed too often by others`, { folder })
  }

  async #read(): Promise<BlockListView> {
    const { store, folder, events } = this.#options
    const from = this.#loaded ? this.#view : await readCheckpoint(store, folder)
    this.#view = await readEntries(store, folder, from)
    this.#loaded = true
    for (const entry of this.#view.quarantined) {
      if (entry.seq > this.#reportedSeq) events?.quarantined?.(entry)
    }
    this.#reportedSeq = Math.max(this.#reportedSeq, this.#view.seq)
    return this.#view
  }

  /** The commit stands whatever becomes of the checkpoint. */
  async #checkpointAfter(seq: number): Promise<void> {
    const { store, folder, events } = this.#options
    const due = seq - checkpointLag
    if (due <= 0 || due % checkpointEntries !== 0) return
    try {
      await writeCheckpoint(store, folder, due)
    } catch (error) {
      events?.checkpointFailed?.(error)
    }
  }

  /** One reading or committing at a time: two of them in one process would only race each other. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => {
      // Whoever asked for it has the failure; the next in line starts anew.
    })
    return turn
  }
}

/**
 * Writes the checkpoint of entry `seq` from the stored entries, not from what this process took
 * for them. Does nothing when an entry is of a later version: its meaning would be lost.
 */
export async function writeCheckpoint(
  store: ObjectStore,
  folder: string,
  seq: number,
): Promise<void> {
  const before = await readCheckpoint(store, folder, seq - 1)
  const view = await readEntries(store, folder, before, seq)
  if (view.seq !== seq || view.quarantined.some(entry => entry.newer)) return
  await store.put(checkpointKey(folder, seq), encodeCheckpoint(view))
  const seqs = await listCheckpoints(store, folder)
  for (const old of seqs.filter(old => old <= seq).slice(0, -checkpointsKept)) {
    await store.delete(checkpointKey(folder, old))
  }
}

/** What such an entry removed is not known, so nothing may be replaced. */
function refuseNewer(view: BlockListView, folder: string): void {
  const newer = view.quarantined.find(entry => entry.newer)
  if (!newer) return
  throw fail('UNIMPLEMENTED', `${newer.reason}; blocks of ${folder} are not replaced until then`, {
    object: newer.key,
  })
}

import type { BlockListChange, LogEntry } from './log-entry.ts'
import type { BlockMeta } from './meta.ts'

/** The list of a tenant's blocks as of one entry of its log. Never changes. */
export interface BlockListView {
  /** Number of the last entry that is in it; 0 before the first. */
  readonly seq: number
  /** What is to be queried, by id. */
  readonly blocks: ReadonlyMap<string, BlockMeta>
  /** Off the list, but the objects may still be there: to be deleted, never to be listed again. */
  readonly removed: ReadonlyMap<string, RemovedBlock>
  /** Entries that could not be read and were passed over. */
  readonly quarantined: readonly QuarantinedEntry[]
}

export interface RemovedBlock {
  /** Entry that removed it. */
  readonly seq: number
  readonly atMs: number
}

export interface QuarantinedEntry {
  readonly seq: number
  readonly key: string
  readonly reason: string
  /** Written by a later version: it says something, only not to us. */
  readonly newer: boolean
}

export const emptyView: BlockListView = {
  seq: 0,
  blocks: new Map(),
  removed: new Map(),
  quarantined: [],
}

/**
 * The view after entry `seq`. What cannot be any more is passed over, so that all readers agree
 * whatever the log says: a block is added once, and one that was removed does not come back.
 */
export function applyEntry(view: BlockListView, seq: number, entry: LogEntry): BlockListView {
  const blocks = new Map(view.blocks)
  const removed = new Map(view.removed)
  for (const meta of entry.adds) {
    if (!blocks.has(meta.id) && !removed.has(meta.id)) blocks.set(meta.id, meta)
  }
  for (const id of entry.removes) {
    if (blocks.delete(id)) removed.set(id, { seq, atMs: entry.atMs })
  }
  for (const id of entry.deleted) removed.delete(id)
  return { ...view, seq, blocks, removed }
}

export function quarantineEntry(view: BlockListView, entry: QuarantinedEntry): BlockListView {
  return { ...view, seq: entry.seq, quarantined: [...view.quarantined, entry] }
}

/** What is left to do of a change. */
export type PlannedChange =
  | { readonly kind: 'commit'; readonly change: BlockListChange }
  /** The list is already as if it had been made. */
  | { readonly kind: 'already' }
  /** Blocks that it replaces are not listed any more: somebody else has consumed them. */
  | { readonly kind: 'refused'; readonly gone: readonly string[] }

/**
 * Only a change that brings in new blocks depends on those that it replaces: their spans would
 * otherwise be listed twice. A repeated change, or one that only removes, takes what is left.
 */
export function planChange(view: BlockListView, wanted: BlockListChange): PlannedChange {
  const adds = wanted.adds.filter(({ id }) => !view.blocks.has(id) && !view.removed.has(id))
  const gone = wanted.removes.filter(id => !view.blocks.has(id))
  if (adds.length > 0 && gone.length > 0) return { kind: 'refused', gone }
  const removes = wanted.removes.filter(id => view.blocks.has(id))
  const deleted = wanted.deleted.filter(id => view.removed.has(id))
  if (adds.length + removes.length + deleted.length === 0) return { kind: 'already' }
  return { kind: 'commit', change: { adds, removes, deleted } }
}

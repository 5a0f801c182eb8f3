import { isNotFound } from '../../base/disk.ts'
import { Failure } from '../../base/errors.ts'
import type { ObjectStore } from '../object/object-store.ts'
import { checkpointKey, checkpointPrefix, parseCheckpoint } from './checkpoint.ts'
import { logEntryKey, numberOfKey, parseLogEntry } from './log-entry.ts'
import { applyEntry, type BlockListView, emptyView, quarantineEntry } from './view.ts'

/** Far behind, this many entries are read at once; at the end it is one read that finds nothing. */
const readAheadMax = 16

/** The view with the entries that came after it, up to `seqMax`. */
export async function readEntries(
  store: ObjectStore,
  folder: string,
  from: BlockListView,
  seqMax = Number.MAX_SAFE_INTEGER,
): Promise<BlockListView> {
  let view = from
  for (let ahead = 1; view.seq < seqMax; ahead = Math.min(ahead * 2, readAheadMax)) {
    const first = view.seq + 1
    const count = Math.min(ahead, seqMax - view.seq)
    const found = await Promise.all(
      Array.from({ length: count }, (_, i) => getOrNull(store, logEntryKey(folder, first + i))),
    )
    for (const bytes of found) {
      // What lies behind a missing entry was committed in this moment: it is read next time.
      if (bytes === null) return view
      view = nextView(view, folder, bytes)
    }
  }
  return view
}

/** One unreadable entry costs what it says, not the rest of the log. */
function nextView(view: BlockListView, folder: string, bytes: Uint8Array): BlockListView {
  const seq = view.seq + 1
  const key = logEntryKey(folder, seq)
  try {
    return applyEntry(view, seq, parseLogEntry(bytes, key))
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const newer = error.code === 'UNIMPLEMENTED'
    return quarantineEntry(view, { seq, key, reason: error.message, newer })
  }
}

/** The newest readable checkpoint with a number up to `seqMax`; the empty view without one. */
export async function readCheckpoint(
  store: ObjectStore,
  folder: string,
  seqMax = Number.MAX_SAFE_INTEGER,
): Promise<BlockListView> {
  const seqs = await listCheckpoints(store, folder)
  for (const seq of seqs.filter(seq => seq <= seqMax).reverse()) {
    const key = checkpointKey(folder, seq)
    try {
      const view = parseCheckpoint(await store.get(key), folder, key)
      if (view.seq === seq) return view
    } catch (error) {
      // An older one, with more entries to read after it, says the same.
      if (!isUnreadable(error) && !isNotFound(error)) throw error
    }
  }
  return emptyView
}

/** Ascending. */
export async function listCheckpoints(store: ObjectStore, folder: string): Promise<number[]> {
  const prefix = checkpointPrefix(folder)
  const seqs: number[] = []
  for await (const { key } of store.list(prefix)) {
    const seq = numberOfKey(key.slice(prefix.length))
    if (seq !== null) seqs.push(seq)
  }
  return seqs
}

async function getOrNull(store: ObjectStore, key: string): Promise<Uint8Array | null> {
  try {
    return await store.get(key)
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** Damaged, or of a version that this server does not know. */
export function isUnreadable(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === 'CORRUPT' || error.code === 'UNIMPLEMENTED')
}

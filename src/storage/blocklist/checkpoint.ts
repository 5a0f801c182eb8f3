import { FieldReader } from './fields.ts'
import { logEntryKey, logPrefix, numberInKey } from './log-entry.ts'
import { checkVersion, readBlockMeta } from './meta.ts'
import { openSealedJson, sealJson } from './sealed-json.ts'
import type { BlockListView } from './view.ts'

/**
 * The view as of an entry, `<tenant folder>/_log/checkpoint/<20 digits>`: readers start from the
 * newest one. It follows from the entries alone, so whoever writes it writes the same bytes.
 */
export const checkpointVersion = 1

export function checkpointPrefix(folder: string): string {
  return `${logPrefix(folder)}checkpoint/`
}

export function checkpointKey(folder: string, seq: number): string {
  return checkpointPrefix(folder) + numberInKey(seq)
}

export function encodeCheckpoint(view: BlockListView): Uint8Array {
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  return sealJson({
    version: checkpointVersion,
    seq: view.seq,
    blocks: [...view.blocks.values()].sort(byId),
    removed: [...view.removed].map(([id, block]) => ({ id, ...block })).sort(byId),
    quarantined: view.quarantined.map(({ seq, reason }) => ({ seq, reason })),
  })
}

/** Fails with CORRUPT, or UNIMPLEMENTED for a version that this server does not know. */
export function parseCheckpoint(bytes: Uint8Array, folder: string, object: string): BlockListView {
  const fields = new FieldReader(openSealedJson(bytes, object), object)
  checkVersion(fields, object, 'checkpoint', checkpointVersion)
  const metas = fields.groups('blocks').map(group => readBlockMeta(group, object))
  const removed = fields.groups('removed').map(group => {
    const block = { seq: group.count('seq'), atMs: group.count('atMs') }
    return [group.text('id'), block] as const
  })
  const quarantined = fields.groups('quarantined').map(group => {
    const seq = group.count('seq')
    return { seq, key: logEntryKey(folder, seq), reason: group.text('reason'), newer: false }
  })
  return {
    seq: fields.count('seq'),
    blocks: new Map(metas.map(meta => [meta.id, meta])),
    removed: new Map(removed),
    quarantined,
  }
}

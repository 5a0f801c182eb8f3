import { ManualClock } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import { FaultyStore } from '../object/faulty.ts'
import { MemoryStore } from '../object/memory.ts'
import { bytesSource } from '../object/upload-source.ts'
import { uploadBlock } from './block-store.ts'
import { BlockLog, type BlockLogEvents } from './log.ts'
import { type BlockMeta, blockMetaVersion } from './meta.ts'
import type { BlockListView } from './view.ts'

/** What the tests of this folder share. */
export const folder = 'team-1'

export function metaOf(id: string, change: Partial<BlockMeta> = {}): BlockMeta {
  return {
    version: blockMetaVersion,
    id,
    tenant: folder,
    spans: 10,
    traces: 2,
    bytes: dataOf(id).length,
    groups: 1,
    footerBytes: 100,
    index: { offset: 8, entries: 2, pageEntries: 1024 },
    minStartNs: '1700000000000000000',
    maxStartNs: '1700000001000000000',
    maxEndNs: '18446744073709551615',
    createdBy: 'ingester-0',
    createdMs: 1_700_000_000_000,
    level: 0,
    ...change,
  }
}

export function dataOf(id: string): Uint8Array {
  return Buffer.from(`data of block ${id}`)
}

export interface World {
  readonly clock: ManualClock
  readonly memory: MemoryStore
  /** The same objects, with faults. */
  readonly store: FaultyStore
  log(by?: string, events?: BlockLogEvents): BlockLog
  upload(meta: BlockMeta): Promise<BlockMeta>
}

export function newWorld(): World {
  const clock = new ManualClock()
  const memory = new MemoryStore(clock)
  const store = new FaultyStore(memory, clock)
  return {
    clock,
    memory,
    store,
    log: (by = 'ingester-0', events = {}) => new BlockLog({ store, folder, by, clock, events }),
    upload: meta => uploadBlock(store, folder, meta, bytesSource(dataOf(meta.id))),
  }
}

export function idsOf(view: BlockListView): string[] {
  return [...view.blocks.keys()].sort()
}

/** Code of the failure of `work`, or `none`. */
export async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return error instanceof Failure ? error.code : String(error)
  }
  return 'none'
}

import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { asFailure, fail, isUnreadable } from '../base/errors.ts'
import { tenantFolder } from '../model/tenant.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import type { WrittenBlock } from '../storage/block/block-emitter.ts'
import { type BlockCache, BlockFile, type RangeReader } from '../storage/block/block-file.ts'
import { mergeBlocks } from '../storage/block/merge.ts'
import {
  blockReader,
  deleteBlock,
  findBlockMeta,
  uploadBlock,
} from '../storage/blocklist/block-store.ts'
import type { BlockLog, CommitResult } from '../storage/blocklist/log.ts'
import {
  type BlockMeta,
  blockDataKey,
  blockMetaVersion,
  factsOf,
} from '../storage/blocklist/meta.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import { fileSource } from '../storage/object/upload-source.ts'
import { Spill } from '../storage/spill.ts'
import { type CompactionJob, outputId } from './select.ts'
import { verifyMerged } from './verify.ts'

export interface CompactDeps {
  readonly store: ObjectStore
  readonly disk: Disk
  readonly clock: Clock
  /** Holds the output until it is uploaded, and what the merge spills. */
  readonly directory: string
  /** What one merge may hold in memory. */
  readonly memoryBytes: number
  /** Who writes, for the description of the block. */
  readonly instance: string
  /** Gives a merge up. What is uploaded already is still committed. */
  readonly signal: AbortSignal
  logFor(tenant: string): BlockLog
}

export interface Compacted {
  readonly output: BlockMeta
  /** `refused`: somebody else has consumed an input; nothing was changed. */
  readonly commit: CommitResult
}

/**
 * Merges the inputs of a job into one block: on disk first, compared with the inputs, uploaded, then
 * listed in place of the inputs by one entry of the log. Until then readers see the inputs. What an
 * earlier attempt has uploaded is taken as it is.
 *
 * Fails with CORRUPT, naming the object, when an input is damaged, and with CANCELED.
 */
export async function compact(
  deps: CompactDeps,
  job: CompactionJob,
  attempt: number,
): Promise<Compacted> {
  const { store } = deps
  const folder = tenantFolder(job.tenant)
  const found = await findOutput(store, folder, job, attempt)
  const output = found ?? (await mergeAndUpload(deps, job, folder, outputId(job, attempt)))
  const removes = job.inputs.map(input => input.id)
  const commit = await deps.logFor(job.tenant).commit({ adds: [output], removes })
  // What an earlier attempt left may have been listed by a repair meanwhile; ours is too young.
  if (commit.kind === 'refused' && !found) await deleteBlock(store, folder, output.id)
  return { output, commit }
}

async function findOutput(
  store: ObjectStore,
  folder: string,
  job: CompactionJob,
  attempt: number,
): Promise<BlockMeta | null> {
  for (let earlier = 1; earlier <= attempt; earlier++) {
    const found = await findBlockMeta(store, folder, outputId(job, earlier))
    if (found) return found
  }
  return null
}

/** The input that a failure is about, when it says that one cannot be read. */
export function damagedInput(job: CompactionJob, error: unknown): BlockMeta | undefined {
  const failure = asFailure(error)
  if (!isUnreadable(failure)) return undefined
  const folder = tenantFolder(job.tenant)
  return job.inputs.find(input => blockDataKey(folder, input.id) === failure.fields['object'])
}

async function mergeAndUpload(
  deps: CompactDeps,
  job: CompactionJob,
  folder: string,
  id: string,
): Promise<BlockMeta> {
  const { disk, memoryBytes } = deps
  const directory = join(deps.directory, id)
  await disk.mkdirp(directory)
  try {
    const cache = createBlockCache(memoryBytes / 4)
    const inputs: BlockFile[] = []
    for (const input of job.inputs) {
      const reader = blockReader(deps.store, folder, input)
      inputs.push(await BlockFile.open(input.id, reader, cache))
    }
    const path = join(directory, 'data.vblk')
    const written = await writeMerged(deps, inputs, directory, path)
    await verifyMerged(await openFile(disk, path, written.bytes, id, cache), inputs)
    const meta = describe(deps, job, id, written)
    return await uploadBlock(deps.store, folder, meta, await fileSource(disk, path))
  } finally {
    await disk.removeTree(directory)
  }
}

async function writeMerged(
  { disk, memoryBytes, signal }: CompactDeps,
  inputs: readonly BlockFile[],
  directory: string,
  path: string,
): Promise<WrittenBlock> {
  const spill = new Spill({
    disk,
    path: join(directory, 'spill'),
    heldBytesMax: memoryBytes / 8,
  })
  let written: WrittenBlock | undefined
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    const steps = mergeBlocks(inputs, { memoryBytes: memoryBytes / 4, spill })
    for (;;) {
      if (signal.aborted) throw fail('CANCELED', 'the merge was given up')
      const step = await steps.next()
      if (step.done) {
        written = step.value
        return
      }
      if (step.value.length > 0) yield step.value
      await nextTurn()
    }
  }
  try {
    await disk.writeStreamAtomic(path, pieces())
  } finally {
    spill.close()
  }
  return written!
}

function openFile(
  disk: Disk,
  path: string,
  size: number,
  id: string,
  cache: BlockCache,
): Promise<BlockFile> {
  const read: RangeReader['read'] = (offset, length) => disk.readRange(path, offset, length)
  return BlockFile.open(id, { object: path, size, read }, cache)
}

function describe(
  deps: CompactDeps,
  job: CompactionJob,
  id: string,
  written: WrittenBlock,
): BlockMeta {
  return {
    version: blockMetaVersion,
    id,
    tenant: job.tenant,
    ...factsOf(written),
    createdBy: deps.instance,
    // A merge does not make spans younger: retention counts from here.
    createdMs: Math.max(...job.inputs.map(input => input.createdMs)),
    level: job.level,
    replaces: job.inputs.map(input => input.id),
  }
}

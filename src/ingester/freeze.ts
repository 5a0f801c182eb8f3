import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { WrittenBlock } from '../storage/block/block-emitter.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import { writeBlock } from '../storage/block/writer.ts'
import { type BlockMeta, blockMetaVersion, factsOf } from '../storage/blocklist/meta.ts'
import type { LiveSegment } from '../storage/live/live-segment.ts'
import {
  blocksDirectory,
  dataPath,
  finishLocalBlock,
  type LocalBlock,
  openLocalBlock,
} from './local-block.ts'

export interface FreezeDeps {
  readonly disk: Disk
  readonly clock: Clock
  readonly cache: BlockCache
  readonly walDirectory: string
  /** Who writes, for the block's meta. */
  readonly instance: string
}

/**
 * Writes a segment as a local block, durable on return. Works in small steps and lets everything
 * else of the thread run between them; the segment stays readable throughout.
 */
export async function freeze(
  deps: FreezeDeps,
  tenant: string,
  segment: LiveSegment,
  replaces: readonly string[] = [],
): Promise<LocalBlock> {
  const id = randomUUID()
  const directory = join(blocksDirectory(deps.walDirectory, tenant), id)
  await deps.disk.mkdirp(directory)
  try {
    const meta = await writeFiles(deps, tenant, segment, { id, directory, replaces })
    return await openLocalBlock(deps.disk, deps.cache, directory, meta)
  } catch (error) {
    // On a full disk many attempts may fail: none may leave anything behind.
    await deps.disk.removeTree(directory).catch(() => undefined)
    throw error
  }
}

interface Target {
  readonly id: string
  readonly directory: string
  readonly replaces: readonly string[]
}

async function writeFiles(
  deps: FreezeDeps,
  tenant: string,
  segment: LiveSegment,
  { id, directory, replaces }: Target,
): Promise<BlockMeta> {
  let written: WrittenBlock | undefined
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    const parts: Uint8Array[] = []
    const steps = writeBlock(segment, bytes => parts.push(bytes))
    for (;;) {
      const step = steps.next()
      if (parts.length > 0) yield Buffer.concat(parts.splice(0))
      if (step.done) {
        written = step.value
        return
      }
      await nextTurn()
    }
  }
  await deps.disk.writeStreamAtomic(dataPath(directory), pieces())
  const meta = describe(deps, tenant, id, written!, replaces)
  await finishLocalBlock(deps.disk, directory, meta)
  return meta
}

function describe(
  deps: FreezeDeps,
  tenant: string,
  id: string,
  written: WrittenBlock,
  replaces: readonly string[],
): BlockMeta {
  return {
    version: blockMetaVersion,
    id,
    tenant,
    ...factsOf(written),
    createdBy: deps.instance,
    createdMs: deps.clock.nowMs(),
    level: 0,
    ...(replaces.length > 0 ? { replaces: [...replaces] } : {}),
  }
}

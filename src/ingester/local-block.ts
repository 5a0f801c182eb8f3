import { join } from 'node:path'
import type { Disk } from '../base/disk.ts'
import { tenantFolder, tenantOfFolder } from '../model/tenant.ts'
import { LocalSource } from '../search/query-source.ts'
import { type BlockCache, BlockFile, type RangeReader } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { type BlockMeta, encodeBlockMeta, parseBlockMeta } from '../storage/blocklist/meta.ts'

/**
 * A block on the WAL volume: what live data becomes before it is uploaded. Under
 * `<wal>/blocks/<tenant folder>/<block id>/`: `data.vblk`, then `block.json` (a block without it
 * was never finished, and the WAL still has its spans), then `uploaded` once the object store has it.
 */
export interface LocalBlock {
  readonly meta: BlockMeta
  readonly directory: string
  readonly source: LocalSource
  /** When the object store got it, ms since 1970; undefined before. */
  uploadedMs: number | undefined
  /** When it was announced that it will be dropped. */
  leavingMs: number | undefined
  /** Queries that are reading it: its files stay for them. */
  holds: number
  /** Its files are gone. */
  removed: boolean
}

export function blocksDirectory(walDirectory: string, tenant: string): string {
  return join(walDirectory, 'blocks', tenantFolder(tenant))
}

export function dataPath(directory: string): string {
  return join(directory, 'data.vblk')
}

export async function openLocalBlock(
  disk: Disk,
  cache: BlockCache,
  directory: string,
  meta: BlockMeta,
): Promise<LocalBlock> {
  const path = dataPath(directory)
  const reader: RangeReader = {
    object: path,
    size: meta.bytes,
    // Synchronous: the file was written a moment ago and lies in the page cache.
    read: async (offset, length) => disk.readRangeSync(path, offset, length),
  }
  const file = await BlockFile.open(meta.id, reader, cache)
  const source = new LocalSource(new BlockSource(file))
  return {
    ...{ meta, directory, source, uploadedMs: undefined, leavingMs: undefined },
    ...{ holds: 0, removed: false },
  }
}

export async function finishLocalBlock(
  disk: Disk,
  directory: string,
  meta: BlockMeta,
): Promise<void> {
  await disk.writeFileAtomic(join(directory, 'block.json'), encodeBlockMeta(meta))
}

export async function markUploaded(disk: Disk, block: LocalBlock, nowMs: number): Promise<void> {
  block.uploadedMs = nowMs
  await disk.writeFileAtomic(join(block.directory, 'uploaded'), Buffer.from(String(nowMs)))
}

/** The description first: what a crash leaves is then an unfinished block, not a damaged one. */
export async function removeLocalBlock(disk: Disk, directory: string): Promise<void> {
  await disk.remove(join(directory, 'block.json'))
  await disk.removeTree(directory)
}

export interface FoundBlocks {
  readonly blocks: ReadonlyMap<string, LocalBlock[]>
  readonly damaged: readonly DamagedBlock[]
}

export interface DamagedBlock {
  readonly tenant: string
  readonly directory: string
  readonly error: unknown
}

/** Opens the local blocks of all tenants; unfinished and replaced ones are removed. */
export async function findLocalBlocks(
  disk: Disk,
  cache: BlockCache,
  walDirectory: string,
): Promise<FoundBlocks> {
  const blocks = new Map<string, LocalBlock[]>()
  const damaged: DamagedBlock[] = []
  const root = join(walDirectory, 'blocks')
  if (!(await disk.stat(root))) return { blocks, damaged }
  for (const folder of await disk.list(root)) {
    const tenant = tenantOfFolder(folder.name)
    if (tenant === null) continue
    const found: LocalBlock[] = []
    for (const entry of await disk.list(join(root, folder.name))) {
      const directory = join(root, folder.name, entry.name)
      try {
        const block = await openExisting(disk, cache, directory)
        if (block) found.push(block)
        else await disk.removeTree(directory)
      } catch (error) {
        damaged.push({ tenant, directory, error })
      }
    }
    blocks.set(tenant, await withoutReplaced(disk, found))
  }
  return { blocks, damaged }
}

async function openExisting(
  disk: Disk,
  cache: BlockCache,
  directory: string,
): Promise<LocalBlock | null> {
  const path = join(directory, 'block.json')
  if (!(await disk.stat(path))) return null
  const meta = parseBlockMeta(await disk.readFile(path), path)
  const block = await openLocalBlock(disk, cache, directory, meta)
  const marker = join(directory, 'uploaded')
  if (await disk.stat(marker))
    block.uploadedMs = Number(Buffer.from(await disk.readFile(marker)).toString())
  return block
}

/** A crash between the writing of a merged block and the removal of its inputs leaves both. */
async function withoutReplaced(disk: Disk, blocks: LocalBlock[]): Promise<LocalBlock[]> {
  const replaced = new Set(blocks.flatMap(block => block.meta.replaces ?? []))
  for (const block of blocks)
    if (replaced.has(block.meta.id)) await removeLocalBlock(disk, block.directory)
  return blocks.filter(block => !replaced.has(block.meta.id))
}

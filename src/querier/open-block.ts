import { LocalSource } from '../search/query-source.ts'
import { type BlockCache, BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { blockReader } from '../storage/blocklist/block-store.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'

/** Reads the footer of a block in the object store. */
export async function openBlock(
  store: ObjectStore,
  cache: BlockCache,
  folder: string,
  block: Pick<BlockMeta, 'id' | 'bytes'>,
): Promise<LocalSource> {
  const file = await BlockFile.open(block.id, blockReader(store, folder, block), cache)
  return new LocalSource(new BlockSource(file))
}

import { randomUUID } from 'node:crypto'
import { tenantFolder } from '../model/tenant.ts'
import type { WrittenBlock } from '../storage/block/block-emitter.ts'
import { writeBlock } from '../storage/block/writer.ts'
import { uploadBlock } from '../storage/blocklist/block-store.ts'
import { type BlockMeta, blockMetaVersion } from '../storage/blocklist/meta.ts'
import type { LiveSegment } from '../storage/live/live-segment.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import { bytesSource } from '../storage/object/upload-source.ts'

/** Writes a segment as a block of the tenant into the object store; it is not listed. */
export async function storeBlock(
  store: ObjectStore,
  tenant: string,
  segment: LiveSegment,
): Promise<BlockMeta> {
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  let step = steps.next()
  while (!step.done) step = steps.next()
  const { footerBytes, index, groups, ...written } = step.value as WrittenBlock
  const meta: BlockMeta = {
    version: blockMetaVersion,
    ...{ id: randomUUID(), tenant, footerBytes, index, groups },
    ...{ spans: written.spans, traces: written.traces, bytes: written.bytes },
    minStartNs: String(written.minStartNs),
    maxStartNs: String(written.maxStartNs),
    maxEndNs: String(written.maxEndNs),
    ...{ createdBy: 'x', createdMs: 1_700_000_000_000, level: 0 },
  }
  await uploadBlock(store, tenantFolder(tenant), meta, bytesSource(Buffer.concat(parts)))
  return meta
}

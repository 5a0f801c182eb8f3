import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { type FreezeDeps, freeze } from './freeze.ts'
import type { IngesterEvents } from './ingester.ts'
import { dataPath, type LocalBlock, markUploaded } from './local-block.ts'
import type { TenantInstance } from './tenant-instance.ts'

export interface CutDeps {
  readonly disk: Disk
  readonly clock: Clock
  readonly log: IngesterEvents
  readonly freeze: FreezeDeps
  publish(tenant: string, meta: BlockMeta, dataPath: string): Promise<void>
}

/**
 * Small local blocks are merged before they are uploaded, up to this many spans together: a merge
 * goes through memory, and larger blocks gain little.
 */
const mergedSpansMax = 100_000

/** Uploads all local blocks of a tenant that the object store does not have yet. */
export async function cutTenant(deps: CutDeps, instance: TenantInstance): Promise<void> {
  for (const group of mergeGroups(
    instance.blocks.filter(block => block.uploadedMs === undefined),
  )) {
    const block = group.length === 1 ? group[0]! : await mergeBlocks(deps, instance, group)
    await deps.publish(instance.tenant, block.meta, dataPath(block.directory))
    await markUploaded(deps.disk, block, deps.clock.nowMs())
    const { id, spans, bytes } = block.meta
    deps.log.info({ tenant: instance.tenant, blockId: id, spans, bytes }, 'block uploaded')
  }
}

/** Runs of blocks, oldest first, whose spans together stay within the limit. */
function mergeGroups(blocks: readonly LocalBlock[]): LocalBlock[][] {
  const groups: LocalBlock[][] = []
  let spans = Number.POSITIVE_INFINITY
  for (const block of [...blocks].sort((a, b) => a.meta.createdMs - b.meta.createdMs)) {
    if (spans + block.meta.spans > mergedSpansMax) {
      groups.push([])
      spans = 0
    }
    groups[groups.length - 1]!.push(block)
    spans += block.meta.spans
  }
  return groups
}

/** One local block in place of several; readers see the inputs or the output. */
async function mergeBlocks(
  deps: CutDeps,
  instance: TenantInstance,
  inputs: readonly LocalBlock[],
): Promise<LocalBlock> {
  const segment = new LiveSegment()
  for (const { source } of inputs) {
    const index = await source.index()
    for (let i = 0; i < index.count; i++) {
      const place = { group: index.group[i]!, trace: index.trace[i]! }
      appendOtlp(segment, await source.columns.readTrace(place))
    }
  }
  const ids = inputs.map(block => block.meta.id)
  const merged = await freeze(deps.freeze, instance.tenant, segment, ids)
  for (const block of inputs) instance.blocks.splice(instance.blocks.indexOf(block), 1)
  instance.blocks.push(merged)
  for (const block of inputs) await deps.disk.removeTree(block.directory)
  return merged
}

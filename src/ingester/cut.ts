import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { asFailure, Corruption } from '../base/errors.ts'
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
  /** False when there is no room on the disk for merged blocks: each is uploaded as it is. */
  readonly merges: boolean
  publish(tenant: string, meta: BlockMeta, dataPath: string): Promise<void>
  /** Takes a block that was replaced away from readers, and its files later. */
  retire(block: LocalBlock): void
}

/**
 * Small local blocks are merged before they are uploaded, up to this many spans together: a merge
 * goes through memory, and larger blocks gain little.
 */
const mergedSpansMax = 100_000

/** Uploads all local blocks of a tenant that the object store does not have yet. */
export async function cutTenant(deps: CutDeps, instance: TenantInstance): Promise<void> {
  const waiting = instance.blocks.filter(block => block.uploadedMs === undefined)
  const groups = deps.merges ? mergeGroups(waiting) : waiting.map(block => [block])
  for (const group of groups) {
    const block = group.length === 1 ? group[0]! : await mergeBlocks(deps, instance, group)
    await deps.publish(instance.tenant, block.meta, dataPath(block.directory))
    await rememberUpload(deps, block)
    const { id, spans, bytes } = block.meta
    deps.log.info({ tenant: instance.tenant, blockId: id, spans, bytes }, 'block uploaded')
  }
}

/** Without the marker, on a full disk, a next start uploads the block again: it is there already. */
async function rememberUpload(deps: CutDeps, block: LocalBlock): Promise<void> {
  try {
    await markUploaded(deps.disk, block, deps.clock.nowMs())
  } catch (error) {
    const { message } = asFailure(error)
    deps.log.warn({ blockId: block.meta.id, error: message }, 'uploaded block cannot be marked')
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
  for (const block of inputs) {
    try {
      await appendTraces(segment, block)
    } catch (error) {
      // The others are merged at the next attempt.
      if (error instanceof Corruption) instance.leaveAside(block, error)
      throw error
    }
  }
  const ids = inputs.map(block => block.meta.id)
  const merged = await freeze(deps.freeze, instance.tenant, segment, ids)
  // In one turn: readers see the inputs or the output.
  for (const block of inputs) deps.retire(block)
  instance.blocks.push(merged)
  return merged
}

async function appendTraces(segment: LiveSegment, { source }: LocalBlock): Promise<void> {
  const index = await source.index()
  for (let i = 0; i < index.count; i++) {
    const place = { group: index.group[i]!, trace: index.trace[i]! }
    appendOtlp(segment, await source.columns.readTrace(place))
  }
}

import { hashLow, hashTraceId } from '../model/hash.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import type { Problems } from './problems.ts'
import { columnOf, type DecodedGroup, integersOf } from './verify-group.ts'

/** Traces of a group as their columns have them. */
export interface GroupTraces {
  readonly ids: Uint8Array
  readonly spans: Float64Array
}

export function tracesOf(file: BlockFile, decoded: DecodedGroup): GroupTraces {
  const ids = decoded.chunks.get(columnOf(file, 'trace.id'))?.values as Uint8Array | undefined
  return { ids: ids ?? new Uint8Array(0), spans: integersOf(file, decoded, 'trace.spans') }
}

/**
 * The pages of the trace-ID index have their checksums, the entries are sorted by hash, and each
 * points to a trace of that hash with that many spans. Null stands for a damaged group.
 */
export async function verifyIndex(
  file: BlockFile,
  groups: readonly (GroupTraces | null)[],
  problems: Problems,
): Promise<void> {
  const { indexOffset } = file.f
  try {
    const index = await new BlockSource(file).index()
    const seen = new Set<number>()
    for (let i = 0; i < index.count; i++) {
      const [high, low] = [index.hashHigh[i]!, index.hashLow[i]!]
      const order = i === 0 ? 1 : high - index.hashHigh[i - 1]! || low - index.hashLow[i - 1]! || 1
      if (order < 0) problems.add(indexOffset, `entry ${i} of the index is out of order`)
      const [group, trace] = [index.group[i]!, index.trace[i]!]
      const place = group * 2 ** 20 + trace
      if (seen.has(place)) problems.add(indexOffset, `entry ${i} repeats a trace`)
      seen.add(place)
      const traces = groups[group]
      if (traces === null) continue
      const isThere =
        traces !== undefined &&
        trace < traces.spans.length &&
        hashTraceId(traces.ids, trace * 16) === high &&
        hashLow() === low &&
        traces.spans[trace] === index.spans[i]
      if (!isThere) problems.add(indexOffset, `entry ${i} of the index is of another trace`)
    }
  } catch (error) {
    problems.addFailure(error, indexOffset)
  }
}

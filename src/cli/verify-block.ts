import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile, type RangeReader } from '../storage/block/block-file.ts'
import { headerBytes, indexEntryBytes, tailBytes } from '../storage/block/format.ts'
import { type Problem, Problems } from './problems.ts'
import { decodeGroup } from './verify-chunks.ts'
import { noCodesUsed, verifyDictionaries } from './verify-dictionaries.ts'
import { verifyGroup, verifyShapes } from './verify-group.ts'
import { type GroupTraces, tracesOf, verifyIndex } from './verify-index.ts'
import { verifyLayout } from './verify-layout.ts'

/** Pages of the dictionary that is being looked at; chunks are looked at once. */
const cacheBytes = 64 << 20

/** Everything that is wrong with a block; `onBytes` is told how much has been looked at. */
export async function verifyBlock(
  reader: RangeReader,
  onBytes: (bytes: number) => void,
): Promise<readonly Problem[]> {
  const problems = new Problems(reader.object)
  let file: BlockFile
  try {
    file = await BlockFile.open(reader.object, reader, createBlockCache(cacheBytes))
  } catch (error) {
    problems.addFailure(error, 0)
    onBytes(reader.size)
    return problems.found
  }
  onBytes(headerBytes + file.footerPlace.bytes + tailBytes)
  await verifyLayout(file, problems)
  const used = noCodesUsed(file)
  const traces: (GroupTraces | null)[] = []
  let isWhole = true
  for (let group = 0; group <= file.groupCount; group++) {
    const decoded = await decodeGroup(file, group, used, problems)
    onBytes(file.f.groupBytes[group]!)
    if (decoded === null) isWhole = false
    if (group === file.groupCount) {
      if (decoded) verifyShapes(file, decoded, problems)
      continue
    }
    if (decoded) verifyGroup(file, decoded, problems)
    traces.push(decoded && tracesOf(file, decoded))
  }
  // Codes that stand in a chunk that cannot be read are not known to be used.
  await verifyDictionaries(file, isWhole ? used : null, problems, onBytes)
  await verifyIndex(file, traces, problems)
  onBytes(file.traces * indexEntryBytes)
  return problems.found
}

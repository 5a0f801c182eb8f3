import { isDictionaryType } from '../model/columns.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import type { DecodedChunk } from '../storage/block/decode.ts'
import { dictionariesOf } from './describe-block.ts'
import type { Problems } from './problems.ts'
import { groupShare, type UsedCodes } from './verify-dictionaries.ts'
import type { DecodedGroup } from './verify-group.ts'

/**
 * Decodes all chunks of a group: checksums, values within what the footer says, codes within their
 * dictionary, which are entered in `used`. Null when a chunk is missing for further checks.
 */
export async function decodeGroup(
  file: BlockFile,
  group: number,
  used: UsedCodes,
  problems: Problems,
): Promise<DecodedGroup | null> {
  const chunks = new Map<number, DecodedChunk>()
  let isWhole = true
  for (const [column, name] of file.columns.entries()) {
    const chunk = file.chunkOf(column, group)
    if (chunk < 0) continue
    const { offset } = file.chunkPlace(chunk)
    try {
      const decoded = (await file.loadChunks([chunk])).get(chunk)!
      chunks.set(column, decoded)
      const fault = rangeFault(file, chunk, decoded)
      if (fault !== undefined) problems.add(offset, fault, name.key)
      if (isDictionaryType(name.type)) {
        const isGood = enterCodes(file, column, chunk, decoded, used)
        if (!isGood) problems.add(offset, 'a code beyond the dictionary', name.key)
      }
    } catch (error) {
      problems.addFailure(error, offset, name.key)
      isWhole = false
    }
  }
  return isWhole ? { group, chunks } : null
}

function rangeFault(file: BlockFile, chunk: number, decoded: DecodedChunk): string | undefined {
  const { values, base, divisor, width } = decoded
  if (width > 0) return undefined
  const { min, max, count } = file.chunkStats(chunk)
  if (values.length !== count) return `${values.length} values instead of ${count}`
  for (let i = 0; i < values.length; i++) {
    const value = (values[i]! + base) / divisor
    if (value < min || value > max) return `value ${value} is not within ${min} and ${max}`
  }
  return undefined
}

function enterCodes(
  file: BlockFile,
  column: number,
  chunk: number,
  { values, base }: DecodedChunk,
  used: UsedCodes,
): boolean {
  const ids = dictionariesOf(file, column)
  // A dictionary for each chunk, or one for all.
  const id = ids.length === 1 ? ids[0]! : ids[chunk - file.f.columnFirstChunk[column]!]!
  const codes = used.get(id)!
  const group = file.f.chunkGroup[chunk]!
  const bit = 1 << groupShare(file, group === file.groupCount ? 0 : group)
  let isGood = true
  for (let i = 0; i < values.length; i++) {
    const code = values[i]! + base
    if (code < codes.length) codes[code] = codes[code]! | bit
    else isGood = false
  }
  return isGood
}

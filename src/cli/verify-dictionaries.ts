import type { BlockFile } from '../storage/block/block-file.ts'
import { BlockDictionary } from '../storage/block/dictionary-reader.ts'
import { dictionariesOf } from './describe-block.ts'
import type { Problems } from './problems.ts'

/** The row groups in which a value occurs, one bit per share of them; 0: it occurs nowhere. */
export type UsedCodes = ReadonlyMap<number, Uint32Array>

export function noCodesUsed({ f }: BlockFile): UsedCodes {
  return new Map(Array.from(f.dictionaryValues, (values, id) => [id, new Uint32Array(values)]))
}

/**
 * Heads and pages have their checksums, values are in the order of their bytes, each is used by
 * some row and can be found, also through the groups that it is said to occur in. Without `used` it
 * is not known which are used.
 */
export async function verifyDictionaries(
  file: BlockFile,
  used: UsedCodes | null,
  problems: Problems,
  onBytes: (bytes: number) => void,
): Promise<void> {
  for (const [column, { key }] of file.columns.entries()) {
    for (const id of dictionariesOf(file, column)) {
      const offset = file.f.dictionaryPagesOffset[id]!
      try {
        await verifyDictionary(file, id, key, used?.get(id) ?? null, problems)
      } catch (error) {
        problems.addFailure(error, offset, key)
      }
      const headOffset = file.f.dictionaryHeadOffset[id]!
      onBytes(headOffset + file.f.dictionaryHeadBytes[id]! - offset)
    }
  }
}

async function verifyDictionary(
  file: BlockFile,
  id: number,
  key: string,
  used: Uint32Array | null,
  problems: Problems,
): Promise<void> {
  const offset = file.f.dictionaryHeadOffset[id]!
  const dictionary = new BlockDictionary(file, id)
  const codes = Array.from({ length: dictionary.size }, (_, code) => code)
  const bytesOf = await dictionary.load(codes)
  const unordered = codes.findIndex(code => {
    return code > 0 && Buffer.compare(bytesOf(code - 1), bytesOf(code)) >= 0
  })
  if (unordered >= 0) {
    problems.add(offset, `value ${unordered} of the dictionary is not greater than the last`, key)
    return
  }
  for (const code of codes) {
    const fault = await valueFault(file, dictionary, code, bytesOf(code), used?.[code])
    if (fault === undefined) continue
    problems.add(offset, `value ${code} of the dictionary ${fault}`, key)
    return
  }
}

async function valueFault(
  file: BlockFile,
  dictionary: BlockDictionary,
  code: number,
  bytes: Uint8Array,
  used: number | undefined,
): Promise<string | undefined> {
  if (used === 0) return 'is used by no row'
  if ((await dictionary.find(bytes)) !== code) return 'is not found'
  const missed = groupsOf(file, used ?? 0).find(group => !dictionary.mayBeInGroup(code, group))
  return missed === undefined ? undefined : `is hidden in group ${missed}`
}

function groupsOf(file: BlockFile, used: number): number[] {
  return [...Array(file.groupCount).keys()].filter(group => (used >>> groupShare(file, group)) & 1)
}

/** The bit that stands for a group. */
export function groupShare({ groupCount }: BlockFile, group: number): number {
  return Math.floor(group / Math.max(1, Math.ceil(groupCount / 32)))
}

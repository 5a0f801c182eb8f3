import type { BlockFile, Place } from '../storage/block/block-file.ts'
import {
  align8,
  blockMagic,
  blockVersion,
  headerBytes,
  indexEntryBytes,
  tailBytes,
} from '../storage/block/format.ts'
import type { Problems } from './problems.ts'

/**
 * The sections of a block lie one behind the other, each padded with zeros to a multiple of 8: so
 * every byte belongs to something that has a checksum, or is known.
 */
export async function verifyLayout(file: BlockFile, problems: Problems): Promise<void> {
  const header = Buffer.from(await file.read(0, headerBytes))
  if (header.toString('latin1', 0, 4) !== blockMagic) problems.add(0, 'bad magic in the header')
  const version = header.readUInt32LE(4)
  if (version !== blockVersion) problems.add(4, `the header has version ${version}`)
  let end = headerBytes
  for (const { offset, bytes } of await sectionsOf(file)) {
    if (offset !== end) {
      problems.add(end, `a section begins at byte ${offset}, not where the last one ends`)
    }
    end = offset + align8(bytes)
    if (end === offset + bytes) continue
    const padding = await file.read(offset + bytes, end - offset - bytes)
    const at = padding.findIndex(byte => byte !== 0)
    if (at >= 0) problems.add(offset + bytes + at, 'padding that is not zero')
  }
  if (end !== file.reader.size - tailBytes) {
    problems.add(end, 'the trailer does not follow the footer')
  }
}

/** All between header and trailer, in the order of the object. */
async function sectionsOf(file: BlockFile): Promise<Place[]> {
  const { f } = file
  const sections: Place[] = []
  for (let chunk = 0; chunk < f.chunkBytes.length; chunk++) sections.push(file.chunkPlace(chunk))
  for (let id = 0; id < f.dictionaryValues.length; id++) {
    const head = { offset: f.dictionaryHeadOffset[id]!, bytes: f.dictionaryHeadBytes[id]! }
    const offset = f.dictionaryPagesOffset[id]!
    const stated = await pagesBytes(file, head)
    // A damaged head has a checksum that tells.
    sections.push({ offset, bytes: Math.min(stated, head.offset - offset) }, head)
  }
  sections.push({ offset: f.indexOffset, bytes: file.traces * indexEntryBytes }, file.footerPlace)
  return sections.filter(({ bytes }) => bytes > 0).sort((a, b) => a.offset - b.offset)
}

/** Where the last page of a dictionary ends, according to its head; 0 if that is damaged. */
async function pagesBytes(file: BlockFile, head: Place): Promise<number> {
  const bytes = Buffer.from(await file.read(head.offset, head.bytes))
  const pages = bytes.readUInt32LE(0)
  const at = 4 * (2 + 2 * pages)
  return at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0
}

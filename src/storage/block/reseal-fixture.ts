import { createBlockCache } from './block-cache.ts'
import { BlockFile } from './block-file.ts'
import { crc } from './decode.ts'
import { align8, indexEntryBytes, indexPageEntries, tailBytes } from './format.ts'
import { readerOf } from './small-block-fixture.ts'

/**
 * A changed copy of a block with all checksums made right again, as if it had been written so:
 * `change` is given the bytes of the block. Sections keep their places.
 */
export async function resealed(
  block: Buffer,
  change: (bytes: Buffer, file: BlockFile) => void,
): Promise<Buffer> {
  const file = await BlockFile.open('b', readerOf(block), createBlockCache(0))
  const bytes = Buffer.from(block)
  change(bytes, file)
  sealFooter(bytes)
  let changed: BlockFile
  try {
    changed = await BlockFile.open('b', readerOf(bytes), createBlockCache(0))
  } catch {
    // The footer itself was changed so that it cannot be opened.
    return bytes
  }
  sealSections(bytes, changed)
  // Its vectors are views of one copy of the footer.
  const { offset, bytes: footerBytes } = changed.footerPlace
  bytes.set(new Uint8Array(changed.f.chunkCrc.buffer, 0, footerBytes), offset)
  sealFooter(bytes)
  return bytes
}

function sealFooter(bytes: Buffer): void {
  const footerBytes = bytes.readUInt32LE(bytes.length - tailBytes)
  const offset = bytes.length - tailBytes - align8(footerBytes)
  if (offset < 0) return
  bytes.writeUInt32LE(crc(bytes.subarray(offset, offset + footerBytes)), bytes.length - 12)
}

function sealSections(bytes: Buffer, file: BlockFile): void {
  const { f } = file
  const crcOf = (offset: number, length: number) => crc(bytes.subarray(offset, offset + length))
  for (let chunk = 0; chunk < f.chunkCrc.length; chunk++) {
    const place = file.chunkPlace(chunk)
    f.chunkCrc[chunk] = crcOf(place.offset, place.bytes)
  }
  for (let id = 0; id < f.dictionaryValues.length; id++) {
    const head = f.dictionaryHeadOffset[id]!
    sealPages(bytes, head, f.dictionaryHeadBytes[id]!, f.dictionaryPagesOffset[id]!)
    f.dictionaryHeadCrc[id] = crcOf(head, f.dictionaryHeadBytes[id]!)
  }
  for (let page = 0; page < f.indexPageCrc.length; page++) {
    const first = page * indexPageEntries
    const entries = Math.min(indexPageEntries, file.traces - first)
    const offset = f.indexOffset + first * indexEntryBytes
    f.indexPageCrc[page] = crcOf(offset, entries * indexEntryBytes)
  }
}

/** As far as the head says where they are. */
function sealPages(bytes: Buffer, head: number, headBytes: number, pagesOffset: number): void {
  const pages = headBytes < 4 ? 0 : bytes.readUInt32LE(head)
  const lane = (part: number) => head + 4 * (3 + pages + part * pages)
  if (lane(3) > head + headBytes) return
  let start = 0
  for (let page = 0; page < pages; page++) {
    const end = bytes.readUInt32LE(lane(0) + 4 * page)
    const stored = bytes.subarray(pagesOffset + start, pagesOffset + end)
    bytes.writeUInt32LE(crc(stored), lane(2) + 4 * page)
    start = end
  }
}

import { join } from 'node:path'
import type { Disk } from '../base/disk.ts'
import { fail } from '../base/errors.ts'
import type { RangeReader } from '../storage/block/block-file.ts'

const dataName = 'data.vblk'

/** The data files of blocks at some paths: files, directories of blocks, and directories of those. */
export async function findBlocks(disk: Disk, paths: readonly string[]): Promise<RangeReader[]> {
  const found: RangeReader[] = []
  for (const path of paths) {
    const stat = await disk.stat(path)
    if (stat === null) throw fail('NOT_FOUND', `there is nothing at ${path}`)
    const readers = stat.isFolder
      ? await inDirectory(disk, path)
      : [readerOf(disk, path, stat.sizeBytes)]
    if (readers.length === 0) throw fail('NOT_FOUND', `there is no ${dataName} in ${path}`)
    found.push(...readers)
  }
  return found
}

async function inDirectory(disk: Disk, directory: string): Promise<RangeReader[]> {
  const entries = (await disk.list(directory)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const found: RangeReader[] = []
  for (const { name, isFolder } of entries) {
    const path = join(directory, name)
    if (isFolder) found.push(...(await inDirectory(disk, path)))
    else if (name === dataName) {
      const stat = await disk.stat(path)
      if (stat !== null) found.push(readerOf(disk, path, stat.sizeBytes))
    }
  }
  return found
}

function readerOf(disk: Disk, path: string, size: number): RangeReader {
  return { object: path, size, read: (offset, length) => disk.readRange(path, offset, length) }
}

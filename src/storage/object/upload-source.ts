import { assert } from '../../base/assert.ts'
import type { Disk } from '../../base/disk.ts'
import type { UploadSource } from './object-store.ts'

export function bytesSource(bytes: Uint8Array): UploadSource {
  return {
    size: bytes.length,
    async *pieces(pieceBytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        yield bytes.subarray(at, at + pieceBytes)
      }
    },
  }
}

/** A file that does not change while it is read. */
export async function fileSource(disk: Disk, path: string): Promise<UploadSource> {
  const stat = await disk.stat(path)
  assert(stat && !stat.isFolder, `${path} is no file to upload`)
  const size = stat.sizeBytes
  return {
    size,
    async *pieces(pieceBytes) {
      for (let at = 0; at < size; at += pieceBytes) {
        yield await disk.readRange(path, at, Math.min(pieceBytes, size - at))
      }
    },
  }
}

/** Bytes that are made while they are uploaded; can be read once. `size` must be right. */
export function streamSource(stream: AsyncIterable<Uint8Array>, size: number): UploadSource {
  return {
    size,
    async *pieces(pieceBytes) {
      let piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size))
      let filled = 0
      let left = size
      for await (const bytes of stream) {
        assert(bytes.length <= left - filled, 'a stream to upload is longer than its size')
        for (let at = 0; at < bytes.length; ) {
          const taken = Math.min(piece.length - filled, bytes.length - at)
          piece.set(bytes.subarray(at, at + taken), filled)
          filled += taken
          at += taken
          if (filled < piece.length) continue
          yield piece
          left -= filled
          filled = 0
          piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, left))
        }
      }
      assert(left === 0, 'a stream to upload is shorter than its size')
    },
  }
}

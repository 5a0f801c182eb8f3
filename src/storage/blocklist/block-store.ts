import { crc32 } from 'node:zlib'
import { isNotFound } from '../../base/disk.ts'
import { Corruption, fail } from '../../base/errors.ts'
import type { ObjectStore, UploadSource } from '../object/object-store.ts'
import {
  type BlockMeta,
  blockDataKey,
  blockMetaKey,
  encodeBlockMeta,
  parseBlockMeta,
} from './meta.ts'

/** Read back after an upload: holds the footer of most blocks. */
const verifiedTailBytes = 262_144

/**
 * Stores a block: data first, read back, then its description, so that a description means a
 * complete block. What is there already under this id, from before a crash, is taken as it is.
 * Returns the description that is stored: that one is to be committed to the log, which is up to
 * the caller.
 *
 * Fails with CONFLICT when the id belongs to a block with other spans, with CORRUPT when the store
 * does not give back what was put.
 */
export async function uploadBlock(
  store: ObjectStore,
  folder: string,
  meta: BlockMeta,
  data: UploadSource,
): Promise<BlockMeta> {
  if (data.size !== meta.bytes) {
    throw new Corruption(`block file of ${data.size} bytes, expected ${meta.bytes}`, {
      object: blockDataKey(folder, meta.id),
    })
  }
  const found = await findBlockMeta(store, folder, meta.id)
  if (found) return verifySame(store, folder, meta, found)
  await uploadData(store, blockDataKey(folder, meta.id), data)
  const metaKey = blockMetaKey(folder, meta.id)
  const bytes = encodeBlockMeta(meta)
  await store.putIfAbsent(metaKey, bytes)
  const stored = await store.get(metaKey)
  if (Buffer.compare(stored, bytes) === 0) return meta
  return verifySame(store, folder, meta, parseBlockMeta(stored, metaKey))
}

/** null when there is none. Fails with CORRUPT or UNIMPLEMENTED when it cannot be read. */
export async function findBlockMeta(
  store: ObjectStore,
  folder: string,
  id: string,
): Promise<BlockMeta | null> {
  const key = blockMetaKey(folder, id)
  try {
    return parseBlockMeta(await store.get(key), key)
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** Removes the objects of a block; the description first, so that nobody takes it for whole. */
export async function deleteBlock(store: ObjectStore, folder: string, id: string): Promise<void> {
  await store.delete(blockMetaKey(folder, id))
  await store.delete(blockDataKey(folder, id))
}

/** Ranged reads of a block's data. */
export interface BlockDataReader {
  /** Names the object in errors. */
  readonly object: string
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

export function blockReader(
  store: ObjectStore,
  folder: string,
  meta: Pick<BlockMeta, 'id' | 'bytes'>,
): BlockDataReader {
  const object = blockDataKey(folder, meta.id)
  return {
    object,
    size: meta.bytes,
    read: (offset, length) => store.getRange(object, offset, length),
  }
}

async function verifySame(
  store: ObjectStore,
  folder: string,
  meta: BlockMeta,
  stored: BlockMeta,
): Promise<BlockMeta> {
  const object = blockDataKey(folder, meta.id)
  // Another version of the server may write the same spans in other bytes.
  if (stored.spans !== meta.spans || stored.traces !== meta.traces) {
    throw fail('CONFLICT', `block ${meta.id} of ${folder} is there with other spans`, { object })
  }
  const size = await store.head(object)
  if (size !== stored.bytes) {
    throw new Corruption(`block data of ${size ?? 'no'} bytes, expected ${stored.bytes}`, {
      object,
    })
  }
  return stored
}

/** Uploads and compares size and end with what was sent. */
async function uploadData(store: ObjectStore, key: string, data: UploadSource): Promise<void> {
  const tail = new Tail(Math.min(verifiedTailBytes, data.size))
  await store.upload(key, {
    size: data.size,
    async *pieces(pieceBytes) {
      for await (const piece of data.pieces(pieceBytes)) {
        tail.push(piece)
        yield piece
      }
    },
  })
  const size = await store.head(key)
  if (size !== data.size) {
    throw new Corruption(`${size ?? 'no'} bytes stored of ${data.size}`, { object: key })
  }
  const offset = data.size - tail.bytes.length
  const readBack = await store.getRange(key, offset, tail.bytes.length)
  if (crc32(readBack) !== crc32(tail.bytes)) {
    throw new Corruption('stored bytes differ from those sent', { object: key, offset })
  }
}

/** The last bytes of a stream. */
class Tail {
  bytes: Uint8Array = new Uint8Array(0)
  readonly #bytesMax: number
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }
  push(piece: Uint8Array): void {
    const joined = Buffer.concat([this.bytes, piece])
    this.bytes = joined.subarray(Math.max(0, joined.length - this.#bytesMax))
  }
}

import { assert } from '../../base/assert.ts'

/**
 * Objects under keys: the only long-term storage and the only coordinator between processes. Keys
 * are `/`-separated; see `assertKey`. Every store is consistent: what was put is read, and listed,
 * by whoever asks next.
 *
 * Failures: NOT_FOUND for a missing object where nothing else is said, CORRUPT for one that is
 * shorter than asked for, UNAVAILABLE when the store cannot be used now (also for wrong
 * credentials and the like: the message names the setting), DISK_FULL.
 */
export interface ObjectStore {
  get(key: string): Promise<Uint8Array>
  /** Exactly `length` bytes. */
  getRange(key: string, offset: number, length: number): Promise<Uint8Array>
  /** Size in bytes, null when there is no such object. */
  head(key: string): Promise<number | null>
  /** Replaces an object at once: readers see the old or the new one. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /**
   * Creates a small object: at most one of several callers is told true, unless their bytes are
   * the same. False, and nothing changed, when there is one already. At most
   * `conditionalPutBytesMax`. Some stores lie about this; see `probeConditionalPut`.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>
  /** As `put` for objects of any size, in memory of a few MiB. */
  upload(key: string, source: UploadSource): Promise<void>
  /** Objects whose key starts with `prefix`, ordered by the bytes of their key. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>
  /** That there is none is no failure. */
  delete(key: string): Promise<void>
  /** Whether `putIfAbsent` can be relied on. Writes under `_vivace/probe/`. */
  probeConditionalPut(): Promise<boolean>
}

/** One of them or none: stores do not agree on what both together mean. */
export interface ListOptions {
  /** Only this is allowed; keys with one beyond the prefix come once, cut after it, as folders. */
  readonly delimiter?: '/'
  /** Keys up to and including this one are left out. */
  readonly startAfter?: string
}

export interface ListedObject {
  readonly key: string
  /** 0 for folders. */
  readonly size: number
  /** By the store's clock; 0 for folders. */
  readonly lastModifiedMs: number
  readonly isFolder: boolean
}

/** Bytes of known number that are read once, in pieces. */
export interface UploadSource {
  readonly size: number
  /** Pieces of exactly `pieceBytes`, the last one may be smaller; not reused by the source. */
  pieces(pieceBytes: number): AsyncIterable<Uint8Array>
}

/** One part of S3's multipart uploads: conditional puts of several parts are not dependable. */
export const conditionalPutBytesMax = 5 * 1024 * 1024

const keyCharsMax = 1024
/** The most that file systems allow for one name, less what temporary names add. */
const segmentBytesMax = 250

/**
 * Keys are made by us, from encoded parts, so a bad one is a bug: no empty segment, none that
 * begins with a dot (`..`, temporary files), no control character, no backslash.
 */
export function assertKey(key: string): void {
  assert(key.length <= keyCharsMax, `object key of ${key.length} characters`)
  for (const segment of key.split('/')) {
    assert(/^[^.\\\p{Cc}][^\\\p{Cc}]*$/u.test(segment), `object key ${JSON.stringify(key)}`)
    assert(Buffer.byteLength(segment) <= segmentBytesMax, `object key ${key}: long segment`)
  }
}

/** Order of keys by their UTF-8 bytes, as listings have it. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function assertListOptions(options: ListOptions): void {
  const both = options.delimiter !== undefined && options.startAfter !== undefined
  assert(!both, 'a listing takes a delimiter or a start, not both')
}

import { LRUCache } from 'lru-cache'
import type { BlockCache } from './block-file.ts'

/** The least recently used entries leave when the sum of their bytes passes the limit. */
export function createBlockCache(bytesMax: number): BlockCache {
  const wholeBytes = Math.max(1, Math.floor(bytesMax))
  const cache = new LRUCache<string, object>({
    maxSize: wholeBytes,
    maxEntrySize: wholeBytes,
  })
  return {
    get<T extends object>(key: string): T | undefined {
      return cache.get(key) as T | undefined
    },
    set(key, value, bytes) {
      cache.set(key, value, { size: Math.max(1, Math.ceil(bytes)) })
    },
  }
}

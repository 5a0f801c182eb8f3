import type { MessagePort } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { answerFailure, answerValue, cancelMethod, type PortRequest } from '../base/worker-port.ts'
import type { LocalSource } from '../search/query-source.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import { type BlockScan, runScan, type ScanAnswer } from './block-scan.ts'
import { openBlock } from './open-block.ts'

/** Of the bytes of a thread, those for the footers of opened blocks. */
const footersShare = 0.25

/**
 * A query thread: runs scans of blocks in the object store, those that have arrived in turns, a row
 * group at a time. It holds nothing but copies of what the store has, so it may end at any moment.
 */
export function runScanThread(port: MessagePort, store: ObjectStore, cacheBytesMax: number): void {
  const blocks = new OpenBlocks(store, cacheBytesMax)
  const running = new Map<number, AbortController>()
  port.on('message', ({ id, method, argument }: PortRequest) => {
    if (method === cancelMethod) {
      running.get(id)?.abort()
      return
    }
    const canceled = new AbortController()
    running.set(id, canceled)
    void answerScan(port, blocks, id, argument as BlockScan, canceled.signal).finally(() =>
      running.delete(id),
    )
  })
}

async function answerScan(
  port: MessagePort,
  blocks: OpenBlocks,
  id: number,
  scan: BlockScan,
  signal: AbortSignal,
): Promise<void> {
  try {
    const source = await blocks.open(scan)
    const answer = await runScan(source, scan, signal)
    answerValue(port, id, answer, buffersOf(answer))
  } catch (error) {
    answerFailure(port, id, error)
  }
}

/** What moves to the other thread instead of being copied. */
function buffersOf({ value }: ScanAnswer): ArrayBuffer[] {
  if (!('lanes' in value)) return []
  return [...new Set(value.lanes.map(lane => lane.buffer as ArrayBuffer))]
}

/** Blocks whose footers are in memory; the least recently used are forgotten. */
class OpenBlocks {
  readonly #store: ObjectStore
  readonly #cache: BlockCache
  readonly #open: LRUCache<string, Promise<LocalSource>>

  constructor(store: ObjectStore, cacheBytesMax: number) {
    const footersMax = Math.ceil(cacheBytesMax * footersShare)
    this.#store = store
    this.#cache = createBlockCache(cacheBytesMax - footersMax)
    this.#open = new LRUCache({ maxSize: Math.max(1, footersMax) })
  }

  open({ folder, block }: BlockScan): Promise<LocalSource> {
    const key = `${folder}/${block.id}`
    const known = this.#open.get(key)
    if (known) return known
    const opening = openBlock(this.#store, this.#cache, folder, block).catch(error => {
      // The next scan tries again.
      this.#open.delete(key)
      throw error
    })
    this.#open.set(key, opening, { size: Math.max(1, block.footerBytes) })
    return opening
  }
}

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Secret } from '../base/secret.ts'
import { scanMetrics } from '../querier/metrics.ts'
import { ScanPool } from '../querier/scan-pool.ts'
import type { Config } from './config/schema.ts'
import type { Surroundings } from './parts.ts'
import type { StoreSettings } from './store.ts'

/** What a query thread is started with. */
export interface QueryThreadData {
  readonly role: 'query'
  /** As `sendableSettings` makes them. */
  readonly store: unknown
  readonly cacheBytesMax: number
}

const threadsMax = 16
/** Objects of a scan are few: columns are buffers outside the heap. */
const heapMaxMb = 96
const youngHeapMaxMb = 8

/** The main thread alone, and what each query thread adds: code, heap, buffers that wait for collection. */
const mainThreadBytes = 128 * 1024 * 1024
const queryThreadBytes = 96 * 1024 * 1024

/**
 * Threads that scan blocks; 0 = the main thread does. Where the setting leaves it to us, one for
 * each core, as far as a limit of memory (bytes, 0 = none) has room for them.
 */
export function queryThreadCount(config: Config, limitBytes: number): number {
  const { targets, vivace, storage } = config
  if (!targets.includes('all') && !targets.includes('querier')) return 0
  // What one thread has in its memory is not seen by another.
  if (storage.trace.backend === 'memory') return 0
  if (vivace.workers >= 0) return vivace.workers
  const wanted = Math.min(threadsMax, availableParallelism())
  if (limitBytes === 0) return wanted
  const fitting = Math.floor((limitBytes - mainThreadBytes) / queryThreadBytes)
  return Math.max(0, Math.min(wanted, fitting))
}

/** Null where the main thread scans. */
export function openQueryThreads(around: Surroundings): ScanPool | null {
  const { config, entry, log, memory, metrics, queryThreads: threads } = around
  if (threads === 0) return null
  const workerData: QueryThreadData = {
    role: 'query',
    store: sendableSettings(config.storage.trace),
    cacheBytesMax: memory.cacheBytesMax,
  }
  const resourceLimits = {
    maxOldGenerationSizeMb: heapMaxMb,
    maxYoungGenerationSizeMb: youngHeapMaxMb,
  }
  const start = () => new Worker(entry, { workerData, resourceLimits })
  return new ScanPool({ threads, start, metrics: scanMetrics(metrics), log })
}

/** What another thread can be sent: secrets, which cannot be, become `{ secret }`. */
export function sendableSettings(settings: StoreSettings): unknown {
  return sendable(settings)
}

export function receivedSettings(sent: unknown): StoreSettings {
  return received(sent) as StoreSettings
}

function sendable(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() }
  return mapFields(value, sendable)
}

function received(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'secret' in value)
    return new Secret(String(value.secret))
  return mapFields(value, received)
}

function mapFields(value: unknown, map: (field: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, map(field)]))
}

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Compactor } from '../compactor/compactor.ts'
import { compactorMetrics } from '../compactor/metrics.ts'
import { Ingester } from '../ingester/ingester.ts'
import { ingesterMetrics } from '../ingester/metrics.ts'
import { tenantFolder } from '../model/tenant.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { uploadBlock } from '../storage/blocklist/block-store.ts'
import { BlockLog } from '../storage/blocklist/log.ts'
import { RosterMember } from '../storage/blocklist/roster.ts'
import { CheckThenPutStore } from '../storage/object/check-then-put.ts'
import { fileSource } from '../storage/object/upload-source.ts'
import { type DirectoryLock, lockDirectory } from '../storage/wal/lock.ts'
import { inlineWal, threadedWal } from '../storage/wal/wal.ts'
import type { Parts, StorePart, Surroundings } from './parts.ts'
import type { PartsOf, Started } from './registry.ts'
import { openStore } from './store.ts'

export async function startStore(around: Surroundings): Promise<Started<StorePart>> {
  const { config, clock, disk, log, memory } = around
  const opened = openStore(config.storage.trace, disk, clock)
  const reliable = await opened.probeConditionalPut()
  if (!reliable)
    log.warn({}, 'the object store ignores conditional puts: only one compactor may run')
  const store = reliable ? opened : new CheckThenPutStore(opened)
  const logs = new Map<string, BlockLog>()
  const part: StorePart = {
    store,
    cache: createBlockCache(memory.cacheBytesMax),
    logFor(tenant) {
      let found = logs.get(tenant)
      if (!found) {
        found = new BlockLog({
          store,
          folder: tenantFolder(tenant),
          by: instanceName(around),
          clock,
        })
        logs.set(tenant, found)
      }
      return found
    },
  }
  return { part }
}

export function instanceName(around: Surroundings): string {
  return around.config.ingester.lifecycler.id || hostname()
}

export async function startIngester(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<Ingester>> {
  const { config, clock, disk, log, memory, metrics } = around
  const { store, cache, logFor } = parts.get('store')
  const overrides = parts.get('overrides')
  const walDirectory = config.storage.trace.wal.path
  const lock = await lockDirectory(disk, clock, walDirectory)
  const member = await joinRoster(around, parts, walDirectory, lock)
  const { ingester: settings } = config
  const onDeath = (error: Error) => {
    log.error({ error: error.message }, 'the write-ahead log has failed: stopping')
    around.stop('the write-ahead log has failed')
  }
  const ingester = new Ingester({
    disk,
    clock,
    cache,
    log,
    settings: {
      walDirectory,
      instance: instanceName(around),
      freezeAfterMs: 60_000,
      liveBytesMax: memory.liveBytesMax,
      maxBlockDurationMs: settings.maxBlockDurationMs,
      maxBlockBytes: settings.maxBlockBytes,
      // In one process the block list knows a block at once; others read it after their poll.
      keepUploadedMs:
        parts.find('querier') || isAlone(config.targets)
          ? 0
          : config.storage.trace.blocklistPollMs * 2,
      checkPeriodMs: Math.min(settings.flushCheckPeriodMs, 10_000),
      localBytesMax: await localBytesMax(around, walDirectory),
    },
    limitsFor(tenant) {
      const { ingestion } = overrides.limitsFor(tenant)
      return {
        traceBytesMax: ingestion.maxBytesPerTrace,
        liveTracesMax: ingestion.maxTracesPerUser,
      }
    },
    openWal: () =>
      config.vivace.workers === 0
        ? inlineWal(disk, walDirectory)
        : threadedWal({ entry: around.entry }, walDirectory, onDeath),
    async publish(tenant, meta, dataPath) {
      lock.assertOwned()
      const stored = await uploadBlock(
        store,
        tenantFolder(tenant),
        meta,
        await fileSource(disk, dataPath),
      )
      await logFor(tenant).commit({ adds: [stored] })
    },
    owes: pending => member.setPending(pending),
  })
  ingesterMetrics(metrics, () => ingester)
  await ingester.start()
  return {
    part: ingester,
    async stop() {
      if (settings.flushAllOnShutdown) await ingester.flush()
      await ingester.stop()
      lock.release()
    },
  }
}

/** Unlisted blocks are listed again when two hourly repairs in a row have seen them. */
const repairSettleMs = 1_800_000

export async function startCompactor(
  around: Surroundings,
  parts: PartsOf<Parts>,
): Promise<Started<null>> {
  const { config, clock, disk, log, memory, metrics } = around
  const { store, logFor } = parts.get('store')
  const overrides = parts.get('overrides')
  const { compaction, disabled } = config.compactor
  if (disabled) return { part: null }
  const compactor = new Compactor({
    store,
    clock,
    disk,
    log,
    logFor,
    metrics: compactorMetrics(metrics),
    directory: join(config.storage.trace.wal.path, 'compaction'),
    memoryBytes: memory.compactionBytesMax,
    instance: instanceName(around),
    bootId: randomUUID(),
    graceMs: compaction.compactedBlockRetentionMs,
    retentionMs: tenant => overrides.limitsFor(tenant).compaction.blockRetentionMs,
    windowMs(tenant) {
      const { compactionDisabled, compactionWindowMs } = overrides.limitsFor(tenant).compaction
      return compactionDisabled ? 0 : compactionWindowMs
    },
    settings: {
      cycleMs: compaction.compactionCycleMs,
      tenantTimeMaxMs: compaction.maxTimePerTenantMs,
      blockBytesMax: compaction.maxBlockBytes,
      tracesMax: compaction.maxCompactionObjects,
      settleMs: repairSettleMs,
    },
  })
  await compactor.start()
  return { part: null, stop: () => compactor.stop() }
}

function isAlone(targets: readonly string[]): boolean {
  return targets.includes('all')
}

/** A fifth of the volume stays free; what is above that is uploaded early. */
async function localBytesMax(around: Surroundings, walDirectory: string): Promise<number> {
  const freeBytes = await around.disk.freeBytes(walDirectory)
  return Math.max(16 * 1024 * 1024, Math.floor(freeBytes * 0.4))
}

async function joinRoster(
  around: Surroundings,
  parts: PartsOf<Parts>,
  walDirectory: string,
  lock: DirectoryLock,
): Promise<RosterMember> {
  const { config, clock, log } = around
  const { server } = config
  const member = new RosterMember({
    store: parts.get('store').store,
    clock,
    instance: instanceName(around),
    uuid: directoryUuid(around, walDirectory),
    epoch: lock.epoch,
    address: `${server.grpcListenAddress || hostname()}:${server.grpcListenPort}`,
  })
  // What the directory holds is owed until the ingester has looked.
  const joined = await member.join(around.disk.statSync(join(walDirectory, 'segments')) !== null)
  if (joined.kind === 'took over' && joined.owed) {
    const { instance, uuid } = joined.from
    log.error(
      { instance, uuid },
      'an earlier instance of this name had data that was not uploaded; it is lost',
    )
  }
  return member
}

/** Names the directory, so that an empty one under the same instance name is told apart. */
function directoryUuid(around: Surroundings, walDirectory: string): string {
  const path = join(walDirectory, 'uuid')
  const { disk } = around
  if (disk.statSync(path)) return Buffer.from(disk.readFileSync(path)).toString('utf8').trim()
  const uuid = randomUUID()
  disk.writeFileAtomicSync(path, Buffer.from(`${uuid}\n`))
  return uuid
}

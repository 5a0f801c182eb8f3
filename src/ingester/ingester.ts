import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { asFailure, fail } from '../base/errors.ts'
import type { IngesterPush, PushResult } from '../contract/ingester.ts'
import { CompositeSource } from '../search/composite-source.ts'
import type { QuerySource } from '../search/query-source.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { type ReplayReport, replayWal } from '../storage/wal/replay.ts'
import type { Wal } from '../storage/wal/wal.ts'
import { cutTenant } from './cut.ts'
import { type FreezeDeps, freeze } from './freeze.ts'
import { findLocalBlocks } from './local-block.ts'
import { TenantInstance, type TraceLimits } from './tenant-instance.ts'

export interface IngesterSettings {
  readonly walDirectory: string
  readonly instance: string
  /** Live data is frozen when it has this age, or holds this many bytes of memory. */
  readonly freezeAfterMs: number
  readonly liveBytesMax: number
  /** Local blocks are uploaded when the oldest has this age, or all together this size. */
  readonly maxBlockDurationMs: number
  readonly maxBlockBytes: number
  /** How long a local copy is kept after the upload, until all queriers know the block. */
  readonly keepUploadedMs: number
  readonly checkPeriodMs: number
  /** Bytes of local blocks above which they are uploaded early, 0 = never. */
  readonly localBytesMax: number
}

export interface IngesterEvents {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}

export interface IngesterDeps {
  readonly disk: Disk
  readonly clock: Clock
  readonly cache: BlockCache
  readonly settings: IngesterSettings
  readonly log: IngesterEvents
  limitsFor(tenant: string): TraceLimits
  openWal(): Wal
  /** Puts a block into the object store and its tenant's log; may be called twice for one block. */
  publish(tenant: string, meta: BlockMeta, dataPath: string): Promise<void>
  /** Called before the first acknowledgement after a flush, and when nothing is owed any more. */
  owes(pending: boolean): Promise<void>
}

/**
 * Owns what was acknowledged and is not in the object store yet: a synced log, live data in
 * columns, and local blocks. Freeze turns live data into local blocks; cut uploads them.
 */
export class Ingester implements IngesterPush {
  readonly #deps: IngesterDeps
  readonly #freezeDeps: FreezeDeps
  readonly #instances = new Map<string, TenantInstance>()
  #wal: Wal | undefined
  #freezing: Promise<void> | undefined
  #cutting: Promise<void> | undefined
  #cancelTimer = () => {}
  #stopping = false
  #owesData = false
  replayed: ReplayReport | undefined

  constructor(deps: IngesterDeps) {
    this.#deps = deps
    const { disk, clock, cache, settings } = deps
    this.#freezeDeps = {
      disk,
      clock,
      cache,
      walDirectory: settings.walDirectory,
      instance: settings.instance,
    }
  }

  /** Opens local blocks, replays the log, then accepts spans. */
  async start(): Promise<void> {
    const { disk, cache, settings, log } = this.#deps
    const found = await findLocalBlocks(disk, cache, settings.walDirectory)
    for (const [tenant, blocks] of found.blocks) this.#instance(tenant).blocks.push(...blocks)
    for (const { directory, error } of found.damaged) {
      log.warn(
        { directory, error: asFailure(error).message },
        'local block cannot be read and is left aside',
      )
    }
    disk.mkdirpSync(`${settings.walDirectory}/segments`)
    const noLimits = { traceBytesMax: 0, liveTracesMax: 0 }
    this.replayed = replayWal(disk, settings.walDirectory, record => {
      this.#instance(record.tenant).append(record.body, noLimits)
    })
    if (this.replayed.quarantined > 0)
      log.warn({ ...this.replayed }, 'damaged WAL records were moved to quarantine')
    this.#wal = this.#deps.openWal()
    await this.#setOwes(this.#holdsData())
    this.#schedule()
  }

  async push(tenant: string, body: Uint8Array): Promise<PushResult> {
    if (this.#stopping || !this.#wal) throw fail('UNAVAILABLE', 'this ingester is stopping')
    this.#admit()
    if (!this.#owesData) await this.#setOwes(true)
    const instance = this.#instance(tenant)
    const result = instance.append(body, this.#deps.limitsFor(tenant))
    await this.#wal.append(tenant, body)
    if (this.#liveBytes() > this.#deps.settings.liveBytesMax) void this.freezeAll()
    return result
  }

  /** Everything this ingester holds of a tenant, as one source. */
  source(tenant: string): QuerySource {
    const instance = this.#instances.get(tenant)
    return new CompositeSource(
      `ingester ${this.#deps.settings.instance}`,
      instance?.sources() ?? [],
    )
  }

  get tenants(): readonly TenantInstance[] {
    return [...this.#instances.values()]
  }

  /** Turns all live data into local blocks and drops the log that covered it. One at a time. */
  freezeAll(): Promise<void> {
    this.#freezing ??= this.#freezeOnce().finally(() => {
      this.#freezing = undefined
    })
    return this.#freezing
  }

  /** Freezes and uploads everything (of one tenant, if given). */
  async flush(tenant?: string): Promise<void> {
    await this.#freezing
    await this.freezeAll()
    await this.#cutting
    for (const instance of this.#instances.values()) {
      if (tenant === undefined || instance.tenant === tenant) await this.#cut(instance)
    }
    await this.#settleOwes()
  }

  /** Finishes what runs and syncs; what is not uploaded stays on disk for the next start. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelTimer()
    await this.#freezing?.catch(() => undefined)
    await this.#cutting?.catch(() => undefined)
    await this.#settleOwes()
    await this.#wal?.close()
  }

  #instance(tenant: string): TenantInstance {
    let instance = this.#instances.get(tenant)
    if (!instance) {
      instance = new TenantInstance(tenant, this.#deps.clock)
      this.#instances.set(tenant, instance)
    }
    return instance
  }

  #liveBytes(): number {
    let bytes = 0
    for (const instance of this.#instances.values())
      if (instance.live.spanCount > 0) bytes += instance.live.heldBytes
    return bytes
  }

  /** Refuses what would not fit: freezing takes its time, and memory is bounded meanwhile. */
  #admit(): void {
    let heldBytes = 0
    for (const instance of this.#instances.values()) heldBytes += instance.heldBytes
    const limitBytes = this.#deps.settings.liveBytesMax * 3
    if (heldBytes <= limitBytes) return
    void this.freezeAll()
    const what = `live data holds ${heldBytes} bytes of memory, the limit is ${limitBytes} (vivace.memory_budget_bytes); try again in a moment`
    throw fail('OVERLOADED', what, { heldBytes, limitBytes })
  }

  async #freezeOnce(): Promise<void> {
    const sealed = [...this.#instances.values()].flatMap(instance => {
      const segment = instance.seal()
      return segment ? [{ instance, segment }] : []
    })
    if (sealed.length === 0) return
    // In the same turn as the seals: the log's segment ends where the sealed data ends.
    const covered = this.#wal!.roll()
    for (const { instance, segment } of sealed) {
      const block = await freeze(this.#freezeDeps, instance.tenant, segment)
      instance.frozen(segment, block)
      const { id, spans, bytes } = block.meta
      this.#deps.log.info(
        { tenant: instance.tenant, blockId: id, spans, bytes },
        'live data frozen',
      )
    }
    await this.#wal!.drop(await covered)
  }

  #schedule(): void {
    const { clock, settings } = this.#deps
    this.#cancelTimer = clock.after(settings.checkPeriodMs, () => {
      void this.check().finally(() => {
        if (!this.#stopping) this.#schedule()
      })
    })
  }

  /** Freezes and cuts what is due. Failures are logged and tried again at the next check. */
  async check(): Promise<void> {
    const { clock, settings, log } = this.#deps
    const nowMs = clock.nowMs()
    try {
      const due = this.tenants.some(({ liveSinceMs }) => {
        return liveSinceMs !== undefined && nowMs - liveSinceMs >= settings.freezeAfterMs
      })
      if (due) await this.freezeAll()
      this.#cutting ??= this.#cutDue(nowMs).finally(() => {
        this.#cutting = undefined
      })
      await this.#cutting
    } catch (error) {
      log.warn(
        { error: asFailure(error).message },
        'freeze or upload failed and will be tried again',
      )
    }
  }

  async #cutDue(nowMs: number): Promise<void> {
    const { settings } = this.#deps
    const localBytes = this.tenants
      .flatMap(i => i.blocks)
      .reduce((sum, block) => sum + block.meta.bytes, 0)
    const pressed = settings.localBytesMax > 0 && localBytes > settings.localBytesMax
    for (const instance of this.#instances.values()) {
      const waiting = instance.blocks.filter(block => block.uploadedMs === undefined)
      const bytes = waiting.reduce((sum, block) => sum + block.meta.bytes, 0)
      const oldestMs = Math.min(...waiting.map(block => block.meta.createdMs))
      const due =
        pressed ||
        bytes >= settings.maxBlockBytes ||
        nowMs - oldestMs >= settings.maxBlockDurationMs
      if (waiting.length > 0 && due) await this.#cut(instance)
      await this.#forgetUploaded(instance, nowMs, pressed)
    }
    await this.#settleOwes()
  }

  async #cut(instance: TenantInstance): Promise<void> {
    const { disk, clock, publish, log } = this.#deps
    await cutTenant({ disk, clock, publish, log, freeze: this.#freezeDeps }, instance)
    if (this.#deps.settings.keepUploadedMs === 0)
      await this.#forgetUploaded(instance, clock.nowMs(), true)
  }

  async #forgetUploaded(instance: TenantInstance, nowMs: number, now: boolean): Promise<void> {
    const keepMs = now ? 0 : this.#deps.settings.keepUploadedMs
    for (const block of [...instance.blocks]) {
      if (block.uploadedMs === undefined || nowMs - block.uploadedMs < keepMs) continue
      instance.blocks.splice(instance.blocks.indexOf(block), 1)
      await this.#deps.disk.removeTree(block.directory)
    }
  }

  #holdsData(): boolean {
    return this.tenants.some(instance => {
      const live = instance.live.spanCount > 0 || instance.freezing.length > 0
      return live || instance.blocks.some(block => block.uploadedMs === undefined)
    })
  }

  async #settleOwes(): Promise<void> {
    if (this.#owesData && !this.#holdsData()) await this.#setOwes(false)
  }

  async #setOwes(pending: boolean): Promise<void> {
    await this.#deps.owes(pending)
    this.#owesData = pending
  }
}

import { assert } from '../base/assert.ts'
import { type Clock, sleep } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { asFailure, fail } from '../base/errors.ts'
import type { IngesterPush, PushResult } from '../contract/ingester.ts'
import { CompositeSource } from '../search/composite-source.ts'
import type { HeldSource, QuerySource } from '../search/query-source.ts'
import type { BlockCache } from '../storage/block/block-file.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { type ReplayReport, replayWal } from '../storage/wal/replay.ts'
import type { Wal } from '../storage/wal/wal.ts'
import { cutTenant } from './cut.ts'
import { type FreezeDeps, freeze } from './freeze.ts'
import { findLocalBlocks, type LocalBlock, removeLocalBlock } from './local-block.ts'
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

/** After a freeze that failed, pushes wait this long before they ask for another one. */
const freezeAgainMs = 1000
/** Files of a block that was replaced or uploaded stay this long, and while a query holds it. */
const retiredKeepMs = 30_000
/** An upload that runs at the stop is waited for this long; the next start repeats it. */
const stopWaitMs = 3000

/**
 * Owns what was acknowledged and is not in the object store yet: a synced log, live data in
 * columns, and local blocks. Freeze turns live data into local blocks; cut uploads them.
 */
export class Ingester implements IngesterPush {
  readonly #deps: IngesterDeps
  readonly #freezeDeps: FreezeDeps
  readonly #instances = new Map<string, TenantInstance>()
  #wal: Wal | undefined
  /** Blocks that no query finds any more, and since when. */
  #retired: readonly { readonly block: LocalBlock; readonly atMs: number }[] = []
  #freezing: Promise<void> | undefined
  #freezeFailed: { readonly atMs: number; readonly diskFull: boolean } | undefined
  /** The log holds segments that are covered by local blocks already. */
  #owesDrop = false
  #cutting: Promise<unknown> = Promise.resolve()
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
    for (const { tenant, directory, error } of found.damaged) {
      this.#instance(tenant).foundDamaged(directory, asFailure(error))
    }
    disk.mkdirpSync(`${settings.walDirectory}/segments`)
    const noLimits = { traceBytesMax: 0, liveTracesMax: 0 }
    this.replayed = replayWal(disk, settings.walDirectory, record => {
      this.#instance(record.tenant).append(record.body, noLimits)
    })
    if (this.replayed.quarantined > 0)
      log.warn({ ...this.replayed }, 'damaged WAL records were moved to quarantine')
    this.#wal = this.#deps.openWal()
    this.#owesData = this.#holdsData()
    await this.#deps.owes(this.#owesData)
    this.#schedule()
  }

  async push(tenant: string, body: Uint8Array): Promise<PushResult> {
    if (this.#stopping || !this.#wal) throw fail('UNAVAILABLE', 'this ingester is stopping')
    this.#admit()
    if (!this.#owesData) await this.#declareOwes()
    const instance = this.#instance(tenant)
    const result = instance.append(body, this.#deps.limitsFor(tenant))
    await this.#wal.append(tenant, body)
    if (this.#liveBytes() > this.#deps.settings.liveBytesMax) this.#freezeSoon()
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

  /** The same for a whole query: what becomes of the blocks meanwhile, their files stay. */
  hold(tenant: string): HeldSource {
    const blocks = [...(this.#instances.get(tenant)?.blocks ?? [])]
    for (const block of blocks) block.holds++
    return {
      source: this.source(tenant),
      release() {
        for (const block of blocks.splice(0)) block.holds--
      },
    }
  }

  /** A sentence about what was acknowledged and cannot be read any more. */
  missing(tenant: string): string | undefined {
    const damaged = this.#instances.get(tenant)?.damagedBlocks ?? 0
    const { instance } = this.#deps.settings
    return damaged > 0 ? `${damaged} damaged local blocks of ${instance} are left out` : undefined
  }

  /** Changes when blocks are about to be found in the object store only. */
  dropsAnnounced(tenant: string): number {
    return this.#instances.get(tenant)?.dropsAnnounced ?? 0
  }

  get tenants(): readonly TenantInstance[] {
    return [...this.#instances.values()]
  }

  /** Turns all live data into local blocks and drops the log that covered it. One at a time. */
  freezeAll(): Promise<void> {
    this.#freezing ??= this.#freezeOnce()
      .then(
        () => {
          this.#freezeFailed = undefined
        },
        error => {
          const diskFull = asFailure(error).code === 'DISK_FULL'
          this.#freezeFailed = { atMs: this.#deps.clock.monotonicMs(), diskFull }
          throw error
        },
      )
      .finally(() => {
        this.#freezing = undefined
      })
    return this.#freezing
  }

  /** Freezes and uploads everything (of one tenant, if given). */
  async flush(tenant?: string): Promise<void> {
    // One that runs already was begun before what came last.
    await this.#freezing?.catch(() => undefined)
    await this.freezeAll()
    await this.#cutExclusively(async () => {
      for (const instance of this.#instances.values()) {
        if (tenant === undefined || instance.tenant === tenant) await this.#cut(instance)
      }
      await this.#settleOwes()
    })
  }

  /** Finishes what runs and syncs; what is not uploaded stays on disk for the next start. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelTimer()
    await this.#freezing?.catch(() => undefined)
    const settled = this.#cutExclusively(() => this.#settleOwes()).catch(error =>
      this.#deps.log.warn({ error: asFailure(error).message }, 'the roster cannot be written'),
    )
    // The object store may not answer, and nothing that was acknowledged depends on it.
    await Promise.race([settled, sleep(this.#deps.clock, stopWaitMs)])
    await this.#removeRetired(this.#deps.clock.monotonicMs()).catch(() => undefined)
    await this.#wal?.close()
  }

  #instance(tenant: string): TenantInstance {
    let instance = this.#instances.get(tenant)
    if (!instance) {
      instance = new TenantInstance(tenant, this.#deps.clock, (directory, { message }) => {
        const what = 'local block cannot be read and is left aside'
        this.#deps.log.warn({ tenant, directory, error: message }, what)
      })
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
    this.#freezeSoon()
    const what = `live data holds ${heldBytes} bytes of memory, the limit is ${limitBytes} (vivace.memory_budget_bytes); try again in a moment`
    throw fail('OVERLOADED', what, { heldBytes, limitBytes })
  }

  /** Failures are logged; the data stays readable and is frozen with the next attempt. */
  #freezeSoon(): void {
    const { clock, log } = this.#deps
    const failed = this.#freezeFailed
    if (this.#freezing || (failed && clock.monotonicMs() - failed.atMs < freezeAgainMs)) return
    this.freezeAll().catch(error => {
      log.warn({ error: asFailure(error).message }, 'freeze failed and will be tried again')
    })
  }

  async #freezeOnce(): Promise<void> {
    for (const instance of this.#instances.values()) instance.seal()
    // Also what an earlier attempt has sealed and could not write: the log still holds it.
    const sealed = this.tenants.flatMap(instance =>
      instance.freezing.map(segment => ({ instance, segment })),
    )
    if (sealed.length === 0 && !this.#owesDrop) return
    // In the same turn as the seals: the log's segment ends where the sealed data ends.
    const covered = this.#wal!.roll()
    // Awaited only when everything is frozen.
    covered.catch(() => undefined)
    for (const { instance, segment } of sealed) {
      const block = await freeze(this.#freezeDeps, instance.tenant, segment)
      instance.frozen(segment, block)
      const { id, spans, bytes } = block.meta
      this.#deps.log.info(
        { tenant: instance.tenant, blockId: id, spans, bytes },
        'live data frozen',
      )
    }
    this.#owesDrop = true
    await this.#wal!.drop(await covered)
    this.#owesDrop = false
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
    const { clock, settings } = this.#deps
    const nowMs = clock.nowMs()
    const due = this.tenants.some(({ liveSinceMs, freezing }) => {
      const isOld = liveSinceMs !== undefined && nowMs - liveSinceMs >= settings.freezeAfterMs
      return isOld || freezing.length > 0
    })
    if (due || this.#owesDrop) await this.#attempt('freeze', () => this.freezeAll())
    // Also when the freeze failed: what is uploaded makes room on the disk.
    await this.#attempt('upload', () => this.#cutExclusively(() => this.#cutDue(nowMs)))
    await this.#attempt('cleaning up', () => this.#removeRetired(clock.monotonicMs()))
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const { message } = asFailure(error)
      this.#deps.log.warn({ error: message }, `${what} failed and will be tried again`)
    }
  }

  /** One at a time: two cuts would upload, or merge, the same blocks. */
  #cutExclusively(work: () => Promise<void>): Promise<void> {
    const turn = this.#cutting.then(work)
    this.#cutting = turn.catch(() => undefined)
    return turn
  }

  async #cutDue(nowMs: number): Promise<void> {
    const { settings } = this.#deps
    const localBytes = this.tenants
      .flatMap(i => i.blocks)
      .reduce((sum, block) => sum + block.meta.bytes, 0)
    const pressed =
      this.#freezeFailed?.diskFull ||
      (settings.localBytesMax > 0 && localBytes > settings.localBytesMax)
    for (const instance of this.#instances.values()) {
      const waiting = instance.blocks.filter(block => block.uploadedMs === undefined)
      const bytes = waiting.reduce((sum, block) => sum + block.meta.bytes, 0)
      const oldestMs = Math.min(...waiting.map(block => block.meta.createdMs))
      const due =
        pressed ||
        bytes >= settings.maxBlockBytes ||
        nowMs - oldestMs >= settings.maxBlockDurationMs
      if (waiting.length > 0 && due) await this.#cut(instance)
      this.#forgetUploaded(instance, nowMs, pressed)
    }
  }

  async #cut(instance: TenantInstance): Promise<void> {
    const { disk, clock, publish, log, settings } = this.#deps
    const deps = {
      disk,
      clock,
      publish,
      log,
      freeze: this.#freezeDeps,
      merges: this.#freezeFailed?.diskFull !== true,
      retire: (block: LocalBlock) => this.#retire(instance, block),
    }
    await cutTenant(deps, instance)
    if (settings.keepUploadedMs === 0) this.#forgetUploaded(instance, clock.nowMs(), false)
  }

  /**
   * In this process the block list names a block as soon as it is uploaded. Other processes read
   * the list now and then, or when they see that a drop is announced; then it is served a little
   * longer, to queries that began before.
   */
  #forgetUploaded(instance: TenantInstance, nowMs: number, pressed: boolean): void {
    const { keepUploadedMs } = this.#deps.settings
    for (const block of [...instance.blocks]) {
      if (block.uploadedMs === undefined) continue
      if (keepUploadedMs === 0) this.#retire(instance, block)
      else if (block.leavingMs === undefined) {
        if (!pressed && nowMs - block.uploadedMs < keepUploadedMs) continue
        block.leavingMs = nowMs
        instance.dropsAnnounced++
      } else if (nowMs - block.leavingMs >= retiredKeepMs) this.#retire(instance, block)
    }
  }

  /** Queries that begin from now on do not see the block; its files go a little later. */
  #retire(instance: TenantInstance, block: LocalBlock): void {
    const at = instance.blocks.indexOf(block)
    assert(at >= 0, 'a block is retired twice')
    instance.blocks.splice(at, 1)
    this.#retired = [...this.#retired, { block, atMs: this.#deps.clock.monotonicMs() }]
  }

  async #removeRetired(nowMs: number): Promise<void> {
    // On a full disk room is worth more than a query that has to be asked again.
    const pressed = this.#freezeFailed?.diskFull || this.#stopping
    for (const retired of this.#retired) {
      const { block, atMs } = retired
      const isKept = block.holds > 0 || nowMs - atMs < retiredKeepMs
      if (isKept && !pressed) continue
      block.removed = true
      await removeLocalBlock(this.#deps.disk, block.directory)
      this.#retired = this.#retired.filter(other => other !== retired)
    }
  }

  #holdsData(): boolean {
    return this.tenants.some(instance => {
      const live = instance.live.spanCount > 0 || instance.freezing.length > 0
      return live || instance.blocks.some(block => block.uploadedMs === undefined)
    })
  }

  /**
   * After a flush and at a stop only: a push that finds nothing owed needs the object store for
   * its acknowledgement.
   */
  async #settleOwes(): Promise<void> {
    if (!this.#owesData || this.#holdsData()) return
    // First, so that a push which comes while this is written says `true` again behind it.
    this.#owesData = false
    await this.#deps.owes(false)
  }

  async #declareOwes(): Promise<void> {
    await this.#deps.owes(true)
    this.#owesData = true
  }
}

import { asFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Committed } from '../storage/blocklist/log.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { BlockListRepair } from '../storage/blocklist/repair.ts'
import { listTenants, type StoredTenant } from '../storage/blocklist/tenants.ts'
import { type CompactDeps, compact, damagedInput } from './compact.ts'
import { JobClaims } from './job-claims.ts'
import type { CompactorMetrics } from './metrics.ts'
import { applyRetention, isExpired, type RetentionDeps } from './retention.ts'
import { type CompactionJob, type SelectLimits, selectJobs } from './select.ts'

export interface CompactorDeps extends Omit<CompactDeps, 'signal'>, RetentionDeps {
  readonly log: Log
  readonly metrics: CompactorMetrics
  readonly settings: CompactorSettings
  /** Made new at each start of the process. */
  readonly bootId: string
  /** 0 = the blocks of the tenant are not merged. */
  windowMs(tenant: string): number
}

export interface CompactorSettings {
  readonly cycleMs: number
  readonly tenantTimeMaxMs: number
  readonly blockBytesMax: number
  readonly tracesMax: number
  /** How long a block is seen unlisted before repair lists it. */
  readonly settleMs: number
}

/** What a merge holds of each trace of its inputs, and of each input while it reads it. */
const bytesPerTrace = 64
const bytesPerInput = 8 * 1024 * 1024
const inputsMax = 10
const repairPeriodMs = 3_600_000
/** By then a commit that was overwritten, where the store lies about conditions, is found out. */
const confirmAfterMs = 10_000

interface Unconfirmed {
  readonly tenant: string
  readonly committed: Committed
  readonly atMs: number
}

/** Merges and removes blocks of all tenants, in cycles. Any number of them may run. */
export class Compactor {
  readonly #deps: CompactorDeps
  readonly #claims: JobClaims
  readonly #repairs = new Map<string, { pass: BlockListRepair; nextMs: number }>()
  /** Blocks that cannot be read: left where they are, for people to look at. */
  readonly #damaged = new Set<string>()
  #unconfirmed: Unconfirmed[] = []
  #running: Promise<void> = Promise.resolve()
  readonly #stopping = new AbortController()
  #cancel = () => {}

  constructor(deps: CompactorDeps) {
    this.#deps = deps
    this.#claims = new JobClaims(deps)
  }

  async start(): Promise<void> {
    // What an earlier process left there.
    await this.#deps.disk.removeTree(this.#deps.directory)
    const loop = () => {
      this.#running = this.cycle().then(() => {
        if (!this.#isStopping)
          this.#cancel = this.#deps.clock.after(this.#deps.settings.cycleMs, loop)
      })
    }
    loop()
  }

  /** A merge is given up, an upload is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancel()
    await this.#running
  }

  /** Looks after every tenant once; a failure of one is told and does not keep others waiting. */
  async cycle(): Promise<void> {
    const tenants = await this.#guard('', 'tenants cannot be listed', () =>
      listTenants(this.#deps.store),
    )
    await this.#confirm()
    for (const tenant of tenants ?? []) {
      if (this.#isStopping) return
      await this.#retain(tenant)
      await this.#guard(tenant.tenant, 'block list cannot be repaired', () => this.#repair(tenant))
      await this.#guard(tenant.tenant, 'blocks cannot be selected', () => this.#compact(tenant))
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #retain(tenant: StoredTenant): Promise<void> {
    const { log, metrics } = this.#deps
    const done = metrics.retentionSeconds.startTimer()
    try {
      const { expired, deleted } = await applyRetention(this.#deps, tenant)
      metrics.markedForDeletion.inc(expired)
      metrics.deleted.inc(deleted)
      if (expired + deleted > 0) log.info({ ...tenant, expired, deleted }, 'old blocks removed')
    } catch (error) {
      metrics.retentionErrors.inc()
      const { message } = asFailure(error)
      log.warn({ ...tenant, error: message }, 'retention failed and will be tried again')
    }
    done()
  }

  /** Hourly: what the log should list and does not. */
  async #repair({ tenant, folder }: StoredTenant): Promise<void> {
    const { store, clock, log, settings } = this.#deps
    let repair = this.#repairs.get(tenant)
    if (!repair) {
      const options = { store, folder, clock, log: this.#deps.logFor(tenant) }
      const pass = new BlockListRepair({ ...options, settleMs: settings.settleMs })
      repair = { pass, nextMs: 0 }
      this.#repairs.set(tenant, repair)
    }
    if (clock.monotonicMs() < repair.nextMs) return
    repair.nextMs = clock.monotonicMs() + repairPeriodMs
    const { added, damaged, unreadable } = await repair.pass.pass()
    if (added.length > 0) log.warn({ tenant, blocks: added }, 'blocks were missing in the list')
    if (damaged.length > 0) log.error({ tenant, blocks: damaged }, 'listed blocks are incomplete')
    for (const { key, reason } of unreadable) {
      log.error({ tenant, key, reason }, 'block description cannot be read')
    }
    await this.#claims.sweep(folder)
  }

  async #compact(tenant: StoredTenant): Promise<void> {
    const { clock, settings, metrics } = this.#deps
    const endMs = clock.monotonicMs() + settings.tenantTimeMaxMs
    const failed = new Set<string>()
    for (;;) {
      const jobs = this.#jobs(tenant.tenant)
      const outstanding = jobs.reduce((sum, job) => sum + job.inputs.length, 0)
      metrics.outstandingBlocks.set({ tenant: tenant.tenant }, outstanding)
      const job = jobs.find(candidate => !failed.has(candidate.id))
      if (!job || this.#isStopping || clock.monotonicMs() >= endMs) return
      if (!(await this.#runClaimed(tenant, job))) failed.add(job.id)
    }
  }

  #jobs(tenant: string): CompactionJob[] {
    const { clock } = this.#deps
    const limits = this.#limits(tenant)
    if (limits.windowMs === 0) return []
    const nowMs = clock.nowMs()
    const retentionMs = this.#deps.retentionMs(tenant)
    const listed = [...this.#deps.logFor(tenant).view().blocks.values()]
    const blocks = listed.filter(block => {
      return !this.#damaged.has(block.id) && !isExpired(block, nowMs, retentionMs)
    })
    return selectJobs(tenant, blocks, nowMs, limits)
  }

  #limits(tenant: string): SelectLimits {
    const { settings, memoryBytes } = this.#deps
    return {
      windowMs: this.#deps.windowMs(tenant),
      blockBytesMax: settings.blockBytesMax,
      tracesMax: Math.min(settings.tracesMax, Math.floor(memoryBytes / 4 / bytesPerTrace)),
      inputsMax: Math.max(2, Math.min(inputsMax, Math.floor(memoryBytes / bytesPerInput))),
    }
  }

  /** False when the job failed or is another's: not to be tried again in this cycle. */
  async #runClaimed(tenant: StoredTenant, job: CompactionJob): Promise<boolean> {
    const claim = await this.#claims.claim(tenant.folder, job.id)
    if (!claim) return false
    const isDone = await this.#run(job, claim.attempt)
    if (isDone) await claim.release()
    else claim.abandon()
    return isDone
  }

  async #run(job: CompactionJob, attempt: number): Promise<boolean> {
    const { clock } = this.#deps
    const beganMs = clock.monotonicMs()
    try {
      const { output, commit } = await compact(
        { ...this.#deps, signal: this.#stopping.signal },
        job,
        attempt,
      )
      if (commit.kind === 'committed') {
        const { tenant } = job
        this.#unconfirmed.push({ tenant, committed: commit, atMs: clock.monotonicMs() })
      }
      if (commit.kind !== 'refused') this.#tell(job, output, clock.monotonicMs() - beganMs)
      return true
    } catch (error) {
      if (this.#isStopping) return true
      return this.#fail(job, error)
    }
  }

  #tell(job: CompactionJob, output: BlockMeta, tookMs: number): void {
    const { log, metrics } = this.#deps
    const level = { level: String(job.level - 1) }
    const inputTraces = job.inputs.reduce((sum, input) => sum + input.traces, 0)
    metrics.blocks.inc(level, job.inputs.length)
    metrics.bytesWritten.inc(level, output.bytes)
    metrics.tracesWritten.inc(level, output.traces)
    metrics.tracesCombined.inc(level, inputTraces - output.traces)
    const { tenant, id: blockId, spans, bytes } = output
    const inputs = job.inputs.length
    log.info({ tenant, blockId, inputs, spans, bytes, tookMs: Math.round(tookMs) }, 'blocks merged')
  }

  /** True when the job is over: it will not be selected again as it is. */
  async #fail(job: CompactionJob, error: unknown): Promise<boolean> {
    const { log, metrics } = this.#deps
    const { tenant } = job
    metrics.errors.inc()
    const { message, fields } = asFailure(error)
    const damaged = damagedInput(job, error)
    if (damaged) {
      this.#damaged.add(damaged.id)
      metrics.damagedBlocks.inc({ tenant })
      const where = { tenant, blockId: damaged.id, ...fields, error: message }
      log.error(where, 'block cannot be read and is left out of merges')
      return true
    }
    log.warn({ tenant, jobId: job.id, error: message }, 'blocks cannot be merged; tried again')
    // The list may be old: others merge and delete, too.
    await this.#guard(tenant, 'block list cannot be read', () => this.#deps.logFor(tenant).poll())
    return false
  }

  /** Looks after commits that were made some time ago. */
  async #confirm(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs()
    const due = this.#unconfirmed.filter(({ atMs }) => nowMs - atMs > confirmAfterMs)
    this.#unconfirmed = this.#unconfirmed.filter(commit => !due.includes(commit))
    for (const commit of due) {
      const { tenant, committed } = commit
      const found = await this.#guard(tenant, 'commit cannot be confirmed', () =>
        this.#deps.logFor(tenant).confirm(committed),
      )
      if (!found) this.#unconfirmed.push(commit)
    }
  }

  async #guard<T>(tenant: string, what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#deps.log.warn({ tenant, error: asFailure(error).message }, what)
      return undefined
    }
  }
}

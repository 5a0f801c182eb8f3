import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { FaultDisk } from '../base/fault-disk.ts'
import type { Log } from '../base/log.ts'
import { Metrics } from '../base/metrics.ts'
import { everySpan } from '../model/predicate.ts'
import { composeSearch, composeTrace } from '../search/compose.ts'
import { LocalSource } from '../search/query-source.ts'
import { blockBytes, segmentOf } from '../search/sources-fixture.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { writeBlock } from '../storage/block/writer.ts'
import { blockReader, uploadBlock } from '../storage/blocklist/block-store.ts'
import { BlockLog } from '../storage/blocklist/log.ts'
import { type BlockMeta, blockMetaVersion } from '../storage/blocklist/meta.ts'
import { decodeSpans } from '../storage/live/plain-decode-fixture.ts'
import type { PlainSpan } from '../storage/live/plain-spans-fixture.ts'
import { FaultyStore } from '../storage/object/faulty.ts'
import { MemoryStore } from '../storage/object/memory.ts'
import { bytesSource } from '../storage/object/upload-source.ts'
import { Compactor } from './compactor.ts'
import { compactorMetrics } from './metrics.ts'

/** Compactors on one object store that fails on demand, and a reader on one that does not. */

export const tenant = 'team-1'
const hourMs = 3_600_000
const never = new AbortController().signal

const keyOf = (span: PlainSpan) => `${span.traceId}/${span.spanId}/${span.startNs}`

export class Cluster {
  /** Two hours after the spans of the tests, so that their window is closed. */
  readonly clock = new ManualClock(1_700_000_000_000 + 3 * hourMs)
  readonly memory = new MemoryStore(this.clock)
  readonly store = new FaultyStore(this.memory, this.clock)
  readonly disk = new FaultDisk(() => this.clock.nowMs())
  readonly reader = this.#log('reader', this.memory)
  readonly sent = new Set<string>()
  readonly told: { level: string; message: string; fields: Record<string, unknown> }[] = []
  retentionMs = 0
  readonly metrics = new Metrics()
  readonly #compactorMetrics = compactorMetrics(this.metrics)

  #log(by: string, store = this.store as FaultyStore | MemoryStore): BlockLog {
    return new BlockLog({ store, folder: tenant, by, clock: this.clock })
  }

  #teller(): Log {
    const tell = (level: string) => (fields: Record<string, unknown>, message: string) => {
      this.told.push({ level, message, fields })
    }
    return { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') }
  }

  /** A process with a memory of its own: what it knows ends with it. */
  compactor(instance = 'compactor-0', bootId = 'boot-1'): Compactor {
    const log = this.#log(instance)
    return new Compactor({
      store: this.store,
      disk: this.disk,
      clock: this.clock,
      log: this.#teller(),
      logFor: () => log,
      metrics: this.#compactorMetrics,
      directory: `/data/${instance}`,
      // As limits of containers are: a share of it is no whole number.
      memoryBytes: 64_000_001,
      instance,
      bootId,
      graceMs: hourMs,
      retentionMs: () => this.retentionMs,
      windowMs: () => hourMs,
      settings: {
        cycleMs: 30_000,
        tenantTimeMaxMs: 300_000,
        blockBytesMax: 1e9,
        tracesMax: 1e6,
        settleMs: 1_800_000,
      },
    })
  }

  /** Uploads and lists a block, without faults. */
  async add(id: string, spans: readonly PlainSpan[], more: Partial<BlockMeta> = {}): Promise<void> {
    const segment = segmentOf(spans)
    const bytes = blockBytes(segment)
    const steps = writeBlock(segment, () => {})
    let step = steps.next()
    while (!step.done) step = steps.next()
    const written = step.value
    const meta: BlockMeta = {
      ...written,
      version: blockMetaVersion,
      id,
      tenant,
      minStartNs: written.minStartNs.toString(),
      maxStartNs: written.maxStartNs.toString(),
      maxEndNs: written.maxEndNs.toString(),
      createdBy: 'ingester-0',
      createdMs: this.clock.nowMs() - hourMs,
      level: 0,
      ...more,
    }
    await uploadBlock(this.memory, tenant, meta, bytesSource(bytes))
    await this.#log('ingester-0', this.memory).commit({ adds: [meta] })
    for (const span of spans) this.sent.add(keyOf(span))
  }

  async blocks(): Promise<BlockMeta[]> {
    return [...(await this.reader.poll()).blocks.values()]
  }

  async sources(): Promise<LocalSource[]> {
    const cache = createBlockCache(16e6)
    const open = async (meta: BlockMeta) => {
      const file = await BlockFile.open(meta.id, blockReader(this.memory, tenant, meta), cache)
      return new LocalSource(new BlockSource(file))
    }
    return Promise.all((await this.blocks()).map(open))
  }

  /** Every span can be read, by search and by id, and none of them twice. */
  async check(what: string): Promise<void> {
    const sources = await this.sources()
    const request = { spans: everySpan, traceAll: [], limit: 1000, spansPerSpanSet: 0, select: [] }
    const { hits } = await composeSearch(sources, request, never)
    const found: string[] = []
    for (const { traceId, spanSets } of hits) {
      const { matched } = spanSets[0]!
      const { trace } = await composeTrace(sources, { traceId })
      const spans = decodeSpans(trace!)
      assert.is(matched, spans.length, `${what}: search of ${traceId}`)
      found.push(...spans.map(keyOf))
    }
    assert.equal(found.sort(), [...this.sent].sort(), what)
  }
}

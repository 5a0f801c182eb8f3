import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { FaultDisk } from '../base/fault-disk.ts'
import { everySpan } from '../model/predicate.ts'
import { composeSearch, composeTrace } from '../search/compose.ts'
import { LocalSource } from '../search/query-source.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { decodeSpans } from '../storage/live/plain-decode-fixture.ts'
import {
  encodeSpans,
  hexId,
  type PlainSpan,
  plainSpan,
} from '../storage/live/plain-spans-fixture.ts'
import { inlineWal } from '../storage/wal/wal.ts'
import { Ingester, type IngesterDeps, type IngesterSettings } from './ingester.ts'

/** An ingester on a disk that fails on demand, with an object store that never does. */

export const walDirectory = '/data/wal'

export const settings: IngesterSettings = {
  walDirectory,
  instance: 'ingester-0',
  freezeAfterMs: 60_000,
  liveBytesMax: 64e6,
  maxBlockDurationMs: 600_000,
  maxBlockBytes: 1e9,
  keepUploadedMs: 60_000,
  checkPeriodMs: 1000,
  localBytesMax: 0,
}

const never = new AbortController().signal

/** Spans of a trace are named after when they were sent. */
export function batch(number: number, traces: readonly number[], spans = 2): PlainSpan[] {
  return traces.flatMap(trace =>
    Array.from({ length: spans }, (_, i) =>
      plainSpan({
        traceId: hexId(trace, 16),
        spanId: hexId(number * 1000 + i + 1, 8),
        parentId: i === 0 ? '' : hexId(number * 1000 + 1, 8),
        name: `sent ${number}`,
        startNs: 1_700_000_000_000_000_000n + BigInt(number * 1_000_000 + trace * 1000 + i),
        endNs: 1_700_000_000_001_000_000n + BigInt(number * 1_000_000),
      }),
    ),
  )
}

const keyOf = (span: PlainSpan) => `${span.traceId}/${span.spanId}`

export class Simulation {
  readonly clock = new ManualClock()
  readonly disk = new FaultDisk(() => this.clock.nowMs())
  /** What the object store has, by id. */
  readonly uploaded = new Map<string, LocalSource>()
  readonly published: string[] = []
  readonly sent = new Set<string>()
  readonly acknowledged = new Set<string>()
  readonly warnings: string[] = []
  readonly owes: boolean[] = []
  publishFails = false
  settings: IngesterSettings
  ingester: Ingester

  constructor(more: Partial<IngesterSettings> = {}) {
    this.settings = { ...settings, ...more }
    this.ingester = this.#make()
  }

  #make(): Ingester {
    const { disk, clock } = this
    const deps: IngesterDeps = {
      disk,
      clock,
      cache: createBlockCache(16e6),
      settings: this.settings,
      log: {
        info: () => undefined,
        warn: (fields, message) => this.warnings.push(`${message} ${JSON.stringify(fields)}`),
      },
      limitsFor: () => ({ traceBytesMax: 0, liveTracesMax: 0 }),
      openWal: () => inlineWal(disk, walDirectory),
      publish: (tenant, meta, path) => this.#publish(disk, tenant, meta, path),
      owes: async pending => {
        this.owes.push(pending)
      },
    }
    return new Ingester(deps)
  }

  async #publish(disk: Disk, _tenant: string, meta: BlockMeta, path: string): Promise<void> {
    const bytes = disk.readFileSync(path)
    if (this.publishFails) throw new Error('the object store does not answer')
    this.published.push(meta.id)
    const reader = {
      object: meta.id,
      size: bytes.length,
      read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
    }
    const file = await BlockFile.open(meta.id, reader, createBlockCache(16e6))
    this.uploaded.set(meta.id, new LocalSource(new BlockSource(file)))
  }

  start(): Promise<void> {
    return this.ingester.start()
  }

  /** Power fails; a new process starts on what is left. */
  async restart(unsynced: 'lost' | 'kept' | (() => number) = 'lost'): Promise<void> {
    this.disk.crash({ unsynced })
    this.ingester = this.#make()
    await this.ingester.start()
  }

  async push(spans: readonly PlainSpan[]): Promise<void> {
    for (const span of spans) this.sent.add(keyOf(span))
    await this.ingester.push('t', encodeSpans(spans))
    for (const span of spans) this.acknowledged.add(keyOf(span))
  }

  sources() {
    return [this.ingester.source('t'), ...this.uploaded.values()]
  }

  /** Everything acknowledged is there, nothing comes twice, and both kinds of query agree. */
  async check(what: string): Promise<void> {
    const traces = new Set([...this.sent].map(key => key.split('/')[0]!))
    const request = { spans: everySpan, traceAll: [], limit: 1000, spansPerSpanSet: 0, select: [] }
    const { hits } = await composeSearch(this.sources(), request, never)
    const counts = new Map(hits.map(hit => [hit.traceId, hit.spanSets[0]!.matched]))
    assert.is(counts.size, hits.length, `${what}: a trace is listed twice`)
    const found = new Set<string>()
    for (const traceId of traces) {
      const { trace } = await composeTrace(this.sources(), { traceId })
      const spans = trace ? decodeSpans(trace) : []
      for (const span of spans) {
        assert.not.ok(found.has(keyOf(span)), `${what}: ${keyOf(span)} comes twice`)
        assert.ok(this.sent.has(keyOf(span)), `${what}: ${keyOf(span)} was never sent`)
        found.add(keyOf(span))
      }
      assert.is(counts.get(traceId) ?? 0, spans.length, `${what}: search of ${traceId}`)
    }
    for (const key of this.acknowledged) assert.ok(found.has(key), `${what}: ${key} is lost`)
  }

  /** Bytes on the WAL volume. */
  diskBytes(): number {
    return this.disk.paths().reduce((sum, path) => sum + this.disk.statSync(path)!.sizeBytes, 0)
  }
}

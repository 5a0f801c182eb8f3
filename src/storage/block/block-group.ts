import { ascending } from '../../base/ascending.ts'
import { assert } from '../../base/assert.ts'
import type {
  ColumnGroup,
  ColumnRef,
  GroupNeed,
  ItemDomain,
  StartsInTraces,
  TraceColumns,
  TreeColumns,
  Vector,
} from '../../model/column-batch.ts'
import { Scope, type ScopeCode } from '../../model/columns.ts'
import type { BlockFile } from './block-file.ts'
import type { DecodedChunk } from './decode.ts'
import type { IntrinsicColumn } from './format.ts'
import { dense, presenceOf, presentVector, toVector } from './vectors.ts'

const needs: Record<GroupNeed, readonly IntrinsicColumn[]> = {
  traceOfRow: ['trace.spans'],
  durations: ['span.duration.low', 'span.duration.high'],
  starts: [
    'trace.spans',
    'trace.start.low',
    'trace.start.high',
    'span.start.low',
    'span.start.high',
  ],
  events: ['event.row'],
  eventOffsets: ['event.row', 'event.time.low', 'event.time.high'],
  links: ['link.row', 'link.ids'],
  resources: ['span.resource'],
  scopes: ['span.scope'],
  traces: ['trace.start.low', 'trace.start.high', 'trace.duration.low', 'trace.duration.high'],
  tree: ['trace.spans', 'span.depth', 'orphan.row'],
  parents: ['trace.spans', 'span.depth', 'span.id', 'orphan.row', 'orphan.parent'],
  summaries: [
    'trace.id',
    'trace.spans',
    'trace.hasRoot',
    'trace.rootName',
    'trace.rootService',
    'trace.services',
    'service.name',
    'service.spans',
    'service.errors',
  ],
}

/** Intrinsic columns that needs and attribute columns bring along (an attribute needs its shapes). */
export function needColumns(
  wanted: ReadonlySet<GroupNeed>,
  columns: readonly ColumnRef[],
): Set<IntrinsicColumn> {
  const keys = new Set<IntrinsicColumn>()
  for (const need of wanted) for (const key of needs[need]) keys.add(key)
  for (const { name } of columns) {
    if (name.scope === Scope.span) keys.add('span.shape')
    if (name.scope === Scope.event) keys.add('event.shape')
    if (name.scope === Scope.link) keys.add('link.shape')
    const row = `${name.key}.row` as IntrinsicColumn
    if (name.scope === Scope.intrinsic && rarePairs.has(name.key)) keys.add(row)
  }
  return keys
}

const rarePairs = new Set([
  'statusMessage',
  'traceState',
  'flags',
  'droppedAttributes',
  'droppedEvents',
  'droppedLinks',
])

/** A row group of a block with some of its chunks decoded. */
export class BlockGroup implements ColumnGroup {
  readonly rows: number
  readonly traces: number
  readonly #file: BlockFile
  readonly #group: number
  readonly #intrinsic: (key: string) => ColumnRef | null
  readonly #chunks: ReadonlyMap<number, DecodedChunk>
  #traceOfRow: Uint32Array | undefined
  #traceRows: Uint32Array | undefined
  #tree: TreeColumns | undefined

  constructor(
    file: BlockFile,
    group: number,
    intrinsic: (key: string) => ColumnRef | null,
    chunks: ReadonlyMap<number, DecodedChunk>,
  ) {
    this.rows = file.f.groupSpans[group]!
    this.traces = file.f.groupTraces[group]!
    this.#file = file
    this.#group = group
    this.#intrinsic = intrinsic
    this.#chunks = chunks
  }

  vector(ref: ColumnRef): Vector | null {
    const id = this.#file.chunkOf(ref.id, this.#group)
    if (id < 0) return null
    const chunk = this.#chunks.get(id)
    assert(chunk, `column ${ref.name.key} was not loaded`)
    const vector = toVector(chunk, null)
    switch (ref.name.scope) {
      case Scope.span:
        return this.#present(ref, vector, 'span.shape')
      case Scope.event:
        return this.#present(ref, vector, 'event.shape')
      case Scope.link:
        return this.#present(ref, vector, 'link.shape')
      default:
        return rarePairs.has(ref.name.key)
          ? { ...vector, items: this.#integers(`${ref.name.key}.row`) }
          : vector
    }
  }

  traceOfRow(): Uint32Array {
    if (this.#traceOfRow) return this.#traceOfRow
    const traceRows = this.traceRows()
    const out = new Uint32Array(this.rows)
    for (let trace = 0; trace < this.traces; trace++) {
      const end = traceRows[trace + 1]!
      for (let row = traceRows[trace]!; row < end; row++) out[row] = trace
    }
    this.#traceOfRow = out
    return out
  }

  traceRows(): Uint32Array {
    if (this.#traceRows) return this.#traceRows
    const spans = this.#named('trace.spans')!
    const out = new Uint32Array(this.traces + 1)
    for (let i = 0; i < this.traces; i++) out[i + 1] = out[i]! + spans.values[i]! + spans.base
    this.#traceRows = out
    return out
  }

  startsInTraces(): StartsInTraces {
    const { baseHigh, baseNs } = this.#startBase()
    const low = this.#named('trace.start.low')!
    const high = this.#named('trace.start.high')!
    const traces = new Float64Array(this.traces)
    for (let i = 0; i < traces.length; i++) {
      traces[i] = (high.values[i]! + high.base - baseHigh) * 4294967296 + low.values[i]! + low.base
    }
    return {
      baseNs,
      traces,
      low: this.#named('span.start.low')!,
      high: this.#named('span.start.high')!,
      lowMax: this.#greatest('span.start.low'),
      isShort: this.#greatest('span.start.high') === 0,
    }
  }

  itemRows(domain: ItemDomain): Uint32Array {
    return this.#integers(domain === 'event' ? 'event.row' : 'link.row')
  }

  ownerOfRow(scope: ScopeCode): Vector {
    return this.#named(scope === Scope.resource ? 'span.resource' : 'span.scope')!
  }

  durations(): Vector {
    const high = this.#named('span.duration.high')
    const low = this.#named('span.duration.low')
    // Where no span lasts 4.3 s the low lane is the duration, as it is stored.
    if (high && low && this.#greatest('span.duration.high') === 0) return low
    return dense(this.#signedLanes('span.duration', true))
  }

  startOffsets(): { baseNs: bigint; offsets: Float64Array } {
    const low = this.#named('trace.start.low')!
    const high = this.#named('trace.start.high')!
    const ownLow = this.#named('span.start.low')!
    const ownHigh = this.#named('span.start.high')!
    const offsets = new Float64Array(this.rows)
    const traceOfRow = this.traceOfRow()
    const { baseHigh, baseNs } = this.#startBase()
    const fixedHigh = high.base + ownHigh.base - baseHigh
    const fixedLow = low.base + ownLow.base
    for (let row = 0; row < offsets.length; row++) {
      const trace = traceOfRow[row]!
      offsets[row] =
        (high.values[trace]! + ownHigh.values[row]! + fixedHigh) * 4294967296 +
        (low.values[trace]! + ownLow.values[row]! + fixedLow)
    }
    return { baseNs, offsets }
  }

  eventOffsets(): Float64Array {
    return this.#signedLanes('event.time', false)
  }

  traceColumns(): TraceColumns {
    return {
      startLow: this.#integers('trace.start.low'),
      startHigh: this.#integers('trace.start.high'),
      durationLow: this.#integers('trace.duration.low'),
      durationHigh: this.#integers('trace.duration.high'),
    }
  }

  tree(): TreeColumns {
    if (this.#tree) return this.#tree
    const orphan = new Uint8Array(this.rows)
    for (const row of this.#integers('orphan.row')) orphan[row] = 1
    const stored = this.#named('span.depth')!
    const isPlain = stored.base === 0 && !(stored.values instanceof Float64Array)
    this.#tree = {
      order: ascending(this.rows),
      depth: isPlain ? (stored.values as Uint8Array) : this.#integers('span.depth'),
      orphan,
      traceStart: this.traceRows(),
    }
    return this.#tree
  }

  parentIds(): Uint8Array {
    const depth = this.#integers('span.depth')
    const ids = this.#named('span.id')!.values as Uint8Array
    const out = new Uint8Array(this.rows * 8)
    const rowAtDepth: number[] = []
    for (let row = 0; row < this.rows; row++) {
      const d = depth[row]!
      rowAtDepth[d] = row
      if (d === 0) continue
      const parent = rowAtDepth[d - 1]!
      out.set(ids.subarray(parent * 8, parent * 8 + 8), row * 8)
    }
    const orphans = this.#named('orphan.parent')
    this.#integers('orphan.row').forEach((row, i) => {
      if (orphans) out.set((orphans.values as Uint8Array).subarray(i * 8, i * 8 + 8), row * 8)
    })
    return out
  }

  #present(ref: ColumnRef, vector: Vector, shapeKey: IntrinsicColumn): Vector {
    const { like } = presenceOf(this.#file, ref.id)
    const key = `${this.#file.id}/p${like}/${this.#group}`
    const known = this.#file.cache.get<{ items: Uint32Array | null }>(key)
    if (known) return { ...vector, items: known.items }
    const full = presentVector(this.#file, ref, vector, this.#named(shapeKey)!)
    this.#file.cache.set(key, { items: full.items }, (full.items?.byteLength ?? 0) + 100)
    return full
  }

  /** The latest start less 52 days: within these, lanes add up exactly in a double. */
  #startBase(): { baseHigh: number; baseNs: bigint } {
    const { groupTimes } = this.#file.f
    const at = this.#group * 10
    const baseHigh = Math.max(groupTimes[at + 5]!, groupTimes[at + 7]! - (1 << 20))
    return { baseHigh, baseNs: BigInt(baseHigh) << 32n }
  }

  /** By the statistics; NaN: there are no values. */
  #greatest(key: string): number {
    const ref = this.#intrinsic(key)
    const chunk = ref ? this.#file.chunkOf(ref.id, this.#group) : -1
    return chunk < 0 ? Number.NaN : this.#file.f.chunkMax[chunk]!
  }

  #named(key: string): Vector | null {
    const ref = this.#intrinsic(key)
    return ref ? this.vector(ref) : null
  }

  /** A column of u32 with its base added; empty when the group has none. */
  #integers(key: string): Uint32Array {
    const vector = this.#named(key)
    if (!vector) return new Uint32Array(0)
    const out = new Uint32Array(vector.count)
    for (let i = 0; i < out.length; i++) out[i] = vector.values[i]! + vector.base
    return out
  }

  /** Two u32 lanes as a signed 64-bit difference in ns; `clamp` turns negative ones into 0. */
  #signedLanes(name: string, clamp: boolean): Float64Array {
    const low = this.#named(`${name}.low`)
    const high = this.#named(`${name}.high`)
    const out = new Float64Array(low?.count ?? 0)
    if (!low || !high) return out
    for (let i = 0; i < out.length; i++) {
      // One rounding only, as in live data.
      out[i] = ((high.values[i]! + high.base) | 0) * 4294967296 + (low.values[i]! + low.base)
    }
    if (clamp) for (let i = 0; i < out.length; i++) if (out[i]! < 0) out[i] = 0
    return out
  }
}

import { Corruption } from '../../base/errors.ts'
import { hashLow, hashTraceId } from '../../model/hash.ts'
import { cutGroups, orderTraces } from '../live/block-order.ts'
import type { BlockFile } from './block-file.ts'
import type { DecodedChunk } from './decode.ts'
import * as format from './format.ts'
import { IndexCursor } from './index-cursor.ts'

/** What becomes of an input's trace. */
export const Fate = {
  /** It goes into the output as it is. */
  taken: 0,
  /** Another input has the same trace, or an assembled one has its spans. */
  dropped: 1,
  /** Its spans differ from those that other inputs have of the trace: to be assembled. */
  split: 2,
} as const

/** The traces of all inputs and what becomes of them: about 60 bytes for each. */
export class MergeTraces {
  readonly files: readonly BlockFile[]
  /** First trace number of each (input, group), inputs one after another; then the number of all. */
  readonly #groupFirst: Uint32Array
  /** Input and group of each element of `#groupFirst`. */
  readonly #groupInput: Uint16Array
  readonly #groupInInput: Uint16Array
  readonly #inputFirstGroup: Uint32Array
  readonly count: number
  readonly ids: Uint8Array
  readonly #startHigh: Uint32Array
  readonly #startLow: Uint32Array
  readonly #duration: Float64Array
  readonly spans: Uint32Array
  readonly fingerprintLow: Uint32Array
  readonly fingerprintHigh: Uint32Array
  readonly fate: Uint8Array
  /** Trace numbers by hash of the id; equal hashes are neighbours. */
  readonly byHash: Uint32Array

  private constructor(files: readonly BlockFile[]) {
    this.files = files
    const groups = files.reduce((sum, file) => sum + file.groupCount, 0)
    this.#groupFirst = new Uint32Array(groups + 1)
    this.#groupInput = new Uint16Array(groups)
    this.#groupInInput = new Uint16Array(groups)
    this.#inputFirstGroup = new Uint32Array(files.length)
    let at = 0
    let count = 0
    files.forEach((file, input) => {
      this.#inputFirstGroup[input] = at
      for (let group = 0; group < file.groupCount; group++, at++) {
        this.#groupFirst[at] = count
        this.#groupInput[at] = input
        this.#groupInInput[at] = group
        count += file.f.groupTraces[group]!
      }
    })
    this.#groupFirst[groups] = count
    this.count = count
    this.ids = new Uint8Array(count * 16)
    this.#startHigh = new Uint32Array(count)
    this.#startLow = new Uint32Array(count)
    this.#duration = new Float64Array(count)
    this.spans = new Uint32Array(count)
    this.fingerprintLow = new Uint32Array(count)
    this.fingerprintHigh = new Uint32Array(count)
    this.fate = new Uint8Array(count)
    this.byHash = new Uint32Array(count)
  }

  /** Reads the indexes and the trace columns of all inputs; yields between groups. */
  static async *load(files: readonly BlockFile[]): AsyncGenerator<void, MergeTraces> {
    const traces = new MergeTraces(files)
    for (let at = 0; at < traces.#groupInput.length; at++) {
      await traces.#loadGroup(at)
      yield
    }
    yield* traces.#joinIndexes()
    return traces
  }

  /** Where a trace lies: its input, its group there and its number in the group. */
  place(trace: number): { input: number; group: number; trace: number } {
    let low = 0
    let high = this.#groupInput.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#groupFirst[middle]! <= trace) low = middle
      else high = middle - 1
    }
    return {
      input: this.#groupInput[low]!,
      group: this.#groupInInput[low]!,
      trace: trace - this.#groupFirst[low]!,
    }
  }

  numberOf(input: number, group: number, trace: number): number {
    return this.#groupFirst[this.#inputFirstGroup[input]! + group]! + trace
  }

  /**
   * Decides the fate of every trace. Inputs from `assembledFrom` on were assembled from others and
   * win over these. Returns the split sets: the trace numbers of one trace id each.
   */
  decide(assembledFrom: number): number[][] {
    const splits: number[][] = []
    const firstAssembled =
      assembledFrom < this.files.length ? this.numberOf(assembledFrom, 0, 0) : this.count
    this.fate.fill(Fate.taken)
    for (let from = 0, to = 1; from < this.count; from = to++) {
      while (to < this.count && this.#sameHash(this.byHash[from]!, this.byHash[to]!)) to++
      if (to - from === 1) continue
      for (const same of this.#sameIds(this.byHash.subarray(from, to))) {
        const split = this.#decideOne(same, firstAssembled)
        if (split) splits.push(same)
      }
    }
    return splits
  }

  /** The taken traces in the order of the output, and where its groups begin. */
  order(): MergeOrder {
    // By number they are nearly sorted: each input has its own in order.
    const numbers = new Uint32Array(this.count).map((_, trace) => trace)
    const taken = numbers.filter(trace => this.fate[trace] === Fate.taken)
    const [startHigh, startLow] = [this.#startHigh, this.#startLow]
    const facts = { ids: this.ids, startHigh, startLow, duration: this.#duration }
    const { traces, regular } = orderTraces(facts, taken, format.groupLimits)
    const traceRow = new Uint32Array(traces.length + 1)
    for (let i = 0; i < traces.length; i++) traceRow[i + 1] = traceRow[i]! + this.spans[traces[i]!]!
    const groupTrace = cutGroups(traceRow, traces.length, regular, format.groupLimits)
    return { traces, groupTrace }
  }

  /** Puts numbers in order of the traces' starts: neighbours lie in the same groups. */
  sortByStart(sets: number[][]): void {
    const [high, low] = [this.#startHigh, this.#startLow]
    sets.sort(([a], [b]) => high[a!]! - high[b!]! || low[a!]! - low[b!]!)
  }

  /** The trace-ID index of the output, page by page. */
  *indexPages(order: MergeOrder): Generator<Uint8Array> {
    const place = new Uint32Array(this.count)
    for (let group = 0; group + 1 < order.groupTrace.length; group++) {
      const first = order.groupTrace[group]!
      for (let i = first; i < order.groupTrace[group + 1]!; i++) {
        place[order.traces[i]!] = group * 1_048_576 + (i - first)
      }
    }
    const page = new Uint32Array(format.indexPageEntries)
    let n = 0
    for (const trace of this.byHash) {
      if (this.fate[trace] !== Fate.taken) continue
      page[n++] = trace
      if (n < page.length) continue
      yield this.#indexPage(page, place)
      n = 0
    }
    if (n > 0) yield this.#indexPage(page.subarray(0, n), place)
  }

  #indexPage(traces: Uint32Array, place: Uint32Array): Uint8Array {
    const n = traces.length
    const lanes = new Uint32Array(6 * n)
    for (let k = 0; k < n; k++) {
      const trace = traces[k]!
      lanes[k] = hashTraceId(this.ids, trace * 16)
      lanes[n + k] = hashLow()
      lanes[2 * n + k] = place[trace]!
      lanes[3 * n + k] = this.spans[trace]!
      lanes[4 * n + k] = this.fingerprintLow[trace]!
      lanes[5 * n + k] = this.fingerprintHigh[trace]!
    }
    return new Uint8Array(lanes.buffer)
  }

  async #loadGroup(at: number): Promise<void> {
    const file = this.files[this.#groupInput[at]!]!
    const read = await readGroupColumns(file, this.#groupInInput[at]!, traceColumns)
    const first = this.#groupFirst[at]!
    const count = this.#groupFirst[at + 1]! - first
    this.ids.set(read('trace.id').values as Uint8Array, first * 16)
    const startLow = read('trace.start.low')
    const startHigh = read('trace.start.high')
    const durationLow = read('trace.duration.low')
    const durationHigh = read('trace.duration.high')
    for (let i = 0; i < count; i++) {
      this.#startHigh[first + i] = startHigh.values[i]! + startHigh.base
      this.#startLow[first + i] = startLow.values[i]! + startLow.base
      this.#duration[first + i] =
        (durationHigh.values[i]! + durationHigh.base) * 4294967296 +
        (durationLow.values[i]! + durationLow.base)
    }
  }

  /** The inputs' indexes are sorted by hash: together they are merged. */
  async *#joinIndexes(): AsyncGenerator<void> {
    const cursors = this.files.map(file => new IndexCursor(file))
    for (const cursor of cursors) await cursor.next()
    for (let n = 0; n < this.count; n++) {
      let least = -1
      for (let i = 0; i < cursors.length; i++) {
        if (cursors[i]!.ended) continue
        if (least < 0 || cursors[i]!.isBefore(cursors[least]!)) least = i
      }
      const cursor = cursors[least]!
      const trace = this.numberOf(least, cursor.group, cursor.trace)
      this.byHash[n] = trace
      this.spans[trace] = cursor.spans
      this.fingerprintLow[trace] = cursor.fingerprintLow
      this.fingerprintHigh[trace] = cursor.fingerprintHigh
      this.#checkHash(cursor, trace)
      if (!cursor.step()) {
        await cursor.next()
        yield
      }
    }
  }

  /** An index that does not belong to its trace column would mix up traces for ever. */
  #checkHash(cursor: IndexCursor, trace: number): void {
    const high = hashTraceId(this.ids, trace * 16)
    if (high === cursor.hashHigh && hashLow() === cursor.hashLow) return
    const { object } = cursor.file.reader
    throw new Corruption('trace index points to another trace', {
      object,
      offset: cursor.file.f.indexOffset,
    })
  }

  #sameHash(a: number, b: number): boolean {
    const high = hashTraceId(this.ids, a * 16)
    const low = hashLow()
    return high === hashTraceId(this.ids, b * 16) && low === hashLow()
  }

  /** Traces of one hash by their ids: nearly always one set. */
  #sameIds(traces: Uint32Array): number[][] {
    const sets: number[][] = []
    for (const trace of traces) {
      const id = this.ids.subarray(trace * 16, trace * 16 + 16)
      const set = sets.find(([first]) => {
        return Buffer.compare(this.ids.subarray(first! * 16, first! * 16 + 16), id) === 0
      })
      if (set) set.push(trace)
      else sets.push([trace])
    }
    return sets
  }

  /** True when the traces, all of one id, have to be assembled. */
  #decideOne(same: readonly number[], firstAssembled: number): boolean {
    if (same.length === 1) return false
    const assembled = same.find(trace => trace >= firstAssembled)
    const first = assembled ?? same[0]!
    const split = assembled === undefined && !same.every(trace => this.#equal(first, trace))
    for (const trace of same) {
      if (split) this.fate[trace] = Fate.split
      else if (trace !== first) this.fate[trace] = Fate.dropped
    }
    return split
  }

  #equal(a: number, b: number): boolean {
    return (
      this.spans[a] === this.spans[b] &&
      this.fingerprintLow[a] === this.fingerprintLow[b] &&
      this.fingerprintHigh[a] === this.fingerprintHigh[b]
    )
  }
}

export interface MergeOrder {
  readonly traces: Uint32Array
  /** First trace of each group, in order of `traces`; one more element than groups. */
  readonly groupTrace: Uint32Array
}

const traceColumns: readonly format.IntrinsicColumn[] = [
  'trace.id',
  'trace.start.low',
  'trace.start.high',
  'trace.duration.low',
  'trace.duration.high',
]

const emptyChunk: DecodedChunk = { values: new Uint8Array(0), base: 0, divisor: 1, width: 0 }

/** Built-in columns of one group; those that it does not have are empty. */
export async function readGroupColumns(
  file: BlockFile,
  group: number,
  keys: readonly format.IntrinsicColumn[],
): Promise<(key: format.IntrinsicColumn) => DecodedChunk> {
  const chunks = new Map<format.IntrinsicColumn, number>()
  for (const key of keys) chunks.set(key, file.chunkOf(file.intrinsic(key), group))
  const loaded = await file.loadChunks([...chunks.values()])
  return key => loaded.get(chunks.get(key)!) ?? emptyChunk
}

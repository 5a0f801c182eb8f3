import { isDictionaryType } from '../../model/columns.ts'
import type { Spill } from '../spill.ts'
import type { BlockEmitter } from './block-emitter.ts'
import type { BlockSource } from './block-source.ts'
import { BlockDictionary, type DictionaryPage } from './dictionary-reader.ts'
import { DictionaryBuilder, type EncodedDictionary } from './dictionary-writer.ts'
import { dictionaryValuesMax, groupSetValuesMin } from './format.ts'
import type { MergeColumn } from './merge-columns.ts'

/** Values of a merged dictionary go to the spill in slabs of about this size. */
const slabBytes = 65_536
/** Values that are compared between two pauses. */
const valuesPerStep = 4096

interface Slab {
  readonly at: number
  readonly bytes: number
}

/** One dictionary of the output for all groups. */
interface BlockWide {
  readonly kind: 'block'
  readonly values: number
  readonly longestBytes: number
  readonly slabs: readonly Slab[]
  /** Per code the groups that it occurs in; null when not wanted. */
  readonly groupSets: Uint32Array | null
  /** Per input: its codes -> the output's. */
  readonly tables: readonly (Table | null)[]
}

/** A dictionary per group: there are too many values, or an input had too many. */
interface PerGroup {
  readonly kind: 'group'
  /** Where the encoded dictionaries lie in the spill, in order of groups. */
  readonly encoded: { readonly pages: Slab; readonly head: Slab; readonly values: number }[]
}

interface Table {
  /** Null when it was spilled. */
  readonly codes: Uint32Array | null
  readonly at: number
  readonly size: number
}

/**
 * The dictionaries of all columns: those of the inputs are sorted, so they are merged page by page,
 * before any row is written, because codes must be final then. Values and large tables lie in the
 * spill.
 */
export class MergedDictionaries {
  readonly #sources: readonly BlockSource[]
  readonly #columns: readonly MergeColumn[]
  readonly #spill: Spill
  readonly #groups: number
  readonly #merged: (BlockWide | PerGroup | null)[] = []
  /** What tables and group sets may still hold in memory. */
  #bytesLeft: number

  private constructor(options: DictionaryMergeOptions) {
    this.#sources = options.sources
    this.#columns = options.columns
    this.#spill = options.spill
    this.#groups = options.groups
    this.#bytesLeft = options.memoryBytes
  }

  static async *merge(options: DictionaryMergeOptions): AsyncGenerator<void, MergedDictionaries> {
    const merged = new MergedDictionaries(options)
    for (const column of options.columns) {
      if (!isDictionaryType(column.name.type)) merged.#merged.push(null)
      else
        merged.#merged.push((yield* merged.#mergeColumn(column)) ?? { kind: 'group', encoded: [] })
    }
    return merged
  }

  isPerGroup(column: number): boolean {
    return this.#merged[column]?.kind === 'group'
  }

  /** The output's codes by those of an input, for a column with a dictionary of the block. */
  table(column: number, input: number): Uint32Array {
    const { tables } = this.#merged[column] as BlockWide
    const { codes, at, size } = tables[input]!
    return codes ?? new Uint32Array(Uint8Array.from(this.#spill.read(at, size * 4)).buffer)
  }

  /** The dictionary that an input has for a column in one of its groups. */
  inputDictionary(column: number, input: number, group: number): BlockDictionary {
    const { name, inputs } = this.#columns[column]!
    return this.#sources[input]!.dictionary({ id: inputs[input]!, name }, group)
  }

  /** Remembers that these codes occur in a group of the output. */
  noteGroup(column: number, codes: Uint32Array, group: number): void {
    const { groupSets } = this.#merged[column] as BlockWide
    if (!groupSets) return
    const bit = 1 << Math.floor(group / Math.ceil(this.#groups / 32))
    for (let i = 0; i < codes.length; i++) groupSets[codes[i]!] = groupSets[codes[i]!]! | bit
  }

  /** Takes the dictionary of the next group that has values of a column. */
  putGroup(column: number, { pages, head, values }: EncodedDictionary): void {
    const { encoded } = this.#merged[column] as PerGroup
    encoded.push({ pages: this.#putAside(pages), head: this.#putAside(head), values })
  }

  /** Writes the dictionaries of a column; yields between slabs. */
  *emit(column: number, emitter: BlockEmitter): Generator<void> {
    const merged = this.#merged[column]
    if (merged?.kind === 'block') yield* this.#emitBlockWide(merged, emitter)
    for (const { pages, head, values } of merged?.kind === 'group' ? merged.encoded : []) {
      const read = ({ at, bytes }: Slab) => this.#spill.read(at, bytes)
      emitter.putDictionary({ pages: read(pages), head: read(head), values })
      yield
    }
  }

  *#emitBlockWide(merged: BlockWide, emitter: BlockEmitter): Generator<void> {
    emitter.beginDictionary()
    const { groupSets } = merged
    const builder = new DictionaryBuilder(merged.longestBytes, groupSets !== null, page => {
      emitter.putDictionaryPage(page)
    })
    let code = 0
    for (const { at, bytes } of merged.slabs) {
      const slab = Buffer.from(this.#spill.read(at, bytes))
      for (let offset = 0; offset < slab.length; code++) {
        const length = slab.readUInt32LE(offset)
        builder.add(slab, offset + 4, length, groupSets ? groupSets[code]! : 0)
        offset += 4 + length
      }
      yield
    }
    emitter.endDictionary(builder.finish(), merged.values)
  }

  /** Null when the column needs a dictionary per group. */
  async *#mergeColumn(column: MergeColumn): AsyncGenerator<void, BlockWide | null> {
    const cursors: ValueCursor[] = []
    for (const [input, id] of column.inputs.entries()) {
      if (id < 0) continue
      const { file } = this.#sources[input]!
      if (file.f.columnDictionaryPerGroup[id] === 1) return null
      // One of its own, so that it goes with the cursor.
      cursors.push(new ValueCursor(input, new BlockDictionary(file, file.f.columnDictionary[id]!)))
    }
    for (const cursor of cursors) await cursor.nextPage()
    const slabs = new SlabWriter(this.#spill)
    const least: ValueCursor[] = []
    let values = 0
    for (let left = cursors.filter(cursor => !cursor.ended); left.length > 0; values++) {
      if (values === dictionaryValuesMax) return null
      const equal = takeLeast(left, least)
      slabs.add(least[0]!)
      for (let i = 0; i < equal; i++) least[i]!.giveCode(values)
      for (const cursor of left) {
        if (cursor.isPageDone) await cursor.nextPage()
        if (cursor.ended) left = left.filter(other => !other.ended)
      }
      if (values % valuesPerStep === 0) yield
    }
    const tables = Array.from(column.inputs, () => null as Table | null)
    for (const { input, codes } of cursors) tables[input] = this.#keepTable(codes)
    return {
      kind: 'block',
      values,
      longestBytes: slabs.longestBytes,
      slabs: slabs.finish(),
      groupSets: values > groupSetValuesMin && !column.owners ? this.#newSets(values) : null,
      tables,
    }
  }

  /** Group sets only spare reads, so they are left out when they would take too much memory. */
  #newSets(values: number): Uint32Array | null {
    if (this.#bytesLeft < values * 4) return null
    this.#bytesLeft -= values * 4
    return new Uint32Array(values)
  }

  #keepTable(codes: Uint32Array): Table {
    const size = codes.length
    if (codes.byteLength <= this.#bytesLeft) {
      this.#bytesLeft -= codes.byteLength
      return { codes, at: 0, size }
    }
    return { codes: null, at: this.#spill.append(new Uint8Array(codes.buffer)), size }
  }

  #putAside(bytes: Uint8Array): Slab {
    return { at: this.#spill.append(bytes), bytes: bytes.length }
  }
}

export interface DictionaryMergeOptions {
  readonly sources: readonly BlockSource[]
  readonly columns: readonly MergeColumn[]
  readonly spill: Spill
  /** Row groups of the output. */
  readonly groups: number
  /** For tables and group sets. */
  readonly memoryBytes: number
}

/** Walks the values of an input's dictionary and notes the codes that they get. */
class ValueCursor {
  readonly input: number
  readonly codes: Uint32Array
  ended = false
  readonly #pages: AsyncGenerator<DictionaryPage>
  #page: DictionaryPage | null = null
  #at = 0
  #code = 0

  constructor(input: number, dictionary: BlockDictionary) {
    this.input = input
    this.codes = new Uint32Array(dictionary.size)
    this.#pages = dictionary.pages()
  }

  get bytes(): Buffer {
    return this.#page!.bytes
  }
  get start(): number {
    return this.#page!.offsets[this.#at]!
  }
  get end(): number {
    return this.#page!.offsets[this.#at + 1]!
  }
  get isPageDone(): boolean {
    return !this.ended && this.#at + 1 >= this.#page!.offsets.length
  }

  /** Less than 0 when this value comes before the other's; short values, so a loop. */
  compare(other: ValueCursor): number {
    const [a, b] = [this.bytes, other.bytes]
    const { start, end } = this
    const otherStart = other.start
    const length = other.end - otherStart
    const common = Math.min(end - start, length)
    for (let i = 0; i < common; i++) {
      const difference = a[start + i]! - b[otherStart + i]!
      if (difference !== 0) return difference
    }
    return end - start - length
  }

  /** Gives the value its code in the output and goes to the next one of the page. */
  giveCode(code: number): void {
    this.codes[this.#code++] = code
    this.#at++
  }

  async nextPage(): Promise<void> {
    const next = await this.#pages.next()
    this.ended = next.done === true
    this.#page = next.done ? null : next.value
    this.#at = 0
  }
}

/** Puts the cursors with the least value at the beginning of `least`; returns how many they are. */
function takeLeast(cursors: readonly ValueCursor[], least: ValueCursor[]): number {
  least[0] = cursors[0]!
  let equal = 1
  for (let i = 1; i < cursors.length; i++) {
    const cursor = cursors[i]!
    const order = cursor.compare(least[0]!)
    if (order > 0) continue
    if (order < 0) equal = 0
    least[equal++] = cursor
  }
  return equal
}

/** Values one after another, each behind its length (u32), in slabs that hold whole values. */
class SlabWriter {
  readonly #spill: Spill
  readonly #slabs: Slab[] = []
  #slab = Buffer.allocUnsafeSlow(1024)
  #at = 0
  longestBytes = 0

  constructor(spill: Spill) {
    this.#spill = spill
  }

  add({ bytes, start, end }: ValueCursor): void {
    const length = end - start
    if (this.#at + 4 + length > this.#slab.length) this.#makeRoom(4 + length)
    this.#slab.writeUInt32LE(length, this.#at)
    bytes.copy(this.#slab, this.#at + 4, start, end)
    this.#at += 4 + length
    if (length > this.longestBytes) this.longestBytes = length
  }

  finish(): Slab[] {
    this.#flush()
    return this.#slabs
  }

  /** The slab grows to its size; then it ends, and the next has room for at least `needed` bytes. */
  #makeRoom(needed: number): void {
    const wanted = Math.min(slabBytes, Math.max(this.#at + needed, 2 * this.#slab.length))
    if (this.#at + needed > wanted) this.#flush()
    if (this.#at + needed <= this.#slab.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, needed))
    this.#slab.copy(larger, 0, 0, this.#at)
    this.#slab = larger
  }

  #flush(): void {
    if (this.#at > 0) {
      const slab = Uint8Array.from(this.#slab.subarray(0, this.#at))
      this.#slabs.push({ at: this.#spill.append(slab), bytes: slab.length })
    }
    this.#at = 0
  }
}

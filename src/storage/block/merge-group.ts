import { isDictionaryType, Scope, ValueType } from '../../model/columns.ts'
import { ByteDictionary } from '../live/byte-dictionary.ts'
import type { EmittedGroup } from './block-emitter.ts'
import type { BlockFile } from './block-file.ts'
import { type EncodedChunk, encodeDoubles, encodeFixed, encodeIntegers } from './encode.ts'
import { fixedBytes } from './format.ts'
import type { MergeColumn, MergeColumns } from './merge-columns.ts'
import type { MergedDictionaries } from './merge-dictionaries.ts'
import type { MergedOwners } from './merge-owners.ts'
import {
  chunkOfPiece,
  gatherCodes,
  gatherFixed,
  gatherNumbers,
  gatherWhole,
  isFixed,
  Pieces,
} from './merge-pieces.ts'
import type { MergeShapes } from './merge-shapes.ts'
import { type Domain, domainOf, itemDomains, MergeSlot } from './merge-slot.ts'
import { DictionaryCoder } from './writer-dictionaries.ts'

/** What all groups of a merge share. */
export interface MergePlan {
  readonly files: readonly BlockFile[]
  readonly columns: MergeColumns
  readonly shapes: MergeShapes
  readonly dictionaries: MergedDictionaries
  readonly owners: MergedOwners
}

/** Where a trace lies in the inputs. */
export interface InputPlace {
  readonly input: number
  readonly group: number
  readonly trace: number
}

/** Codes that are looked up at once where a group makes a dictionary of its own. */
const codesPerLoad = 512

/** A row group of the output: stretches of the inputs' columns, column by column. */
export class MergeGroup {
  readonly #plan: MergePlan
  readonly #group: number
  readonly #slots: MergeSlot[] = []
  /** By input × 65,536 + group. */
  readonly #slotOf = new Map<number, number>()
  readonly #domains = new Map<Domain, Pieces>()
  readonly #attributes = new Map<number, Pieces>()
  /** Columns that the group's times are computed from. */
  readonly #lanes = new Map<string, Uint32Array>()
  #rows = 0
  #traces = 0

  constructor(plan: MergePlan, group: number) {
    this.#plan = plan
    this.#group = group
  }

  /** Appends traces [place.trace, place.trace + count) of a group of an input. */
  async add(place: InputPlace, count: number): Promise<void> {
    const at = await this.#slot(place)
    const slot = this.#slots[at]!
    const toTrace = place.trace + count
    const from = slot.firstRow(place.trace)
    const to = slot.firstRow(toTrace)
    const shift = this.#rows - from
    const services = slot.firstService(place.trace)
    this.#domain('trace').add(at, place.trace, count, 0)
    this.#domain('service').add(at, services, slot.firstService(toTrace) - services, 0)
    this.#domain('span').add(at, from, to - from, 0)
    this.#walk('span', at, from, to)
    for (let i = 0; i < itemDomains.length; i++) {
      const domain = itemDomains[i]!
      const first = slot.firstItem(i, from)
      const end = slot.firstItem(i, to)
      if (first === end) continue
      this.#domain(domain).add(at, first, end - first, shift)
      if (domain === 'event' || domain === 'link') this.#walk(domain, at, first, end)
    }
    this.#rows += to - from
    this.#traces += count
  }

  /** The group's chunk of a column; null when none of its rows has a value. */
  async chunk(column: number): Promise<EncodedChunk | null> {
    const { columns, owners, shapes } = this.#plan
    const merged = columns.columns[column]!
    const { name } = merged
    const pieces =
      name.scope === Scope.intrinsic
        ? this.#domains.get(domainOf(name.key))
        : this.#attributes.get(column)
    if (!pieces || pieces.count === 0) return null
    if (name.scope !== Scope.intrinsic || isDictionaryType(name.type) || isFixed(merged)) {
      return encodeMerged(this.#plan, column, this.#group, this.#slots, pieces)
    }
    const whole = (tableOf: (input: number) => Uint32Array) =>
      gatherCodes(merged, this.#slots, pieces, slot => tableOf(this.#slots[slot]!.input))
    let values: Uint32Array
    if (name.key.endsWith('.shape')) values = whole(input => shapes.table(input))
    else if (name.key === 'span.resource') values = whole(input => owners.table('resource', input))
    else if (name.key === 'span.scope') values = whole(input => owners.table('scope', input))
    else values = gatherWhole(merged, this.#slots, pieces, name.key.endsWith('.row'))
    if (timeColumns.has(name.key)) this.#lanes.set(name.key, values)
    return encodeIntegers(values, 0, values.length)
  }

  /** To be called when all chunks were made. */
  describe(): EmittedGroup {
    const lane = (key: string) => this.#lanes.get(key)!
    const [low, high] = [lane('trace.start.low'), lane('trace.start.high')]
    const [durationLow, durationHigh] = [lane('trace.duration.low'), lane('trace.duration.high')]
    const [spanLow, spanHigh] = [lane('span.start.low'), lane('span.start.high')]
    const spans = lane('trace.spans')
    let [minTraceStartNs, maxTraceStartNs, maxStartNs, maxEndNs] = [0xffffffffffffffffn, 0n, 0n, 0n]
    for (let trace = 0, row = 0; trace < this.#traces; trace++) {
      const start = nanoseconds(low[trace]!, high[trace]!)
      const end = start + nanoseconds(durationLow[trace]!, durationHigh[trace]!)
      if (start < minTraceStartNs) minTraceStartNs = start
      if (start > maxTraceStartNs) maxTraceStartNs = start
      if (end > maxEndNs) maxEndNs = end
      let [lastLow, lastHigh] = [0, 0]
      for (const to = row + spans[trace]!; row < to; row++) {
        const h = spanHigh[row]!
        if (h < lastHigh || (h === lastHigh && spanLow[row]! <= lastLow)) continue
        lastHigh = h
        lastLow = spanLow[row]!
      }
      const lastStart = start + nanoseconds(lastLow, lastHigh)
      if (lastStart > maxStartNs) maxStartNs = lastStart
    }
    const counts = { spans: this.#rows, traces: this.#traces }
    return { ...counts, minTraceStartNs, maxTraceStartNs, maxStartNs, maxEndNs }
  }

  async #slot({ input, group }: InputPlace): Promise<number> {
    const key = input * 65_536 + group
    const known = this.#slotOf.get(key)
    if (known !== undefined) return known
    const slot = await MergeSlot.load(input, this.#plan.files[input]!, group)
    this.#slotOf.set(key, this.#slots.length)
    return this.#slots.push(slot) - 1
  }

  #domain(domain: Domain): Pieces {
    return getOrMake(this.#domains, domain)
  }

  #walk(domain: 'span' | 'event' | 'link', at: number, from: number, to: number): void {
    const { shapes, columns } = this.#plan
    const slot = this.#slots[at]!
    const outputs = columns.outputOf[slot.input]!
    slot.walk(domain, shapes, from, to, (column, first, count) => {
      getOrMake(this.#attributes, outputs[column]!).add(at, first, count, 0)
    })
  }
}

const timeColumns = new Set([
  'trace.spans',
  'trace.start.low',
  'trace.start.high',
  'trace.duration.low',
  'trace.duration.high',
  'span.start.low',
  'span.start.high',
])

function nanoseconds(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

function getOrMake<K>(map: Map<K, Pieces>, key: K): Pieces {
  let pieces = map.get(key)
  if (!pieces) {
    pieces = new Pieces()
    map.set(key, pieces)
  }
  return pieces
}

/** A chunk of a column whose values mean the same in every group, or go through a dictionary. */
export async function encodeMerged(
  { columns, dictionaries }: MergePlan,
  column: number,
  group: number,
  slots: readonly MergeSlot[],
  pieces: Pieces,
): Promise<EncodedChunk> {
  const merged = columns.columns[column]!
  const { name } = merged
  if (isFixed(merged)) {
    const bytes = gatherFixed(merged, slots, pieces)
    return encodeFixed(bytes, fixedBytes(name.type), 0, pieces.count)
  }
  if (!isDictionaryType(name.type)) {
    const numbers = gatherNumbers(merged, slots, pieces)
    return name.type === ValueType.double
      ? encodeDoubles(numbers, 0, numbers.length)
      : encodeIntegers(numbers, 0, numbers.length)
  }
  if (dictionaries.isPerGroup(column)) {
    return encodeWithOwnDictionary(dictionaries, column, merged, slots, pieces)
  }
  const codes = gatherCodes(merged, slots, pieces, slot => {
    return dictionaries.table(column, slots[slot]!.input)
  })
  dictionaries.noteGroup(column, codes, group)
  return encodeIntegers(codes, 0, codes.length)
}

/** The values that a group uses become a dictionary of its own. */
async function encodeWithOwnDictionary(
  dictionaries: MergedDictionaries,
  column: number,
  merged: MergeColumn,
  slots: readonly MergeSlot[],
  pieces: Pieces,
): Promise<EncodedChunk> {
  const used: Uint8Array[] = []
  pieces.each((slot, first, count) => {
    const { values, base } = chunkOfPiece(merged, slots[slot]!)
    const { input, group } = slots[slot]!
    used[slot] ??= new Uint8Array(dictionaries.inputDictionary(column, input, group).size)
    const marks = used[slot]!
    for (let i = first; i < first + count; i++) marks[values[i]! + base] = 1
  })
  const values = new ByteDictionary()
  const tables: Uint32Array[] = []
  for (const [slot, marks] of used.entries()) {
    if (!marks) continue
    const { input, group } = slots[slot]!
    const dictionary = dictionaries.inputDictionary(column, input, group)
    const table = new Uint32Array(marks.length)
    const codes = markedCodes(marks)
    for (let from = 0; from < codes.length; from += codesPerLoad) {
      const some = codes.subarray(from, from + codesPerLoad)
      const bytesOf = await dictionary.load(some)
      for (const code of some) {
        const bytes = bytesOf(code)
        table[code] = values.intern(bytes, 0, bytes.length)
      }
    }
    tables[slot] = table
  }
  const ids = gatherCodes(merged, slots, pieces, slot => tables[slot]!)
  const bounds = Uint32Array.of(0, ids.length)
  const coded = new DictionaryCoder(values).code({
    name: merged.name,
    values: ids,
    bounds,
    owners: merged.owners,
  })
  dictionaries.putGroup(column, coded.dictionaries[0]!)
  return encodeIntegers(coded.codes, 0, coded.codes.length)
}

function markedCodes(marks: Uint8Array): Uint32Array {
  let count = 0
  for (let code = 0; code < marks.length; code++) count += marks[code]!
  const codes = new Uint32Array(count)
  for (let code = 0, n = 0; code < marks.length; code++) if (marks[code] === 1) codes[n++] = code
  return codes
}

import { ascending } from '../../base/ascending.ts'
import type {
  ColumnGroup,
  ColumnRef,
  Dictionary,
  GroupNeed,
  Vector,
} from '../../model/column-batch.ts'
import { Scope, ValueType } from '../../model/columns.ts'
import type { AttributeScope, Intrinsic, Operand } from '../../model/predicate.ts'

import { computedNumbers } from '../computed.ts'
import { intrinsicPlaces, needsOf, scopeCodes } from '../places.ts'
import { uint32Room } from '../room.ts'
import { KeyEncoder, type KeyValue } from './key-encoder.ts'
import { numberKinds, type ReadContext, readOwnerValues, vectorReader } from './read.ts'
import { firstPerRow, Kind, type KindCode } from './value-vector.ts'

/**
 * The values of an operand as numbers 0, 1, 2 …, one for each distinct value over all groups of a
 * source: what groups are made of. Most operands never get as far as a value per row: owners have
 * one each, and texts are codes already.
 */
export interface CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  /** Code -> value. */
  readonly values: readonly KeyValue[]
  /** One code for each of the rows. Valid until the next call. */
  read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array>
}

export function codeReader(context: ReadContext, operand: Operand): CodeReader {
  if (operand.kind === 'intrinsic') return intrinsicCodes(context, operand.name)
  if (operand.scope !== 'any') return scopeCodesOf(context, operand.scope, operand.key)
  const span = scopeCodesOf(context, 'span', operand.key)
  const resource = scopeCodesOf(context, 'resource', operand.key)
  return span.columns.length === 0 ? resource : new EitherCodes(span, resource)
}

/** Null where codes would have to be made of values, one by one. */
export function storedCodes(context: ReadContext, operand: Operand): CodeReader | null {
  const reader = codeReader(context, operand)
  const isMade = (part: CodeReader) => part instanceof VectorCodes || part instanceof NumberCodes
  const parts = reader instanceof EitherCodes ? reader.parts : [reader]
  return parts.some(isMade) ? null : reader
}

function scopeCodesOf(context: ReadContext, scope: AttributeScope, key: string): CodeReader {
  const { source } = context
  const operand: Operand = { kind: 'attribute', scope, key }
  const code = scopeCodes[scope]
  if (scope === 'resource' || scope === 'instrumentation') return new OwnerCodes(context, operand)
  const refs = [...source.columns(code, key), source.overflow(code)].filter(ref => ref !== null)
  const [ref] = refs
  if (scope === 'span' && refs.length === 1) {
    const { type } = ref!.name
    if (type === ValueType.text) return new TextCodes(context, ref!)
    const kind = numberKinds[type]
    if (kind !== undefined) {
      return new NumberCodes({ columns: refs, needs: [] }, kind, group => group.vector(ref!))
    }
  }
  return new VectorCodes(context, operand)
}

function intrinsicCodes(context: ReadContext, name: Intrinsic): CodeReader {
  const operand: Operand = { kind: 'intrinsic', name }
  const place = intrinsicPlaces[name]
  const ref = place.column === null ? null : context.source.intrinsic(place.column)
  if (place.domain === 'instrumentation') return new OwnerCodes(context, operand)
  if (name === 'name' && ref) return new TextCodes(context, ref)
  if (name === 'statusMessage' && ref) return new TextCodes(context, ref, '')
  if ((name === 'rootName' || name === 'rootServiceName') && ref)
    return new TraceCodes(context, ref)
  if ((name === 'status' || name === 'kind') && ref) return new EnumCodes(ref, Kind[name])
  if (name === 'childCount') {
    const needed = { columns: [], needs: needsOf(place.domain, name) }
    return new NumberCodes(needed, Kind.int, group => computedNumbers(name, group))
  }
  return new VectorCodes(context, operand)
}

/** Values of any kind, one by one. */
class VectorCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  readonly #reader: ReturnType<typeof vectorReader>
  readonly #keys = new KeyEncoder()

  constructor(context: ReadContext, operand: Operand) {
    this.#reader = vectorReader(context, operand, 'grouping')
    this.columns = this.#reader.columns
    this.needs = this.#reader.needs
  }

  get values(): readonly KeyValue[] {
    return this.#keys.values
  }

  async read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array> {
    const wanted = new Uint8Array(group.rows)
    for (let i = 0; i < rows.length; i++) wanted[rows[i]!] = 1
    const values = firstPerRow(await this.#reader.read(group, index, wanted), group.rows)
    return this.#keys.encode(values, rows)
  }
}

/** Numbers of one type. */
class NumberCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  readonly #kind: KindCode
  readonly #vectorOf: (group: ColumnGroup) => Vector | null
  readonly #keys = new KeyEncoder()
  readonly #absent: number
  readonly #room = uint32Room()
  /** Stored number of the group at hand -> code + 1, 0: not met yet. */
  readonly #known = new Uint32Array(storedMax)

  constructor(
    needed: Pick<CodeReader, 'columns' | 'needs'>,
    kind: KindCode,
    vectorOf: (group: ColumnGroup) => Vector | null,
  ) {
    this.columns = needed.columns
    this.needs = needed.needs
    this.#kind = kind
    this.#vectorOf = vectorOf
    this.#absent = this.#keys.codeOf(Kind.none, 0)
  }

  get values(): readonly KeyValue[] {
    return this.#keys.values
  }

  async read(group: ColumnGroup, _index: number, rows: Uint32Array): Promise<Uint32Array> {
    const out = this.#room.take(rows.length)
    const vector = this.#vectorOf(group)
    if (vector === null) return out.fill(this.#absent)
    if (vector.items !== null) out.fill(this.#absent)
    this.#encode(vector, placesIn(vector, rows, group.rows), out)
    return out
  }

  #encode({ values, base, divisor }: Vector, { at, into, count }: Places, out: Uint32Array): void {
    const [keys, kind, known] = [this.#keys, this.#kind, this.#known]
    const isNarrow = values instanceof Uint8Array || values instanceof Uint16Array
    if (isNarrow) known.fill(0)
    for (let i = 0; i < count; i++) {
      const stored = values[at === null ? i : at[i]!]!
      const place = into === null ? i : into[i]!
      const met = isNarrow ? known[stored]! : 0
      if (met > 0) {
        out[place] = met - 1
        continue
      }
      const code = keys.codeOf(kind, (stored + base) / divisor)
      if (isNarrow) known[stored] = code + 1
      out[place] = code
    }
  }
}

/** Stored numbers of at most two bytes. */
const storedMax = 1 << 16

/** Status and kind: small numbers as they are stored. */
class EnumCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[] = []
  readonly values: KeyValue[] = []
  readonly #ref: ColumnRef
  readonly #kind: typeof Kind.status | typeof Kind.kind
  readonly #room = uint32Room()

  constructor(ref: ColumnRef, kind: typeof Kind.status | typeof Kind.kind) {
    this.columns = [ref]
    this.#ref = ref
    this.#kind = kind
  }

  async read(group: ColumnGroup, _index: number, rows: Uint32Array): Promise<Uint32Array> {
    const { values, base } = group.vector(this.#ref)!
    const out = this.#room.take(rows.length)
    let max = 0
    for (let i = 0; i < out.length; i++) {
      const number = values[rows[i]!]! + base
      out[i] = number
      if (number > max) max = number
    }
    for (let number = this.values.length; number <= max; number++) {
      this.values.push({ kind: this.#kind, number })
    }
    return out
  }
}

/** Attributes of resources and scopes: read once for each of these, not for each span. */
export class OwnerCodes implements CodeReader {
  readonly columns: readonly ColumnRef[] = []
  readonly needs: readonly GroupNeed[]
  readonly #context: ReadContext
  readonly #operand: Operand
  readonly #scope: typeof Scope.resource | typeof Scope.instrumentation
  readonly #keys = new KeyEncoder()
  readonly #room = uint32Room()
  #ofOwner: Uint32Array | undefined

  constructor(context: ReadContext, operand: Operand) {
    const isResource = operand.kind === 'attribute' && operand.scope === 'resource'
    this.#context = context
    this.#operand = operand
    this.#scope = isResource ? Scope.resource : Scope.instrumentation
    this.needs = needsOf(isResource ? 'resource' : 'instrumentation', null)
  }

  get values(): readonly KeyValue[] {
    return this.#keys.values
  }

  async read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array> {
    const ofOwner = await this.ofOwners(index)
    const { values, base } = group.ownerOfRow(this.#scope)
    const out = this.#room.take(rows.length)
    if (rows.length === values.length) {
      for (let row = 0; row < out.length; row++) out[row] = ofOwner[values[row]! + base]!
    } else for (let i = 0; i < out.length; i++) out[i] = ofOwner[values[rows[i]!]! + base]!
    return out
  }

  /** Owner -> code. */
  async ofOwners(index: number): Promise<Uint32Array> {
    if (this.#ofOwner) return this.#ofOwner
    const values = await readOwnerValues(this.#context, this.#operand, index)
    this.#ofOwner = this.#keys.encode(values, ascending(values.kinds.length))
    return this.#ofOwner
  }
}

/** A column of text: a table from its dictionary's codes to ours. */
class TextCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[] = []
  readonly #context: ReadContext
  readonly #ref: ColumnRef
  readonly #keys = new KeyEncoder()
  readonly #absent: number
  /** Dictionary -> code -> our code + 1. */
  readonly #tables = new Map<Dictionary, Uint32Array>()
  readonly #room = uint32Room()

  /** `absentText`: what rows without a value count as; by default they have none. */
  constructor(context: ReadContext, ref: ColumnRef, absentText?: string) {
    this.columns = [ref]
    this.#context = context
    this.#ref = ref
    this.#absent =
      absentText === undefined
        ? this.#keys.codeOf(Kind.none, 0)
        : this.#keys.codeOf(Kind.text, context.texts.internText(absentText))
  }

  get values(): readonly KeyValue[] {
    return this.#keys.values
  }

  async read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array> {
    const out = this.#room.take(rows.length)
    const vector = group.vector(this.#ref)
    if (vector === null) return out.fill(this.#absent)
    writeStored(vector, rows, group.rows, out)
    const table = await this.#tableFor(index, out)
    for (let i = 0; i < out.length; i++) {
      const code = out[i]!
      out[i] = code === noCode ? this.#absent : table[code]! - 1
    }
    return out
  }

  async #tableFor(index: number, stored: Uint32Array): Promise<Uint32Array> {
    const dictionary = this.#context.source.dictionary(this.#ref, index)
    let table = this.#tables.get(dictionary)
    if (table === undefined || table.length < dictionary.size) {
      table = new Uint32Array(dictionary.size)
      this.#tables.set(dictionary, table)
    }
    const missing: number[] = []
    for (let i = 0; i < stored.length; i++) {
      const code = stored[i]!
      if (code === noCode || table[code] !== 0) continue
      table[code] = pending
      missing.push(code)
    }
    if (missing.length === 0) return table
    const bytes = await dictionary.load(missing)
    for (const code of missing) {
      const text = this.#context.texts.intern(bytes(code))
      table[code] = this.#keys.codeOf(Kind.text, text) + 1
    }
    return table
  }
}

/** A text of traces, seen from their spans. */
class TraceCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[] = ['traceOfRow']
  readonly #perTrace: TextCodes
  readonly #room = uint32Room()

  constructor(context: ReadContext, ref: ColumnRef) {
    this.columns = [ref]
    this.#perTrace = new TextCodes(context, ref)
  }

  get values(): readonly KeyValue[] {
    return this.#perTrace.values
  }

  async read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array> {
    const perTrace = await this.#perTrace.read(group, index, ascending(group.traces))
    const traceOfRow = group.traceOfRow()
    const out = this.#room.take(rows.length)
    for (let i = 0; i < out.length; i++) out[i] = perTrace[traceOfRow[rows[i]!]!]!
    return out
  }
}

/** Marks a code whose text is about to be read. */
const pending = 0xffffffff

/** In place of a stored code: the row has no value. */
const noCode = 0xffffffff

/** Writes the stored code of each row, or `noCode`. */
function writeStored(vector: Vector, rows: Uint32Array, groupRows: number, out: Uint32Array): void {
  const { values, items, base } = vector
  const { at, into, count } = placesIn(vector, rows, groupRows)
  if (items !== null) out.fill(noCode)
  for (let i = 0; i < count; i++) {
    out[into === null ? i : into[i]!] = values[at === null ? i : at[i]!]! + base
  }
}

/** Which values belong to which rows: value `at[i]` to the row at place `into[i]`; null: i itself. */
interface Places {
  readonly at: Uint32Array | null
  readonly into: Uint32Array | null
  readonly count: number
}

const atRoom = uint32Room()
const intoRoom = uint32Room()

/** Both lists of rows are ascending. Valid until the next call. */
function placesIn({ items, count }: Vector, rows: Uint32Array, groupRows: number): Places {
  // All rows, as a rule: the items are the places.
  if (rows.length === groupRows) return { at: null, into: items, count: Math.min(count, groupRows) }
  if (items === null) return { at: rows, into: null, count: rows.length }
  const [at, into] = [atRoom.take(rows.length), intoRoom.take(rows.length)]
  let n = 0
  for (let i = 0, item = 0; i < rows.length && item < count; i++) {
    const row = rows[i]!
    while (item < count && items[item]! < row) item++
    if (item === count || items[item] !== row) continue
    at[n] = item
    into[n++] = i
  }
  return { at, into, count: n }
}

/** The span's value where it has one, else that of its resource. */
class EitherCodes implements CodeReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  readonly #span: CodeReader
  readonly #resource: CodeReader
  readonly #keys = new KeyEncoder()
  /** Code of either side -> our code + 1. */
  #ofSpan: Uint32Array = new Uint32Array(16)
  #ofResource: Uint32Array = new Uint32Array(16)

  get parts(): readonly CodeReader[] {
    return [this.#span, this.#resource]
  }

  constructor(span: CodeReader, resource: CodeReader) {
    this.columns = [...span.columns, ...resource.columns]
    this.needs = [...span.needs, ...resource.needs]
    this.#span = span
    this.#resource = resource
  }

  get values(): readonly KeyValue[] {
    return this.#keys.values
  }

  async read(group: ColumnGroup, index: number, rows: Uint32Array): Promise<Uint32Array> {
    const spans = await this.#span.read(group, index, rows)
    const resources = await this.#resource.read(group, index, rows)
    this.#ofSpan = this.#completed(this.#ofSpan, this.#span.values)
    this.#ofResource = this.#completed(this.#ofResource, this.#resource.values)
    const absent = this.#span.values.findIndex(value => value.kind === Kind.none)
    for (let i = 0; i < spans.length; i++) {
      spans[i] =
        spans[i] === absent ? this.#ofResource[resources[i]!]! - 1 : this.#ofSpan[spans[i]!]! - 1
    }
    return spans
  }

  #completed(table: Uint32Array, values: readonly KeyValue[]): Uint32Array {
    let out = table
    if (out.length < values.length) {
      out = new Uint32Array(values.length * 2)
      out.set(table)
    }
    for (let code = values.length - 1; code >= 0 && out[code] === 0; code--) {
      out[code] = this.#keys.codeOfValue(values[code]!) + 1
    }
    return out
  }
}

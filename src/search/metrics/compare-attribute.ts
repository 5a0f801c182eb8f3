import { ascending } from '../../base/ascending.ts'
import type { LabelValue } from '../../contract/queries.ts'
import type { ColumnGroup, ColumnRef, Dictionary, GroupNeed } from '../../model/column-batch.ts'
import { Scope, ValueType } from '../../model/columns.ts'
import type { AttributeScope, Operand } from '../../model/predicate.ts'
import { printOperand } from '../../traceql/operand.ts'

import { scopeCodes } from '../places.ts'
import { type CodeReader, codeReader, OwnerCodes } from '../value/code-reader.ts'
import type { KeyValue } from '../value/key-encoder.ts'
import type { ReadContext } from '../value/read.ts'
import { shownValue } from '../value/show.ts'
import { isUsable } from '../value/value-vector.ts'
import { CompareCells, type ComparedValue } from './compare-cells.ts'

/** An attribute or intrinsic whose values `compare` counts. */
export interface CompareAttribute {
  readonly shownAs: string
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  /**
   * `slots`: row -> side × steps + step, -1 for rows that do not count. In a second pass every group
   * is added once more.
   */
  add(index: number, group: ColumnGroup, slots: Int16Array): Promise<void>
  /** Decides which values are shown, those with most spans. True: a second pass is needed. */
  choose(valuesMax: number): boolean
  /** On each side the total and the values that are shown. */
  finish(): Promise<ComparedValue[]>
}

const intrinsicOperands: readonly Operand[] = (
  [
    'name',
    'kind',
    'status',
    'statusMessage',
    'rootName',
    'rootServiceName',
    'childCount',
    'instrumentationName',
    'instrumentationVersion',
  ] as const
).map(name => ({ kind: 'intrinsic', name }))

export function compareAttributes(context: ReadContext, steps: number): CompareAttribute[] {
  const spans = new ResourceSpans(steps)
  const resource = (key: string): Operand => ({ kind: 'attribute', scope: 'resource', key })
  return [
    ...intrinsicOperands.map(operand => new EncodedAttribute(context, operand, steps)),
    ...keysOf(context, 'span').map(key => spanAttribute(context, key, steps)),
    // Where there is no service name, it counts as empty.
    ...[...new Set([...keysOf(context, 'resource'), 'service.name'])].map(
      key => new ResourceAttribute(context, resource(key), spans, steps),
    ),
  ]
}

function keysOf({ source }: ReadContext, scope: AttributeScope): string[] {
  const code = scopeCodes[scope]
  return [...new Set(source.columnNames(code).map(name => name.key))].sort()
}

/** Most attributes are one column of text: its codes are counted as they are stored. */
function spanAttribute(context: ReadContext, key: string, steps: number): CompareAttribute {
  const { source } = context
  const operand: Operand = { kind: 'attribute', scope: 'span', key }
  const refs = source.columns(Scope.span, key)
  const [ref] = refs
  const isPlain = refs.length === 1 && ref!.name.type === ValueType.text
  return isPlain && source.hasOwnDictionary(ref!)
    ? new TextAttribute(context, operand, ref!, steps)
    : new EncodedAttribute(context, operand, steps)
}

/** Values of any type, through a number for each distinct one. */
class EncodedAttribute implements CompareAttribute {
  readonly shownAs: string
  readonly #context: ReadContext
  readonly #codes: CodeReader
  readonly #cells: CompareCells

  constructor(context: ReadContext, operand: Operand, steps: number) {
    this.shownAs = printOperand(operand)
    this.#context = context
    this.#codes = codeReader(context, operand)
    this.#cells = new CompareCells(steps)
  }

  get columns(): readonly ColumnRef[] {
    return this.#codes.columns
  }

  get needs(): readonly GroupNeed[] {
    return this.#codes.needs
  }

  async add(index: number, group: ColumnGroup, slots: Int16Array): Promise<void> {
    const codes = await this.#codes.read(group, index, ascending(group.rows))
    reserveFor(this.#cells, this.#codes.values)
    this.#cells.count({ values: codes, base: 0, items: null, count: codes.length }, slots)
  }

  choose(valuesMax: number): boolean {
    return this.#cells.choose(valuesMax)
  }

  finish(): Promise<ComparedValue[]> {
    return this.#cells.finish(async codes => {
      const shown = new Map<number, LabelValue>()
      for (const code of codes) {
        shown.set(code, shownValue(this.#codes.values[code]!, this.#context.texts))
      }
      return shown
    })
  }
}

/** An attribute of resources: spans are counted by resource, once for all of these attributes. */
class ResourceAttribute implements CompareAttribute {
  readonly shownAs: string
  readonly columns: readonly ColumnRef[] = []
  readonly needs: readonly GroupNeed[]
  readonly #context: ReadContext
  readonly #codes: OwnerCodes
  readonly #cells: CompareCells
  readonly #spans: ResourceSpans
  #ofOwner: Uint32Array = new Uint32Array(0)

  constructor(context: ReadContext, operand: Operand, spans: ResourceSpans, steps: number) {
    this.shownAs = printOperand(operand)
    this.#context = context
    this.#codes = new OwnerCodes(context, operand)
    this.needs = this.#codes.needs
    this.#cells = new CompareCells(steps)
    this.#spans = spans
  }

  async add(index: number, group: ColumnGroup, slots: Int16Array): Promise<void> {
    this.#ofOwner = await this.#codes.ofOwners(index)
    this.#spans.add(group, slots)
  }

  choose(valuesMax: number): boolean {
    reserveFor(this.#cells, this.#codes.values)
    this.#cells.addByOwner(this.#ofOwner, this.#spans.counts)
    // The second pass is one over the resources.
    if (this.#cells.choose(valuesMax)) this.#cells.addByOwner(this.#ofOwner, this.#spans.counts)
    return false
  }

  finish(): Promise<ComparedValue[]> {
    return this.#cells.finish(async codes => {
      const shown = new Map<number, LabelValue>()
      for (const code of codes) {
        shown.set(code, shownValue(this.#codes.values[code]!, this.#context.texts))
      }
      return shown
    })
  }
}

function reserveFor(cells: CompareCells, values: readonly KeyValue[]): void {
  cells.reserve(values.length, value => isUsable(values[value]!.kind))
}

/** Spans by (resource, slot). */
class ResourceSpans {
  readonly #width: number
  #latest: ColumnGroup | undefined
  #counts = new Uint32Array(0)

  constructor(steps: number) {
    this.#width = 2 * steps
  }

  get counts(): Uint32Array {
    return this.#counts
  }

  /** Counts a group once, whoever adds it. */
  add(group: ColumnGroup, slots: Int16Array): void {
    if (this.#latest === group) return
    this.#latest = group
    const { values, base } = group.ownerOfRow(Scope.resource)
    let owners = 0
    for (let row = 0; row < slots.length; row++) owners = Math.max(owners, values[row]! + base + 1)
    const width = this.#width
    if (this.#counts.length < owners * width) {
      const grown = new Uint32Array(owners * width)
      grown.set(this.#counts)
      this.#counts = grown
    }
    const counts = this.#counts
    for (let row = 0; row < slots.length; row++) {
      const slot = slots[row]!
      if (slot < 0) continue
      const at = (values[row]! + base) * width + slot
      counts[at] = counts[at]! + 1
    }
  }
}

/** A text column of spans with a dictionary of its own. */
class TextAttribute implements CompareAttribute {
  readonly shownAs: string
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[] = []
  readonly #dictionary: Dictionary
  readonly #ref: ColumnRef
  readonly #cells: CompareCells

  constructor({ source }: ReadContext, operand: Operand, ref: ColumnRef, steps: number) {
    this.shownAs = printOperand(operand)
    this.columns = [ref]
    this.#ref = ref
    this.#dictionary = source.dictionary(ref, 0)
    this.#cells = new CompareCells(steps)
    this.#cells.reserve(this.#dictionary.size)
  }

  async add(_index: number, group: ColumnGroup, slots: Int16Array): Promise<void> {
    const vector = group.vector(this.#ref)
    if (vector !== null) this.#cells.count(vector, slots)
  }

  choose(valuesMax: number): boolean {
    return this.#cells.choose(valuesMax)
  }

  finish(): Promise<ComparedValue[]> {
    return this.#cells.finish(async codes => {
      const bytes = await this.#dictionary.load(codes)
      return new Map(
        codes.map(code => [code, { type: 'string', value: Buffer.from(bytes(code)).toString() }]),
      )
    })
  }
}

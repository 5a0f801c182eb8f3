import type { LabelValue } from '../../contract/queries.ts'
import type { ColumnGroup, ColumnRef, Dictionary, GroupNeed } from '../../model/column-batch.ts'
import { ValueType } from '../../model/columns.ts'
import type { AttributeScope, Operand } from '../../model/predicate.ts'
import { printOperand } from '../../traceql/operand.ts'
import { scopeCodes } from '../places.ts'
import { KeyEncoder } from '../value/key-encoder.ts'
import { type ReadContext, type VectorReader, vectorReader } from '../value/read.ts'
import { shownValue } from '../value/show.ts'
import { firstPerRow, Kind } from '../value/value-vector.ts'
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
  return [
    ...intrinsicOperands.map(operand => new EncodedAttribute(context, operand, steps)),
    ...keysOf(context, 'span').map(key => attributeOf(context, 'span', key, steps)),
    ...keysOf(context, 'resource').map(key => attributeOf(context, 'resource', key, steps)),
  ]
}

function keysOf({ source }: ReadContext, scope: AttributeScope): string[] {
  const code = scopeCodes[scope]
  return [...new Set(source.columnNames(code).map(name => name.key))].sort()
}

/** Most attributes are one column of text: its codes are counted as they are stored. */
function attributeOf(
  context: ReadContext,
  scope: 'span' | 'resource',
  key: string,
  steps: number,
): CompareAttribute {
  const { source } = context
  const operand: Operand = { kind: 'attribute', scope, key }
  const refs = source.columns(scopeCodes[scope], key)
  const [ref] = refs
  const isPlain = scope === 'span' && refs.length === 1 && ref!.name.type === ValueType.text
  return isPlain && source.hasOwnDictionary(ref!)
    ? new TextAttribute(context, operand, ref!, steps)
    : new EncodedAttribute(context, operand, steps)
}

/** Values of any type, through a number for each distinct one. */
class EncodedAttribute implements CompareAttribute {
  readonly shownAs: string
  readonly #context: ReadContext
  readonly #reader: VectorReader
  readonly #keys = new KeyEncoder()
  readonly #cells: CompareCells

  constructor(context: ReadContext, operand: Operand, steps: number) {
    this.shownAs = printOperand(operand)
    this.#context = context
    this.#reader = vectorReader(context, operand, 'none')
    this.#cells = new CompareCells(steps)
  }

  get columns(): readonly ColumnRef[] {
    return this.#reader.columns
  }

  get needs(): readonly GroupNeed[] {
    return this.#reader.needs
  }

  async add(index: number, group: ColumnGroup, slots: Int16Array): Promise<void> {
    const counted = countedRows(slots)
    const values = firstPerRow(await this.#reader.read(group, index, counted), group.rows)
    for (let row = 0; row < counted.length; row++) {
      if (values.kinds[row] === Kind.none) counted[row] = 0
    }
    const codes = this.#keys.encode(values, counted)
    this.#cells.reserve(this.#keys.values.length)
    const own = slots.slice()
    for (let row = 0; row < own.length; row++) if (counted[row] === 0) own[row] = -1
    this.#cells.count(codes, own)
  }

  choose(valuesMax: number): boolean {
    return this.#cells.choose(valuesMax)
  }

  finish(): Promise<ComparedValue[]> {
    return this.#cells.finish(async codes => {
      const shown = new Map<number, LabelValue>()
      for (const code of codes) {
        shown.set(code, shownValue(this.#keys.values[code]!, this.#context.texts))
      }
      return shown
    })
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
    if (vector !== null) this.#cells.countVector(vector, slots)
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

/** 1 for each row that counts. */
function countedRows(slots: Int16Array): Uint8Array {
  const out = new Uint8Array(slots.length)
  for (let row = 0; row < out.length; row++) if (slots[row]! >= 0) out[row] = 1
  return out
}

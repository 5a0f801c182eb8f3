import { isDictionaryType, Scope } from '../../model/columns.ts'
import type { BlockFile } from './block-file.ts'
import type { MergeColumns } from './merge-columns.ts'
import type { MergedDictionaries } from './merge-dictionaries.ts'
import { Pieces } from './merge-pieces.ts'
import type { MergeShapes } from './merge-shapes.ts'
import { AttributeWalk, domainOf, MergeSlot } from './merge-slot.ts'

export type OwnerDomain = 'resource' | 'scope'

/** Codes of dictionaries per group mean nothing in others: they count as values of their input. */
const codesPerInput = 2 ** 32

/**
 * Resources and scopes of all inputs, equal ones once. They are few, so those of the output are
 * known as a whole before the first row is written.
 */
export class MergedOwners {
  /** The owner group of each input. */
  readonly slots: readonly MergeSlot[]
  readonly #columns: MergeColumns
  readonly #dictionaries: MergedDictionaries
  readonly #shapes: MergeShapes
  readonly #tables: Record<OwnerDomain, Uint32Array[]> = { resource: [], scope: [] }
  readonly #domainPieces: Record<OwnerDomain, Pieces> = {
    resource: new Pieces(),
    scope: new Pieces(),
  }
  readonly #attributePieces = new Map<number, Pieces>()
  /** Tables of codes by column and input: each owner needs all of them. */
  readonly #codes = new Map<string, Uint32Array | null>()

  private constructor(slots: readonly MergeSlot[], options: OwnerMergeOptions) {
    this.slots = slots
    this.#columns = options.columns
    this.#dictionaries = options.dictionaries
    this.#shapes = options.shapes
  }

  static async merge(options: OwnerMergeOptions): Promise<MergedOwners> {
    const { files } = options
    const slots: MergeSlot[] = []
    for (const [input, file] of files.entries()) {
      slots.push(await MergeSlot.load(input, file, file.groupCount))
    }
    const owners = new MergedOwners(slots, options)
    for (const domain of ['resource', 'scope'] as const) owners.#mergeDomain(domain)
    owners.#codes.clear()
    return owners
  }

  /** Per input: its owners' numbers in the output. */
  table(domain: OwnerDomain, input: number): Uint32Array {
    return this.#tables[domain][input]!
  }

  /** Where the values of a column of the owner group lie in `slots`. */
  pieces(column: number): Pieces | undefined {
    const { name } = this.#columns.columns[column]!
    if (name.scope === Scope.intrinsic) {
      return this.#domainPieces[domainOf(name.key) as OwnerDomain]
    }
    return this.#attributePieces.get(column)
  }

  #mergeDomain(domain: OwnerDomain): void {
    const known = new Map<string, number>()
    for (const slot of this.slots) {
      const shapeOf = slot.intrinsic(`${domain}.shape`)
      const count = shapeOf?.values.length ?? 0
      const table = new Uint32Array(count)
      this.#tables[domain].push(table)
      if (!shapeOf) continue
      const walk = new AttributeWalk(slot, this.#shapes, shapeOf)
      for (let owner = 0; owner < count; owner++) {
        const shape = shapeOf.values[owner]! + shapeOf.base
        // Rows of such an owner are assembled first, and get one that has no attribute too many.
        if (this.#shapes.isBeyondLimit(slot.input, shape)) continue
        const found: [column: number, first: number, count: number][] = []
        walk.take(owner, owner + 1, (...piece) => found.push(piece))
        const identity = this.#identity(slot, domain, owner, shape, found)
        const output = known.get(identity)
        table[owner] = output ?? known.size
        if (output !== undefined) continue
        known.set(identity, known.size)
        this.#domainPieces[domain].add(slot.input, owner, 1, 0)
        for (const [column, first] of found) this.#addAttribute(slot.input, column, first)
      }
    }
  }

  #addAttribute(input: number, column: number, first: number): void {
    const output = this.#columns.outputOf[input]![column]!
    let pieces = this.#attributePieces.get(output)
    if (!pieces) {
      pieces = new Pieces()
      this.#attributePieces.set(output, pieces)
    }
    pieces.add(input, first, 1, 0)
  }

  /** Text that is equal for equal owners only: shape and values in terms of the output. */
  #identity(
    slot: MergeSlot,
    domain: OwnerDomain,
    owner: number,
    shape: number,
    attributes: readonly (readonly [column: number, first: number, count: number])[],
  ): string {
    const numbers = [this.#shapes.use(slot.input, shape)]
    this.#columns.columns.forEach(({ name, inputs }, column) => {
      if (name.scope !== Scope.intrinsic || domainOf(name.key) !== domain) return
      if (!name.key.endsWith('.shape'))
        numbers.push(this.#value(slot, inputs[slot.input]!, column, owner))
    })
    // In the order in which the walk met them, which is that of the shape.
    for (const [column, first] of attributes) {
      const output = this.#columns.outputOf[slot.input]![column]!
      numbers.push(this.#value(slot, column, output, first))
    }
    // As bytes: -0 and 0 are different values.
    return Buffer.from(Float64Array.from(numbers).buffer).toString('latin1')
  }

  #value(slot: MergeSlot, column: number, output: number, at: number): number {
    const chunk = slot.chunk(column)
    if (!chunk) return -1
    const number = (chunk.values[at]! + chunk.base) / chunk.divisor
    if (!isDictionaryType(this.#columns.columns[output]!.name.type)) return number
    const codes = this.#codesOf(output, slot.input)
    return codes ? codes[number]! : (slot.input + 1) * codesPerInput + number
  }

  #codesOf(column: number, input: number): Uint32Array | null {
    const key = `${column}/${input}`
    const known = this.#codes.get(key)
    if (known !== undefined) return known
    const dictionaries = this.#dictionaries
    const codes = dictionaries.isPerGroup(column) ? null : dictionaries.table(column, input)
    this.#codes.set(key, codes)
    return codes
  }
}

export interface OwnerMergeOptions {
  readonly files: readonly BlockFile[]
  readonly columns: MergeColumns
  readonly dictionaries: MergedDictionaries
  readonly shapes: MergeShapes
}

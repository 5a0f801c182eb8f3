import {
  attributeColumnsMax,
  type ColumnName,
  columnIdentity,
  type ScopeCode,
  ValueType,
  type ValueTypeCode,
} from '../../model/columns.ts'

import type { ByteDictionary } from './byte-dictionary.ts'

/**
 * Columns and shapes of a live segment. A shape is the ordered list of columns that one span,
 * event, link, resource or scope carries; it is found by walking a trie while attributes are read,
 * one map lookup per attribute and no work per distinct set of keys.
 */

const columnsPerNode = 65_536

/** A key repeated more often than this in one list of attributes goes into the overflow column. */
const occurrencesMax = 4

export class Shapes {
  /** Column id -> name; ids are dense and never change. */
  readonly columns: ColumnName[] = []
  /** Shape id -> its columns in order of appearance. */
  readonly shapes: Uint16Array[] = []
  readonly #columnIds = new Map<string, number>()
  /** (scope, type, key id) -> column id of the first occurrence. */
  readonly #byKey = new Map<number, number>()
  /** (node, first-occurrence column) -> next node, -1 for overflow. */
  readonly #edges = new Map<number, number>()
  readonly #nodeParent: number[] = [-1]
  readonly #nodeColumn: number[] = [-1]
  readonly #nodeShape: number[] = [-1]
  /**
   * What followed a node last time: spans of one kind carry their keys in one order, so the next
   * attribute is mostly this one, and comparing its key's bytes spares hashing them.
   */
  readonly guessKey: number[] = [-1]
  readonly guessType: number[] = [0]
  readonly guessNext: number[] = [-1]
  #shapeColumnsTotal = 0
  #columnsMax = attributeColumnsMax

  get heldBytes(): number {
    return this.columns.length * 200 + this.#nodeColumn.length * 80 + this.#shapeColumnsTotal * 2
  }

  /**
   * The first-occurrence column of a key, made when it is new; -1 when the segment already has
   * `attributeColumnsMax` columns, so that the attribute belongs in the overflow column.
   */
  column(scope: ScopeCode, type: ValueTypeCode, keys: ByteDictionary, keyId: number): number {
    const lookup = keyId * 64 + scope * 8 + type
    const known = this.#byKey.get(lookup)
    if (known !== undefined) return known
    const name = { scope, key: keys.text(keyId), type, occurrence: 0 }
    const id = type !== ValueType.overflow && this.#isTooMany(name) ? -1 : this.#columnId(name)
    this.#byKey.set(lookup, id)
    return id
  }

  /** Gives these their columns, and no others: what else comes goes to the overflow columns. */
  restrictTo(names: readonly ColumnName[]): void {
    for (const name of names) this.#columnId(name)
    this.#columnsMax = this.columns.length
  }

  /** The node after `node` when an attribute of `column` follows; -1: put it into overflow. */
  next(node: number, column: number): number {
    return this.#edges.get(node * columnsPerNode + column) ?? this.#grow(node, column)
  }

  /** Remembers what followed `node`. */
  guess(node: number, key: number, type: ValueTypeCode, next: number): void {
    this.guessKey[node] = key
    this.guessType[node] = type
    this.guessNext[node] = next
  }

  /** The shape that ends at a node; node 0 is the empty list. */
  shapeOf(node: number): number {
    const known = this.#nodeShape[node]!
    if (known >= 0) return known
    const columns: number[] = []
    for (let at = node; at > 0; at = this.#nodeParent[at]!) columns.push(this.#nodeColumn[at]!)
    const shape = this.shapes.length
    this.shapes.push(Uint16Array.from(columns.reverse()))
    this.#shapeColumnsTotal += columns.length
    this.#nodeShape[node] = shape
    return shape
  }

  #grow(node: number, column: number): number {
    const name = this.columns[column]!
    let occurrence = 0
    for (let at = node; at > 0; at = this.#nodeParent[at]!) {
      const other = this.columns[this.#nodeColumn[at]!]!
      if (other.key === name.key && other.type === name.type && other.scope === name.scope) {
        occurrence++
      }
    }
    const edge = node * columnsPerNode + column
    const tooMany = occurrence > 0 && this.#isTooMany({ ...name, occurrence })
    if (occurrence >= occurrencesMax || tooMany) {
      this.#edges.set(edge, -1)
      return -1
    }
    const next = this.#nodeColumn.length
    this.#nodeParent.push(node)
    this.#nodeColumn.push(occurrence === 0 ? column : this.#columnId({ ...name, occurrence }))
    this.#nodeShape.push(-1)
    this.guessKey.push(-1)
    this.guessType.push(0)
    this.guessNext.push(-1)
    this.#edges.set(edge, next)
    return next
  }

  /** True for a new column when there are as many as there may be. */
  #isTooMany(name: ColumnName): boolean {
    return this.columns.length >= this.#columnsMax && !this.#columnIds.has(columnIdentity(name))
  }

  #columnId(name: ColumnName): number {
    const text = columnIdentity(name)
    const known = this.#columnIds.get(text)
    if (known !== undefined) return known
    const id = this.columns.length
    this.columns.push(name)
    this.#columnIds.set(text, id)
    return id
  }
}

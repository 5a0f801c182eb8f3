import {
  attributeColumnsMax,
  type ColumnName,
  columnIdentity,
  Scope,
  ValueType,
} from '../../model/columns.ts'
import type { BlockFile } from './block-file.ts'
import { intrinsicColumns } from './format.ts'
import { isOwnerColumn } from './vectors.ts'

/** A column of the output and where each input has it. */
export interface MergeColumn {
  readonly name: ColumnName
  /** In the owner group instead of the row groups. */
  readonly owners: boolean
  /** Its number in each input, -1 where the input has none. */
  readonly inputs: Int32Array
}

export interface MergeColumns {
  readonly columns: readonly MergeColumn[]
  /** Per input: its columns' numbers in the output, -1 for those beyond the column limit. */
  readonly outputOf: readonly Int32Array[]
}

/**
 * All columns of the inputs in the order of a block: built-in ones first, then attributes by their
 * scope, most frequent first. Beyond `attributeColumnsMax` the least frequent ones have no column.
 */
export function unionColumns(files: readonly BlockFile[]): MergeColumns {
  const found = findColumns(files)
  const attributes = found.filter(({ name }) => isLimited(name))
  attributes.sort((a, b) => b.values - a.values)
  const kept = new Set(attributes.slice(0, attributeColumnsMax))
  return finish(
    files,
    found.filter(column => !isLimited(column.name) || kept.has(column)),
  )
}

/** The same columns for more inputs, which have no others besides overflow columns. */
export function sameColumns(files: readonly BlockFile[], before: MergeColumns): MergeColumns {
  const kept = new Set(before.columns.map(({ name }) => columnIdentity(name)))
  return finish(
    files,
    findColumns(files).filter(({ name }) => !isLimited(name) || kept.has(columnIdentity(name))),
  )
}

/** Whether a column counts towards the limit. */
export function isLimited({ scope, type }: ColumnName): boolean {
  return scope !== Scope.intrinsic && type !== ValueType.overflow
}

function finish(files: readonly BlockFile[], columns: FoundColumn[]): MergeColumns {
  columns.sort(inBlockOrder)
  const outputOf = files.map(file => new Int32Array(file.columns.length).fill(-1))
  columns.forEach(({ inputs }, output) => {
    for (let input = 0; input < files.length; input++) {
      if (inputs[input]! >= 0) outputOf[input]![inputs[input]!] = output
    }
  })
  return { columns, outputOf }
}

interface FoundColumn extends MergeColumn {
  /** Values of all inputs together. */
  values: number
}

function findColumns(files: readonly BlockFile[]): FoundColumn[] {
  const found = new Map<string, FoundColumn>()
  files.forEach((file, input) => {
    file.columns.forEach((name, id) => {
      const identity = columnIdentity(name)
      let column = found.get(identity)
      if (!column) {
        const inputs = new Int32Array(files.length).fill(-1)
        column = { name, owners: isOwnerColumn({ id, name }), inputs, values: 0 }
        found.set(identity, column)
      }
      column.inputs[input] = id
      const { columnFirstChunk, chunkCount } = file.f
      for (let chunk = columnFirstChunk[id]!; chunk < columnFirstChunk[id + 1]!; chunk++) {
        column.values += chunkCount[chunk]!
      }
    })
  })
  return [...found.values()]
}

const intrinsicPlace = new Map(Object.keys(intrinsicColumns).map((key, place) => [key, place]))

/** Domains of attributes in the order in which a block has them. */
const scopePlace = new Map([
  [Scope.intrinsic, 0],
  [Scope.span, 1],
  [Scope.event, 2],
  [Scope.link, 3],
  [Scope.resource, 4],
  [Scope.instrumentation, 5],
])

function inBlockOrder(a: FoundColumn, b: FoundColumn): number {
  const byScope = scopePlace.get(a.name.scope)! - scopePlace.get(b.name.scope)!
  if (byScope !== 0) return byScope
  if (a.name.scope === Scope.intrinsic) {
    return intrinsicPlace.get(a.name.key)! - intrinsicPlace.get(b.name.key)!
  }
  return b.values - a.values
}

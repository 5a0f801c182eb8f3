import { type ColumnName, isDictionaryType, Scope, type ScopeCode } from '../../model/columns.ts'
import type { FooterArrays } from './block-file.ts'
import { type IntrinsicColumn, intrinsicColumns } from './format.ts'

/** Which columns must be there in a group with how many values, and which values they may have. */

const perTrace: ReadonlySet<string> = new Set<IntrinsicColumn>([
  ...(['trace.id', 'trace.spans', 'trace.start.low', 'trace.start.high'] as const),
  ...(['trace.duration.low', 'trace.duration.high', 'trace.hasRoot', 'trace.services'] as const),
  ...(['trace.rootName', 'trace.rootService'] as const),
])

const perSpan: ReadonlySet<string> = new Set<IntrinsicColumn>([
  ...(['span.shape', 'span.depth', 'span.resource', 'span.scope', 'span.id'] as const),
  ...(['span.start.low', 'span.start.high', 'span.duration.low'] as const),
  ...(['span.duration.high', 'span.name', 'span.kind', 'span.status'] as const),
])

/** Columns with a value each for the same items: `event.time.low` goes with `event.row`. */
const families = Object.values(
  Object.groupBy(Object.keys(intrinsicColumns), key => key.replace(/\..*$/, '')),
)
  .map(keys => (keys ?? []).filter(key => !perTrace.has(key) && !perSpan.has(key)))
  .filter(keys => keys.length > 0)

/** A built-in column that there are two of, or that holds values of another type. */
export function intrinsicFault(columns: readonly ColumnName[]): string | undefined {
  const seen = new Set<string>()
  for (const { scope, key, type } of columns) {
    if (scope !== Scope.intrinsic) continue
    const wanted = Object.hasOwn(intrinsicColumns, key)
      ? intrinsicColumns[key as IntrinsicColumn]
      : type
    if (type !== wanted || seen.has(key)) return key
    seen.add(key)
  }
  return undefined
}

/** Text that says what is missing, or undefined. */
export function countFault(f: FooterArrays, columns: readonly ColumnName[]): string | undefined {
  const counts = intrinsicCounts(f, columns)
  const groups = f.groupSpans.length
  for (let group = 0; group < groups; group++) {
    const own = counts[group]!
    for (const key of perTrace) if ((own.get(key) ?? 0) !== f.groupTraces[group]) return key
    for (const key of perSpan) if ((own.get(key) ?? 0) !== f.groupSpans[group]) return key
  }
  for (const own of counts) {
    for (const [first, ...others] of families) {
      const missing = others.find(key => own.get(key) !== own.get(first!))
      if (missing !== undefined) return missing
    }
  }
  const owners = counts[groups]!
  const hasOwners = owners.has('resource.shape') && owners.has('scope.shape')
  const hasSpans = f.groupSpans.some(spans => spans > 0)
  if (hasSpans && !hasOwners) return 'resource.shape'
  return attributeFault(f, columns, counts)
}

/** Whose shapes say which items have an attribute of a scope. */
const shapeOfScope: Readonly<Record<Exclude<ScopeCode, 5>, IntrinsicColumn>> = {
  [Scope.span]: 'span.shape',
  [Scope.event]: 'event.shape',
  [Scope.link]: 'link.shape',
  [Scope.resource]: 'resource.shape',
  [Scope.instrumentation]: 'scope.shape',
}

/** An attribute with more values than there are items that could have it. */
function attributeFault(
  f: FooterArrays,
  columns: readonly ColumnName[],
  counts: readonly ReadonlyMap<string, number>[],
): string | undefined {
  for (const [column, { scope, key }] of columns.entries()) {
    if (scope === Scope.intrinsic) continue
    for (
      let chunk = f.columnFirstChunk[column]!;
      chunk < f.columnFirstChunk[column + 1]!;
      chunk++
    ) {
      const items = counts[f.chunkGroup[chunk]!]!.get(shapeOfScope[scope]) ?? 0
      if (f.chunkCount[chunk]! > items) return key
    }
  }
  return undefined
}

/** By group, the owner group last: values of each column that is not an attribute. */
function intrinsicCounts(
  f: FooterArrays,
  columns: readonly ColumnName[],
): ReadonlyMap<string, number>[] {
  const counts = Array.from(f.groupOffset, () => new Map<string, number>())
  for (const [column, { scope, key }] of columns.entries()) {
    if (scope !== Scope.intrinsic) continue
    for (let chunk = f.columnFirstChunk[column]!; chunk < f.columnFirstChunk[column + 1]!; chunk++)
      counts[f.chunkGroup[chunk]!]!.set(key, f.chunkCount[chunk]!)
  }
  return counts
}

/** What the values of a chunk must be less than; Infinity: anything. */
export function valueLimit(
  f: FooterArrays,
  { scope, key, type }: ColumnName,
  column: number,
  chunk: number,
  countOf: (key: IntrinsicColumn, group: number) => number,
): number {
  const group = f.chunkGroup[chunk]!
  if (isDictionaryType(type)) {
    const ownDictionary = f.columnDictionaryPerGroup[column] === 1
    const at = ownDictionary ? chunk - f.columnFirstChunk[column]! : 0
    return f.dictionaryValues[f.columnDictionary[column]! + at]!
  }
  if (scope !== Scope.intrinsic) return Number.POSITIVE_INFINITY
  if (key.endsWith('.shape')) return f.shapeEnd.length
  if (key.endsWith('.row') || key === 'span.depth') return f.groupSpans[group]!
  const owners = f.groupSpans.length
  if (key === 'span.resource') return countOf('resource.shape', owners)
  if (key === 'span.scope') return countOf('scope.shape', owners)
  return Number.POSITIVE_INFINITY
}

/** The sum of a column that says how many items of another belong to each of its own. */
export function wantedSum(
  f: FooterArrays,
  { scope, key }: ColumnName,
  group: number,
  countOf: (key: IntrinsicColumn, group: number) => number,
): number | undefined {
  if (scope !== Scope.intrinsic) return undefined
  if (key === 'trace.spans') return f.groupSpans[group]
  return key === 'trace.services' ? countOf('service.name', group) : undefined
}

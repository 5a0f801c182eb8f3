import { Scope } from '../model/columns.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import type { DecodedChunk } from '../storage/block/decode.ts'
import type { IntrinsicColumn } from '../storage/block/format.ts'
import type { Problems } from './problems.ts'

/** A row group, or the owner group, with all of its chunks decoded. */
export interface DecodedGroup {
  readonly group: number
  /** By column. */
  readonly chunks: ReadonlyMap<number, DecodedChunk>
}

/** The integers of a column, with its base; empty when the group has none of them. */
export function integersOf(
  file: BlockFile,
  { chunks }: DecodedGroup,
  key: IntrinsicColumn,
): Float64Array {
  const chunk = chunks.get(columnOf(file, key))
  const out = new Float64Array(chunk?.values.length ?? 0)
  for (let i = 0; i < out.length; i++) out[i] = chunk!.values[i]! + chunk!.base
  return out
}

export function columnOf({ columns }: BlockFile, key: IntrinsicColumn): number {
  return columns.findIndex(name => name.scope === Scope.intrinsic && name.key === key)
}

/** What format.ts says of the rows of a group: see the numbers of its invariants. */
export function verifyGroup(file: BlockFile, decoded: DecodedGroup, problems: Problems): void {
  const { group } = decoded
  const report = (key: IntrinsicColumn, what: string) => {
    const chunk = file.chunkOf(columnOf(file, key), group)
    const offset = chunk < 0 ? file.f.groupOffset[group]! : file.chunkPlace(chunk).offset
    problems.add(offset, `${what}, in group ${group}`, key)
  }
  // A block without spans has a group without columns.
  if (!verifyCounts(file, decoded, report) || file.f.groupSpans[group] === 0) return
  verifyTree(file, decoded, report)
  verifyTraceOrder(file, decoded, report)
  verifyItems(file, decoded, report)
  verifyShapes(file, decoded, problems)
}

type Report = (key: IntrinsicColumn, what: string) => void

const perTrace = ['trace.id', 'trace.spans', 'trace.start.low', 'trace.start.high'] as const
const perSpan = [
  ...(['span.shape', 'span.depth', 'span.resource', 'span.scope', 'span.id'] as const),
  ...(['span.start.low', 'span.start.high', 'span.duration.low', 'span.duration.high'] as const),
]

/** Whether the columns that every trace and span has are as long as the group. */
function verifyCounts(file: BlockFile, decoded: DecodedGroup, report: Report): boolean {
  const { f } = file
  const { group } = decoded
  let isGood = true
  const check = (key: IntrinsicColumn, wanted: number) => {
    const chunk = file.chunkOf(columnOf(file, key), group)
    const found = chunk < 0 ? 0 : f.chunkCount[chunk]!
    if (found === wanted) return
    report(key, `${found} values instead of ${wanted}`)
    isGood = false
  }
  for (const key of perTrace) check(key, f.groupTraces[group]!)
  for (const key of perSpan) check(key, f.groupSpans[group]!)
  const spans = integersOf(file, decoded, 'trace.spans')
  const sum = spans.reduce((total, count) => total + count, 0)
  if (sum === f.groupSpans[group] && !spans.includes(0)) return isGood
  report('trace.spans', `traces of ${sum} spans instead of ${f.groupSpans[group]}, or an empty one`)
  return false
}

/** Invariants 1 and 2. */
function verifyTree(file: BlockFile, decoded: DecodedGroup, report: Report): void {
  const depths = integersOf(file, decoded, 'span.depth')
  let row = 0
  for (const spans of integersOf(file, decoded, 'trace.spans')) {
    if (depths[row] !== 0) report('span.depth', `row ${row} begins a trace at depth ${depths[row]}`)
    const end = row + spans
    for (row++; row < end; row++) {
      if (depths[row]! <= depths[row - 1]! + 1) continue
      report('span.depth', `row ${row} has depth ${depths[row]} after ${depths[row - 1]}`)
    }
  }
  const orphans = integersOf(file, decoded, 'orphan.row')
  for (const [i, orphan] of orphans.entries()) {
    if (i > 0 && orphan <= orphans[i - 1]!) report('orphan.row', `row ${orphan} out of order`)
    if (depths[orphan] !== 0) report('orphan.row', `row ${orphan} is not at depth 0`)
  }
}

/** Invariant 3 within a group, and the least and greatest start that the footer names. */
function verifyTraceOrder(file: BlockFile, decoded: DecodedGroup, report: Report): void {
  const low = integersOf(file, decoded, 'trace.start.low')
  const high = integersOf(file, decoded, 'trace.start.high')
  const ids = decoded.chunks.get(columnOf(file, 'trace.id'))!.values as Uint8Array
  const idOf = (trace: number) => ids.subarray(trace * 16, trace * 16 + 16)
  for (let trace = 1; trace < low.length; trace++) {
    const order = high[trace]! - high[trace - 1]! || low[trace]! - low[trace - 1]!
    if (order > 0) continue
    if (order === 0 && Buffer.compare(idOf(trace - 1), idOf(trace)) < 0) continue
    report('trace.id', `trace ${trace} belongs before the one in front of it`)
    return
  }
  const { groupTimes } = file.f
  const at = decoded.group * 10
  const last = low.length - 1
  const isFirst = groupTimes[at] === low[0] && groupTimes[at + 1] === high[0]
  const isLast = groupTimes[at + 2] === low[last] && groupTimes[at + 3] === high[last]
  if (!isFirst || !isLast) report('trace.start.low', 'the footer has other times')
}

/** Events and links are listed in the order of their rows, and belong to rows of the group. */
function verifyItems(file: BlockFile, decoded: DecodedGroup, report: Report): void {
  for (const key of ['event.row', 'link.row'] as const) {
    let last = 0
    for (const row of integersOf(file, decoded, key)) {
      if (row < last) report(key, `row ${row} after row ${last}`)
      if (row >= file.f.groupSpans[decoded.group]!) report(key, `row ${row} does not exist`)
      last = row
    }
  }
}

/** Every column has as many values as its scope has items with a shape that includes it. */
export function verifyShapes(file: BlockFile, decoded: DecodedGroup, problems: Problems): void {
  const isOwnerGroup = decoded.group === file.groupCount
  const scopes = isOwnerGroup
    ? ([
        [Scope.resource, 'resource.shape'],
        [Scope.instrumentation, 'scope.shape'],
      ] as const)
    : ([
        [Scope.span, 'span.shape'],
        [Scope.event, 'event.shape'],
        [Scope.link, 'link.shape'],
      ] as const)
  for (const [scope, key] of scopes) {
    const wanted = valuesWanted(file, integersOf(file, decoded, key))
    for (const [column, name] of file.columns.entries()) {
      if (name.scope !== scope) continue
      const chunk = file.chunkOf(column, decoded.group)
      const found = chunk < 0 ? 0 : file.f.chunkCount[chunk]!
      if (found === wanted[column]) continue
      const offset = file.f.groupOffset[decoded.group]!
      problems.add(offset, `${found} values where ${wanted[column]} items have one`, name.key)
    }
  }
}

/** By column: how many of the items have it. */
function valuesWanted({ f, columns }: BlockFile, shapes: Float64Array): Float64Array {
  const items = new Float64Array(f.shapeEnd.length)
  for (const shape of shapes) if (shape < items.length) items[shape] = items[shape]! + 1
  const wanted = new Float64Array(columns.length)
  for (let shape = 0, at = 0; shape < items.length; shape++) {
    for (; at < f.shapeEnd[shape]!; at++) {
      const column = f.shapeColumn[at]!
      wanted[column] = wanted[column]! + items[shape]!
    }
  }
  return wanted
}

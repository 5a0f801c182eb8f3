import { appendOtlp } from '../live/decode-otlp.ts'
import { LiveSegment } from '../live/live-segment.ts'
import type { Spill } from '../spill.ts'
import { BlockFile, type RangeReader } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import type { DecodedChunk } from './decode.ts'
import { isLimited, type MergeColumns } from './merge-columns.ts'
import { MergeShapes } from './merge-shapes.ts'
import { Fate, type MergeTraces, readGroupColumns } from './merge-traces.ts'
import { writeBlock } from './writer.ts'

/**
 * Traces that a merge cannot take as they are: parts in several inputs that differ, and attributes
 * that have no column in the output. They are put together in memory, as queries do it, and written
 * into blocks of their own, which then are inputs like the others.
 */

/** Segments of less than this would make a block of every few traces. */
const segmentBytesMin = 2 * 1024 * 1024

interface AssembleOptions {
  readonly memoryBytes: number
  readonly spill: Spill
}

/** A set of trace numbers becomes one trace. Returns the blocks that have these traces. */
export async function* assembleTraces(
  traces: MergeTraces,
  sets: number[][],
  columns: MergeColumns,
  { memoryBytes, spill }: AssembleOptions,
): AsyncGenerator<void, BlockFile[]> {
  const sources = traces.files.map(file => new BlockSource(file))
  const names = columns.columns.map(column => column.name).filter(isLimited)
  const blocks: BlockFile[] = []
  traces.sortByStart(sets)
  const groupLoaded = new Int32Array(sources.length).fill(-1)
  let segment = newSegment(names)
  for (const set of sets) {
    for (const number of set) {
      const { input, group, trace } = traces.place(number)
      const source = sources[input]!
      // Decoded once for all traces of the group that follow.
      if (groupLoaded[input] !== group) await source.file.loadGroup(group)
      groupLoaded[input] = group
      appendOtlp(segment, await source.readTrace({ group, trace }))
      yield
    }
    if (segment.heldBytes < Math.max(segmentBytesMin, memoryBytes / 4)) continue
    blocks.push(yield* writeAssembled(segment, traces, blocks.length, spill))
    segment = newSegment(names)
  }
  if (segment.spanCount > 0) {
    blocks.push(yield* writeAssembled(segment, traces, blocks.length, spill))
  }
  return blocks
}

/** Adds the taken traces to `sets` that have an attribute without a column in the output. */
export async function* addTracesBeyondLimit(
  traces: MergeTraces,
  columns: MergeColumns,
  sets: number[][],
): AsyncGenerator<void> {
  const shapes = new MergeShapes(traces.files, columns.outputOf)
  for (const [input, file] of traces.files.entries()) {
    const beyond = Uint8Array.from(file.f.shapeEnd, (_, shape) => {
      return shapes.isBeyondLimit(input, shape) ? 1 : 0
    })
    if (!beyond.includes(1)) continue
    const owners = await ownersBeyondLimit(file, beyond)
    for (let group = 0; group < file.groupCount; group++) {
      const rows = await rowsBeyondLimit(file, group, beyond, owners)
      const { values, base } = (await readGroupColumns(file, group, ['trace.spans']))('trace.spans')
      for (let trace = 0, row = 0; trace < values.length; trace++) {
        const end = row + values[trace]! + base
        const number = traces.numberOf(input, group, trace)
        if (traces.fate[number] === Fate.taken && rows.subarray(row, end).includes(1)) {
          sets.push([number])
        }
        row = end
      }
      yield
    }
  }
}

interface OwnersBeyondLimit {
  readonly resource: Uint8Array
  readonly scope: Uint8Array
}

async function ownersBeyondLimit(file: BlockFile, beyond: Uint8Array): Promise<OwnersBeyondLimit> {
  const keys = ['resource.shape', 'scope.shape'] as const
  const read = await readGroupColumns(file, file.groupCount, keys)
  return {
    resource: lookUp(read('resource.shape'), beyond),
    scope: lookUp(read('scope.shape'), beyond),
  }
}

/** Per row 1 when it, its events, links or owners have a shape beyond the limit. */
async function rowsBeyondLimit(
  file: BlockFile,
  group: number,
  beyond: Uint8Array,
  owners: OwnersBeyondLimit,
): Promise<Uint8Array> {
  const read = await readGroupColumns(file, group, [
    'span.shape',
    'span.resource',
    'span.scope',
    'event.row',
    'event.shape',
    'link.row',
    'link.shape',
  ])
  const rows = lookUp(read('span.shape'), beyond)
  const add = (marks: Uint8Array) => {
    for (let row = 0; row < rows.length; row++) rows[row] = rows[row]! | marks[row]!
  }
  add(lookUp(read('span.resource'), owners.resource))
  add(lookUp(read('span.scope'), owners.scope))
  for (const domain of ['event', 'link'] as const) {
    const marks = lookUp(read(`${domain}.shape`), beyond)
    const { values, base } = read(`${domain}.row`)
    for (let item = 0; item < marks.length; item++) {
      if (marks[item] === 1) rows[values[item]! + base] = 1
    }
  }
  return rows
}

function lookUp({ values, base }: DecodedChunk, table: Uint8Array): Uint8Array {
  const out = new Uint8Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = table[values[i]! + base]!
  return out
}

function newSegment(names: MergeColumns['columns'][number]['name'][]): LiveSegment {
  const segment = new LiveSegment()
  segment.shapes.restrictTo(names)
  return segment
}

async function* writeAssembled(
  segment: LiveSegment,
  traces: MergeTraces,
  number: number,
  spill: Spill,
): AsyncGenerator<void, BlockFile> {
  const parts: Uint8Array[] = []
  yield* writeBlock(segment, bytes => parts.push(bytes))
  const bytes = Buffer.concat(parts)
  const at = spill.append(bytes)
  const first = traces.files[0]!
  const reader: RangeReader = {
    object: `assembled traces ${number}`,
    size: bytes.length,
    read: async (offset, length) => spill.read(at + offset, length),
  }
  return BlockFile.open(`${first.id}/assembled-${number}`, reader, first.cache)
}

import { isDictionaryType, Scope } from '../../model/columns.ts'
import type { Spill } from '../spill.ts'
import { BlockEmitter, type EmittedColumn, type WrittenBlock } from './block-emitter.ts'
import type { BlockFile } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import { encodeIntegers } from './encode.ts'
import { addTracesBeyondLimit, assembleTraces } from './merge-assemble.ts'
import { type MergeColumns, sameColumns, unionColumns } from './merge-columns.ts'
import { MergedDictionaries } from './merge-dictionaries.ts'
import { encodeMerged, MergeGroup, type MergePlan } from './merge-group.ts'
import { MergedOwners } from './merge-owners.ts'
import { gatherCodes } from './merge-pieces.ts'
import { MergeShapes } from './merge-shapes.ts'
import { type MergeOrder, MergeTraces } from './merge-traces.ts'

export interface MergeOptions {
  /** For what a merge holds besides the groups it works on. */
  readonly memoryBytes: number
  /** Takes what goes beyond that. The caller closes it. */
  readonly spill: Spill
}

/**
 * Many blocks into one, each trace once, in two passes. The first joins the trace-ID indexes, puts
 * the traces in order and merges the dictionaries. The second takes row group after row group of
 * the output out of the inputs, a stretch of columns at a time: no span is decoded.
 *
 * Yields the block's bytes in steps of a few milliseconds, between which other work of the thread
 * can run; a step may have no bytes. Memory: some 60 bytes a trace, the directories of the inputs,
 * the input groups that an output group draws from, and `memoryBytes`.
 */
export async function* mergeBlocks(
  inputs: readonly BlockFile[],
  options: MergeOptions,
): AsyncGenerator<Uint8Array, WrittenBlock> {
  const pieces: Uint8Array[] = []
  const steps = writeMerged(inputs, options, bytes => pieces.push(bytes))
  for (;;) {
    const step = await steps.next()
    // A large piece goes as it is; most are small and padding.
    const taken = pieces.splice(0)
    if (taken.length > 0) yield taken.length === 1 ? taken[0]! : Buffer.concat(taken)
    else if (!step.done) yield none
    if (step.done) return step.value
  }
}

const none = new Uint8Array(0)

async function* writeMerged(
  inputs: readonly BlockFile[],
  options: MergeOptions,
  sink: (bytes: Uint8Array) => void,
): AsyncGenerator<void, WrittenBlock> {
  const joined = yield* joinTraces(inputs, options)
  const { traces } = joined
  const order = traces.order()
  yield
  const plan = yield* planMerge(joined, options, order.groupTrace.length - 1)
  const emitter = new BlockEmitter(sink)
  for (let group = 0; group + 1 < order.groupTrace.length; group++) {
    yield* emitGroup(emitter, plan, traces, order, group)
  }
  yield* emitOwners(emitter, plan)
  const columns: EmittedColumn[] = []
  for (const [column, { name }] of plan.columns.columns.entries()) {
    const dictionary = isDictionaryType(name.type) ? emitter.dictionaries : -1
    const dictionaryPerGroup = plan.dictionaries.isPerGroup(column)
    columns.push({ name, dictionary, dictionaryPerGroup })
    yield* plan.dictionaries.emit(column, emitter)
  }
  for (const page of traces.indexPages(order)) emitter.putIndexPage(page)
  return emitter.finish(columns, plan.shapes.shapes)
}

interface JoinedTraces {
  readonly traces: MergeTraces
  readonly columns: MergeColumns
}

/** Decides where each trace of the output comes from; split ones come from blocks made for them. */
async function* joinTraces(
  inputs: readonly BlockFile[],
  options: MergeOptions,
): AsyncGenerator<void, JoinedTraces> {
  const columns = unionColumns(inputs)
  const traces = yield* MergeTraces.load(inputs)
  const sets = traces.decide(inputs.length)
  yield* addTracesBeyondLimit(traces, columns, sets)
  if (sets.length === 0) return { traces, columns }
  const assembled = yield* assembleTraces(traces, sets, columns, options)
  const files = [...inputs, ...assembled]
  const joined = yield* MergeTraces.load(files)
  joined.decide(inputs.length)
  return { traces: joined, columns: sameColumns(files, columns) }
}

async function* planMerge(
  { traces: { files }, columns }: JoinedTraces,
  options: MergeOptions,
  groups: number,
): AsyncGenerator<void, MergePlan> {
  const sources = files.map(file => new BlockSource(file))
  const shapes = new MergeShapes(files, columns.outputOf)
  const dictionaries = yield* MergedDictionaries.merge({
    sources,
    columns: columns.columns,
    spill: options.spill,
    groups,
    memoryBytes: options.memoryBytes / 2,
  })
  const owners = await MergedOwners.merge({ files, columns, dictionaries, shapes })
  return { files, columns, shapes, dictionaries, owners }
}

async function* emitGroup(
  emitter: BlockEmitter,
  plan: MergePlan,
  traces: MergeTraces,
  order: MergeOrder,
  group: number,
): AsyncGenerator<void> {
  const merged = new MergeGroup(plan, group)
  const end = order.groupTrace[group + 1]!
  for (let from = order.groupTrace[group]!, to = from; from < end; from = to) {
    const place = traces.place(order.traces[from]!)
    const groupTraces = plan.files[place.input]!.f.groupTraces[place.group]!
    // Traces that follow each other in the input, too, are taken at once.
    const most = Math.min(end, from + groupTraces - place.trace)
    do to++
    while (to < most && order.traces[to] === order.traces[to - 1]! + 1)
    await merged.add(place, to - from)
    if (from % 64 === 0) yield
  }
  for (const [column, { owners }] of plan.columns.columns.entries()) {
    if (owners) continue
    const chunk = await merged.chunk(column)
    if (!chunk) continue
    emitter.putChunk(column, chunk)
    yield
  }
  emitter.endGroup(merged.describe())
}

async function* emitOwners(emitter: BlockEmitter, plan: MergePlan): AsyncGenerator<void> {
  const { owners, shapes } = plan
  for (const [column, merged] of plan.columns.columns.entries()) {
    const pieces = merged.owners ? owners.pieces(column) : undefined
    if (!pieces) continue
    const { scope, key } = merged.name
    if (scope === Scope.intrinsic && key.endsWith('.shape')) {
      const codes = gatherCodes(merged, owners.slots, pieces, slot => shapes.table(slot))
      emitter.putChunk(column, encodeIntegers(codes, 0, codes.length))
    } else emitter.putChunk(column, await encodeMerged(plan, column, 0, owners.slots, pieces))
    yield
  }
  emitter.endOwners()
}

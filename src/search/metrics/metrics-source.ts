import { ascending } from '../../base/ascending.ts'
import { throwIfTooManyCells } from '../../contract/budget.ts'
import type { MetricsRequest, ReadStats } from '../../contract/queries.ts'
import { firstSeries } from '../../metrics/first-series.ts'
import type { MetricsPart } from '../../metrics/merge.ts'
import type { ColumnGroup, ColumnRef, ColumnSource, GroupNeed } from '../../model/column-batch.ts'
import type { MetricsFunction } from '../../model/spanset.ts'
import { type Mask, markedRows } from '../kernels.ts'
import { float64Room, uint32Room } from '../room.ts'
import { type Pause, ScanWatch } from '../scan-watch.ts'
import type { SourcePart } from '../search-source.ts'
import { PipelineRun } from '../spanset/pipeline.ts'
import { type CodeReader, codeReader } from '../value/code-reader.ts'
import type { KeyValue } from '../value/key-encoder.ts'
import { type ReadContext, readContext, type VectorReader, vectorReader } from '../value/read.ts'
import {
  type Additions,
  addCounts,
  addExtremes,
  addSums,
  Lane,
  metricsCellsMax,
} from './accumulators.ts'
import { compareSource } from './compare.ts'
import { ExemplarPicker } from './exemplars.ts'
import { readNumbers } from './numbers.ts'
import { ExponentCodes, powerBuckets } from './power-buckets.ts'
import { SeriesTable } from './series-table.ts'
import { type BucketedRows, TimeBuckets } from './time-buckets.ts'

export async function metricsOfSource(
  source: ColumnSource,
  request: MetricsRequest,
  { groups, excluded }: SourcePart,
  stats: ReadStats,
  signal: AbortSignal,
): Promise<MetricsPart> {
  const watch = new ScanWatch(source, request.budget, stats, signal)
  const scan = new MetricsScan(source, request, watch.pause)
  const aggregation =
    request.function.kind === 'compare'
      ? compareSource(scan, request.function)
      : new Aggregation(scan, request.function)
  for (const [index, info] of source.groups.entries()) {
    if ((groups && !groups.has(index)) || !scan.buckets.overlaps(info)) continue
    await watch.turn()
    if (!(await scan.run.bind(index))) continue
    if (!(await aggregation.bind(index))) continue
    const group = await scan.load(index, aggregation)
    watch.count(group)
    const { mask } = await scan.run.evaluate(index, group)
    leaveOut(mask, group, excluded.get(index))
    const counted = scan.buckets.ofRows(group, info, markedRows(mask))
    if (counted.rows.length > 0) await aggregation.add(index, group, counted)
    throwIfTooManyCells(request.budget, aggregation.seriesCount, request.steps)
  }
  const part = await aggregation.finish()
  watch.finish()
  return part
}

/** Traces for which another source answers. */
function leaveOut(mask: Mask, group: ColumnGroup, traces: ReadonlySet<number> | undefined): void {
  if (traces === undefined) return
  const traceRows = group.traceRows()
  if (traceRows !== null) {
    for (const trace of traces) mask.fill(0, traceRows[trace]!, traceRows[trace + 1]!)
    return
  }
  const traceOfRow = group.traceOfRow()
  for (let row = 0; row < mask.length; row++) if (traces.has(traceOfRow[row]!)) mask[row] = 0
}

/** What is common to all functions: which spans, which buckets. */
export class MetricsScan {
  readonly context: ReadContext
  readonly request: MetricsRequest
  readonly run: PipelineRun
  readonly buckets: TimeBuckets

  constructor(source: ColumnSource, request: MetricsRequest, pause: Pause) {
    this.context = readContext(source, pause)
    this.request = request
    this.run = new PipelineRun(this.context, request.spans, request.stages ?? [])
    this.buckets = new TimeBuckets(request)
  }

  load(index: number, more: MetricsReader): Promise<ColumnGroup> {
    const { source } = this.context
    const columns = new Map<number, ColumnRef>()
    for (const ref of [...this.run.columns, ...more.columns]) columns.set(ref.id, ref)
    const needs = new Set<GroupNeed>(['traceOfRow', ...this.run.needs, ...more.needs])
    if (this.buckets.ofGroup(source.groups[index]!) === null) needs.add('starts')
    return source.load(index, [...columns.values()], needs)
  }
}

/** Takes the spans that are counted, a group at a time. */
export interface MetricsReader {
  readonly columns: readonly ColumnRef[]
  readonly needs: readonly GroupNeed[]
  /** Series so far, each with a number for every step. */
  readonly seriesCount: number
  /** False when no row of the group can count. */
  bind(index: number): Promise<boolean>
  add(index: number, group: ColumnGroup, counted: BucketedRows): Promise<void>
  finish(): Promise<MetricsPart>
}

type AggregateFunction = Exclude<MetricsFunction, { kind: 'compare' }>

/** All functions but `compare`: a number or two for each series and step. */
class Aggregation implements MetricsReader {
  readonly #scan: MetricsScan
  readonly #function: AggregateFunction
  readonly #labels: readonly CodeReader[]
  readonly #operand: VectorReader | null
  readonly #series: SeriesTable
  readonly #lanes: readonly Lane[]
  readonly #exemplars: ExemplarPicker
  readonly #numbers = float64Room()
  readonly #powers = uint32Room()
  readonly #exponents = new ExponentCodes()

  constructor(scan: MetricsScan, aggregate: AggregateFunction) {
    const { context, request } = scan
    this.#scan = scan
    this.#function = aggregate
    this.#labels = request.by.map(operand => codeReader(context, operand))
    this.#operand =
      aggregate.kind === 'count' ? null : vectorReader(context, aggregate.operand, 'computation')
    this.#series = new SeriesTable(request.by.length + (aggregate.kind === 'histogram' ? 1 : 0))
    const laneFills = fills[aggregate.kind]
    const cellsMax = Math.floor(metricsCellsMax / laneFills.length)
    this.#lanes = laneFills.map(fill => new Lane(request.steps, fill, cellsMax))
    this.#exemplars = new ExemplarPicker(request.exemplars, request.steps)
  }

  get columns(): ColumnRef[] {
    const labels = this.#labels.flatMap(reader => [...reader.columns])
    return this.#operand ? [...labels, ...this.#operand.columns] : labels
  }

  get needs(): GroupNeed[] {
    const labels = this.#labels.flatMap(reader => [...reader.needs])
    return this.#operand ? [...labels, ...this.#operand.needs] : labels
  }

  get seriesCount(): number {
    return this.#series.count
  }

  async bind(): Promise<boolean> {
    return true
  }

  async add(index: number, group: ColumnGroup, counted: BucketedRows): Promise<void> {
    const aggregate = this.#function
    let { rows, runs } = counted
    let numbers: Float64Array | null = null
    const codes: Uint32Array[] = []
    if (aggregate.kind !== 'count') {
      const read = await readNumbers(
        this.#numbers,
        aggregate.operand,
        this.#operand!,
        group,
        index,
        rows,
      )
      numbers = read.numbers
      if (aggregate.kind === 'histogram') {
        const powers = powerBuckets(this.#powers, this.#exponents, counted, read)
        rows = powers.rows
        runs = powers.runs
        numbers = powers.numbers
        codes.push(powers.codes)
      }
    }
    for (const reader of this.#labels.toReversed())
      codes.unshift(await reader.read(group, index, rows))
    const sizes = this.#values().map(values => values.length)
    const series = this.#series.assign(codes, sizes)
    for (const lane of this.#lanes) lane.reserve(this.#series.count)
    this.#accumulate({ series, runs, numbers })
    if (this.#exemplars.isFull) return
    const { source } = this.#scan.context
    await this.#exemplars.add(source, index, { rows, series, runs, numbers })
  }

  async finish(): Promise<MetricsPart> {
    const { request, context } = this.#scan
    const values = this.#values()
    const labelsOf = (series: number) => this.#series.labels(series, values, context.texts)
    const max = request.firstSeries ?? Number.POSITIVE_INFINITY
    const kept = firstSeries(this.#seriesWithData(), max, labelsOf)
    const places = new Map(kept.map((series, i) => [series, i]))
    const lanes = this.#lanes.slice(0, lanesShown[this.#function.kind])
    return {
      series: kept.map(labelsOf),
      steps: request.steps,
      lanes: lanes.map(lane => lane.finish(kept)),
      exemplars: this.#exemplars.found.flatMap(exemplar => {
        const series = places.get(exemplar.series)
        return series === undefined ? [] : [{ ...exemplar, series }]
      }),
    }
  }

  /** Without labels there is one series, with or without spans. */
  #seriesWithData(): number[] {
    const { count } = this.#series
    if (this.#series.isSingle) return [0]
    // Of a sum the values are counted in the second lane.
    const lane = this.#lanes[this.#function.kind === 'sum' ? 1 : 0]!
    return [...ascending(count)].filter(series => lane.hasData(series))
  }

  /** Distinct values of each label. */
  #values(): (readonly KeyValue[])[] {
    const values = this.#labels.map(reader => reader.values)
    return this.#function.kind === 'histogram' ? [...values, this.#exponents.values] : values
  }

  #accumulate(additions: Additions): void {
    const { steps } = this.#scan.request
    const { kind } = this.#function
    const [first, second, third] = this.#lanes
    if (kind === 'min' || kind === 'max') addExtremes(additions, steps, kind, first!.cells)
    else if (kind === 'sum') addSums(additions, steps, first!.cells, second!.cells, third!.cells)
    else addCounts(additions, steps, first!.cells)
  }
}

/** What each lane of a function begins with. */
const fills: Readonly<Record<AggregateFunction['kind'], readonly number[]>> = {
  count: [0],
  histogram: [0],
  min: [Number.NaN],
  max: [Number.NaN],
  // Sum, values, and what the sum has lost by rounding.
  sum: [0, 0, 0],
}

const lanesShown: Readonly<Record<AggregateFunction['kind'], number>> = {
  count: 1,
  histogram: 1,
  min: 1,
  max: 1,
  sum: 2,
}

import type { LabelValue } from '../../contract/queries.ts'
import type { MetricsPart } from '../../metrics/merge.ts'
import type { ColumnGroup, ColumnRef, GroupNeed } from '../../model/column-batch.ts'
import type { MetricsFunction } from '../../model/spanset.ts'
import { Filter } from '../filter.ts'
import { type Mask, markedRows } from '../kernels.ts'
import { type CompareAttribute, compareAttributes } from './compare-attribute.ts'
import type { MetricsReader, MetricsScan } from './metrics-source.ts'
import { type BucketedRows, TimeBuckets } from './time-buckets.ts'

type CompareFunction = Extract<MetricsFunction, { kind: 'compare' }>

/** Values of an attribute that a source reports on each side: other sources may add to them. */
function valuesMax(top: number): number {
  return Math.max(30, top * 3)
}

export function compareSource(scan: MetricsScan, compare: CompareFunction): MetricsReader {
  return new Comparison(scan, compare)
}

/**
 * Counts every value of every attribute, once among the selected spans and once among the others:
 * one pass over each column, into flat arrays by (value, side, step).
 */
class Comparison implements MetricsReader {
  readonly #scan: MetricsScan
  readonly #top: number
  readonly #selection: Filter
  readonly #window: TimeBuckets | null
  readonly #attributes: readonly CompareAttribute[]
  /** Bounded by the values that each column reports, whatever the data. */
  readonly seriesCount = 0
  /** Group -> slots of its rows, for a second pass: two bytes for each span that was read. */
  readonly #slots = new Map<number, Int16Array>()

  constructor(scan: MetricsScan, { selection, range, top }: CompareFunction) {
    this.#scan = scan
    this.#top = top
    this.#selection = new Filter(scan.context, selection)
    this.#window = range ? selectionWindow(range.startNs, range.endNs, scan) : null
    this.#attributes = compareAttributes(scan.context, scan.request.steps)
  }

  get columns(): ColumnRef[] {
    const own = this.#attributes.flatMap(attribute => [...attribute.columns])
    return [...this.#selection.columns, ...own]
  }

  get needs(): GroupNeed[] {
    const needs = this.#attributes.flatMap(attribute => [...attribute.needs])
    if (this.#window) needs.push('starts')
    return [...this.#selection.needs, ...needs]
  }

  async bind(index: number): Promise<boolean> {
    // Also where no span can be selected: those of the group are the baseline.
    await this.#selection.bind(index)
    return true
  }

  async add(index: number, group: ColumnGroup, counted: BucketedRows): Promise<void> {
    const selected = await this.#selection.evaluate(index, group)
    if (this.#window) this.#keepWindow(group, index, selected)
    const slots = slotsOf(counted, selected, this.#scan.request.steps)
    this.#slots.set(index, slots)
    for (const attribute of this.#attributes) await attribute.add(index, group, slots)
  }

  async finish(): Promise<MetricsPart> {
    const { steps } = this.#scan.request
    await this.#countAgain(
      this.#attributes.filter(attribute => attribute.choose(valuesMax(this.#top))),
    )
    const series: LabelValue[][] = []
    const lanes: Float64Array[] = []
    for (const attribute of this.#attributes) {
      for (const found of await attribute.finish()) {
        const side = found.isSelection ? 'selection' : 'baseline'
        const name: LabelValue = { type: 'string', value: attribute.shownAs }
        series.push([{ type: 'string', value: side }, name, found.value])
        lanes.push(found.counts)
      }
    }
    const lane = new Float64Array(lanes.length * steps)
    for (const [i, counts] of lanes.entries()) lane.set(counts, i * steps)
    return { series, steps, lanes: [lane], exemplars: [] }
  }

  /** Only spans in the window can be selected. */
  #keepWindow(group: ColumnGroup, index: number, selected: Mask): void {
    const info = this.#scan.context.source.groups[index]!
    const inside = this.#window!.ofRows(group, info, markedRows(selected))
    selected.fill(0)
    for (const row of inside.rows) selected[row] = 1
  }

  async #countAgain(attributes: readonly CompareAttribute[]): Promise<void> {
    if (attributes.length === 0) return
    const { source } = this.#scan.context
    const columns = attributes.flatMap(attribute => [...attribute.columns])
    const needs = new Set(attributes.flatMap(attribute => [...attribute.needs]))
    for (const [index, slots] of this.#slots) {
      const group = await source.load(index, columns, needs)
      for (const attribute of attributes) await attribute.add(index, group, slots)
    }
  }
}

/** One bucket, open at its start. */
function selectionWindow(startNs: string, endNs: string, { request }: MetricsScan): TimeBuckets {
  const stepNs = String(BigInt(endNs) - BigInt(startNs))
  return new TimeBuckets({ ...request, includesStart: false, startNs, stepNs, steps: 1 })
}

/**
 * Row -> side × steps + step, -1 for rows that do not count; side 1 is the selection. A query has
 * at most 10,000 steps, so slots fit in 16 bits.
 */
function slotsOf({ rows, runs }: BucketedRows, selected: Mask, steps: number): Int16Array {
  const slots = new Int16Array(selected.length).fill(-1)
  for (let run = 0, i = 0; run < runs.count; run++) {
    const end = runs.ends[run]!
    const bucket = runs.buckets[run]!
    for (; i < end; i++) slots[rows[i]!] = selected[rows[i]!]! * steps + bucket
  }
  return slots
}

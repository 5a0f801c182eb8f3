import { type ColumnName, isDictionaryType, Scope, ValueType } from '../../model/columns.ts'
import type { BlockOrder } from '../live/block-order.ts'
import type { LiveSegment, Owner } from '../live/live-segment.ts'
import { type IntrinsicColumn, intrinsicColumns } from './format.ts'

/** A column on its way into a block: all values in block order, cut into groups by `bounds`. */
export interface WriterColumn {
  readonly name: ColumnName
  /** Numbers, or ids into the segment's dictionary, or fixed-size bytes. */
  readonly values: Float64Array | Uint32Array | Uint8Array
  /** First value of each group; one more element than groups. */
  readonly bounds: Uint32Array
  /** In the owner group (resources, scopes) instead of the row groups. */
  readonly owners: boolean
}

/** Collects columns; those without a single value are left out. */
export class ColumnList {
  readonly columns: WriterColumn[] = []

  intrinsic(
    key: IntrinsicColumn,
    values: WriterColumn['values'],
    bounds: Uint32Array,
    owners = false,
  ): void {
    if (bounds[bounds.length - 1] === 0) return
    const name = { scope: Scope.intrinsic, key, type: intrinsicColumns[key], occurrence: 0 }
    this.columns.push({ name, values, bounds, owners })
  }
}

export function spanColumns(list: ColumnList, segment: LiveSegment, order: BlockOrder): void {
  const { spans } = segment
  const { rows, groupRow } = order
  const gather = (from: Uint32Array | Uint8Array) => gatherLane(from, rows)
  list.intrinsic('span.shape', gather(spans.shape), groupRow)
  list.intrinsic('span.depth', order.depths, groupRow)
  list.intrinsic('span.resource', gather(spans.resource), groupRow)
  list.intrinsic('span.scope', gather(spans.instrumentation), groupRow)
  list.intrinsic('span.id', gatherFixed(spans.spanId, 8, rows), groupRow)
  timeColumns(list, segment, order)
  list.intrinsic('span.name', gather(spans.name), groupRow)
  list.intrinsic('span.kind', gather(spans.kind), groupRow)
  list.intrinsic('span.status', gather(spans.status), groupRow)
  rareColumns(list, segment, order)
}

/** `from[rows[i]]` for every i; a loop, because `from` with a function is ten times slower. */
export function gatherLane(from: Uint32Array | Uint8Array, rows: Uint32Array): Uint32Array {
  const out = new Uint32Array(rows.length)
  for (let i = 0; i < out.length; i++) out[i] = from[rows[i]!]!
  return out
}

function gatherFixed(from: Uint8Array, width: number, rows: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * width
    for (let j = 0; j < width; j++) out[i * width + j] = from[at + j]!
  }
  return out
}

/** Starts count from the start of the trace, ends from the start of the span, modulo 2^64. */
function timeColumns(list: ColumnList, segment: LiveSegment, order: BlockOrder): void {
  const { spans } = segment
  const { rows, traceRow, groupRow } = order
  const startLow = new Uint32Array(rows.length)
  const startHigh = new Uint32Array(rows.length)
  const durationLow = new Uint32Array(rows.length)
  const durationHigh = new Uint32Array(rows.length)
  for (let trace = 0; trace < order.traces.length; trace++) {
    const baseLow = order.startLow[trace]!
    const baseHigh = order.startHigh[trace]!
    for (let i = traceRow[trace]!; i < traceRow[trace + 1]!; i++) {
      const row = rows[i]!
      const low = spans.startLow[row]!
      const high = spans.startHigh[row]!
      startLow[i] = low - baseLow
      startHigh[i] = high - baseHigh - (low < baseLow ? 1 : 0)
      const endLow = spans.endLow[row]!
      durationLow[i] = endLow - low
      durationHigh[i] = spans.endHigh[row]! - high - (endLow < low ? 1 : 0)
    }
  }
  list.intrinsic('span.start.low', startLow, groupRow)
  list.intrinsic('span.start.high', startHigh, groupRow)
  list.intrinsic('span.duration.low', durationLow, groupRow)
  list.intrinsic('span.duration.high', durationHigh, groupRow)
}

/** Pairs of (row in group, value) for what few spans have. */
function rareColumns(list: ColumnList, segment: LiveSegment, order: BlockOrder): void {
  const { rare, spans } = segment
  const text = (lanes: Uint32Array) => (i: number) => (lanes[i] === 0 ? -1 : lanes[i]! - 1)
  const number = (lanes: Uint32Array) => (i: number) => (lanes[i] === 0 ? -1 : lanes[i]!)
  const rareOf = (row: number) => spans.rare[row]! - 1
  rarePair(list, order, 'statusMessage', rareOf, text(rare.statusMessage))
  rarePair(list, order, 'traceState', rareOf, text(rare.traceState))
  rarePair(list, order, 'flags', rareOf, number(rare.flags))
  rarePair(list, order, 'droppedAttributes', rareOf, number(rare.droppedAttributes))
  rarePair(list, order, 'droppedEvents', rareOf, number(rare.droppedEvents))
  rarePair(list, order, 'droppedLinks', rareOf, number(rare.droppedLinks))
  const orphanRows: number[] = []
  const rowInGroup: number[] = []
  const bounds = boundsOf(
    order,
    (i, group) => {
      if (order.orphans[i] === 0) return
      orphanRows.push(order.rows[i]!)
      rowInGroup.push(i - order.groupRow[group]!)
    },
    rowInGroup,
  )
  list.intrinsic('orphan.row', Uint32Array.from(rowInGroup), bounds)
  list.intrinsic('orphan.parent', gatherFixed(spans.parentId, 8, orphanRows), bounds)
}

type RareName =
  | 'statusMessage'
  | 'traceState'
  | 'flags'
  | 'droppedAttributes'
  | 'droppedEvents'
  | 'droppedLinks'

function rarePair(
  list: ColumnList,
  order: BlockOrder,
  name: RareName,
  rareOf: (row: number) => number,
  read: (rare: number) => number,
): void {
  const rowInGroup: number[] = []
  const values: number[] = []
  const bounds = boundsOf(
    order,
    (i, group) => {
      const rare = rareOf(order.rows[i]!)
      const value = rare < 0 ? -1 : read(rare)
      if (value < 0) return
      rowInGroup.push(i - order.groupRow[group]!)
      values.push(value)
    },
    values,
  )
  list.intrinsic(`${name}.row`, Uint32Array.from(rowInGroup), bounds)
  list.intrinsic(name, Uint32Array.from(values), bounds)
}

/** Visits every block row with its group; the bounds are the lengths of `collected` between groups. */
function boundsOf(
  order: BlockOrder,
  visit: (row: number, group: number) => void,
  collected: readonly number[],
): Uint32Array {
  const groups = order.groupRow.length - 1
  const bounds = new Uint32Array(groups + 1)
  for (let group = 0; group < groups; group++) {
    for (let i = order.groupRow[group]!; i < order.groupRow[group + 1]!; i++) visit(i, group)
    bounds[group + 1] = collected.length
  }
  return bounds
}

/** Events or links in block order: their index in the segment, their row in its group, bounds. */
export interface ItemOrder {
  readonly items: Uint32Array
  readonly rowInGroup: Uint32Array
  readonly bounds: Uint32Array
}

export function orderItems(order: BlockOrder, itemStart: Uint32Array): ItemOrder {
  const items: number[] = []
  const rowInGroup: number[] = []
  const bounds = boundsOf(
    order,
    (i, group) => {
      const row = order.rows[i]!
      for (let item = itemStart[row]!; item < itemStart[row + 1]!; item++) {
        items.push(item)
        rowInGroup.push(i - order.groupRow[group]!)
      }
    },
    items,
  )
  return { items: Uint32Array.from(items), rowInGroup: Uint32Array.from(rowInGroup), bounds }
}

export function eventColumns(list: ColumnList, segment: LiveSegment, order: ItemOrder): void {
  const { events, spans } = segment
  const timeLow = new Uint32Array(order.items.length)
  const timeHigh = new Uint32Array(order.items.length)
  order.items.forEach((item, i) => {
    const row = events.row[item]!
    const low = events.timeLow[item]!
    timeLow[i] = low - spans.startLow[row]!
    timeHigh[i] =
      events.timeHigh[item]! - spans.startHigh[row]! - (low < spans.startLow[row]! ? 1 : 0)
  })
  const gather = (from: Uint32Array) => gatherLane(from, order.items)
  list.intrinsic('event.row', order.rowInGroup, order.bounds)
  list.intrinsic('event.time.low', timeLow, order.bounds)
  list.intrinsic('event.time.high', timeHigh, order.bounds)
  list.intrinsic('event.name', gather(events.name), order.bounds)
  list.intrinsic('event.shape', gather(events.shape), order.bounds)
  list.intrinsic('event.dropped', gather(events.droppedAttributes), order.bounds)
}

export function linkColumns(list: ColumnList, segment: LiveSegment, order: ItemOrder): void {
  const { links } = segment
  const gather = (from: Uint32Array) => gatherLane(from, order.items)
  const states = Uint32Array.from(order.items, item =>
    links.traceState[item] === 0 ? segment.emptyText : links.traceState[item]! - 1,
  )
  list.intrinsic('link.row', order.rowInGroup, order.bounds)
  list.intrinsic('link.ids', gatherFixed(links.ids, 24, order.items), order.bounds)
  list.intrinsic('link.traceState', states, order.bounds)
  list.intrinsic('link.flags', gather(links.flags), order.bounds)
  list.intrinsic('link.shape', gather(links.shape), order.bounds)
  list.intrinsic('link.dropped', gather(links.droppedAttributes), order.bounds)
}

export function ownerColumns(list: ColumnList, segment: LiveSegment): void {
  const { resources, instrumentations } = segment
  const resourceBounds = Uint32Array.of(0, resources.length)
  const from = (owners: readonly Owner[], pick: (owner: Owner) => number) =>
    Uint32Array.from(owners, pick)
  list.intrinsic(
    'resource.shape',
    from(resources, o => o.shape),
    resourceBounds,
    true,
  )
  list.intrinsic(
    'resource.service',
    from(resources, o => o.name),
    resourceBounds,
    true,
  )
  list.intrinsic(
    'resource.schemaUrl',
    from(resources, o => o.schemaUrl),
    resourceBounds,
    true,
  )
  list.intrinsic(
    'resource.dropped',
    from(resources, o => o.droppedAttributes),
    resourceBounds,
    true,
  )
  const scopeBounds = Uint32Array.of(0, instrumentations.length)
  list.intrinsic(
    'scope.shape',
    from(instrumentations, o => o.shape),
    scopeBounds,
    true,
  )
  list.intrinsic(
    'scope.name',
    from(instrumentations, o => o.name),
    scopeBounds,
    true,
  )
  list.intrinsic(
    'scope.version',
    from(instrumentations, o => o.version),
    scopeBounds,
    true,
  )
  list.intrinsic(
    'scope.schemaUrl',
    from(instrumentations, o => o.schemaUrl),
    scopeBounds,
    true,
  )
  list.intrinsic(
    'scope.dropped',
    from(instrumentations, o => o.droppedAttributes),
    scopeBounds,
    true,
  )
}

/** What carries attributes: spans, events, links, or owners. */
export interface AttributeItems {
  readonly count: number
  readonly bounds: Uint32Array
  readonly owners: boolean
  shape(item: number): number
  /** Where the item's values begin in `values(item)`. */
  start(item: number): number
  values(item: number): Float64Array
}

/** One pass over the items of a domain: every attribute's values into its column. */
export function attributeColumns(
  list: ColumnList,
  segment: LiveSegment,
  items: AttributeItems,
): void {
  const { shapes, columns } = segment.shapes
  const counts = new Uint32Array(columns.length)
  for (let i = 0; i < items.count; i++) {
    for (const column of shapes[items.shape(i)]!) counts[column] = counts[column]! + 1
  }
  const values = columns.map((name, column) => {
    const count = counts[column]!
    if (count === 0) return null
    return isDictionaryType(name.type) ? new Uint32Array(count) : new Float64Array(count)
  })
  const filled = new Uint32Array(columns.length)
  const groups = items.bounds.length - 1
  const bounds = columns.map((_, column) => (counts[column] ? new Uint32Array(groups + 1) : null))
  for (let group = 0; group < groups; group++) {
    for (let i = items.bounds[group]!; i < items.bounds[group + 1]!; i++) {
      const source = items.values(i)
      let at = items.start(i)
      for (const column of shapes[items.shape(i)]!) {
        const position = filled[column]!
        values[column]![position] = source[at++]!
        filled[column] = position + 1
      }
    }
    for (let column = 0; column < bounds.length; column++) {
      const bound = bounds[column]
      if (bound) bound[group + 1] = filled[column]!
    }
  }
  const present = [...columns.keys()].filter(column => counts[column]! > 0)
  present.sort((a, b) => counts[b]! - counts[a]! || a - b)
  for (const column of present) {
    const name = columns[column]!
    list.columns.push({
      name,
      values: values[column]!,
      bounds: bounds[column]!,
      owners: items.owners,
    })
  }
}

/** True for columns whose values are stored as scaled numbers rather than codes or ids. */
export function isDoubleColumn(name: ColumnName): boolean {
  return name.type === ValueType.double
}

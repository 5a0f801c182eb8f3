import { isDictionaryType } from '../../model/columns.ts'
import type {
  AttributeField,
  EventFields,
  LinkFields,
  OwnerFields,
  SpanFields,
  TraceRows,
} from '../../model/trace-rows.ts'
import type { LiveSegment, Owner } from './live-segment.ts'
import { compareStarts } from './span-columns.ts'

const none = new Uint8Array(0)

/** The spans of one trace of a live segment, by start; of the rows before `end`. */
export class LiveTraceRows implements TraceRows {
  readonly count: number
  readonly traceId: Uint8Array
  readonly #segment: LiveSegment
  readonly #rows: Uint32Array
  readonly #keys = new Map<number, Uint8Array>()

  constructor(segment: LiveSegment, trace: number, end = segment.spanCount) {
    const { traces, spans } = segment
    this.#segment = segment
    this.traceId = traces.id.subarray(trace * 16, trace * 16 + 16)
    const rows: number[] = []
    for (let row = traces.firstRow[trace]!; row < end; row = spans.nextInTrace[row]!) rows.push(row)
    rows.sort((a, b) => compareStarts(spans, a, b))
    this.#rows = Uint32Array.from(rows)
    this.count = rows.length
  }

  resource(row: number): number {
    return this.#segment.spans.resource[this.#rows[row]!]!
  }

  instrumentation(row: number): number {
    return this.#segment.spans.instrumentation[this.#rows[row]!]!
  }

  span(row: number): SpanFields {
    const { spans, rare, values } = this.#segment
    const at = this.#rows[row]!
    const parent = spans.parentId.subarray(at * 8, at * 8 + 8)
    const index = spans.rare[at]! - 1
    const text = (lane: Uint32Array) =>
      index >= 0 && lane[index]! > 0 ? values.bytes(lane[index]! - 1) : none
    const number = (lane: Uint32Array) => (index >= 0 ? lane[index]! : 0)
    return {
      spanId: spans.spanId.subarray(at * 8, at * 8 + 8),
      parentId: parent.some(byte => byte !== 0) ? parent : none,
      name: values.bytes(spans.name[at]!),
      kind: spans.kind[at]!,
      status: spans.status[at]!,
      startLow: spans.startLow[at]!,
      startHigh: spans.startHigh[at]!,
      endLow: spans.endLow[at]!,
      endHigh: spans.endHigh[at]!,
      statusMessage: text(rare.statusMessage),
      traceState: text(rare.traceState),
      flags: number(rare.flags),
      droppedAttributes: number(rare.droppedAttributes),
      droppedEvents: number(rare.droppedEvents),
      droppedLinks: number(rare.droppedLinks),
    }
  }

  spanAttributes(row: number): Iterable<AttributeField> {
    const { spans, attributeValues } = this.#segment
    const at = this.#rows[row]!
    return this.#attributes(spans.shape[at]!, attributeValues, spans.attributeStart[at]!)
  }

  *events(row: number): Iterable<EventFields> {
    const { spans, events, values, attributeValues } = this.#segment
    const at = this.#rows[row]!
    for (let i = spans.eventStart[at]!; i < spans.eventStart[at + 1]!; i++) {
      yield {
        timeLow: events.timeLow[i]!,
        timeHigh: events.timeHigh[i]!,
        name: values.bytes(events.name[i]!),
        droppedAttributes: events.droppedAttributes[i]!,
        attributes: this.#attributes(events.shape[i]!, attributeValues, events.attributeStart[i]!),
      }
    }
  }

  *links(row: number): Iterable<LinkFields> {
    const { spans, links, values, attributeValues } = this.#segment
    const at = this.#rows[row]!
    for (let i = spans.linkStart[at]!; i < spans.linkStart[at + 1]!; i++) {
      const state = links.traceState[i]!
      yield {
        ids: links.ids.subarray(i * 24, i * 24 + 24),
        traceState: state > 0 ? values.bytes(state - 1) : none,
        flags: links.flags[i]!,
        droppedAttributes: links.droppedAttributes[i]!,
        attributes: this.#attributes(links.shape[i]!, attributeValues, links.attributeStart[i]!),
      }
    }
  }

  resourceFields(index: number): OwnerFields {
    return this.#owner(this.#segment.resources[index]!)
  }

  instrumentationFields(index: number): OwnerFields {
    return this.#owner(this.#segment.instrumentations[index]!)
  }

  #owner(owner: Owner): OwnerFields {
    const { values } = this.#segment
    return {
      name: values.bytes(owner.name),
      version: values.bytes(owner.version),
      schemaUrl: values.bytes(owner.schemaUrl),
      droppedAttributes: owner.droppedAttributes,
      attributes: this.#attributes(owner.shape, owner.attributes, 0),
    }
  }

  *#attributes(shape: number, numbers: Float64Array, start: number): Iterable<AttributeField> {
    const { shapes, values } = this.#segment
    let at = start
    for (const column of shapes.shapes[shape]!) {
      const { type } = shapes.columns[column]!
      const number = numbers[at++]!
      const bytes = isDictionaryType(type) ? values.bytes(number) : none
      yield { key: this.#key(column), type, number, bytes }
    }
  }

  #key(column: number): Uint8Array {
    let key = this.#keys.get(column)
    if (!key) {
      key = Buffer.from(this.#segment.shapes.columns[column]!.key)
      this.#keys.set(column, key)
    }
    return key
  }
}

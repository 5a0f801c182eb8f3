import type { ValueTypeCode } from './columns.ts'

/**
 * The spans of one trace, row by row, as a live segment or a block can tell them: what is needed
 * to write the trace as OTLP again. Only rows that are returned are ever read this way.
 */
export interface TraceRows {
  readonly count: number
  /** 16 bytes. */
  readonly traceId: Uint8Array
  /** Index of the row's resource and scope; rows with equal indexes are written together. */
  resource(row: number): number
  instrumentation(row: number): number
  span(row: number): SpanFields
  spanAttributes(row: number): Iterable<AttributeField>
  events(row: number): Iterable<EventFields>
  links(row: number): Iterable<LinkFields>
  resourceFields(index: number): OwnerFields
  instrumentationFields(index: number): OwnerFields
}

export interface SpanFields {
  readonly spanId: Uint8Array
  /** Empty for a root. */
  readonly parentId: Uint8Array
  readonly name: Uint8Array
  readonly kind: number
  readonly status: number
  readonly startLow: number
  readonly startHigh: number
  readonly endLow: number
  readonly endHigh: number
  /** Empty when absent. */
  readonly statusMessage: Uint8Array
  readonly traceState: Uint8Array
  readonly flags: number
  readonly droppedAttributes: number
  readonly droppedEvents: number
  readonly droppedLinks: number
}

/** One attribute: numbers and bools in `number`; text, encoded AnyValue or overflow in `bytes`. */
export interface AttributeField {
  readonly key: Uint8Array
  readonly type: ValueTypeCode
  readonly number: number
  readonly bytes: Uint8Array
}

export interface EventFields {
  readonly timeLow: number
  readonly timeHigh: number
  readonly name: Uint8Array
  readonly droppedAttributes: number
  readonly attributes: Iterable<AttributeField>
}

export interface LinkFields {
  /** 16 bytes trace id, 8 bytes span id. */
  readonly ids: Uint8Array
  readonly traceState: Uint8Array
  readonly flags: number
  readonly droppedAttributes: number
  readonly attributes: Iterable<AttributeField>
}

export interface OwnerFields {
  /** Scopes only. */
  readonly name: Uint8Array
  readonly version: Uint8Array
  readonly schemaUrl: Uint8Array
  readonly droppedAttributes: number
  readonly attributes: Iterable<AttributeField>
}

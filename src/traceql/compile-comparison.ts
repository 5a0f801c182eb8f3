import type { CompareOp, Intrinsic, Literal, Operand, Predicate } from '../model/predicate.ts'
import type { ComparisonOp, Field, KindName, Static, StatusName } from './ast.ts'
import { operandOf } from './operand.ts'

/** OTLP's numbers. */
const statusCodes: Readonly<Record<StatusName, number>> = { unset: 0, ok: 1, error: 2 }

const kindCodes: Readonly<Record<KindName, number>> = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
}

const turned: Readonly<Record<ComparisonOp, ComparisonOp>> = {
  ...{ '=': '=', '!=': '!=', '=~': '=~', '!~': '!~' },
  ...{ '<': '>', '<=': '>=', '>': '<', '>=': '<=' },
}

/** The operator that says the same with its sides exchanged. */
export function turnRound(op: ComparisonOp): ComparisonOp {
  return turned[op]
}

export function constant(value: boolean): Predicate {
  return { kind: 'constant', value }
}

/** `field op literal` for a validated query. */
export function compileFieldComparison(field: Field, op: ComparisonOp, value: Static): Predicate {
  const operand = operandOf(field)
  if (value.type === 'nil') return op === '=' ? absent(operand) : present(operand)
  const enumerated = value.type === 'status' || value.type === 'kind'
  // Attributes never hold a status or kind, so nothing can be compared with one.
  if (enumerated && operand.kind === 'attribute') return constant(false)
  return { kind: 'compare', operand, op, literal: literalFor(operand, op, value) }
}

const sometimesAbsent: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  ...(['parentId', 'eventName', 'eventTimeSinceStart', 'linkTraceId', 'linkSpanId'] as const),
])

function present(operand: Operand): Predicate {
  const always = operand.kind === 'intrinsic' && !sometimesAbsent.has(operand.name)
  return always ? constant(true) : { kind: 'exists', operand }
}

/**
 * Event and link conditions that are parts of one `and` hold for the same event or link. Alone in
 * an `and` of its own, a condition may hold for any.
 */
export function apart(predicate: Predicate): Predicate {
  if (predicate.kind !== 'compare' && predicate.kind !== 'exists') return predicate
  const { operand } = predicate
  const manyValued =
    operand.kind === 'attribute'
      ? operand.scope === 'event' || operand.scope === 'link'
      : /^(event|link)/.test(operand.name)
  return manyValued ? { kind: 'and', parts: [predicate] } : predicate
}

/** Without an event there is no event that lacks the attribute; the same goes for links. */
function absent(operand: Operand): Predicate {
  const missing: Predicate = { kind: 'not', part: { kind: 'exists', operand } }
  const scope = operand.kind === 'attribute' ? operand.scope : 'any'
  if (scope !== 'event' && scope !== 'link') return missing
  const name = scope === 'event' ? 'eventName' : 'linkTraceId'
  const some: Predicate = { kind: 'exists', operand: { kind: 'intrinsic', name } }
  return { kind: 'and', parts: [some, missing] }
}

function literalFor(
  operand: Operand,
  op: CompareOp,
  value: Exclude<Static, { type: 'nil' }>,
): Literal {
  if (value.type !== 'string') return literalOf(value)
  return { type: 'string', value: textFor(operand, op, value.value) }
}

/** Statuses and kinds become OTLP's numbers, durations nanoseconds. */
export function literalOf(value: Static): Literal {
  switch (value.type) {
    case 'nil':
      return { type: 'bool', value: false }
    case 'status':
      return { type: 'int', value: String(statusCodes[value.value]) }
    case 'kind':
      return { type: 'int', value: String(kindCodes[value.value]) }
    case 'duration':
      return { type: 'int', value: value.value }
    case 'string':
      return { type: 'string', value: value.value }
    case 'int':
      return { type: 'int', value: value.value }
    case 'float':
      return { type: 'float', value: value.value }
    case 'bool':
      return { type: 'bool', value: value.value }
  }
}

/** Trace ids may be written without their leading zeros, or with more of them. */
function textFor(operand: Operand, op: CompareOp, text: string): string {
  const isTraceId = operand.kind === 'intrinsic' && operand.name === 'traceId'
  if (!isTraceId || (op !== '=' && op !== '!=')) return text
  return text.replace(/^0+/, '').padStart(32, '0')
}

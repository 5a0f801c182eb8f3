import type { Vector } from '../model/column-batch.ts'
import type { Literal, Operand, Predicate } from '../model/predicate.ts'
import type { Mask } from './kernels.ts'
import {
  type AnyElement,
  type BytesTest,
  boolOf,
  elementsOf,
  exactNumber,
  isComparable,
  isDouble,
  numberOf,
} from './value-test.ts'

/**
 * Many comparisons of one operand with literals of one type, as one: `=` with some of them, or `!=`
 * with all of them. A list of a thousand values costs one look-up per value instead of a thousand.
 */
export interface AmongTest {
  readonly kind: 'among'
  readonly operand: Operand
  readonly op: '=' | '!='
  readonly literals: readonly Literal[]
}

/** Fewer comparisons stay apart: what is known of single values leaves out more of a source. */
const togetherMin = 8

type Compare = Extract<Predicate, { kind: 'compare' }>
type Part = Predicate | AmongTest

/**
 * The parts of an `or` (`=`) or an `and` (`!=`), comparisons of the same operand joined; of those by
 * order only one is left.
 */
export function joinComparisons(all: readonly Predicate[], op: '=' | '!='): readonly Part[] {
  if (all.length < togetherMin) return all
  const parts = decidingOrders(all, op === '=' ? 'or' : 'and')
  const alike = new Map<string, Predicate[]>()
  for (const part of parts) {
    const compare = comparisonOf(part, op)
    if (compare === null) continue
    const key = keyOf(compare)
    const known = alike.get(key)
    if (known) known.push(part)
    else alike.set(key, [part])
  }
  const joined: Part[] = []
  for (const part of parts) {
    const compare = comparisonOf(part, op)
    const same = compare === null ? [] : alike.get(keyOf(compare))!
    if (compare === null || same.length < togetherMin) joined.push(part)
    else if (same[0] === part) {
      const literals = same.map(one => comparisonOf(one, op)!.literal)
      joined.push({ kind: 'among', operand: compare.operand, op, literals })
    }
  }
  return joined
}

/**
 * Of comparisons by order, those that decide: of `x > 1 || x > 2` the first, with `&&` the second.
 * The same holds for lists, where one of the elements is enough.
 */
function decidingOrders(parts: readonly Predicate[], kind: 'and' | 'or'): readonly Predicate[] {
  const deciding = new Map<string, { readonly part: Predicate; readonly literal: Literal }>()
  const keys = parts.map(part => {
    const compare = kind === 'or' ? alone(part) : part
    if (compare.kind !== 'compare' || !isOrder(compare)) return null
    const { op, literal } = compare
    const key = `${op} ${keyOf(compare)}`
    const known = deciding.get(key)
    // With `||` the condition that is easier to meet decides: `>` with the least literal.
    const wantsLess = op.startsWith('>') === (kind === 'or')
    const order = known === undefined ? 0 : orderOf(literal, known.literal)
    if (known === undefined || (wantsLess ? order < 0 : order > 0))
      deciding.set(key, { part, literal })
    return key
  })
  return parts.filter((part, i) => keys[i] === null || deciding.get(keys[i]!)!.part === part)
}

function isOrder({ op, literal }: Compare): boolean {
  if (literal.type === 'bool' || (literal.type === 'float' && Number.isNaN(literal.value)))
    return false
  return ['<', '<=', '>', '>='].includes(op)
}

/** Of two literals of one type. */
function orderOf(a: Literal, b: Literal): number {
  if (a.type === 'string') return Buffer.compare(Buffer.from(a.value), Buffer.from(String(b.value)))
  if (a.type !== 'int') return Number(a.value) - Number(b.value)
  const [x, y] = [BigInt(a.value), BigInt(b.value)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** A condition that stands alone is in an `and` of its own where it is one on events. */
function alone(part: Predicate): Predicate {
  return part.kind === 'and' && part.parts.length === 1 ? part.parts[0]! : part
}

function comparisonOf(part: Predicate, op: '=' | '!='): Compare | null {
  const compare = op === '=' ? alone(part) : part
  return compare.kind === 'compare' && compare.op === op ? compare : null
}

function keyOf({ operand, literal }: Compare): string {
  return `${literal.type} ${JSON.stringify(operand)}`
}

/** The comparisons that were joined. */
export function comparesOf({ operand, op, literals }: AmongTest): Compare[] {
  return literals.map(literal => ({ kind: 'compare', operand, op, literal }))
}

/** The numbers that a column of numbers or bools is compared with. */
export function numbersAmong(
  { literals }: AmongTest,
  type: 'bool' | 'int' | 'double' | 'other',
): Set<number> {
  const numbers = new Set<number>()
  for (const literal of literals) {
    if (type === 'double' && literal.type === 'int' && !isDouble(literal.value)) continue
    const number =
      type === 'bool'
        ? boolOf('=', literal)
        : type === 'int' && literal.type === 'int'
          ? exactNumber(literal.value)
          : numberOf('=', literal)
    if (number !== undefined) numbers.add(number)
  }
  return numbers
}

/** Items whose number is one of these, or is none of them. */
export function markNumbers(
  vector: Vector,
  op: AmongTest['op'],
  numbers: ReadonlySet<number>,
  out: Mask,
): void {
  const { values, items, count, base, divisor } = vector
  const wanted = op === '='
  for (let i = 0; i < count; i++) {
    const number = divisor === 1 ? values[i]! + base : (values[i]! + base) / divisor
    if (numbers.has(number) === wanted) out[items === null ? i : items[i]!] = 1
  }
}

/** Of plain text. */
export function textAmongTest({ op, literals }: AmongTest): BytesTest {
  const texts = textsOf(literals)
  return bytes => texts.has(latin1(bytes)) === (op === '=')
}

/** As `anyValueTest` for each of the literals. */
export function anyAmongTest({ op, literals }: AmongTest): BytesTest {
  const holds = elementTest(literals)
  return bytes => {
    const comparable = elementsOf(bytes).filter(element => isComparable(element, literals[0]!))
    if (op === '=') return comparable.some(holds)
    return comparable.length > 0 && !comparable.some(holds)
  }
}

/** True for an element that equals one of the literals. */
function elementTest(literals: readonly Literal[]): (element: AnyElement) => boolean {
  const texts = textsOf(literals)
  const numbers = new Set<number>()
  const ints = new Set<bigint>()
  const bools = new Set<boolean>()
  for (const { type, value } of literals) {
    if (type === 'bool') bools.add(value)
    else if (type === 'int') ints.add(BigInt(value))
    else if (type === 'float' && Number.isInteger(value)) ints.add(BigInt(value))
    if (type === 'float' || (type === 'int' && isDouble(value))) numbers.add(Number(value))
  }
  return element => {
    switch (element.type) {
      case 'string':
        return texts.has(latin1(element.value))
      case 'bool':
        return bools.has(element.value)
      case 'int':
        return ints.has(element.value)
      case 'double':
        return numbers.has(element.value)
      default:
        return false
    }
  }
}

/** Bytes as they are: text that is not UTF-8 stays what it is. */
function textsOf(literals: readonly Literal[]): Set<string> {
  return new Set(
    literals.flatMap(({ type, value }) =>
      type === 'string' ? [Buffer.from(value).toString('latin1')] : [],
    ),
  )
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Ids as bytes in `latin1`; what is no id of this many bytes is left out. */
export function idsAmong({ literals }: AmongTest, isTraceId: boolean, width: number): Set<string> {
  const ids = new Set<string>()
  for (const { type, value } of literals) {
    if (type !== 'string') continue
    const hex = isTraceId ? value.padStart(32, '0') : value
    if (!/^[0-9a-f]*$/.test(hex) || hex.length !== width * 2) continue
    ids.add(Buffer.from(hex, 'hex').toString('latin1'))
  }
  return ids
}

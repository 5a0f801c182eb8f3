import type { ColumnRef, ColumnSource, Vector } from '../model/column-batch.ts'
import { isDictionaryType, ValueType } from '../model/columns.ts'
import type { CompareOp } from '../model/predicate.ts'
import { type Leaf, leavesOf, type PlanNode } from './filter-plan.ts'
import { type Mask, markCode, markNotCode, markNumber, markPresent, markTable } from './kernels.ts'
import {
  anyValueTest,
  type BytesTest,
  boolOf,
  hasValue,
  numberOf,
  overflowTest,
  requiredBytes,
  textTest,
} from './value-test.ts'

/** What a column's stored values are compared with in one group. */
export type StoredTest =
  | { readonly kind: 'never' }
  | { readonly kind: 'present' }
  | { readonly kind: 'code' | 'notCode'; readonly code: number }
  | { readonly kind: 'table'; readonly table: Uint8Array }
  | { readonly kind: 'number'; readonly op: CompareOp; readonly value: number }

/** Tests of all leaves of a plan in one group: leaf -> column id -> test. */
export type BoundTests = ReadonlyMap<Leaf, ReadonlyMap<number, StoredTest>>

const never: StoredTest = { kind: 'never' }

/** Asks the dictionaries of a group; regexes and comparisons run once per distinct value. */
export async function bindTests(
  source: ColumnSource,
  root: PlanNode,
  group: number,
): Promise<BoundTests> {
  const bound = new Map<Leaf, ReadonlyMap<number, StoredTest>>()
  for (const leaf of leavesOf(root)) {
    const tests = new Map<number, StoredTest>()
    for (const ref of leaf.refs) tests.set(ref.id, await bindOne(source, leaf, ref, group))
    bound.set(leaf, tests)
  }
  return bound
}

async function bindOne(
  source: ColumnSource,
  leaf: Leaf,
  ref: ColumnRef,
  group: number,
): Promise<StoredTest> {
  const { type } = ref.name
  if (!source.stats(ref, group).present) return never
  if (isDictionaryType(type)) return bindDictionary(source, leaf, ref, group)
  const { test } = leaf
  if (test.kind === 'exists') return { kind: 'present' }
  const { op, literal } = test
  if (op === '=~' || op === '!~' || op === 'contains') return never
  const value =
    type === ValueType.bool
      ? boolOf(op, literal)
      : type === ValueType.int && literal.type === 'int'
        ? amongExact(literal.value)
        : numberOf(op, literal)
  return value === undefined ? never : { kind: 'number', op, value }
}

/** Stored ints lie within ±2^53: a literal beyond is above or below them all, and equals none. */
function amongExact(literal: string): number {
  const value = Number(literal)
  if (Number.isSafeInteger(value) || BigInt(literal) === -(2n ** 53n)) return value
  return value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

async function bindDictionary(
  source: ColumnSource,
  leaf: Leaf,
  ref: ColumnRef,
  group: number,
): Promise<StoredTest> {
  const { type } = ref.name
  const { test } = leaf
  const dictionary = source.dictionary(ref, group)
  if (test.kind === 'exists') {
    if (type === ValueType.text) return { kind: 'present' }
    const isOverflow = type === ValueType.overflow
    const exists = isOverflow ? overflowTest(leaf.key, null) : hasValue
    const key = JSON.stringify(['exists', isOverflow ? leaf.key : null])
    return { kind: 'table', table: await dictionary.match(key, exists) }
  }
  const { op, literal } = test
  const isText = type === ValueType.text
  if (isText && literal.type !== 'string') return never
  if (isText && (op === '=' || op === 'textEquals' || op === '!=')) {
    const code = await dictionary.find(Buffer.from(String(literal.value)))
    if (op === '!=') return { kind: 'notCode', code }
    return code < 0 ? never : { kind: 'code', code }
  }
  const value: BytesTest = isText ? textTest(op, literal) : anyValueTest(op, literal)
  const isOverflow = type === ValueType.overflow
  const stored = isOverflow ? overflowTest(leaf.key, value) : value
  // As JSON: keys and literals may hold any character.
  const key = JSON.stringify([isOverflow ? leaf.key : null, op, literal.type, literal.value])
  const required = isText ? requiredBytes(op, literal) : undefined
  return { kind: 'table', table: await dictionary.match(key, stored, required) }
}

/** Applies a test to a column's values; `out` has one byte per item. */
export function markTest(test: StoredTest, vector: Vector, out: Mask): void {
  switch (test.kind) {
    case 'never':
      break
    case 'present':
      markPresent(vector, out)
      break
    case 'code':
      markCode(vector, test.code, out)
      break
    case 'notCode':
      markNotCode(vector, test.code, out)
      break
    case 'table':
      markTable(vector, test.table, out)
      break
    default:
      markNumber(vector, test.op, test.value, out)
  }
}

/** False only when statistics prove that no item of the group passes the plan. */
export function mayMatch(
  source: ColumnSource,
  node: PlanNode,
  bound: BoundTests,
  group: number,
): boolean {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'and':
      return node.parts.every(part => mayMatch(source, part, bound, group))
    case 'or':
      return node.parts.some(part => mayMatch(source, part, bound, group))
    case 'not':
    case 'values':
      return true
    case 'sameItem':
      return node.leaves.every(leaf => leafMayMatch(source, leaf, bound, group))
    case 'noneOf':
      return leafMayMatch(source, node.some, bound, group)
    case 'spanElseResource':
      return (
        leafMayMatch(source, node.span, bound, group) ||
        leafMayMatch(source, node.resource, bound, group)
      )
    default:
      return leafMayMatch(source, node, bound, group)
  }
}

function leafMayMatch(source: ColumnSource, leaf: Leaf, bound: BoundTests, group: number): boolean {
  if (leaf.computed !== null || leaf.absentText !== null) return true
  const tests = bound.get(leaf)!
  return leaf.refs.some(ref => testMayHit(source, ref, tests.get(ref.id)!, group))
}

function testMayHit(
  source: ColumnSource,
  ref: ColumnRef,
  test: StoredTest,
  group: number,
): boolean {
  const { present, range } = source.stats(ref, group)
  if (!present || test.kind === 'never') return false
  if (test.kind === 'code') {
    const inRange = range === null || (test.code >= range.min && test.code <= range.max)
    return inRange && source.codeInGroup(ref, test.code, group)
  }
  if (range === null) return true
  if (test.kind === 'table') return test.table.subarray(range.min, range.max + 1).includes(1)
  if (test.kind !== 'number') return true
  switch (test.op) {
    case '=':
    case 'textEquals':
      return test.value >= range.min && test.value <= range.max
    case '<':
      return range.min < test.value
    case '<=':
      return range.min <= test.value
    case '>':
      return range.max > test.value
    case '>=':
      return range.max >= test.value
    default:
      return true
  }
}
